"""Keeps the table's model as it should be: the live rows and the older ones, filtered and sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.runs_model import RunsModel
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.arrangement import Order, RunFilter, arrange
from pipeline_gui.window.table.changes import Changes, changes_between, rearranged, running_rows

AT_ONCE = 2000
"""Rows that are arranged where they are asked for: that takes less than a frame. More are arranged in the pool."""
_FREED_AT_ONCE = 2000


class _Worked(NamedTuple):
    """What came out of the pool."""

    known: int
    running: list[RunRow]
    changes: Changes


class Arranger(QObject):
    """One arrangement is under way at a time; what was wished meanwhile makes the next one."""

    arranged = Signal()
    """The model shows what was wished."""
    busy_changed = Signal(bool)
    """Whether an arrangement is under way in the pool."""

    def __init__(self, model: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._gateway: Gateway | None = None
        self._live: tuple[RunRow, ...] = ()
        self._older: Sequence[RunRow] = ()
        self._left: dict[str, RunRow] = {}
        """Rows that left the live ones while older ones are shown."""
        self._keeps_left = False
        self._order = Order()
        self._filter = RunFilter()
        self._is_busy = False
        self._again = False
        self._has_others = False
        self._running: list[RunRow] = []
        self._known = 0
        model.order_wanted.connect(self._sort)

    def attach(self, gateway: Gateway) -> None:
        """Where many rows are arranged."""
        self._gateway = gateway

    @property
    def known(self) -> int:
        """How many runs there are, shown or not."""
        return self._known

    @property
    def filter(self) -> RunFilter:
        """Which runs are shown."""
        return self._filter

    def show_live(self, rows: tuple[RunRow, ...]) -> None:
        """The runs of the last two days, as a refresh brought them."""
        if self._keeps_left and rows is not self._live:
            now = {row.run_id for row in rows}
            self._left |= {row.run_id: row for row in self._live if row.run_id not in now}
        self._live = rows
        self._arrange(others=True)

    def show_older(self, rows: Sequence[RunRow], *, is_wanted: bool) -> None:
        """Runs from before them; live ones may be among them, and are not shown twice."""
        self._older = rows
        self._keeps_left = is_wanted
        if not is_wanted:
            self._left = {}
        self._arrange(others=True)

    def filter_by(self, wanted: RunFilter) -> None:
        """Show the runs that match."""
        if wanted != self._filter:
            self._filter = wanted
            self._arrange()

    def _sort(self, order: Order) -> None:
        if order != self._order:
            self._order = order
            self._arrange()

    def _arrange(self, *, others: bool = False) -> None:
        """Show what is wished; others: the rows are, and not only their order and which of them are shown."""
        self._has_others = self._has_others or others
        if self._is_busy:
            self._again = True
            return
        others, self._has_others = self._has_others, False
        live, older, left, order, wanted = self._live, self._older, list(self._left.values()), self._order, self._filter
        now = seconds_with_sleep()
        if self._gateway is None or len(live) + len(older) + len(left) <= AT_ONCE:
            rows = _together(live, left, older)
            self._known, self._running = len(rows), running_rows(rows)
            self._model.update_rows(arrange(rows, order, wanted, now))
            self.arranged.emit()
            return
        before = self._model.rows if others else ()
        held, running = self._model.held(), self._running

        def work() -> _Worked:
            rows = _together(live, left, older)
            shown = arrange(rows, order, wanted, now)
            if not others:
                return _Worked(len(rows), running, rearranged(shown, held, running))
            running_now = running_rows(rows)
            return _Worked(len(rows), running_now, changes_between(before, shown, held, running_now))

        self._is_busy = True
        self.busy_changed.emit(True)
        self._gateway.run(work, self._take, self._fail, self, Lane.TABLE)

    def _take(self, worked: _Worked) -> None:
        self._known, self._running = worked.known, worked.running
        let_go = self._model.apply(worked.changes)
        if self._gateway is not None:
            self._gateway.run(lambda: _let_go(let_go), lambda _: None, self._fail, self, Lane.TABLE)
        self._done()
        self.arranged.emit()

    def _fail(self, error: Exception) -> None:
        self._done()
        raise error  # a mistake in the program: the crash dialog says it

    def _done(self) -> None:
        self._is_busy = False
        if self._again:
            self._again = False
            self._arrange()
        else:
            self.busy_changed.emit(False)


def _together(live: Sequence[RunRow], left: Sequence[RunRow], older: Sequence[RunRow]) -> Sequence[RunRow]:
    """All rows, each run once: as it is now where that is known."""
    if not left and not older:
        return live
    rows = list(live)
    known = {row.run_id for row in live}
    for row in (*left, *older):
        if row.run_id not in known:
            known.add(row.run_id)
            rows.append(row)
    return rows


def _let_go(rows: list[RunRow]) -> None:
    """Free a list piece by piece: all of it at once would keep the interpreter from the GUI thread."""
    while rows:
        del rows[-_FREED_AT_ONCE:]
