"""A run's log of 1 GB: how soon its last lines can be read in the window, and how long a search in all of it takes;
and a log that grows by 50 MB a second, followed: how late the event loop comes.

The log is on a real command server; a search is what the window does, question by question, against ``grep -c``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from bench.figures import Figure, against_floor, bounded, percentile
from bench.ground import ground
from pipeline_gui.pipeline.output import OutputPart, OutputSearch, OutputSearched, Stream
from pipeline_gui.spark.livy import LivyServer

GIGABYTE = 1024**3
ROUNDS = 9
FIRST_SCREEN_SECONDS = 0.1
SEARCH_RATIO = 2.0
FIRST_HIT_SECONDS = 0.1
P99_MILLISECONDS = 16.0
LONGEST_MILLISECONDS = 50.0
GROWTH = 50 * 1024**2
"""Bytes a second."""
FOLLOWED_SECONDS = 10.0
NAME = "bench.log"
LINE = b"26/11/24 09:%02d:%02d INFO TaskSetManager: Finished task %d.0 in stage 3.0 (TID %d) in 12 ms on localhost\n"
RARE = "ERROR Executor: Exception in task"
"""Once in each 16 MB."""
LAST = "26/11/24 09:59:59 ERROR the last line"


class OneBatch:
    """The outputs of one batch, as the window reads them."""

    def __init__(self, spark: LivyServer) -> None:
        self._spark = spark

    def read(self, _run_id: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
        """A part of it."""
        return self._spark.output(NAME, stream, offset, length)

    def search(self, _run_id: str, stream: Stream, wanted: OutputSearch) -> OutputSearched:
        """A piece of a search in it."""
        return self._spark.search_output(NAME, stream, wanted)

    def ui_address(self, _run_id: str) -> str | None:
        """It has none."""
        return None


def measure(names: Sequence[str]) -> list[Figure]:
    """The medians of several rounds."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    figures: list[Figure] = []
    with _large_log() as (spark, output):
        if "log_first_screen" in names:
            figures.append(bounded("log_first_screen", _first_screen(spark), "s", FIRST_SCREEN_SECONDS))
        if {"log_search", "log_search_first"} & set(names):
            figures += _search(spark, output)
        if {"log_pause", "log_pause_longest"} & set(names):
            late = _follow(spark, output)
            figures.append(bounded("log_pause", percentile(late, 99) * 1000, "ms", P99_MILLISECONDS))
            figures.append(bounded("log_pause_longest", max(late) * 1000, "ms", LONGEST_MILLISECONDS))
    return [figure for figure in figures if figure.figure in names]


@contextmanager
def _large_log() -> Iterator[tuple[LivyServer, Path]]:
    with ground() as place:
        if place.server is None:
            raise RuntimeError("there is no command server")
        server = place.server
        batch = server.submit("pass", name=NAME)
        server.wait_for_state(batch["id"], "success")
        (output,) = server.state.glob(f"**/{batch['id']}/stderr")
        lines = [LINE % (n // 60 % 60, n % 60, n % 997, n) for n in range(16 * 1024**2 // len(LINE % (0, 0, 0, 0)))]
        block = b"".join([*lines[: len(lines) // 2], f"{RARE} 7\n".encode(), *lines[len(lines) // 2 :]])
        with output.open("ab") as file:
            while file.tell() < GIGABYTE:
                file.write(block)
            file.write(f"{LAST}\n".encode())
        spark = LivyServer(server.url, server.token)
        yield spark, output
        spark.close()


def _first_screen(spark: LivyServer) -> float:
    from PySide6.QtWidgets import QApplication, QPlainTextEdit

    from pipeline_gui.window.gateway import Gateway
    from pipeline_gui.window.run_panel.log_view import LogView
    from tests.window.finding import found

    application = QApplication.instance() or QApplication([])
    gateway = Gateway()
    taken: list[float] = []
    for _ in range(ROUNDS):
        view = LogView(gateway, OneBatch(spark))
        view.resize(900, 400)
        view.show()
        application.processEvents()
        text = found(view, QPlainTextEdit, "logText")
        begin = time.perf_counter()
        view.show_run("bench", is_running=False)
        while LAST not in text.document().lastBlock().text():
            application.processEvents()
            if time.perf_counter() - begin > 30:
                raise RuntimeError("the last line was not shown within 30 s")
        text.viewport().grab()
        taken.append(time.perf_counter() - begin)
        view.deleteLater()
    gateway.close(5.0)
    return statistics.median(taken)


_WRITER = """
import sys, time
block = open(sys.argv[1], "rb").read(int(sys.argv[2]) // 20)
with open(sys.argv[1], "ab", buffering=0) as file:
    begin = time.monotonic()
    for number in range(100_000):
        file.write(block)
        time.sleep(max(0.0, begin + (number + 1) / 20 - time.monotonic()))
"""


def _follow(spark: LivyServer, output: Path) -> list[float]:
    from PySide6.QtWidgets import QApplication, QPlainTextEdit

    from bench.children.gui_pause import Heart
    from pipeline_gui.window.gateway import Gateway
    from pipeline_gui.window.run_panel.log_view import LogView
    from tests.window.finding import found

    application = QApplication.instance() or QApplication([])
    gateway = Gateway()
    view = LogView(gateway, OneBatch(spark))
    view.resize(900, 400)
    view.show()
    view.show_run("bench", is_running=True)
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, output, str(GROWTH)])
    try:
        heart = Heart()
        seen: set[str] = set()
        loop = QEventLoop()
        QTimer.singleShot(round(FOLLOWED_SECONDS * 1000), loop.quit)
        looks = QTimer()
        looks.timeout.connect(lambda: seen.add(found(view, QPlainTextEdit, "logText").document().lastBlock().text()))
        looks.start(500)
        loop.exec()
        if len(seen) < FOLLOWED_SECONDS / 4:
            raise RuntimeError("the view did not follow the log")
        return heart.late[20:]  # without what the first paint takes
    finally:
        writer.kill()
        writer.wait()
        view.deleteLater()
        gateway.close(5.0)
        del application


def _search(spark: LivyServer, output: Path) -> list[Figure]:
    ours: list[float] = []
    first: list[float] = []
    grep: list[float] = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        counted = subprocess.run(["grep", "-c", "-F", RARE, output], capture_output=True, check=True, text=True).stdout
        grep.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        found = spark.search_output(NAME, Stream.STDERR, OutputSearch(RARE)).found
        first.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        count, looked, total = 0, 0, 1
        while looked < total:
            part = spark.search_output(NAME, Stream.STDERR, OutputSearch(RARE, begin=looked, most=1000, counts=True))
            count, looked, total = count + part.count, part.end, part.total
        ours.append(time.perf_counter() - begin)
        if count != int(counted) or not found:
            raise RuntimeError(f"{count} were found, and grep found {counted}")
    return [
        against_floor("log_search", statistics.median(ours), statistics.median(grep), "s", SEARCH_RATIO),
        bounded("log_search_first", statistics.median(first), "s", FIRST_HIT_SECONDS),
    ]
