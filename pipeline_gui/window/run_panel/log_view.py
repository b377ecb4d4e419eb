"""The log of a run: followed or read at leisure, searched, and shown by level; only what is near is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QFontDatabase, QHideEvent, QMouseEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollBar,
    QVBoxLayout,
    QWidget,
)

from pipeline_gui.pipeline.output import Stream
from pipeline_gui.window.buttons import flat_button
from pipeline_gui.window.file_dialogs import ask_where_to_save
from pipeline_gui.window.file_saver import FileSaver
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.labels import ElidedLabel
from pipeline_gui.window.run_panel.log_finder import LogFinder
from pipeline_gui.window.run_panel.log_levels import Level
from pipeline_gui.window.run_panel.log_pieces import log_pieces
from pipeline_gui.window.run_panel.log_reader import LogReader, Place
from pipeline_gui.window.run_panel.log_search import LogSearch
from pipeline_gui.window.run_panel.outputs import Outputs
from pipeline_gui.window.translation import tr


class LogView(QWidget):
    """Shows one output of one run."""

    def __init__(self, gateway: Gateway, outputs: Outputs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("logView")
        self._outputs = outputs
        self._run_id: str | None = None
        self._is_running = False
        self._reader = LogReader(gateway, outputs, self)
        self._text = QPlainTextEdit()
        self._text.setObjectName("logText")
        self._text.setAccessibleName(tr("The log"))
        self._text.setReadOnly(True)
        self._text.setUndoRedoEnabled(False)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._which = QComboBox()
        self._which.setObjectName("streamBox")
        self._which.setAccessibleName(tr("Which output"))
        self._which.addItem(tr("stderr (Spark's log)"), Stream.STDERR)
        self._which.addItem(tr("stdout"), Stream.STDOUT)
        self._level = QComboBox()
        self._level.setObjectName("levelBox")
        self._level.setAccessibleName(tr("Which lines"))
        for title, level in (
            (tr("All lines"), Level.ALL),
            (tr("Warnings"), Level.WARNING),
            (tr("Errors"), Level.ERROR),
        ):
            self._level.addItem(title, level)
        self._level.setToolTip(
            tr("All lines, or those that say a warning or an error; a double click on one shows its place")
        )
        self._follow = QCheckBox(tr("&Follow"))
        self._follow.setObjectName("followBox")
        self._follow.setToolTip(tr("Keep the end in sight while the log grows"))
        self._follow.setChecked(True)
        self._wrap = QCheckBox(tr("&Wrap"))
        self._wrap.setObjectName("wrapBox")
        self._wrap.setToolTip(tr("Break long lines"))
        self._begin = flat_button("logBeginButton", tr("&Begin"), tr("Go to the first line of the log"))
        self._end = flat_button("logEndButton", tr("&End"), tr("Go to the last line, and follow"))
        self._save = flat_button("logSaveButton", tr("&Save…"), tr("Write the whole log to a file"))
        self._save.setEnabled(False)
        self._saver = FileSaver(gateway, "The log", self)
        self._position = ElidedLabel()
        self._position.setObjectName("logPosition")
        self._finder = LogFinder(self._text, self._reader, LogSearch(gateway, outputs, self))
        self._is_filling = False
        """Lines are being changed: that the bar moves is nobody's wish."""
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 6, 10, 6)
        bar.setSpacing(8)
        for part in (self._which, self._level, self._begin, self._end, self._follow, self._wrap, self._save):
            bar.addWidget(part)
        bar.addWidget(self._position, 1)
        bar.addWidget(self._finder)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self._text, 1)
        self._connect()

    def _connect(self) -> None:
        self._reader.replaced.connect(self._replace)
        self._reader.appended.connect(self._append)
        self._reader.prepended.connect(self._prepend)
        self._reader.told.connect(self._position.show_text)
        self._saver.told.connect(self._position.show_text)
        self._saver.busy_changed.connect(lambda busy: self._save.setText(tr("Cancel") if busy else tr("&Save…")))
        self._save.clicked.connect(self._ask_to_save)
        self._which.currentIndexChanged.connect(self._show)
        self._level.currentIndexChanged.connect(self._show)
        self._reader.arrived.connect(self._finder.select_line)
        self._finder.offset_wanted.connect(self._go_to_offset)
        self._text.viewport().installEventFilter(self)
        self._follow.toggled.connect(self._set_following)
        self._wrap.toggled.connect(self._set_wrap)
        self._begin.clicked.connect(self._go_to_begin)
        self._end.clicked.connect(self._go_to_end)
        self._text.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._text.verticalScrollBar().rangeChanged.connect(lambda _least, most: self._keep_end(most))

    def take_focus(self) -> None:
        """Let keys go to the lines."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def start_finding(self) -> None:
        """Let the person type what to find."""
        self._finder.start()

    def show_run(self, run_id: str | None, *, is_running: bool) -> None:
        """Show the log of this run; None: of none."""
        if run_id != self._run_id:
            self._set_checked(True)
        self._run_id, self._is_running = run_id, is_running
        self._save.setEnabled(run_id is not None)
        self._show()

    def _show(self) -> None:
        stream, level = Stream(self._which.currentData()), Level(self._level.currentData())
        self._reader.show_output(self._run_id, stream, is_running=self._is_running, level=level)
        self._finder.show_output(self._run_id, stream)

    # --- to a file ----------------------------------------------------------------------------------------------

    def _ask_to_save(self) -> None:
        if self._saver.is_busy:
            self._saver.cancel()
            return
        run_id, stream = self._run_id, Stream(self._which.currentData())
        suggested = f"{run_id}.{stream}.log"
        ask_where_to_save(
            self, "saveLogDialog", tr("Save the log"), suggested, lambda path: self.save_to(path, run_id, stream)
        )

    def save_to(self, path: Path, run_id: str | None, stream: Stream) -> None:
        """Write the whole output of a run to a file."""
        if run_id is not None and not self._saver.is_busy:
            self._saver.save(path, log_pieces(self._outputs, run_id, stream))

    # --- going through it ---------------------------------------------------------------------------------------

    def _go_to_begin(self) -> None:
        self._set_checked(False)
        self._reader.is_following = False
        self._reader.go_to(Place.BEGIN)

    def _go_to_end(self) -> None:
        self._set_checked(True)
        self._reader.is_following = True
        self._reader.go_to(Place.END)

    def _go_to_offset(self, offset: int) -> None:
        self._set_checked(False)
        self._reader.is_following = False
        self._reader.go_to_offset(offset)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Of lines of one level, a double click shows the place of one among all."""
        if event.type() == QEvent.Type.MouseButtonDblClick and self._reader.level is not Level.ALL:
            assert isinstance(event, QMouseEvent)
            number = self._text.cursorForPosition(event.position().toPoint()).blockNumber()
            offset = self._reader.window.offset_of(number)
            self._level.setCurrentIndex(0)
            self._go_to_offset(offset)
            return True
        return super().eventFilter(watched, event)

    def _set_following(self, wanted: bool) -> None:
        if wanted:
            self._go_to_end()
        else:
            self._reader.is_following = False

    def _set_checked(self, following: bool) -> None:
        with QSignalBlocker(self._follow):
            self._follow.setChecked(following)

    def _set_wrap(self, wanted: bool) -> None:
        mode = QPlainTextEdit.LineWrapMode.WidgetWidth if wanted else QPlainTextEdit.LineWrapMode.NoWrap
        self._text.setLineWrapMode(mode)

    def _scrolled(self, value: int) -> None:
        """At an edge of what is in memory, read on; whoever scrolls up wants to read, and not to follow."""
        bar, window = self._text.verticalScrollBar(), self._reader.window
        if self._is_filling:
            return
        if value < bar.maximum() and self._reader.is_following and bar.maximum() > 0:
            self._set_checked(False)
            self._reader.is_following = False
        if value == 0 and window.begin > 0:
            self._reader.go_to(Place.EARLIER)
        elif value == bar.maximum() and bar.maximum() > 0 and not window.is_at_end:
            self._reader.go_to(Place.LATER)

    def _keep_end(self, most: int) -> None:
        """More or fewer lines find room: whoever follows still sees the last one."""
        if self._reader.is_following:
            with self._filling() as bar:
                bar.setValue(most)

    @contextmanager
    def _filling(self) -> Iterator[QScrollBar]:
        before, self._is_filling = self._is_filling, True
        try:
            yield self._text.verticalScrollBar()
        finally:
            self._is_filling = before

    # --- what was read ------------------------------------------------------------------------------------------

    def _replace(self, lines: list[str]) -> None:
        with self._filling() as bar:
            self._text.setPlainText("\n".join(lines))
            bar.setValue(bar.maximum() if self._reader.is_following else 0)
        self._finder.text_changed()

    def _append(self, lines: list[str], dropped: int) -> None:
        with self._filling() as bar:
            value = bar.value()
            for_all = QTextCursor(self._text.document())
            for_all.beginEditBlock()
            if lines:
                for_all.movePosition(QTextCursor.MoveOperation.End)
                gap = "" if self._text.document().isEmpty() else "\n"
                for_all.insertText(gap + "\n".join(lines))
            _remove(for_all, QTextCursor.MoveOperation.Start, dropped)
            for_all.endEditBlock()
            bar.setValue(bar.maximum() if self._reader.is_following else max(0, value - dropped))
        self._finder.text_changed()

    def _prepend(self, lines: list[str], dropped: int) -> None:
        with self._filling() as bar:
            value = bar.value()
            for_all = QTextCursor(self._text.document())
            for_all.beginEditBlock()
            if lines:
                for_all.movePosition(QTextCursor.MoveOperation.Start)
                for_all.insertText("\n".join(lines) + "\n")
            _remove(for_all, QTextCursor.MoveOperation.End, dropped)
            for_all.endEditBlock()
            bar.setValue(value + len(lines))
        self._finder.text_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while nobody looked."""
        super().showEvent(event)
        self._reader.be_seen(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask nothing while nobody looks."""
        super().hideEvent(event)
        self._reader.be_seen(False)


def _remove(cursor: QTextCursor, edge: QTextCursor.MoveOperation, count: int) -> None:
    """Remove whole lines at an edge of the text."""
    if count == 0:
        return
    at_start = edge is QTextCursor.MoveOperation.Start
    keep = QTextCursor.MoveMode.KeepAnchor
    cursor.movePosition(edge)
    if at_start:
        cursor.movePosition(QTextCursor.MoveOperation.NextBlock, keep, count)
    else:
        cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, keep)
        cursor.movePosition(QTextCursor.MoveOperation.PreviousBlock, keep, count - 1)
        cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, keep)
    cursor.removeSelectedText()
