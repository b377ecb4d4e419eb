"""The first page of the panel: what is known of the run, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from pipeline_gui.window.labels import LinkLabel, PlainLabel
from pipeline_gui.window.run_panel.facts import Fact, Moment, ticket_text
from pipeline_gui.window.texts import tooltip
from pipeline_gui.window.times import local_text, moment_tooltip
from pipeline_gui.window.translation import tr

_IN_FIXED_WIDTH = ("Command", "Configuration", "Run", "Application")


class RunView(QWidget):
    """Shows facts and a timeline; what did not change is not touched, so that a selection in it stays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: Sequence[Fact] = ()
        self._moments: Sequence[Moment] = ()
        self._labels: dict[str, PlainLabel] = {}
        self._form = QFormLayout()
        self._form.setContentsMargins(14, 10, 14, 10)
        self._form.setHorizontalSpacing(14)
        self._form.setVerticalSpacing(5)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        held = QWidget()
        held.setLayout(self._form)
        area = QScrollArea()
        area.setObjectName("factsArea")
        area.setAccessibleName(tr("What is known of the run"))
        area.setWidget(held)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setMinimumWidth(300)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._timeline = QTreeWidget()
        self._timeline.setObjectName("timeline")
        self._timeline.setAccessibleName(tr("What happened to the run"))
        self._timeline.setHeaderLabels([tr("When"), tr("What"), tr("Who"), tr("More")])
        self._timeline.setRootIsDecorated(False)
        self._timeline.setUniformRowHeights(True)
        self._timeline.setFrameShape(QFrame.Shape.NoFrame)
        header = self._timeline.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((110, 150, 130)):
            header.resizeSection(column, width)
        self._copy = QPushButton(tr("&Copy for a ticket"))
        self._copy.setObjectName("copyRunButton")
        self._copy.setToolTip(tr("Copy all of this as text"))
        self._copy.clicked.connect(self._copy_text)
        right = QWidget()
        column_ = QVBoxLayout(right)
        column_.setContentsMargins(0, 0, 8, 8)
        column_.addWidget(self._timeline, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._copy)
        column_.addLayout(row)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(area)
        parts.addWidget(right)
        parts.setSizes([1000, 1000])  # halves, whatever there is
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)

    def show_run(self, facts: Sequence[Fact], moments: Sequence[Moment], today: date) -> None:
        """Show these."""
        self._show_facts(facts)
        if list(moments) != list(self._moments):
            self._show_timeline(moments, today)
        self._facts, self._moments = tuple(facts), tuple(moments)
        self._copy.setEnabled(bool(facts))

    def _show_facts(self, facts: Sequence[Fact]) -> None:
        if [fact.label for fact in facts] != list(self._labels):
            while self._form.rowCount():
                self._form.removeRow(0)
            self._labels = {fact.label: self._value(fact) for fact in facts}
            for label, value in self._labels.items():
                self._form.addRow(QLabel(tr(label)), value)
        for fact in facts:
            self._labels[fact.label].show_text(fact.text)

    def _value(self, fact: Fact) -> PlainLabel:
        value = LinkLabel() if fact.is_link else PlainLabel()
        value.setObjectName(f"fact{fact.label.replace(' ', '')}")
        value.setAccessibleName(tr(fact.label))
        value.setWordWrap(True)
        value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        if not fact.is_link:
            value.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        if fact.label in _IN_FIXED_WIDTH:
            value.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        return value

    def _show_timeline(self, moments: Sequence[Moment], today: date) -> None:
        bar = self._timeline.verticalScrollBar()
        was_at_end = bar.value() == bar.maximum()
        if list(moments[: len(self._moments)]) != list(self._moments):
            self._timeline.clear()
        for moment in moments[self._timeline.topLevelItemCount() :]:
            item = QTreeWidgetItem([local_text(moment.at, today), moment.what, moment.who, moment.detail])
            item.setToolTip(0, tooltip(moment_tooltip(moment.at)))
            item.setToolTip(3, tooltip(moment.detail))
            self._timeline.addTopLevelItem(item)
        if was_at_end:
            self._timeline.scrollToBottom()

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(ticket_text(self._facts, self._moments))
