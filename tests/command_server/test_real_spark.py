"""The server over a real Spark, local master."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.command_server.harness import CommandServer, command_server, is_alive
from tests.waiting import wait_until

pytestmark = pytest.mark.spark

APPLICATION = """
import sys, time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
conf = spark.sparkContext.getConf()
print("conf", repr(conf.get("spark.my.value")), conf.get("spark.ui.killEnabled"), sys.argv[1:], flush=True)
print("sum", spark.range(100).selectExpr("sum(id)").first()[0], flush=True)
spark.sparkContext.parallelize(range(2), 2).map(lambda _: time.sleep(600)).count()
"""


@pytest.fixture(scope="module")
def spark_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A server over the pyspark package."""
    with command_server(tmp_path_factory.mktemp("real-spark"), real_spark=True) as running:
        yield running


def with_workers(server: CommandServer, name: str) -> list[int]:
    """Launch the application; the processes of driver, Python child, daemon and workers once its job runs."""
    server.submit(APPLICATION, name=name, args=["-x", "a b", "é"], conf={"spark.my.value": "é=\\:#'\" {x}"})
    assert "sum 4950" in server.wait_for_output(name, "sum ", timeout=200)

    def busy() -> list[int] | None:
        pids = server.pids(name)
        return pids if len(pids) >= 4 else None

    found = wait_until(busy, 60)
    assert found is not None
    return found


def test_a_run_its_ui_and_its_stop(spark_server: CommandServer) -> None:
    pids = with_workers(spark_server, "one.r1")

    def known() -> dict[str, Any] | None:
        batch = spark_server.batch("one.r1")
        return batch if batch["appId"] and batch["appInfo"]["sparkUiUrl"] else None

    batch = wait_until(known, 30)
    assert batch is not None
    assert batch["appId"].startswith("local-")
    jobs = spark_server.get(f"/batches/one.r1/ui/api/v1/applications/{batch['appId']}/jobs").json()
    assert jobs[0]["status"] == "RUNNING"
    assert spark_server.get("/batches/one.r1/ui/").headers["Location"] == f"/batches/{batch['id']}/ui/jobs/"
    output = spark_server.get("/batches/one.r1/output/stdout").text
    assert "conf " + repr("é=\\:#'\" {x}") + " false ['-x', 'a b', 'é']" in output

    def stopped() -> bool:
        return spark_server.delete("/batches/one.r1?fence=true&grace=30").status_code == 200

    wait_until(stopped, 60)
    ended = spark_server.batch("one.r1")
    assert (ended["state"], ended["signalled"], ended["exitCode"]) == ("killed", True, 143)
    assert not any(map(is_alive, pids))


READS_A_SECRET = """
import os, sys, time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("length", len(spark.conf.get("spark.my.pin")), len(spark.conf.get("spark.hadoop.my.pin")), flush=True)
print("changed", spark.sql("SET spark.my.pin").first()[1], flush=True)
time.sleep(600)
"""


def test_a_pipeline_reads_a_secret_that_sparks_ui_does_not_show(spark_server: CommandServer) -> None:
    file = spark_server.state / "secrets.toml"
    file.touch(0o600)
    file.write_text('PIN = "hunter2é#\\\\"\n', encoding="utf-8")
    conf = {"spark.my.pin": "${secret:PIN}", "spark.hadoop.my.pin": "x${secret:PIN}", "spark.logConf": "true"}
    spark_server.submit(READS_A_SECRET, name="three.r1", conf=conf)
    output = spark_server.wait_for_output("three.r1", "changed", timeout=200)
    assert "length 10 11" in output
    assert "hunter2" not in output  # SET redacts, too

    application = wait_until(lambda: str(spark_server.batch("three.r1")["appId"] or ""), 30)
    environment = spark_server.get(f"/batches/three.r1/ui/api/v1/applications/{application}/environment").text
    assert "hunter2" not in environment
    assert "hunter2" not in spark_server.get("/batches/three.r1/ui/environment/").text
    redacted = [value for key, value in json.loads(environment)["sparkProperties"] if key.endswith("my.pin")]
    assert redacted == ["*********(redacted)"] * 2
    said = spark_server.get("/batches/three.r1/output/stderr").text
    assert "spark.my.pin=" in said  # by spark.logConf
    assert "hunter2" not in said

    def stopped() -> bool:
        return spark_server.delete("/batches/three.r1?fence=true&grace=0").status_code == 200

    wait_until(stopped, 60)


def test_a_killed_driver_leaves_no_python_behind(spark_server: CommandServer) -> None:
    pids = with_workers(spark_server, "two.r1")
    driver = next(pid for pid in pids if "java" in os.readlink(f"/proc/{pid}/exe"))

    os.kill(driver, signal.SIGKILL)

    ended = spark_server.wait_for_state("two.r1", "dead", timeout=20)
    assert (ended["signal"], ended["signalled"]) == (9, False)
    assert not any(map(is_alive, pids))
    assert spark_server.post({"file": str(spark_server.app("")), "name": "two.r2"}).status_code == 201
