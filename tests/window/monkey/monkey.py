"""The monkey: what it does to a window, and how it looks whether the window lies."""

from __future__ import annotations

import random
import time
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QMenu, QWidget

from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.watchdog import Watchdog
from tests.window.monkey.world import World

BURST = 40
"""Events until the window is looked at."""
_KEYS = (
    *(Qt.Key(code) for code in range(Qt.Key.Key_A, Qt.Key.Key_Z + 1)),
    Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Delete,
    Qt.Key.Key_Backspace, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home,
    Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_F1, Qt.Key.Key_F3, Qt.Key.Key_F4, Qt.Key.Key_F5,
    Qt.Key.Key_Period, Qt.Key.Key_Comma, Qt.Key.Key_ParenLeft, Qt.Key.Key_Asterisk, Qt.Key.Key_Menu,
)  # fmt: skip
_MODIFIERS = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
)


class Monkey:
    """One window after the other, and what is wrong with them."""

    def __init__(self, seed: int, world: World) -> None:
        self.dice = random.Random(seed)
        self.world = world
        self.wrong: list[str] = []
        self.events = 0
        self.windows = 0
        self.last = ""
        self.slowest = (0.0, "")
        """The deed that took longest, with its seconds."""
        self.backend: Any = None
        self.window = self._new_window()

    def _new_window(self) -> MainWindow:
        self.windows += 1
        self.backend = self.world.backend()
        window = MainWindow(self.backend)
        window.show()
        return window

    # --- deeds --------------------------------------------------------------------------------------------------

    def burst(self, dog: Watchdog) -> None:
        """Some events, one after the other, as quickly as they are taken."""
        for _ in range(BURST):
            self.events += 1
            begin = time.monotonic()
            self._deed()
            QApplication.processEvents()
            if (taken := time.monotonic() - begin) > self.slowest[0]:
                self.slowest = taken, self.last
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, QFileDialog):
                    dialog.reject()  # it could rename and delete files
            if not self.window.isVisible():
                self.replace()
                dog.forgive()
            if self.dice.random() < 0.1:
                self.world.change(self.dice)

    def _deed(self) -> None:
        place = QApplication.activePopupWidget() or QApplication.activeModalWidget() or self.window
        inside = [each for each in place.findChildren(QWidget) if each.isVisible() and each.isEnabled()] or [place]
        widget = self.dice.choice(inside)
        at = QPoint(self.dice.randrange(max(1, widget.width())), self.dice.randrange(max(1, widget.height())))
        number = self.dice.randrange(12)
        self.last = f"{number} on {type(widget).__name__} {widget.objectName()} in {type(place).__name__}"
        match number:
            case 0 | 1 | 2 | 3:
                QTest.mouseClick(widget, Qt.MouseButton.LeftButton, self.dice.choice(_MODIFIERS), at)
            case 4:
                QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
            case 5:
                QTest.mouseClick(widget, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at)
            case 6:
                turn = QPoint(0, self.dice.choice((-120, 120, 1200)))
                buttons, none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
                spot = at.toPointF()
                phase = Qt.ScrollPhase.NoScrollPhase
                place_ = widget.mapToGlobal(spot)
                wheel = QWheelEvent(spot, place_, QPoint(), turn, buttons, none, phase, False)
                QCoreApplication.sendEvent(widget, wheel)
            case 7:
                self.window.resize(self.dice.randrange(300, 1600), self.dice.randrange(200, 1000))
            case _:
                target = QApplication.focusWidget() or widget
                QTest.keyClick(target, self.dice.choice(_KEYS), self.dice.choice(_MODIFIERS))

    def replace(self) -> None:
        """The window was closed, as a person may."""
        self.end()
        self.window = self._new_window()

    def end(self) -> None:
        """Close the window for good."""
        self.world.settle()
        window, session = self.window, self.window.session
        window.close_now()
        if session is not None and not session.gateway.close(self.world.settle_seconds):
            self.wrong.append("work of a closed window did not end")
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.world.let_go_of(self.backend)
        self.backend = None

    # --- looking ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Let everything answer; the window must say what the record says."""
        self.world.settle()
        for popup in [each for each in QApplication.topLevelWidgets() if isinstance(each, QMenu)]:
            popup.close()
        for dialog in self.window.findChildren(QDialog):
            dialog.reject()
        self.world.tell()
        deadline = time.monotonic() + self.world.settle_seconds
        while (wrong := self._lie()) and time.monotonic() < deadline:
            QApplication.processEvents()
            time.sleep(0.01)
        if wrong:
            self.wrong.append(wrong)

    def _lie(self) -> str:
        if not self.world.is_quiet:
            return "what happens is not over"
        truth, session = self.world.truth(), self.window.session
        if session is None or session.last is None:
            return "the record was not read"
        if session.operations.pending or session.refresher.waiting_seconds:
            return "an answer is awaited"
        said = self.window.findChild(QLabel, "statusLabel")
        wanted = "Unknown" if truth.is_running is None else "Running" if truth.is_running else "Idle"
        if said is None or not said.text().startswith(wanted):
            return f"the window says {said.text() if said else None!r}, and the record {wanted!r}"
        actions = self.window.actions_
        if truth.is_running is not None and actions.stop.isEnabled() != bool(truth.is_running):
            return f"Stop is {actions.stop.isEnabled()} while the record says {wanted}"
        if actions.start.isEnabled() and truth.is_running is not False:
            return f"Start is on while the record says {wanted}"
        shown = {row.run_id for row in self.window.page.model.rows}
        others = shown - truth.run_ids
        if others and truth.is_running is not None and not self.window.page.older.is_wanted:
            return f"runs are shown that the record has not: {sorted(others)[:3]}"
        return ""
