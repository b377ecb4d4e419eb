"""Figures of runs: kept beyond the driver, and compared with the runs before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline_gui.pipeline.ending import Ending
from pipeline_gui.pipeline.figures import ComparedFigures, RunFigures, figure_lines
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.store.store import PostgresStore
from tests.store.conftest import ANA, new_run

Execute = Callable[..., list[tuple[Any, ...]]]


def run(store: PostgresStore, run_id: str, figures: RunFigures, status: RunStatus = RunStatus.COMPLETED) -> None:
    """A run that ended, with figures."""
    store.insert(new_run(run_id), ANA)
    store.figures.note(run_id, "flights", RunFigures(input_bytes=1), ANA)
    store.figures.note(run_id, "flights", figures, ANA)
    store.settle(run_id, None, Ending(status, gone=True), ANA)


def compared(store: PostgresStore, run_id: str) -> ComparedFigures:
    found = store.figures.compared(run_id)
    assert found is not None
    return found


def test_a_run_is_compared_with_those_that_completed_before_it(store: PostgresStore) -> None:
    assert store.figures.compared("r1") is None
    for number, size in enumerate((100, 300, 200, 9_000_000)):
        status = RunStatus.FAILED if size > 1000 else RunStatus.COMPLETED
        run(store, f"r{number}", RunFigures(input_bytes=size * 1024, failed_tasks=0, input_records=1), status)
    run(store, "new", RunFigures(input_bytes=2048 * 1024, input_records=1234, failed_tasks=2, peak_memory_bytes=5))
    store.figures.note("other", "events", RunFigures(input_bytes=1), ANA)

    found = compared(store, "new")
    assert (found.usual.input_bytes, found.usual.failed_tasks, found.usual_of) == (200 * 1024, 0, 3)
    assert found.usual.peak_memory_bytes is None
    assert found.ratio("input_bytes") == 10.24
    assert found.ratio("failed_tasks") is None
    assert figure_lines(found) == [
        ("Read", "1,234 records, 2.0 MB (10 × the usual 200.0 KB)"),
        ("Peak memory", "5 bytes"),
        ("Failed tasks", "2 (usually 0)"),
    ]
    assert compared(store, "r2").usual_of == 2
    assert compared(store, "r2").usual == RunFigures()
    assert compared(store, "other").usual_of == 0


def test_what_a_later_version_wrote_is_no_reason_to_fail(store: PostgresStore, execute: Execute) -> None:
    store.figures.note("r1", "flights", RunFigures(executors=3), ANA)
    execute("UPDATE pipeline_run_figures SET figures = figures || '{\"phase_of_the_moon\": 1}'")
    assert compared(store, "r1").figures.executors == 3
    execute('UPDATE pipeline_run_figures SET figures = \'{"executors": "many"}\'')
    assert compared(store, "r1").figures == RunFigures()
