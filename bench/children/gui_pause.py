"""A person at work in a window; says how late each beat of its event loop came, in seconds, when stdin ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle

from PySide6.QtCore import Qt, QTimer

from bench.children.watching import run_until_stdin_ends, say, watching_window
from pipeline_gui.window.main_window import MainWindow

BEAT_SECONDS = 0.005
_DEED_MILLISECONDS = 130


class Heart:
    """A beat each 5 ms; what comes later than that was held up."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(round(BEAT_SECONDS * 1000))

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._last - BEAT_SECONDS))
        self._last = now


def _deeds(window: MainWindow) -> QTimer:
    """What a person does who does not know that nothing answers, one thing after the other."""
    table = window.page.table
    bar = table.verticalScrollBar()
    deeds: Iterator[Callable[[], object]] = cycle(
        (
            window.actions_.refresh.trigger,
            lambda: table.selectRow(3),
            lambda: bar.setValue(bar.maximum()),
            lambda: window.resize(1100, 700),
            lambda: bar.setValue(0),
            lambda: window.actions_.start.trigger(),
            lambda: window.resize(900, 600),
            lambda: window.actions_.stop.trigger(),
        )
    )
    timer = QTimer(window)

    def do_the_next() -> None:
        next(deeds)()

    timer.timeout.connect(do_the_next)
    timer.start(_DEED_MILLISECONDS)
    return timer


def main() -> None:
    """Work until stdin ends."""
    with watching_window() as window:
        session = window.session
        assert session is not None
        hearts: list[Heart] = []

        def ready() -> None:
            if not hearts:
                hearts.append(Heart())
                _deeds(window)
                say("ready")

        session.refreshed.connect(ready)
        run_until_stdin_ends()
        say(hearts[0].late)


if __name__ == "__main__":
    main()
