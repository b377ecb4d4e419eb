"""Progress from a driver's own REST API."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.ports import Batch, BatchState
from pipeline_gui.spark.livy import LivyServer
from tests.spark.conftest import NAME
from tests.spark.fault_server import (
    Behaviour,
    Connection,
    FaultServer,
    answer,
    close,
    drip,
    endless,
    hang,
    html_answer,
    json_answer,
)
from tests.waiting import wait_until

APP = "local-1790000000000"
DESCRIPTION = "events\nid = 8a-1\nrunId = 9b-2\nbatch = 41"


def job(job_id: int = 3, **other: Any) -> dict[str, Any]:
    """A job as Spark 4.3 gives it, cut to what is read and a little more."""
    return {
        "jobId": job_id, "name": "parquet at <unknown>:0", "stageIds": [1], "status": "RUNNING", "numTasks": 240,
        "numActiveTasks": 2, "numCompletedTasks": 124, "numSkippedTasks": 40, "numFailedTasks": 0, **other,
    }  # fmt: skip


def metrics(**gauges: Any) -> dict[str, Any]:
    """GET /metrics/json/ with these gauges of the driver."""
    return {"version": "4.0.0", "gauges": {f"{APP}.driver.{key}": {"value": value} for key, value in gauges.items()}}


def rates(query: str = "events", read: Any = 1000.5, processed: Any = 2000.25) -> dict[str, Any]:
    return metrics(
        **{
            "DAGScheduler.job.allJobs": 8,
            f"spark.streaming.{query}.inputRate-total": read,
            f"spark.streaming.{query}.processingRate-total": processed,
            f"spark.streaming.{query}.latency": 1250,
            f"spark.streaming.{query}.eventTime-watermark": "1970-01-01T00:00:00.000Z",
        }
    )


class Driver(FaultServer):
    """The UI of a driver, below a prefix."""

    def __init__(self, prefix: str = f"/batches/{NAME}/ui", host: str = "127.0.0.1") -> None:
        super().__init__(self._behave, host)
        self.pages: dict[str, Any] = {}
        self.instead: Behaviour | None = None
        self._prefix = prefix

    def says(self, page: str, value: Any) -> None:
        """What a page below the API's or the metrics' root answers."""
        self.pages[self._prefix + page] = value

    def has_jobs(self, *jobs: dict[str, Any]) -> None:
        """The running jobs."""
        self.says(f"/api/v1/applications/{APP}/jobs?status=running", list(jobs))

    def _behave(self, connection: Connection) -> None:
        if self.instead is not None:
            self.instead(connection)
        elif connection.request.path in self.pages:
            # As Spark does: its API and its metrics name their JSON differently.
            media_type = "text/json;charset=utf-8" if "/metrics/" in connection.request.path else "application/json"
            answer(200, json.dumps(self.pages[connection.request.path]), media_type)(connection)
        else:
            html_answer(404)(connection)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy computer is no reason to fail, where the time is not what is tested."""
    take(monkeypatch, 20.0)


def take(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set how long a look may take."""
    monkeypatch.setattr("pipeline_gui.spark.progress.REQUEST_SECONDS", seconds)
    monkeypatch.setattr("pipeline_gui.spark.progress.WHOLE_SECONDS", seconds)


@pytest.fixture
def driver() -> Any:
    with Driver() as running:
        yield running


def batch(
    url: str | None = "http://x/", generation: str | None = "g1", application: str | None = APP, **other: Any
) -> Batch:
    state = other.pop("state", BatchState.RUNNING)
    return Batch(7, NAME, state, application, url, (), generation=generation, **other)


def read(driver: FaultServer, of: Batch | None = None) -> Progress | None:
    return LivyServer(driver.url, "t0k3n").progress(of or batch())


def test_the_tasks_of_the_running_job_in_one_question(driver: Driver) -> None:
    driver.has_jobs(job(description="load\nand more"))
    assert read(driver) == Progress(job_id=3, job_description="load", tasks_completed=124, tasks_total=200)
    assert len(driver.requests) == 1
    assert driver.requests[0].headers["authorization"] == "Bearer t0k3n"


def test_of_several_jobs_the_one_that_began_first(driver: Driver) -> None:
    driver.has_jobs(job(5), job(4), job(3))
    progress = read(driver)
    assert progress is not None
    assert (progress.job_id, progress.job_description) == (3, "parquet at <unknown>:0")


def test_the_application_is_asked_for_where_it_is_not_known(driver: Driver) -> None:
    driver.says("/api/v1/applications", [{"id": APP, "name": "x", "attempts": []}])
    driver.has_jobs(job())
    assert read(driver, batch(application=None)) is not None


def test_a_stream_says_its_batch_and_its_rates(driver: Driver) -> None:
    driver.has_jobs(job(description=DESCRIPTION))
    driver.says("/metrics/json/", rates())
    progress = read(driver)
    assert progress is not None
    assert (progress.batch_number, progress.job_description, progress.job_id) == (41, "events", 3)
    assert (progress.input_rows_per_second, progress.processed_rows_per_second) == (1000.5, 2000.25)
    assert progress.batch_seconds == 1.25


def test_a_stream_without_a_name_is_known_by_its_id(driver: Driver) -> None:
    driver.has_jobs(job(description="\nid = 8a-1\nrunId = 9b-2\nbatch = init"))
    driver.says("/metrics/json/", rates("8a-1"))
    progress = read(driver)
    assert progress is not None
    assert (progress.batch_number, progress.input_rows_per_second) == (None, 1000.5)


def test_between_two_batches_a_stream_still_says_its_rates(driver: Driver) -> None:
    driver.has_jobs()
    driver.says("/metrics/json/", rates())
    driver.says(f"/api/v1/applications/{APP}/jobs/7", job(7, description=DESCRIPTION, status="SUCCEEDED"))
    progress = read(driver)
    assert progress is not None
    assert (progress.batch_number, progress.input_rows_per_second, progress.job_id) == (41, 1000.5, None)


@pytest.mark.parametrize("gauge", ["NaN", None, True, [], "12"])
def test_a_gauge_that_is_no_number_is_none(driver: Driver, gauge: object) -> None:
    driver.has_jobs(job(description=DESCRIPTION))
    driver.says("/metrics/json/", rates(read=gauge))
    progress = read(driver)
    assert progress is not None
    assert progress.input_rows_per_second is None
    assert progress.processed_rows_per_second == 2000.25


def test_between_two_jobs_nothing_is_said(driver: Driver) -> None:
    driver.has_jobs()
    driver.says("/metrics/json/", metrics(**{"DAGScheduler.job.allJobs": 8}))
    assert read(driver) is None


def test_a_driver_that_has_no_ui_or_has_ended_is_not_asked(driver: Driver) -> None:
    assert read(driver, batch(url=None)) is None
    assert read(driver, batch(state=BatchState.SUCCESS)) is None
    assert driver.connections == 0


@pytest.mark.parametrize(
    "instead",
    [
        html_answer(404),
        html_answer(200),
        json_answer({"msg": "no UI"}, 502),
        json_answer({}),
        json_answer([{"jobId": "3"}]),
        json_answer([{"jobId": 3, "numTasks": -1, "numCompletedTasks": 0}]),
        answer(302, headers={"Location": "http://elsewhere.example/"}),
        answer(200, b"["),
        endless(),
        close,
    ],
)
def test_a_driver_that_makes_no_sense_says_nothing(driver: Driver, instead: Behaviour) -> None:
    driver.instead = instead
    assert read(driver) is None


@pytest.mark.parametrize("instead", [hang, drip(b"HTTP/1.1 200 OK\r\n" * 100)], ids=["hang", "drip"])
def test_a_driver_that_hangs_costs_little_and_then_nothing(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, instead: Behaviour
) -> None:
    monkeypatch.undo()
    driver.instead = instead
    server = LivyServer(driver.url)
    begun = time.monotonic()
    assert server.progress(batch()) is None
    assert time.monotonic() - begun < 10
    for _ in range(5):
        assert server.progress(batch()) is None
    assert driver.connections == 1


def test_a_driver_that_was_only_slow_is_asked_again(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_gui.spark.progress.FIRST_PAUSE_SECONDS", 0.1)
    server = LivyServer(driver.url)

    def hangs() -> None:
        driver.instead = hang
        take(monkeypatch, 0.2)
        assert server.progress(batch()) is None
        take(monkeypatch, 20)

    hangs()
    driver.instead = None
    driver.has_jobs(job())
    assert wait_until(lambda: server.progress(batch()), 5) is not None
    # And its pauses begin anew.
    monkeypatch.setattr("pipeline_gui.spark.progress.FIRST_PAUSE_SECONDS", 0.0)
    before = driver.connections
    hangs()
    hangs()
    assert driver.connections == before + 2


def test_it_says_nothing_about_the_server(driver: Driver) -> None:
    driver.instead = close
    server = LivyServer(driver.url)
    assert server.progress(batch()) is None
    assert server.contact().reachable is None


# --- a Livy that is not ours ----------------------------------------------------------------------------------------


def test_a_ui_on_the_same_host_is_asked_without_the_token() -> None:
    with Driver("") as ui, FaultServer(close) as livy:
        ui.has_jobs(job())
        assert read(livy, batch(ui.url + "/", generation=None)) is not None
        assert "authorization" not in ui.requests[0].headers


def test_a_ui_below_the_server_itself_is_asked_with_the_token() -> None:
    with Driver("/proxy/app") as livy:
        livy.has_jobs(job())
        assert read(livy, batch(livy.url + "/proxy/app/", generation=None)) is not None
        assert livy.requests[0].headers["authorization"] == "Bearer t0k3n"


def test_a_ui_on_another_host_is_not_asked() -> None:
    with Driver("", host="127.0.0.2") as ui, FaultServer(close) as livy:
        ui.has_jobs(job())
        assert read(livy, batch(ui.url + "/", generation=None)) is None
        assert ui.connections == 0


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:{port}/?x", "x"])
def test_an_address_that_is_no_ui_is_not_asked(driver: Driver, url: str) -> None:
    assert read(driver, batch(url.format(port=driver.port), generation=None)) is None
    assert driver.connections == 0
