"""A hostile monkey: random clicks and keys on the real window, while its servers hang, fail and change.

``python -m tests.window.monkey [MINUTES] [SEED]``. It must find no exception, no leak, no long pause and no lie: after
each burst the window is left alone for a moment, and must then say what the record says.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QMessageLogContext, QPoint, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QMenu, QWidget

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkUnavailable
from pipeline_gui.pipeline.output import Stream
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.watchdog import Watchdog
from tests.window.stand_in import StandInBackend, StandInConfigurations, away, idle, run, running, unknown
from tests.window.table.making import past_runs

BURST = 40
"""Events until the window is looked at."""
SETTLE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 0.5
"""The monkey itself takes time of the same thread, so this is no figure, only a bound on what is surely a freeze."""
LARGEST_GROWTH = 4
"""Times as many objects as there were at the first look, when each window that was closed is gone."""
MOST_WINDOWS = 3
"""That are alive at once: one, and others whose work hangs."""
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
_HARMLESS = ("This plugin does not support", "XDG_RUNTIME_DIR", "Mouse event")


class _Refusing(StandInConfigurations):
    """Whatever is wanted of a configuration is refused in words."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_arguments: Any, **_more: Any) -> Any:
            raise ConfigurationInvalid("Not for monkeys.")

        return refuse


class Monkey:
    """One window after the other, and what is wrong with them."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = random.Random(seed)
        self.folder = folder
        self.wrong: list[str] = []
        self.events = 0
        self.windows = 0
        self.last = ""
        self.slowest = (0.0, "")
        """The deed that took longest, with its seconds."""
        self.backend = self._new_backend()
        self.window = self._new_window()

    def _new_backend(self) -> StandInBackend:
        backend = StandInBackend(self.folder, name="monkey", color="#335577")
        backend.configurations = _Refusing()
        backend.outputs.data[Stream.STDERR] = b"".join(
            b"26/11/24 09:00:00 %s Task: line %d\n" % (b"ERROR" if number % 900 == 7 else b"INFO", number)
            for number in range(60_000)
        )
        backend.archive.runs = past_runs(5000)
        backend.controller.runs = [run(f"flights-{number}", "completed", ago=600.0 * number) for number in range(1, 40)]
        return backend

    def _new_window(self) -> MainWindow:
        self.windows += 1
        window = MainWindow(self.backend)  # type: ignore[arg-type]
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
                self._replace()
                dog.forgive()
            if self.dice.random() < 0.1:
                self._world_changes()

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

    def _world_changes(self) -> None:
        """What the record and the servers do meanwhile."""
        controller, outputs = self.backend.controller, self.backend.outputs
        match self.dice.randrange(10):
            case 0:
                controller.status = running("flights-99", self.dice.random() * 5000)
                controller.runs = [run("flights-99", "running", ago=9.0, duration=9.0), *self._ended()]
            case 1:
                controller.status = idle()
                how = self.dice.choice(["failed", "stopped", "completed"])
                controller.runs = [run("flights-99", how), *self._ended()]
            case 2:
                controller.status = unknown()
            case 3:
                controller.status = idle(spark=away("http://spark:8998 refused the connection."))
            case 4:
                controller.let_refresh.clear()
            case 5:
                outputs.let_read.clear()
            case 6:
                self.backend.archive.let_read.clear()
            case 7:
                outputs.raises = self.dice.choice([None, SparkUnavailable("http://spark:8998 does not answer.")])
            case 8:
                outputs.data[Stream.STDERR] += b"26/11/24 09:59:59 WARN Task: more\n" * self.dice.randrange(3000)
            case 9:
                self._let_everything_go()
        self.backend.change()

    def _ended(self) -> list[Any]:
        ended = [each for each in self.backend.controller.runs if each["run_id"] != "flights-99"]
        return ended[: self.dice.randrange(1, 40)]

    def _let_everything_go(self) -> None:
        for event in (
            self.backend.controller.let_refresh,
            self.backend.controller.let_act,
            self.backend.outputs.let_read,
            self.backend.archive.let_read,
        ):
            event.set()

    def _replace(self) -> None:
        """The window was closed, as a person may."""
        self._let_everything_go()
        self._end(self.window)
        self.backend = self._new_backend()
        self.window = self._new_window()

    def _end(self, window: MainWindow) -> None:
        session = window.session
        window.close_now()
        if session is not None and not session.gateway.close(SETTLE_SECONDS):
            self.wrong.append("work of a closed window did not end")
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    # --- looking ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Let everything answer; the window must say what the record says."""
        self._let_everything_go()
        for popup in [each for each in QApplication.topLevelWidgets() if isinstance(each, QMenu)]:
            popup.close()
        for dialog in self.window.findChildren(QDialog):
            dialog.reject()
        self.backend.change()
        deadline = time.monotonic() + SETTLE_SECONDS
        while (wrong := self._lie()) and time.monotonic() < deadline:
            QApplication.processEvents()
            time.sleep(0.01)
        if wrong:
            self.wrong.append(wrong)

    def _lie(self) -> str:
        status, session = self.backend.controller.status, self.window.session
        if session is None or session.last is None:
            return "the record was not read"
        if session.operations.pending or session.refresher.waiting_seconds:
            return "an answer is awaited"
        said = self.window.findChild(QLabel, "statusLabel")
        wanted = "Unknown" if status["is_running"] is None else "Running" if status["is_running"] else "Idle"
        if said is None or not said.text().startswith(wanted):
            return f"the window says {said.text() if said else None!r}, and the record {wanted!r}"
        actions = self.window.actions_
        if status["is_running"] is not None and actions.stop.isEnabled() != bool(status["is_running"]):
            return f"Stop is {actions.stop.isEnabled()} while the record says {wanted}"
        if actions.start.isEnabled() and status["is_running"] is not False:
            return f"Start is on while the record says {wanted}"
        shown = {row.run_id for row in self.window.page.model.rows}
        if status["is_running"] is not None and self.window.page.older.is_wanted is False:
            record = {each["run_id"] for each in self.backend.controller.runs}
            if not shown <= record:
                return f"runs are shown that the record has not: {sorted(shown - record)[:3]}"
        return ""


def memory() -> int:
    """Bytes of this process that are in memory and its own."""
    fields = Path("/proc/self/statm").read_text("utf-8").split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def main(minutes: float, seed: int) -> int:
    """Let it loose; the number of things that are wrong."""
    application = QApplication([])
    wrong: list[str] = []

    def note(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if not text.startswith(_HARMLESS):
            wrong.append(f"Qt: {text}")

    qInstallMessageHandler(note)
    sys.excepthook = lambda kind, error, _trace: wrong.append(f"{kind.__name__}: {error}")
    threading.excepthook = lambda caught: wrong.append(f"in a thread: {caught.exc_value!r}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["HOME"] = folder
        monkey = Monkey(seed, Path(folder))
        monkey.wrong = wrong
        dog = Watchdog(longest_seconds=LONGEST_PAUSE_SECONDS)
        dog.start()
        deadline, bursts, first, most = time.monotonic() + minutes * 60, 0, 0, 0
        while time.monotonic() < deadline and len(wrong) < 20:
            monkey.burst(dog)
            monkey.look()
            bursts += 1
            if bursts % 50 == 0:
                monkey._replace()
                gc.collect()
                first = first or len(gc.get_objects())
                windows = sum(isinstance(each, MainWindow) for each in gc.get_objects())
                most = max(most, windows) if bursts > 100 else 0
                dog.forgive()  # the monkey waited for the work of the window that it closed
                print(f"{bursts} bursts, {memory() / 1e6:.0f} MB, slowest {monkey.slowest}", flush=True)
        monkey.look()
        monkey._replace()
        gc.collect()
        if first and len(gc.get_objects()) > LARGEST_GROWTH * first:
            wrong.append(f"there are {len(gc.get_objects()):,} objects, and were {first:,}")
        if most > MOST_WINDOWS:
            wrong.append(f"{most} windows were kept")
        if dog.pauses:
            wrong.append(f"the event loop was held up for {max(dog.pauses):.2f} s")
        dog.stop()
        monkey._let_everything_go()
        monkey._end(monkey.window)
        os.chdir("/")
    print(f"seed {seed}: {monkey.events} events, {monkey.windows} windows, longest pause {dog.longest:.3f} s")
    for each in wrong:
        print(f"WRONG: {each}")
    del application
    return len(wrong)


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "60", "1"] if len(sys.argv) < 2 else [*sys.argv[1:], "1"]
    sys.stdout.flush()
    os._exit(min(1, main(float(arguments[0]), int(arguments[1]))))
