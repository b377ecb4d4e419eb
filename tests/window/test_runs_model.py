"""The table is updated in place: views hear of the differences only, and in the right order."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from pipeline_gui.window.looks import look_of
from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.snapshot import RowMaker, RunRow, make_row
from pipeline_gui.window.table.columns import Column
from tests.window.stand_in import idle, run, running

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.day = date(2026, 11, 23)

    def __call__(self) -> float:
        return self.now


class Told:
    """What a model told its views."""

    def __init__(self, model: RunsModel) -> None:
        self.events: list[tuple[Any, ...]] = []
        model.rowsInserted.connect(lambda _p, first, last: self.events.append(("inserted", first, last)))
        model.rowsRemoved.connect(lambda _p, first, last: self.events.append(("removed", first, last)))
        model.rowsMoved.connect(lambda *_: self.events.append(("moved",)))
        model.dataChanged.connect(
            lambda top, bottom: self.events.append(("changed", top.row(), bottom.row(), top.column(), bottom.column()))
        )
        model.modelReset.connect(lambda: self.events.append(("reset",)))
        model.layoutChanged.connect(lambda: self.events.append(("layout",)))

    def take(self) -> list[tuple[Any, ...]]:
        told, self.events = self.events, []
        return told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(qapp: QApplication, clock: Clock) -> RunsModel:
    made = RunsModel(QPalette(), clock=clock, today=lambda: clock.day)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


@pytest.fixture
def told(model: RunsModel) -> Told:
    return Told(model)


def row(run_id: str, status: str | None = "completed", **changes: Any) -> RunRow:
    given = {
        "run_id": run_id,
        "status": status,
        "look": look_of(status),
        "pipeline": "flights",
        "by": "ana@ops-3",
        "outcome": "",
        "started": START,
        "ended": None if status == "running" else START + timedelta(minutes=2),
        "duration": None if status == "running" else 120.0,
        "error": None,
        "command": None,
        "running_since": 990.0 if status == "running" else None,
    }
    return RunRow(**(given | changes))


def texts(model: RunsModel, position: int) -> list[str]:
    return [model.index(position, column).data() for column in Column]


def test_the_same_rows_again_tell_nothing(model: RunsModel, told: Told) -> None:
    model.update_rows([row("b", "running"), row("a")])
    assert told.take() == [("inserted", 0, 1)]
    model.update_rows([row("b", "running"), row("a")])
    assert told.take() == []


def test_a_new_run_is_inserted_where_it_belongs(model: RunsModel, told: Told) -> None:
    model.update_rows([row("c"), row("a")])
    told.take()
    model.update_rows([row("d"), row("c"), row("b"), row("a")])
    assert told.take() == [("inserted", 0, 0), ("inserted", 2, 2)]


def test_a_run_that_left_the_two_days_is_removed(model: RunsModel, told: Told) -> None:
    model.update_rows([row("c"), row("b"), row("a")])
    told.take()
    model.update_rows([row("b")])
    assert told.take() == [("removed", 2, 2), ("removed", 0, 0)]
    assert [r.run_id for r in model.rows] == ["b"]


def test_a_run_that_ended_changes_its_own_cells_only(model: RunsModel, told: Told) -> None:
    model.update_rows([row("b", "running"), row("a")])
    told.take()
    model.update_rows([row("b", "failed", error="boom", outcome="boom"), row("a")])
    assert told.take() == [("changed", 0, 0, Column.STATUS, Column.OUTCOME)]
    assert texts(model, 0)[Column.STATUS] == "failed"


def test_only_the_outcome_changes_with_progress(model: RunsModel, told: Told) -> None:
    model.update_rows([row("b", "running")])
    told.take()
    model.update_rows([row("b", "running", outcome="job 3 · 124 of 200 tasks")])
    assert told.take() == [("changed", 0, 0, Column.OUTCOME, Column.OUTCOME)]


def test_a_row_whose_place_changed_moves(model: RunsModel, told: Told) -> None:
    model.update_rows([row("a"), row("b"), row("c")])
    told.take()
    model.update_rows([row("c"), row("a"), row("b")])
    assert told.take() == [("layout",)], "told at once: one move after the other takes seconds with a thousand rows"


def test_any_sequence_of_updates_ends_at_what_was_given(model: RunsModel, told: Told) -> None:
    dice = random.Random(7)
    for _ in range(300):
        ids = dice.sample("abcdefghijkl", dice.randint(0, 12))
        wanted = [row(run_id, dice.choice(["completed", "failed", "stopped"])) for run_id in ids]
        model.update_rows(wanted)
        assert list(model.rows) == wanted
    assert "reset" not in {event[0] for event in told.take()}


def test_a_running_row_ticks_without_a_query(model: RunsModel, told: Told, clock: Clock) -> None:
    model.update_rows([row("b", "running"), row("a")])
    told.take()
    assert texts(model, 0)[Column.DURATION] == "00:00:10"
    clock.now += 65
    model.tick()
    assert texts(model, 0)[Column.DURATION] == "00:01:15"
    assert told.take() == [("changed", 0, 0, Column.DURATION, Column.DURATION)]
    model.tick()
    assert told.take() == []


def test_answers_that_differ_by_their_way_do_not_let_the_clock_jump(model: RunsModel, told: Told) -> None:
    model.update_rows([row("b", "running")])
    told.take()
    model.update_rows([row("b", "running", running_since=990.3)])
    assert told.take() == []
    assert model.rows[0].running_since == 990.0
    model.update_rows([row("b", "running", running_since=960.0)])  # the clock was wrong: the database's counts
    assert told.take() == [("changed", 0, 0, Column.DURATION, Column.DURATION)]


def test_what_is_not_known_now_is_not_said_to_run(model: RunsModel, told: Told, clock: Clock) -> None:
    model.update_rows([row("b", "running"), row("a")])
    told.take()
    model.set_stale(START)
    assert told.take() == [("changed", 0, 0, Column.STATUS, Column.DURATION)]
    assert texts(model, 0)[Column.STATUS] == "unknown"
    assert texts(model, 0)[Column.DURATION] == "–"
    assert "It was running" in model.index(0, Column.STATUS).data(Qt.ItemDataRole.ToolTipRole)
    assert texts(model, 1)[Column.STATUS] == "completed"
    clock.now += 100
    model.tick()
    assert told.take() == []
    model.set_stale(None)
    assert texts(model, 0)[Column.STATUS] == "running"


def test_at_midnight_today_becomes_yesterday(model: RunsModel, told: Told, clock: Clock) -> None:
    model.update_rows([row("a", started=datetime(2026, 11, 23, 12, 0).astimezone())])
    told.take()
    assert texts(model, 0)[Column.STARTED] == "12:00:00"
    clock.day = date(2026, 11, 24)
    model.tick()
    assert texts(model, 0)[Column.STARTED] == "yesterday 12:00"
    assert told.take() == [("changed", 0, 0, Column.STARTED, Column.STARTED)]


@pytest.mark.parametrize("status", ["completed", "failed", "stopped", "running", "archived", None])
def test_each_status_has_a_word_an_icon_and_a_colour(model: RunsModel, status: str | None) -> None:
    model.update_rows([row("a", status)])
    cell = model.index(0, Column.STATUS)
    assert cell.data() == (status or "–")
    assert not cell.data(Qt.ItemDataRole.DecorationRole).isNull()
    assert cell.data(Qt.ItemDataRole.ForegroundRole).isValid()


def test_hostile_texts_are_shown_as_text(model: RunsModel) -> None:
    answer = run("evil-1", "failed", error="<img src='file:///etc/passwd'>\nsecond\x1b[31m line" + "x" * 100_000)
    model.update_rows([make_row(answer, idle(), 0.0)])
    cell = model.index(0, Column.OUTCOME)
    assert "\n" not in cell.data()
    assert len(cell.data()) <= 300
    hover = cell.data(Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in hover
    assert "&lt;img" in hover
    assert len(hover) < 20_000


@pytest.mark.parametrize("metadata", [None, {}, [], {"configuration": None}, {"configuration": {"name": 7}}, "text"])
def test_rows_of_other_programs_with_odd_metadata(metadata: Any) -> None:
    answer = {**run("import-7", " Running "), "metadata": metadata, "start_time": None, "duration": None}
    made = make_row(answer, idle(), 5.0)  # type: ignore[arg-type]
    assert made.pipeline == "import-7"
    assert made.by == "another program"
    assert made.is_running
    assert made.look.word == "running"


def test_the_running_row_shows_its_phase() -> None:
    status = running("flights-1", phase="stopping", stop_requested_by="ben@ops-1")
    made = make_row(run("flights-1", "running"), status, 0.0)
    assert made.look.word == "stopping"
    assert made.outcome == "stop asked for by ben@ops-1"


def test_rows_are_made_anew_only_where_something_changed() -> None:
    maker = RowMaker()
    ended, broken, current = run("a-1", "completed"), run("b-1", "failed", error="early"), run("c-1", "running")
    before = maker.rows([current, broken, ended], running("c-1"), 0.0)
    again = run("b-1", "failed", error="late")
    after = maker.rows([current, again, ended], running("c-1", phase="stopping"), 1.0)
    assert after[2] is before[2]
    assert after[1].error == "late"
    assert (before[0].look.word, after[0].look.word) == ("running", "stopping")
    settled = maker.rows([run("c-1", "stopped"), again, ended], idle(), 2.0)
    assert settled[0].look.word == "stopped"
    assert settled[0].running_since is None


def test_a_table_has_no_children(model: RunsModel) -> None:
    model.update_rows([row("a")])
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.data(QModelIndex()) is None


def test_rows_are_compared_without_their_clock() -> None:
    assert row("a", "running") == row("a", "running")._replace(running_since=1.0)
