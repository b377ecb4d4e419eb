"""The state of now: what runs, since when, by whom, how far it is, and a duration that ticks."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontDatabase, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.window.icons import look_icon
from pipeline_gui.window.labels import ElidedLabel, PlainLabel
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.panel_state import PanelState, panel_state, reading_state
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.theme import fill, mixed, quiet_text, tint, tone_color
from pipeline_gui.window.times import clock_text
from pipeline_gui.window.translation import tr

_ICON = 40


class ThinBar(QProgressBar):
    """A slim progress bar in the tone of the run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setFixedHeight(5)
        self.setAccessibleName(tr("Progress"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """A groove, filled as far as the tasks are done."""
        painter = QPainter(self)
        color = tone_color(Tone.ACTIVE, self.palette())
        fill(painter, self.rect(), mixed(color, self.palette().color(QPalette.ColorRole.Base), 0.22))
        share = (self.value() - self.minimum()) / max(1, self.maximum() - self.minimum())
        fill(painter, QRectF(0, 0, self.width() * min(share, 1.0), self.height()), color)


class StatusPanel(QFrame):
    """Shows a Snapshot; ``tick`` lets its clock go on between snapshots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = reading_state()
        self._answered_at = 0.0
        self._is_ticking = False
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON, _ICON)
        self._headline = PlainLabel(scale=1.55, bold=True)
        self._headline.setObjectName("statusLabel")
        self._headline.setAccessibleName(tr("Status"))
        self._sentence = ElidedLabel()
        self._facts = ElidedLabel()
        self._duration = PlainLabel(scale=1.9)
        self._duration.setObjectName("durationLabel")
        self._duration.setAccessibleName(tr("Duration"))
        digits = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        digits.setPointSizeF(self._duration.font().pointSizeF())
        digits.setFeature(QFont.Tag("tnum"), 1)  # figures of one width: a ticking clock does not wobble
        self._duration.setFont(digits)
        self._bar = ThinBar()
        self._bar.setObjectName("progressBar")
        self._progress = PlainLabel()
        self._progress.setObjectName("progressLabel")
        self._lay_out()
        self._color()
        self._show_state()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(4)
        for label in (self._headline, self._sentence, self._facts):
            texts.addWidget(label)
        numbers = QVBoxLayout()
        numbers.addWidget(self._duration, 0, Qt.AlignmentFlag.AlignRight)
        numbers.addStretch(1)
        numbers.addWidget(self._progress, 0, Qt.AlignmentFlag.AlignRight)
        card = QHBoxLayout()
        card.setContentsMargins(22, 14, 20, 12)
        card.setSpacing(16)
        card.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        card.addLayout(texts, 1)
        card.addLayout(numbers)
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the table below must not jump when a run starts or ends
        self._bar.setSizePolicy(policy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(card)
        column.addWidget(self._bar)

    # --- what it shows ------------------------------------------------------------------------------------------

    def show_snapshot(self, snapshot: Snapshot, known: Snapshot | None) -> None:
        """Show what a refresh brought; known is the last one that could read the record."""
        self._answered_at = snapshot.answered_at
        self.show_state(panel_state(snapshot, known, date.today()))

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
        fill(painter, self.rect(), tint(self._state.look.tone, self.palette()))
        fill(painter, QRect(0, 0, 5, self.height()), tone_color(self._state.look.tone, self.palette()))
