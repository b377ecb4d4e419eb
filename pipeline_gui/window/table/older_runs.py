"""Reads the history beyond the last two days, page by page in the pool; it can be given up at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.snapshot import RunRow, make_row
from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from pipeline_gui.pipeline.record import PageKey, RunPage

PAGE = 1000
"""Runs that are asked for at once."""
MOST = 100_000
"""Runs that are read; of a longer history the newest."""


class Pages(Protocol):
    """The part of the archive that has the history in pages."""

    def page(self, days: float, *, limit: int, after: PageKey | None = None) -> RunPage:
        """A part of the history, newest start first. Raises StoreUnavailable."""


class OlderRuns(QObject):
    """What was read so far is in ``rows``; it is told when that is worth showing."""

    changed = Signal()
    """More rows, or other ones."""
    told = Signal(str)
    """How far it is, or why it goes no further; empty: all is there."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gateway: Gateway | None = None
        self._pages: Pages | None = None
        self._zone: str | None = None
        self._reading = 0
        """Counts the readings, so that a page of one that was given up is known as such."""
        self._days: float | None = None
        self.rows: list[RunRow] = []

    def attach(self, gateway: Gateway, pages: Pages, old_rows_timezone: str | None) -> None:
        """Where the history is read."""
        self._gateway, self._pages, self._zone = gateway, pages, old_rows_timezone

    @property
    def is_wanted(self) -> bool:
        """Whether older runs are shown at all."""
        return self._days is not None

    def show_days(self, days: float | None) -> None:
        """Read so many days of history; None: none beyond what is live."""
        self._days = days
        self.read_again()

    def read_again(self) -> None:
        """Read from the begin; what is shown stays until there is something in its place."""
        self._reading += 1
        if self._days is None:
            self.rows = []
            self.told.emit("")
            self.changed.emit()
            return
        self.told.emit(tr("Reading the history…"))
        self._read(self._reading, self._days, None, [])

    def _read(self, reading: int, days: float, after: PageKey | None, before: list[RunRow]) -> None:
        gateway, pages, zone = self._gateway, self._pages, self._zone
        if gateway is None or pages is None:
            return

        def work() -> tuple[list[RunRow], PageKey | None]:
            from pipeline_gui.pipeline.answers import run_answer

            page = pages.page(days, limit=PAGE, after=after)
            return [make_row(run_answer(run), None, 0.0, zone) for run in page.runs], page.next

        def done(page: tuple[list[RunRow], PageKey | None]) -> None:
            if reading != self._reading:
                return
            rows, following = page
            before.extend(rows)
            if following is None or len(before) >= MOST:
                self._show(before)
                self.told.emit(
                    "" if following is None else tr("The newest {0:,} of them; older ones are not shown.").format(MOST)
                )
                return
            if len(before) >= 2 * len(self.rows):  # the more there are, the longer it takes to show them
                self._show(list(before))
            self.told.emit(tr("Reading the history… {0:,} runs").format(len(before)))
            self._read(reading, days, following, before)

        def failed(error: Exception) -> None:
            if reading == self._reading:
                self._show(before)
                self.told.emit(tr("The history could be read only in part: {0}").format(error))

        gateway.run(work, done, failed, self, Lane.VIEWS)

    def _show(self, rows: list[RunRow]) -> None:
        self.rows = rows
        self.changed.emit()
