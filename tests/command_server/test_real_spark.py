"""The server over a real Spark, local master."""

from __future__ import annotations

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


def test_a_killed_driver_leaves_no_python_behind(spark_server: CommandServer) -> None:
    pids = with_workers(spark_server, "two.r1")
    driver = next(pid for pid in pids if "java" in os.readlink(f"/proc/{pid}/exe"))

    os.kill(driver, signal.SIGKILL)

    ended = spark_server.wait_for_state("two.r1", "dead", timeout=20)
    assert (ended["signal"], ended["signalled"]) == (9, False)
    assert not any(map(is_alive, pids))
    assert spark_server.post({"file": str(spark_server.app("")), "name": "two.r2"}).status_code == 201
