"""Which rows are shown and in which order, and what is told when that changes."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from PySide6.QtCore import QPersistentModelIndex
from PySide6.QtGui import QPalette
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.arrangement import Order, RunFilter, arrange
from pipeline_gui.window.table.changes import MOST_TOLD, changes_between
from pipeline_gui.window.table.columns import Column
from tests.window.table.making import START, row, rows

NOW = 1000.0


def ids(given: list[RunRow], order: Order, wanted: RunFilter | None = None) -> str:
    return "".join(each.run_id for each in arrange(given, order, wanted or RunFilter(), NOW))


@pytest.mark.parametrize("missing", [1, 150])
def test_times_sort_as_what_they_are_and_a_missing_one_is_before_every_other(missing: int) -> None:
    without = [row("-", started=None, duration=None) for _ in range(missing)]
    given = [row("b", started=START + timedelta(1), duration=9.0), row("a", duration=100.0), *without]
    dashes = "-" * missing
    assert ids(given, Order(Column.STARTED, is_descending=False)) == f"{dashes}ab"
    assert ids(given, Order(Column.STARTED, is_descending=True)) == f"ba{dashes}"
    assert ids(given, Order(Column.DURATION, is_descending=False)) == f"{dashes}ba"
    assert ids(given, Order(Column.DURATION, is_descending=True)) == f"ab{dashes}"


def test_a_running_run_is_as_long_as_it_is_now() -> None:
    given = [
        row("a", duration=9.0),
        row("r", "running", duration=None, running_since=NOW - 50),
        row("b", duration=99.0),
    ]
    assert ids(given, Order(Column.DURATION, is_descending=False)) == "arb"
    assert ids(given, Order(Column.DURATION, is_descending=True)) == "bra"


@pytest.mark.parametrize("column", list(Column))
@pytest.mark.parametrize("is_descending", [True, False])
def test_rows_of_one_value_keep_their_order(column: Column, is_descending: bool) -> None:
    given = [row("a"), row("b"), row("c")]
    assert ids(given, Order(column, is_descending)) == "abc"


@pytest.mark.parametrize("is_descending", [True, False])
@pytest.mark.parametrize("column", [Column.STATUS, Column.PIPELINE, Column.DURATION, Column.STARTED])
def test_many_rows_sort_as_few_do(column: Column, is_descending: bool) -> None:
    given = rows(20_000)
    keys = {
        Column.STATUS: lambda one: one.look.word,
        Column.PIPELINE: lambda one: one.pipeline,
        Column.DURATION: lambda one: one.duration,
        Column.STARTED: lambda one: one.started,
    }
    assert arrange(given, Order(column, is_descending), RunFilter(), NOW) == sorted(
        given, key=keys[column], reverse=is_descending
    )


def test_texts_sort_without_regard_to_capitals() -> None:
    given = [row("a", pipeline="etl"), row("b", pipeline="Backup"), row("c", pipeline="flights")]
    assert ids(given, Order(Column.PIPELINE, is_descending=False)) == "bac"


def test_runs_are_found_by_what_they_show_and_by_their_day() -> None:
    local = START.astimezone()
    given = [
        row("a", by="Ben@ops-1"),
        row("b", "failed", outcome="no such column"),
        row("c", started=START - timedelta(days=9)),
        row("d", " Failed "),
    ]
    order = Order()
    assert ids(given, order, RunFilter("ben@")) == "a"
    assert ids(given, order, RunFilter("such column")) == "b"
    assert ids(given, order, RunFilter(f"{local - timedelta(days=9):%Y-%m-%d}")) == "c"
    assert ids(given, order, RunFilter(status="failed")) == "bd"
    assert ids(given, order, RunFilter("column", "failed")) == "b"
    assert ids(given, order, RunFilter(".*")) == ""


def test_any_change_of_the_rows_ends_at_what_was_wanted(qapp: QApplication) -> None:
    model = RunsModel(QPalette())
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    dice = random.Random(11)
    known = {letter: row(letter) for letter in "abcdefghijklmn"}
    for _ in range(400):
        chosen = sorted(dice.sample(sorted(known), dice.randint(0, 14)))
        if dice.random() < 0.2:
            dice.shuffle(chosen)
        for letter in dice.sample(chosen, min(2, len(chosen))):
            known[letter] = row(letter, dice.choice(["failed", "running"]), error=str(dice.random()))
        wanted = [known[letter] for letter in chosen]
        before = model.rows
        held = [QPersistentModelIndex(model.index(at, 2)) for at in range(len(before))]
        model.apply(changes_between(before, list(wanted), dice.choice([(), model.held()])))
        assert list(model.rows) == wanted
        for index, old in zip(held, before, strict=True):
            assert (wanted[index.row()].run_id if index.isValid() else None) == (
                old.run_id if old.run_id in chosen else None
            )


def test_few_changes_are_told_one_by_one_and_many_at_once() -> None:
    many = rows(3000)
    few = changes_between(many, [row("new"), *many[:100], *many[102:]])
    assert (few.removed, few.inserted, few.is_rearranged) == (((100, 101),), ((0, 0),), False)
    scattered = [each for at, each in enumerate(many) if at % 2 or at > 2 * MOST_TOLD + 10]
    assert changes_between(many, scattered).is_rearranged
    held = [f"run-{at}" for at in range(0, 3000, 7)]
    for some in (held[:3], held):
        turned = changes_between(many, list(reversed(many)), [*some, "gone"])
        assert turned.places == {run_id: 2999 - int(run_id[4:]) for run_id in some}
