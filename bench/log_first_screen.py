"""From showing a run's log of 1 GB until its last lines can be read in the window, on a real command server."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence

from bench.figures import Figure, bounded
from bench.ground import ground

GIGABYTE = 1024**3
ROUNDS = 9
GOAL_SECONDS = 0.1
LINE = b"26/11/24 09:00:00 INFO TaskSetManager: Finished task 1.0 in stage 3.0 (TID 17) in 12 ms on localhost\n"
LAST = "26/11/24 09:59:59 ERROR the last line"


def measure(_names: Sequence[str]) -> list[Figure]:
    """The median of several first looks, each by a view of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication, QPlainTextEdit

    from pipeline_gui.pipeline.output import OutputPart, Stream
    from pipeline_gui.spark.livy import LivyServer
    from pipeline_gui.window.gateway import Gateway
    from pipeline_gui.window.run_panel.log_view import LogView
    from tests.window.finding import found

    application = QApplication.instance() or QApplication([])
    taken: list[float] = []
    with ground() as place:
        if place.server is None:
            raise RuntimeError("there is no command server")
        server = place.server
        batch = server.submit("pass", name="bench.log")
        server.wait_for_state(batch["id"], "success")
        (output,) = server.state.glob(f"**/{batch['id']}/stderr")
        with output.open("ab") as file:
            block = LINE * (16 * 1024**2 // len(LINE))
            while file.tell() < GIGABYTE:
                file.write(block)
            file.write(f"{LAST}\n".encode())
        spark = LivyServer(server.url, server.token)
        gateway = Gateway()

        def read(_run_id: str, stream: Stream, offset: int | None, length: int) -> OutputPart:
            return spark.output("bench.log", stream, offset, length)

        for _ in range(ROUNDS):
            view = LogView(gateway, read)
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
        spark.close()
    return [bounded("log_first_screen", statistics.median(taken), "s", GOAL_SECONDS)]
