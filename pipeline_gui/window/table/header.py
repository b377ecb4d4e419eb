"""The header of the table: titles on the window's own ground, in line with what stands below them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QHeaderView, QStyle, QStyleOption, QWidget

from pipeline_gui.window.theme import fill

_ARROW = 10


class Header(QHeaderView):
    """Painted here: a style sheet for as much makes every start 5 ms longer."""

    def __init__(self, padding: int, parent: QWidget | None = None) -> None:
        """padding: pixels beside a title."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._padding = padding
        self.setSectionsClickable(True)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803
        """A title, a line below it, and an arrow where the rows are ordered by it."""
        palette = self.palette()
        fill(painter, rect, palette.color(QPalette.ColorRole.Window))
        fill(painter, QRect(rect.left(), rect.bottom(), rect.width(), 1), palette.color(QPalette.ColorRole.Mid))
        inner = rect.adjusted(self._padding, 0, -self._padding, -1)
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex:
            self._paint_arrow(painter, rect, inner)
            inner.setRight(inner.right() - _ARROW - 2)
        title = self.fontMetrics().elidedText(
            self._said(logicalIndex, Qt.ItemDataRole.DisplayRole), self.textElideMode(), inner.width()
        )
        painter.setPen(palette.color(QPalette.ColorRole.ButtonText))
        said = self._said(logicalIndex, Qt.ItemDataRole.TextAlignmentRole)
        alignment = QStyle.visualAlignment(self.layoutDirection(), said)
        painter.drawText(self._mirrored(rect, inner), alignment, title)

    def sectionSizeFromContents(self, logicalIndex: int) -> QSize:  # noqa: N803
        """The width at which nothing of a title is cut."""
        return super().sectionSizeFromContents(logicalIndex) + QSize(2 * self._padding, 0)

    def _paint_arrow(self, painter: QPainter, rect: QRect, inner: QRect) -> None:
        is_up = self.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder  # as Qt's own headers have it
        option = QStyleOption()
        option.initFrom(self)
        place = QRect(inner.right() - _ARROW + 1, inner.center().y() - _ARROW // 2, _ARROW, _ARROW)
        option.rect = self._mirrored(rect, place)
        arrow = QStyle.PrimitiveElement.PE_IndicatorArrowUp if is_up else QStyle.PrimitiveElement.PE_IndicatorArrowDown
        self.style().drawPrimitive(arrow, option, painter, self)

    def _said(self, section: int, role: Qt.ItemDataRole) -> Any:
        return self.model().headerData(section, Qt.Orientation.Horizontal, role)

    def _mirrored(self, around: QRect, rect: QRect) -> QRect:
        return QStyle.visualRect(self.layoutDirection(), around, rect)
