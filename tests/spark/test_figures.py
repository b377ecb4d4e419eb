"""What a run's work amounts to, from a driver's own REST API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline_gui.pipeline.figures import RunFigures
from pipeline_gui.spark.livy import LivyServer
from tests.spark.fault_server import hang, html_answer
from tests.spark.test_progress import APP, Driver, batch


def stage(stage_id: int, attempt_id: int = 0, status: str = "COMPLETE", **counts: Any) -> dict[str, Any]:
    """A stage as Spark 4.3 gives it, cut to what is read and a little more."""
    return {
        "status": status, "stageId": stage_id, "attemptId": attempt_id, "numTasks": 1, "inputBytes": 0,
        "inputRecords": 0, "outputBytes": 0, "outputRecords": 0, "shuffleReadBytes": 0, "shuffleWriteBytes": 0,
        "memoryBytesSpilled": 0, "diskBytesSpilled": 0, "peakExecutorMetrics": {"JVMHeapMemory": 0}, **counts,
    }  # fmt: skip


def executor(name: str, *, active: bool = True, failed: int = 0, tasks: int = 5, heap: int = 0) -> dict[str, Any]:
    """An executor, likewise; without a peak before its first heartbeat."""
    peak = {"peakMemoryMetrics": {"JVMHeapMemory": heap, "JVMOffHeapMemory": 1}} if heap else {}
    return {"id": name, "isActive": active, "failedTasks": failed, "totalTasks": tasks, "totalCores": 2, **peak}


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


def says(driver: Driver, stages: list[dict[str, Any]], executors: list[dict[str, Any]]) -> None:
    driver.says(f"/api/v1/applications/{APP}/stages", stages)
    driver.says(f"/api/v1/applications/{APP}/allexecutors", executors)


def test_stages_and_executors_are_added_up(driver: Driver) -> None:
    says(
        driver,
        [
            stage(2, status="ACTIVE", inputBytes=10, inputRecords=1, shuffleWriteBytes=3),
            stage(1, attempt_id=1, inputBytes=5, inputRecords=2, outputBytes=7, outputRecords=9, memoryBytesSpilled=4),
            stage(1, status="FAILED", inputBytes=5, diskBytesSpilled=2, shuffleReadBytes=6),
            stage(0, status="SKIPPED"),
        ],
        [
            executor("driver", tasks=0, heap=100),
            executor("1", failed=2, heap=300),
            executor("2", active=False, failed=1),
        ],
    )
    assert LivyServer(driver.url, "t0k3n").figures(batch()) == RunFigures(20, 3, 7, 9, 6, 3, 4, 2, 301, 3, 1)
    assert len(driver.requests) == 2
    assert driver.requests[0].headers["authorization"] == "Bearer t0k3n"


def test_where_the_driver_does_the_work_it_is_the_executor(driver: Driver) -> None:
    says(driver, [], [executor("driver")])
    found = LivyServer(driver.url).figures(batch())
    assert found == RunFigures(0, 0, 0, 0, 0, 0, 0, 0, None, 0, 1)


def test_what_the_driver_forgets_stays_counted(driver: Driver) -> None:
    """Spark keeps a thousand stages; the first ones of a long stream are gone from its list."""
    spark = LivyServer(driver.url)
    for first in range(0, 50, 5):
        says(driver, [stage(number, inputBytes=10) for number in range(first, first + 10)], [executor("driver")])
        found = spark.figures(batch())
    assert found is not None
    assert found.input_bytes == 550


@pytest.mark.parametrize(
    "stages",
    ["text", [{"stageId": -1, "attemptId": 0, "status": "COMPLETE"}], [stage(1, inputBytes="many")], [stage(2**70)]],
)
def test_nonsense_is_no_figure(driver: Driver, stages: Any) -> None:
    says(driver, stages, [executor("driver")])
    assert LivyServer(driver.url).figures(batch()) is None


def test_huge_figures_have_an_end(driver: Driver) -> None:
    says(driver, [stage(n, inputBytes=2**63 - 1) for n in range(3)], [executor("driver", heap=2**62)])
    found = LivyServer(driver.url).figures(batch())
    assert found is not None
    assert found.input_bytes == 2**63 - 1


def test_a_driver_that_hangs_or_refuses_costs_its_time_and_no_more(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline_gui.spark.figures.REQUEST_SECONDS", 0.3)
    monkeypatch.setattr("pipeline_gui.spark.figures.WHOLE_SECONDS", 0.3)
    spark = LivyServer(driver.url)
    for instead in (hang, html_answer(404)):
        driver.instead = instead
        assert spark.figures(batch()) is None
    assert spark.figures(batch(url=None)) is None
    assert spark.figures(batch(url="http://10.0.0.1:4040", generation=None)) is None
