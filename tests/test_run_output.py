"""What a run printed, on a plain Livy, which keeps the last lines of both outputs in one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkRefused
from pipeline_gui.pipeline.output import OutputSearch, SearchNotKnown, Stream
from pipeline_gui.pipeline.ports import Batch, BatchState, LogPage, ServerIdentity
from pipeline_gui.run_output import RunOutputs


@dataclass
class Engine:
    batch_name: str


@dataclass
class Record:
    engine: Engine | None


@dataclass
class Livy:
    """As much of a store and of a plain Livy as is asked."""

    lines: list[str]
    records: dict[str, Record] = field(default_factory=lambda: {"r": Record(Engine("i.r")), "theirs": Record(None)})
    found: int = 0

    def find(self, run_id: str) -> Record | None:
        self.found += 1
        return self.records.get(run_id)

    def identity(self) -> ServerIdentity:
        return ServerIdentity("http://livy", None, "0.8")

    def log(self, name: str, start: int | None, size: int) -> LogPage:
        assert (name, start, size) == ("i.r", None, 200)
        return LogPage(0, len(self.lines), self.lines)


def outputs(livy: Livy) -> RunOutputs:
    return RunOutputs(livy, livy)  # type: ignore[arg-type]


def test_the_two_outputs_are_told_apart_and_the_view_is_told_that_it_is_not_all() -> None:
    read = outputs(Livy(["stdout: ", "a", "b", "\nstderr: ", "c"]))
    stdout, stderr = read.read("r", Stream.STDOUT, 7, 3), read.read("r", Stream.STDERR, None, 3)
    assert (stdout.data, stderr.data) == (b"a\nb\n", b"c\n")
    assert (stdout.offset, stdout.total) == (0, 4)
    assert "last 200 lines" in stdout.note


def test_a_line_of_the_program_that_looks_like_a_heading_is_none() -> None:
    assert (
        outputs(Livy(["stdout: ", "stdout: ", "stderr: ", "\nstderr: "])).read("r", Stream.STDOUT, None, 9).data
        == b"stdout: \nstderr: \n"
    )


def test_a_run_is_looked_up_once_while_it_is_followed() -> None:
    livy = Livy([])
    read = outputs(livy)
    for _ in range(3):
        read.read("r", Stream.STDOUT, 0, 1)
    assert livy.found == 1


def test_what_has_no_log_is_said() -> None:
    with pytest.raises(SparkRefused, match="Another program"):
        outputs(Livy([])).read("theirs", Stream.STDOUT, 0, 1)
    with pytest.raises(ConfigurationInvalid, match="no run"):
        outputs(Livy([])).read("none", Stream.STDOUT, 0, 1)


@pytest.mark.parametrize(
    ("url", "address"),
    [("https://spark.ops:8998/a", "http://spark.ops:4041/"), ("http://[::1]:8998", "http://[::1]:4041/")],
)
def test_sparks_own_ui_is_on_the_servers_host(url: str, address: str) -> None:
    livy = Livy([])
    batch = Batch(1, "i.r", BatchState.RUNNING, None, f"{url}/batches/1/ui/", (), driver_ui_port=4041)
    found: dict[str, Batch | None] = {"i.r": batch}
    spark = SimpleNamespace(
        find=found.get, url=url, identity=lambda: ServerIdentity(url, "g", "1"), search_output=None, output=None
    )
    read = RunOutputs(livy, spark)  # type: ignore[arg-type]
    assert read.ui_address("r") == address
    found["i.r"] = replace(batch, state=BatchState.SUCCESS)
    assert read.ui_address("r") is None
    found["i.r"] = replace(batch, driver_ui_port=None)
    assert read.ui_address("r") is None
    # A driver on one computer listens there alone: from elsewhere the link would lead nowhere.
    found["i.r"] = replace(batch, driver_ui_host="127.0.0.1")
    assert read.ui_address("r") == (address if "::1" in url else None)
    found["i.r"] = replace(batch, driver_ui_host="10.1.2.3")
    assert read.ui_address("r") == address
    found["i.r"] = None
    assert read.ui_address("r") is None


def test_a_plain_livy_can_not_search() -> None:
    with pytest.raises(SearchNotKnown, match="plain Livy"):
        outputs(Livy([])).search("r", Stream.STDOUT, OutputSearch("a"))
