"""The icon beside the clock: the state of now while the window is hidden, and news that nobody watched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from pipeline_gui.window.actions import Actions
from pipeline_gui.window.icons import application_icon, look_icon
from pipeline_gui.window.looks import IDLE, Tone
from pipeline_gui.window.messages import Message
from pipeline_gui.window.panel_state import PanelState, panel_state
from pipeline_gui.window.snapshot import Snapshot
from pipeline_gui.window.translation import tr

_NEWS_MILLISECONDS = 10_000
_LONGEST_HOVER = 120
"""Characters; some desktops cut at 127."""
_PAUSES_SECONDS = (1, 2, 4, 8, 16, 32, 64)
"""Before each further look for a place: at login the desktop may come after its programs. A look takes 1 to 5 ms."""
_WATCH_MILLISECONDS = 5000
_MOST_MISSED = 2
"""Looks in a row; a desktop that restarts its panel takes it away for a moment."""


class Tray(QObject):
    """Shown where the desktop has a place for it."""

    window_wanted = Signal()
    """The person wants to see the window."""
    quit_wanted = Signal()
    lost = Signal()
    """Its place is gone while the window is hidden: nobody would find the window again."""

    def __init__(self, window: QWidget, actions: Actions) -> None:
        super().__init__(window)
        self._window = window
        self._state: PanelState | None = None
        menu = QMenu(window)
        menu.setObjectName("trayMenu")
        self._said = menu.addAction(tr("Not connected yet"))
        self._said.setObjectName("trayStateAction")
        self._said.setEnabled(False)
        menu.addSeparator()
        show = menu.addAction(tr("&Show the window"))
        show.setObjectName("trayShowAction")
        show.triggered.connect(self.window_wanted)
        menu.addActions([actions.start, actions.stop])
        menu.addSeparator()
        quit_: QAction = menu.addAction(tr("&Quit"))
        quit_.setObjectName("trayQuitAction")
        quit_.triggered.connect(self.quit_wanted)
        self._menu = menu
        self.icon = self._made(application_icon(), tr("Pipelines"))
        self._has_left = False
        self._pauses: Iterator[int] = iter(())
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._look)
        self._missed = 0
        self._watch = QTimer(self, interval=_WATCH_MILLISECONDS)
        self._watch.timeout.connect(self._make_sure)

    def _made(self, picture: QIcon, hover: str) -> QSystemTrayIcon:
        icon = QSystemTrayIcon(picture, self)
        icon.setContextMenu(self._menu)
        icon.setToolTip(hover)
        icon.activated.connect(self._activated)
        icon.messageClicked.connect(self.window_wanted)
        return icon

    @property
    def is_there(self) -> bool:
        """Whether a person can see it, so that a hidden window can be found again."""
        return self.icon.isVisible() and QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        """Take the place beside the clock; where there is none yet, look again a few times."""
        self._pauses = iter(_PAUSES_SECONDS)
        self._look()

    def take_place(self) -> bool:
        """Take the place beside the clock if there is one by now; whether there is."""
        if self._has_left or not QSystemTrayIcon.isSystemTrayAvailable():
            return False
        if not self.icon.isVisible():
            # Qt gives an icon no place on D-Bus that was made while there was none, so another is made.
            before, self.icon = self.icon, self._made(self.icon.icon(), self.icon.toolTip())
            before.deleteLater()
            self.icon.show()
        return True

    def leave(self) -> None:
        """Go for good."""
        self._has_left = True
        self._again.stop()
        self._watch.stop()
        self.icon.hide()

    def watch_over(self, *, is_hidden: bool) -> None:
        """While the window is hidden, look whether the icon is still there to show it."""
        self._missed = 0
        if is_hidden and not self._has_left:
            self._watch.start()
        else:
            self._watch.stop()

    def _look(self) -> None:
        pause = None if self.take_place() else next(self._pauses, None)
        if pause is not None:
            self._again.start(pause * 1000)

    def _make_sure(self) -> None:
        self._missed = 0 if self.take_place() else self._missed + 1
        if self._missed >= _MOST_MISSED:
            self._watch.stop()
            self.lost.emit()

    def show_snapshot(self, snapshot: Snapshot, known: Snapshot | None) -> None:
        """Show the state of now."""
        state = panel_state(snapshot, known, date.today())
        if state == self._state:
            return
        self._state = state
        palette = self._window.palette()
        self.icon.setIcon(application_icon() if state.look is IDLE else look_icon(state.look, palette))
        self.icon.setToolTip(f"Pipelines · {state.headline}\n{state.sentence}"[:_LONGEST_HOVER])
        self._said.setText(state.headline.replace("&", "&&"))

    def tell(self, message: Message) -> None:
        """News, for somebody who does not look at the window: a notification, and the window asks for attention."""
        if self._window.isActiveWindow():
            return
        QApplication.alert(self._window)
        if self.is_there:
            kinds = QSystemTrayIcon.MessageIcon
            kind = {Tone.BAD: kinds.Critical, Tone.WARNING: kinds.Warning}.get(message.tone, kinds.Information)
            self.icon.showMessage("Pipelines", message.text, kind, _NEWS_MILLISECONDS)

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.window_wanted.emit()
