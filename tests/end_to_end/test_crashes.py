"""What is recorded when a part is killed in the middle of a run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.embedded.profiles import command_servers
from tests.end_to_end.operator import Operator
from tests.waiting import wait_until

pytestmark = pytest.mark.spark

SETTLED_SECONDS = 5.0
"""The promise: from the death of the driver to its run's end in the record."""
PATIENT = """
import pathlib, sys, time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("sum", spark.range(100).selectExpr("sum(id)").first()[0], flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.1)
print("count", spark.range(77).count(), flush=True)
"""


@pytest.fixture
def patient(tmp_path: Path) -> tuple[Path, Path]:
    """An application that works until a file is there, and that file."""
    application = tmp_path / "patient.py"
    application.write_text(PATIENT)
    return application, tmp_path / "go-on"


def test_a_killed_driver_is_recorded_with_its_reason_while_a_terminal_waits(
    operator: Operator, patient: tuple[Path, Path]
) -> None:
    application, go_on = patient
    terminal = operator.begin("start", "--file", str(application), "--arg", str(go_on), "--wait")
    terminal.wait_for("sum 4950")

    operator.driver().kill()
    killed = time.monotonic()
    assert terminal.exit_code(30) == 1
    taken = time.monotonic() - killed

    run = operator.newest_run()
    assert (run["status"], run["metadata"]["signal"]) == ("failed", 9)
    assert "SIGKILL" in run["error_message"]
    assert run["error_message"] in terminal.err
    assert operator.processes_of_the_run() == []
    assert taken < SETTLED_SECONDS


def test_a_run_goes_on_and_ends_as_it_should_when_the_command_server_is_killed(
    operator: Operator, patient: tuple[Path, Path]
) -> None:
    application, go_on = patient
    terminal = operator.begin("start", "--file", str(application), "--arg", str(go_on), "--wait")
    terminal.wait_for("sum 4950")
    driver = operator.driver()
    (server,) = command_servers(operator.home)

    server.kill()
    wait_until(lambda: [one for one in command_servers(operator.home) if one != server], 60, "another command server")

    assert driver.is_running()
    assert operator.json("status")["is_running"] is True
    go_on.touch()
    assert terminal.exit_code() == 0, terminal.err
    assert "count 77" in terminal.out
    assert terminal.out.count("sum 4950") == 1
    assert operator.newest_run()["status"] == "completed"
