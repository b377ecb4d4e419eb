"""The state of now: what runs, since when, by whom, how far it is, and a duration that ticks."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QFontDatabase, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.icons import look_icon
from pipeline_gui.window.labels import ElidedLabel, PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.panel_state import READING, PanelState, panel_state
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.theme import mixed, quiet_text, tint, tone_color
from pipeline_gui.window.times import clock_text

_ICON = 40


class ThinBar(QProgressBar):
    """A slim progress bar in the tone of the run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setFixedHeight(6)
        self.setAccessibleName("Progress")

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded groove, filled as far as the tasks are done."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        color = tone_color(Tone.ACTIVE, self.palette())
        area = QRectF(self.rect())
        painter.setBrush(mixed(color, self.palette().color(QPalette.ColorRole.Base), 0.22))
        painter.drawRoundedRect(area, 3, 3)
        share = (self.value() - self.minimum()) / max(1, self.maximum() - self.minimum())
        if share > 0:
            painter.setBrush(color)
            painter.drawRoundedRect(QRectF(0, 0, max(6.0, area.width() * min(share, 1.0)), area.height()), 3, 3)


class StatusPanel(QFrame):
    """Shows a Snapshot; ``tick`` lets its clock go on between snapshots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = READING
        self._answered_at = 0.0
        self._is_ticking = False
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON, _ICON)
        self._headline = PlainLabel(scale=1.55, bold=True)
        self._headline.setObjectName("statusLabel")
        self._headline.setAccessibleName("Status")
        self._sentence = ElidedLabel()
        self._facts = ElidedLabel()
        self._duration = PlainLabel(scale=1.9)
        self._duration.setObjectName("durationLabel")
        self._duration.setAccessibleName("Duration")
        digits = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        digits.setPointSizeF(self._duration.font().pointSizeF())
        digits.setFeature("tnum", 1)  # figures of one width: a ticking clock does not wobble
        self._duration.setFont(digits)
        self._bar = ThinBar()
        self._bar.setObjectName("progressBar")
        self._progress = ElidedLabel()
        self._progress.setObjectName("progressLabel")
        self._lay_out()
        self._color()
        self._show_state()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(3)
        texts.addWidget(self._headline)
        texts.addWidget(self._sentence)
        texts.addWidget(self._facts)
        for widget in (self._bar, self._progress):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # the table below must not jump when a run starts or ends
            widget.setSizePolicy(policy)
        grid = QGridLayout(self)
        grid.setContentsMargins(22, 14, 20, 12)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(5)
        grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(texts, 0, 1)
        grid.addWidget(self._duration, 0, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._bar, 1, 1, 1, 2)
        grid.addWidget(self._progress, 2, 1, 1, 2)
        grid.setColumnStretch(1, 1)

    # --- what it shows ------------------------------------------------------------------------------------------

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what a refresh brought."""
        self._answered_at = snapshot.answered_at
        self.show_state(panel_state(snapshot, date.today()))

    def show_state(self, state: PanelState) -> None:
        """Show a state."""
        if state != self._state:
            look_changed = state.look != self._state.look
            self._state = state
            if look_changed:
                self._color()
            self._show_state()
        self.tick()

    def tick(self) -> None:
        """Let the duration go on."""
        seconds = self._state.duration
        running = seconds is not None and self._answered_at > 0
        text = clock_text((seconds or 0.0) + seconds_with_sleep() - self._answered_at) if running else ""
        self._duration.show_text(text)

    def _show_state(self) -> None:
        state = self._state
        self._headline.show_text(state.headline)
        self._sentence.show_text(state.sentence)
        self._facts.show_text(state.facts, state.facts_tooltip)
        self._progress.show_text(state.progress_text)
        has_bar = state.total is not None and state.total > 0
        self._bar.setVisible(has_bar)
        self._progress.setVisible(bool(state.progress_text))
        if has_bar:
            self._bar.setRange(0, min(state.total or 1, 2**31 - 1))
            self._bar.setValue(min(state.done or 0, 2**31 - 1))

    # --- colours ------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange) and hasattr(self, "_bar"):
            self._color()

    def _color(self) -> None:
        palette = self.palette()
        self._icon.setPixmap(look_icon(self._state.look, palette).pixmap(_ICON, _ICON))
        for label, color in (
            (self._headline, tone_color(self._state.look.tone, palette)),
            (self._facts, quiet_text(palette)),
            (self._progress, quiet_text(palette)),
        ):
            own = label.palette()
            if own.color(QPalette.ColorRole.WindowText) != color:
                own.setColor(QPalette.ColorRole.WindowText, color)
                label.setPalette(own)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A card in a faint tint of the tone, with a bar of it at its left."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), tint(self._state.look.tone, self.palette()))
        painter.fillRect(0, 0, 5, self.height(), tone_color(self._state.look.tone, self.palette()))
