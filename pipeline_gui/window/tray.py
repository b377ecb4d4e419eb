"""The icon beside the clock: the state of now while the window is hidden, and news that nobody watched."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
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


class Tray(QObject):
    """Shown where the desktop has a place for it."""

    window_wanted = Signal()
    """The person wants to see the window."""
    quit_wanted = Signal()

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
        self.icon = QSystemTrayIcon(application_icon(), self)
        self.icon.setContextMenu(menu)
        self.icon.setToolTip(tr("Pipelines"))
        self.icon.activated.connect(self._activated)
        self.icon.messageClicked.connect(self.window_wanted)

    @property
    def is_there(self) -> bool:
        """Whether a person can see it, so that a hidden window can be found again."""
        return self.icon.isVisible() and QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        """Take the place beside the clock, if there is one."""
        if QSystemTrayIcon.isSystemTrayAvailable():
            self.icon.show()

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
