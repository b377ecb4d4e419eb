"""The sample pipelines on a real Spark."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline_gui.configurations.samples import sample
from pipeline_gui.embedded.spark import spark_environment
from pipeline_gui.pipeline.failure import failure_sentence
from pipeline_gui.pipeline.ports import Batch, BatchState
from tests.waiting import wait_until

pytestmark = pytest.mark.spark


class Driver:
    """A sample that runs on spark-submit, in a process group of its own."""

    def __init__(self, name: str, home: Path) -> None:
        configuration = sample(name)
        environment = os.environ | spark_environment(home / "spark") | {"PIPELINE_GUI_HOME": str(home)}
        command = [f"{environment['SPARK_HOME']}/bin/spark-submit", "--master", "local[2]"]
        conf = configuration.get("conf", {}) | {"spark.ui.port": "0", "spark.local.dir": str(home / "local")}
        command += [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]
        self._output = home / "output.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, configuration["file"], *configuration.get("args", [])],
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        """What it has printed and logged so far."""
        return self._output.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Signal everything of it, as a server does."""
        os.killpg(self.process.pid, number)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[type[Driver]]:
    drivers: list[Driver] = []

    class Started(Driver):
        def __init__(self, name: str, home: Path = tmp_path) -> None:
            super().__init__(name, home)
            drivers.append(self)

    yield Started
    for driver in drivers:
        if driver.process.poll() is None:
            driver.signal(signal.SIGKILL)
            driver.process.wait()


def test_flights_reads_joins_and_writes_every_flight(start: type[Driver], tmp_path: Path) -> None:
    driver = start("flights", tmp_path)

    assert driver.process.wait(timeout=240) == 0, driver.output()

    said = driver.output()
    assert "Read 336,776 flights." in said
    # What is known of the data set: 8,255 flights were cancelled, and departures were 12.64 minutes late on average.
    assert re.search(r"^ +336,776 +8,255 +12\.64 ", said, re.MULTILINE)
    assert re.search(r"^ +ExpressJet Airlines Inc\. +54,173 +20\.0 ", said, re.MULTILINE)
    output = tmp_path / "output" / "flights"
    assert {path.name for path in output.iterdir()} == {"flights", "by_carrier", "by_airport", "by_wind"}
    assert len(list((output / "flights").glob("month=*/*.parquet"))) == 12
    assert not [line for line in said.splitlines() if " ERROR " in line]


def test_broken_says_what_is_wrong_with_it(start: type[Driver], tmp_path: Path) -> None:
    driver = start("broken", tmp_path)

    assert driver.process.wait(timeout=180) == 1

    batch = Batch(1, "broken", BatchState.DEAD, None, None, (), exit_code=1)
    message = failure_sentence(batch, driver.output().splitlines())
    assert message.startswith("AnalysisException: ")
    assert "`departure_dely`" in message
    assert "Did you mean" in message
    assert "exit code 1" in message


def test_stream_events_counts_until_it_is_stopped_and_ends_at_once(start: type[Driver], tmp_path: Path) -> None:
    driver = start("stream_events", tmp_path)
    batch = re.compile(r"^batch [12]: \d+ events \(view ", re.MULTILINE)
    wait_until(lambda: batch.search(driver.output()), timeout=150, what="a batch of events")
    whole = [psutil.Process(driver.process.pid), *psutil.Process(driver.process.pid).children(recursive=True)]

    driver.signal(signal.SIGTERM)
    driver.process.wait(timeout=5)

    _, alive = psutil.wait_procs(whole[1:], timeout=3)
    assert not alive
    assert not (tmp_path / "local").exists() or not any((tmp_path / "local").rglob("checkpoint*"))
