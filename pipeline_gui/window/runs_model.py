"""The runs as a table model that is updated in place: a refresh never resets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPalette

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.icons import look_icon
from pipeline_gui.window.looks import UNKNOWN, Look
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.arrangement import Order
from pipeline_gui.window.table.changes import Changes, changes_between
from pipeline_gui.window.table.columns import HEADERS, Column
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.theme import tone_color
from pipeline_gui.window.times import clock_text, local_text, moment_tooltip, relative_text
from pipeline_gui.window.translation import tr

Index = QModelIndex | QPersistentModelIndex
RUN_ROLE = int(Qt.ItemDataRole.UserRole)
CELL_ROLE = RUN_ROLE + 1
"""All that is painted of a cell, as a PaintedCell: a view that asks role by role spends its time asking."""
_JITTER_SECONDS = 0.5
"""Two answers place the start of a running run this much apart without the clock in the table jumping."""


_COLUMNS = tuple(Column)
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGNMENTS = {column: _RIGHT if column is Column.DURATION else _LEFT for column in Column}


class PaintedCell(NamedTuple):
    """What is painted of a cell."""

    text: str
    alignment: Qt.AlignmentFlag
    icon: QIcon | None = None
    color: QColor | None = None


class RunsModel(QAbstractTableModel):
    """Runs by run id; what changed between two updates is all that views hear of."""

    order_wanted = Signal(object)
    """An Order: a person wants the rows in it."""
    rearranging = Signal()
    """Everything is about to be laid out anew: what a view holds on to costs time for each row of it."""

    def __init__(
        self,
        palette: QPalette,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = seconds_with_sleep,
        today: Callable[[], date] = date.today,
    ) -> None:
        super().__init__(parent)
        self._rows: list[RunRow] = []
        self._palette = palette
        self._clock = clock
        self._today = today
        self._shown_day = today()
        self._stale_since: datetime | None = None
        self._running: list[int] = []
        """Where the rows are that run."""
        self._shows_relative = False
        self._shown_minute = 0
        self._ticked: dict[str, str] = {}
        """The duration that is painted now, by the id of each running row."""

    # --- what views ask -----------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many runs there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many columns there are."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The title of a column."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(HEADERS[_COLUMNS[section]])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNMENTS[_COLUMNS[section]]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What one cell shows, sorts by and says on hover."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], _COLUMNS[index.column()]
        match role:
            case _ if role == CELL_ROLE:
                return self._painted(row, column)
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.DecorationRole if column is Column.STATUS:
                return look_icon(self._look(row), self._palette)
            case Qt.ItemDataRole.ForegroundRole if column is Column.STATUS:
                return tone_color(self._look(row).tone, self._palette)
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(self._tooltip(row, column))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _ALIGNMENTS[column]
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{tr(HEADERS[column])}: {self._text(row, column)}"
            case _ if role == RUN_ROLE:
                return row
        return None

    @property
    def rows(self) -> Sequence[RunRow]:
        """The runs, newest start first."""
        return tuple(self._rows)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for the rows in another order; whoever arranges them brings it."""
        if 0 <= column < len(Column):
            self.order_wanted.emit(Order(_COLUMNS[column], order is Qt.SortOrder.DescendingOrder))

    # --- updates ------------------------------------------------------------------------------------------------

    def update_rows(self, new: Sequence[RunRow]) -> None:
        """Turn what is shown into the new rows, telling views of the differences only. For some thousand rows."""
        self.apply(changes_between(self._rows, list(new), self.held()))

    def apply(self, changes: Changes) -> list[RunRow]:
        """Turn what is shown into other rows, by changes that were found elsewhere: for any number of them.

        What is given back is the list that is needed no more: to let go of very many rows takes time.
        """
        before = self._rows
        if changes.is_rearranged:
            self._rearrange(changes)
        else:
            for first, last in changes.removed:
                self.beginRemoveRows(QModelIndex(), first, last)
                del self._rows[first : last + 1]
                self.endRemoveRows()
            for first, last in changes.inserted:
                self.beginInsertRows(QModelIndex(), first, last)
                self._rows[first:first] = changes.rows[first : last + 1]
                self.endInsertRows()
            for position in changes.changed:
                self._replace(position, changes.rows[position])
        self._running = list(changes.running)
        running = {self._rows[position].run_id for position in self._running}
        self._ticked = {run_id: text for run_id, text in self._ticked.items() if run_id in running}
        return before if before is not self._rows else []

    def held(self) -> set[str]:
        """The runs that views hold on to, by their ids."""
        return {self._rows[index.row()].run_id for index in self.persistentIndexList()}

    def _rearrange(self, changes: Changes) -> None:
        """Lay everything out anew; what views hold on to stays with its run."""
        self.rearranging.emit()
        selected = {index.row() for index in self.persistentIndexList()}
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        before, self._rows = self._rows, changes.rows
        runs = {index.row(): before[index.row()].run_id for index in held}
        if 0 not in selected:
            # A header holds on to its columns by the first row. Without one it keeps them as they are. Put in the place
            # of another run that is held, it would take that one with it when it lets go, and Qt would crash later.
            runs.pop(0, None)
        places = {0: None} | self._places(runs, changes)
        self.changePersistentIndexList(held, [self._index_of(places[index.row()], index.column()) for index in held])
        self.layoutChanged.emit()

    def _places(self, runs: Mapping[int, str], changes: Changes) -> dict[int, int | None]:
        """Where the runs of these rows are now; most were looked up where the changes were found."""
        places = {row: changes.places.get(run_id) for row, run_id in runs.items()}
        lost = {run_id: row for row, run_id in runs.items() if places[row] is None}  # selected a moment ago, or gone
        if lost:
            places |= {lost[row.run_id]: at for at, row in enumerate(self._rows) if row.run_id in lost}
        return places

    def _index_of(self, row: int | None, column: int) -> QModelIndex:
        return QModelIndex() if row is None else self.index(row, column)

    def set_stale(self, since: datetime | None) -> None:
        """Say that the rows are as of a moment and not known to be so now; None: they are fresh."""
        if since == self._stale_since:
            return
        self._stale_since = since
        self._tell_running(Column.STATUS, Column.DURATION)

    def tick(self) -> None:
        """Let the durations of running rows go on, without asking anybody; at midnight, the days too."""
        if self._today() != self._shown_day:
            self._shown_day = self._today()
            self._tell(0, len(self._rows) - 1, Column.STARTED, Column.STARTED)
        if self._shows_relative and (minute := int(self._clock() / 60)) != self._shown_minute:
            self._shown_minute = minute
            self._tell(0, len(self._rows) - 1, Column.STARTED, Column.STARTED)
        if self._stale_since is not None:
            return
        for position in self._running:
            row = self._rows[position]
            if self._ticked.get(row.run_id) != clock_text(self._seconds(row)):
                self._ticked[row.run_id] = clock_text(self._seconds(row))
                self._tell(position, position, Column.DURATION, Column.DURATION)

    def show_relative(self, wanted: bool) -> None:
        """Say how long ago runs started, and not when."""
        self._shows_relative = wanted
        self._tell(0, len(self._rows) - 1, Column.STARTED, Column.STARTED)

    def set_palette(self, palette: QPalette) -> None:
        """Follow a change of theme."""
        self._palette = palette
        self._tell(0, len(self._rows) - 1, Column.STATUS, Column.STATUS)

    def _replace(self, position: int, new: RunRow) -> None:
        old = self._rows[position]
        if _differ_by_jitter(old.running_since, new.running_since):
            new = new._replace(running_since=old.running_since)
        if old == new and old.running_since == new.running_since:
            return
        before = [self._text(old, column) for column in Column]
        self._rows[position] = new
        changed = [c for c in Column if before[c] != self._text(new, c)]
        if old.look != new.look:
            changed.insert(0, Column.STATUS)
        if old.error != new.error:
            changed.append(Column.OUTCOME)
        if changed:
            self._tell(position, position, min(changed), max(changed))

    def _tell_running(self, first: Column, last: Column) -> None:
        for position in self._running:
            self._tell(position, position, first, last)

    def _tell(self, top: int, bottom: int, left: Column, right: Column) -> None:
        if 0 <= top <= bottom:
            self.dataChanged.emit(self.index(top, left), self.index(bottom, right))

    # --- cells --------------------------------------------------------------------------------------------------

    def _look(self, row: RunRow) -> Look:
        return UNKNOWN if row.is_running and self._stale_since is not None else row.look

    def _seconds(self, row: RunRow) -> float | None:
        if row.running_since is None:
            return row.duration
        return self._clock() - row.running_since

    def _text(self, row: RunRow, column: Column) -> str:
        match column:
            case Column.STATUS:
                return tr(self._look(row).word)
            case Column.PIPELINE:
                return row.pipeline
            case Column.STARTED:
                if self._shows_relative:
                    return relative_text(row.started, datetime.now(UTC))
                return local_text(row.started, self._shown_day)
            case Column.DURATION:
                if row.is_running and self._stale_since is not None:
                    return "–"
                return clock_text(self._seconds(row), to_nearest=not row.is_running)
            case Column.BY:
                return row.by
            case Column.OUTCOME:
                return row.outcome

    def _painted(self, row: RunRow, column: Column) -> PaintedCell:
        text, alignment = self._text(row, column), _ALIGNMENTS[column]
        if column is not Column.STATUS:
            return PaintedCell(text, alignment)
        look = self._look(row)
        return PaintedCell(text, alignment, look_icon(look, self._palette), tone_color(look.tone, self._palette))

    def _tooltip(self, row: RunRow, column: Column) -> str | None:
        match column:
            case Column.STATUS if row.is_running and self._stale_since is not None:
                return f"It was {row.look.word} at\n{moment_tooltip(self._stale_since)}"
            case Column.STATUS:
                return f"Recorded as {one_line(row.status or 'nothing')}"
            case Column.PIPELINE:
                return f"{row.pipeline}\n{row.run_id}"
            case Column.STARTED:
                return moment_tooltip(row.started)
            case Column.DURATION:
                return f"Ended\n{moment_tooltip(row.ended)}" if row.ended else None
            case Column.BY:
                return row.by
            case Column.OUTCOME:
                return row.error or row.outcome


def _differ_by_jitter(old: float | None, new: float | None) -> bool:
    return old is not None and new is not None and abs(old - new) < _JITTER_SECONDS
