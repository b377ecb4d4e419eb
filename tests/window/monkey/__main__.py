"""Let a monkey loose."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.watchdog import Watchdog
from tests.window.monkey.monkey import Monkey
from tests.window.monkey.stand_in_world import StandInWorld
from tests.window.monkey.world import World

MakeWorld = Callable[[Path], AbstractContextManager[World]]

LONGEST_PAUSE_SECONDS = 0.5
"""The monkey itself takes time of the same thread, so this is no figure, only a bound on what is surely a freeze."""
LARGEST_GROWTH = 4
"""Times as many objects as there were at the first look, when each window that was closed is gone."""
MOST_WINDOWS = 3
"""That are alive at once: one, and others whose work hangs."""
_HARMLESS = ("This plugin does not support", "XDG_RUNTIME_DIR", "Mouse event")


@contextmanager
def _without_servers(folder: Path) -> Iterator[World]:
    yield StandInWorld(folder)


def memory() -> int:
    """Bytes of this process that are in memory and its own."""
    fields = Path("/proc/self/statm").read_text("utf-8").split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def main(minutes: float, seed: int, make_world: MakeWorld) -> int:
    """Let it loose; the number of things that are wrong."""
    application = QApplication([])
    wrong: list[str] = []

    def note(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if not text.startswith(_HARMLESS):
            wrong.append(f"Qt: {text}")

    qInstallMessageHandler(note)
    sys.excepthook = lambda kind, error, _trace: wrong.append(f"{kind.__name__}: {error}")
    threading.excepthook = lambda caught: wrong.append(f"in a thread: {caught.exc_value!r}")
    with tempfile.TemporaryDirectory() as folder, make_world(Path(folder)) as world:
        os.chdir(folder)
        os.environ["HOME"] = folder
        monkey = Monkey(seed, world)
        monkey.wrong = wrong
        dog = Watchdog(longest_seconds=LONGEST_PAUSE_SECONDS)
        dog.start()
        deadline, bursts, first, most = time.monotonic() + minutes * 60, 0, 0, 0
        while time.monotonic() < deadline and len(wrong) < 20:
            monkey.burst(dog)
            monkey.look()
            bursts += 1
            if bursts % 50 == 0:
                monkey.replace()
                gc.collect()
                first = first or len(gc.get_objects())
                windows = sum(isinstance(each, MainWindow) for each in gc.get_objects())
                most = max(most, windows) if bursts > 100 else 0
                dog.forgive()  # the monkey waited for the work of the window that it closed
                print(f"{bursts} bursts, {memory() / 1e6:.0f} MB, slowest {monkey.slowest}", flush=True)
        monkey.look()
        monkey.replace()
        gc.collect()
        if first and len(gc.get_objects()) > LARGEST_GROWTH * first:
            wrong.append(f"there are {len(gc.get_objects()):,} objects, and were {first:,}")
        if most > MOST_WINDOWS:
            wrong.append(f"{most} windows were kept")
        if dog.pauses:
            wrong.append(f"the event loop was held up for {max(dog.pauses):.2f} s")
        dog.stop()
        monkey.end()
        os.chdir("/")
    print(f"seed {seed}: {monkey.events} events, {monkey.windows} windows, longest pause {dog.longest:.3f} s")
    for each in wrong:
        print(f"WRONG: {each}")
    del application
    return len(wrong)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.window.monkey", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=60.0)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--servers", action="store_true", help="on a real PostgreSQL and a real command server")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    make_world: MakeWorld = _without_servers
    if given.servers:
        from tests.window.monkey.servers_world import servers_world

        make_world = servers_world
    os._exit(min(1, main(given.minutes, given.seed, make_world)))
