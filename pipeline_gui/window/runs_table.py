"""The table of runs, and what it says when there is nothing in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from pipeline_gui.window.icons import text_icon
from pipeline_gui.window.labels import PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.marking import QT_TR_NOOP
from pipeline_gui.window.runs_model import CELL_ROLE, RUN_ROLE, Index, PaintedCell, RunsModel
from pipeline_gui.window.snapshot import RunRow
from pipeline_gui.window.table.columns import HEADERS, Column
from pipeline_gui.window.table.header import Header
from pipeline_gui.window.theme import tone_color
from pipeline_gui.window.translation import tr

_WIDTHS = {
    Column.STATUS: 140,
    Column.PIPELINE: 160,
    Column.STARTED: 140,
    Column.DURATION: 100,
    Column.BY: 150,
}


MOST_FOLLOWED = 200
"""Selected rows that stay selected when all rows are laid out anew."""
_NO_MATCH = (
    QT_TR_NOOP("No run matches"),
    QT_TR_NOOP("Another word or status may; “Show all” (Escape) shows every run again."),
)
_PADDING = 10


class Cell(QStyledItemDelegate):
    """Paints a cell with some room at its sides; which row is meant is said by its selection."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """What there is to paint, asked at one go."""
        cell: PaintedCell = index.data(CELL_ROLE)
        features = QStyleOptionViewItem.ViewItemFeature.HasDisplay
        if cell.icon is not None:
            features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.icon = cell.icon
        if cell.color is not None:
            option.palette.setColor(QPalette.ColorRole.Text, cell.color)
        option.features |= features
        option.index = index  # type: ignore[assignment]  # what views hand over is never a persistent one
        option.text = cell.text
        option.displayAlignment = cell.alignment

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The ground over the whole cell, its content within the padding."""
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        cell.state &= ~QStyle.StateFlag.State_HasFocus
        style = cell.widget.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, cell, painter, cell.widget)
        cell.rect = cell.rect.adjusted(_PADDING - 3, 0, 3 - _PADDING, 0)
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)


class RunsTable(QTableView):
    """Shows a RunsModel; selection, scroll and widths stay through every update."""

    confirm_gone_wanted = Signal(object)
    """A RunRow of which the person wants to say that nothing lives."""
    run_selected = Signal(object)
    """A RunRow, or None: the selection is another one."""
    again_wanted = Signal(object)
    """A RunRow whose configuration the person wants to start again."""
    changes_wanted = Signal(object)
    """A RunRow whose configuration the person wants to start with changes."""
    save_wanted = Signal(object)
    """A RunRow whose configuration the person wants to save."""
    copy_wanted = Signal()
    """The selected rows, to the clipboard."""
    details_wanted = Signal()
    """The person opened the selected row, by a double click or Enter."""

    def __init__(self, model: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsTable")
        self.setAccessibleName(tr("Runs"))
        self._said = ("", "")
        self._is_filtered = False
        self._runs = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setIconSize(QSize(18, 18))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.setItemDelegate(Cell(self))
        self._set_headers()
        self.setSortingEnabled(True)
        self.sortByColumn(Column.STARTED, Qt.SortOrder.DescendingOrder)
        self.selectionModel().selectionChanged.connect(lambda: self.run_selected.emit(self.selected_run))
        self.activated.connect(lambda _index: self.details_wanted.emit())
        model.rearranging.connect(self._let_go_of_many)
        self._empty = EmptyNote(self)
        for signal in (model.rowsInserted, model.rowsRemoved, model.layoutChanged):
            signal.connect(self._show_empty)
        self._show_empty()

    def _set_headers(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(max(30, self.fontMetrics().height() + 14))
        header = Header(_PADDING, self)
        self.setHorizontalHeader(header)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(60)
        header.setFixedHeight(max(30, self.fontMetrics().height() + 14))
        header.setSectionsMovable(True)
        # A header that knows the selection asks at each paint whether all rows of each column are in it: with 100,000
        # selected that is a second. A title is painted the same either way.
        header.setSelectionModel(QItemSelectionModel(self._runs, header))
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_header_menu)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)

    # --- rows ---------------------------------------------------------------------------------------------------

    @property
    def selected_run(self) -> RunRow | None:
        """The run of the row that was selected last."""
        index = self.selectionModel().currentIndex()
        return self._run(index) if self.selectionModel().isRowSelected(index.row(), QModelIndex()) else None

    @property
    def selected_runs(self) -> list[RunRow]:
        """The runs of all selected rows, as they stand in the table."""
        selection, rows = self.selectionModel().selection(), self._runs.rows
        parts = [selection.at(number) for number in range(selection.size())]
        ranges = sorted((part.top(), part.bottom()) for part in parts)
        return [row for top, bottom in ranges for row in rows[top : bottom + 1]]

    def select_run(self, run_id: str) -> bool:
        """Select the row of a run; whether it is there."""
        position = next((at for at, row in enumerate(self._runs.rows) if row.run_id == run_id), None)
        if position is not None:
            self.selectRow(position)
        return position is not None

    def _let_go_of_many(self) -> None:
        """Of very many selected rows keep the one selected last: to follow each to its new place would take seconds."""
        selection = self.selectionModel().selection()
        count = sum(selection.at(number).height() for number in range(selection.size()))
        if count > MOST_FOLLOWED:
            flags = QItemSelectionModel.SelectionFlag
            how = flags.ClearAndSelect | flags.Rows
            self.selectionModel().select(self.selectionModel().currentIndex(), how)

    def show_filtered(self, is_filtered: bool) -> None:
        """Whether runs are hidden by a filter: an empty table says so."""
        self._is_filtered = is_filtered
        self._show_empty()

    def settle(self) -> None:
        """Lay new rows out now, so that they are painted with the rest of the window and not in a turn of their own."""
        self.executeDelayedItemsLayout()

    def _run(self, index: QModelIndex) -> RunRow | None:
        run = index.data(RUN_ROLE)
        return run if isinstance(run, RunRow) else None

    # --- menu ---------------------------------------------------------------------------------------------------

    def _open_menu(self, at: QPoint) -> None:
        """A menu about one run; it keeps that run whatever is updated below it."""
        run = self._run(self.indexAt(at))
        if run is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = text_icon("copy", self.palette())
        for title, text in (
            (tr("Copy the run's id"), run.run_id),
            (tr("Copy the command line"), run.command),
            (tr("Copy the error"), run.error),
        ):
            action = menu.addAction(copy, title)
            action.setEnabled(bool(text))
            action.triggered.connect(lambda _checked=False, text=text: QGuiApplication.clipboard().setText(text or ""))
        rows = menu.addAction(
            copy,
            tr("Copy {0} rows").format(len(self.selected_runs)) if len(self.selected_runs) > 1 else tr("Copy the row"),
        )
        rows.setShortcut(QKeySequence.StandardKey.Copy)
        rows.triggered.connect(self.copy_wanted)
        menu.addSeparator()
        for title, signal in (
            (tr("Run again as it was"), self.again_wanted),
            (tr("Run again with changes…"), self.changes_wanted),
            (tr("Save its configuration…"), self.save_wanted),
        ):
            menu.addAction(title).triggered.connect(lambda _checked=False, signal=signal: signal.emit(run))
        menu.addSeparator()
        gone = menu.addAction(tr("Nothing of it lives any more…"))
        gone.setEnabled(not run.is_running)
        gone.triggered.connect(lambda: self.confirm_gone_wanted.emit(run))
        menu.popup(self.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy all that is selected, and not one cell of it."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
            return
        super().keyPressEvent(event)

    def fill_columns_menu(self, menu: QMenu) -> None:
        """Which columns are shown; one always is."""
        menu.clear()
        header = self.horizontalHeader()
        is_last = header.count() - header.hiddenSectionCount() == 1
        for column in Column:
            action = menu.addAction(tr(HEADERS[column]))
            action.setCheckable(True)
            action.setChecked(not header.isSectionHidden(column))
            action.setEnabled(not (is_last and action.isChecked()))
            action.toggled.connect(lambda shown, column=column: header.setSectionHidden(column, not shown))

    def _open_header_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("columnsMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_columns_menu(menu)
        menu.popup(self.horizontalHeader().mapToGlobal(at))

    # --- nothing to show ----------------------------------------------------------------------------------------

    def say_when_empty(self, title: str, text: str) -> None:
        """What stands where rows would be."""
        self._said = (title, text)
        self._show_empty()

    def _show_empty(self) -> None:
        self._empty.say(*(map(tr, _NO_MATCH) if self._is_filtered else self._said))
        self._empty.setVisible(self._runs.rowCount() == 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the note in the middle."""
        super().resizeEvent(event)
        # Not viewport(): the first time, PySide makes ready for every kind of widget that it could be (16 ms).
        top = self.horizontalHeader().height()
        self._empty.setGeometry(0, top, self.width(), max(0, self.height() - top))


class EmptyNote(QWidget):
    """What to do, in the place where runs will be."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title = PlainLabel(scale=1.3, bold=True)
        self._title.setObjectName("emptyTitle")
        self._text = PlainLabel()
        self._text.setObjectName("emptyText")
        self._text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(60, 0, 60, 0)
        column.setSpacing(8)
        column.addStretch(2)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addStretch(3)
        self._color()

    def say(self, title: str, text: str) -> None:
        """Show these words."""
        self._title.show_text(title)
        self._text.show_text(text)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_text"):
            self._color()

    def _color(self) -> None:
        color = tone_color(Tone.QUIET, self.palette())
        for label in (self._title, self._text):
            own = label.palette()
            if own.color(QPalette.ColorRole.WindowText) != color:
                own.setColor(QPalette.ColorRole.WindowText, color)
                label.setPalette(own)
