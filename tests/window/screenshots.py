"""Pictures of the window's states, light and dark, for the README: ``python -m tests.window.screenshots [FOLDER]``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLineEdit, QWidget

from pipeline_gui.pipeline.answers import EventAnswer, RunAnswer, utc_text
from pipeline_gui.pipeline.output import Stream
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.messages import Message
from tests.window import plausible
from tests.window.finding import found
from tests.window.stand_in import StandInBackend, away, idle, run, running, unknown
from tests.window.table.making import past_runs

SIZE = (1000, 560)
_DATABASE_REASON = "connection to server at “db.ops.example”, port 5432 failed: Connection refused"
_SPARK_REASON = "http://spark.ops.example:8998 refused the connection"


def _history() -> list[RunAnswer]:
    return [
        run("flights-b7", "completed", ago=12 * 3600, duration=1862),
        run("stream_events-2c", "stopped", ago=15 * 3600, duration=7520, stopped_by="ben@ops-1", by="ben@ops-1"),
        run(
            "broken-9a",
            "failed",
            ago=21 * 3600,
            duration=9.4,
            by="ben@ops-1",
            error="AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `dep_dellay` "
            "cannot be resolved. Did you mean `dep_delay`? (exit code 1)",
        ),
        run("flights-51", "completed", ago=36 * 3600, duration=1811, by="schedule"),
        run("import-77", "archived", ago=40 * 3600, duration=61, by=None),
    ]


def _empty(backend: StandInBackend) -> None:
    backend.controller.status = idle()


def _idle(backend: StandInBackend) -> None:
    backend.controller.runs = _history()


def _running(backend: StandInBackend) -> None:
    backend.controller.status = running(
        "flights-c3",
        764.2,
        application_id="local-1764000131022",
        progress={"text": "job 3 · 124 of 200 tasks", "tasks_completed": 124, "tasks_total": 200},
    )
    backend.controller.runs = [run("flights-c3", "running", ago=764.2, duration=764.2), *_history()]


def _starting(backend: StandInBackend) -> None:
    _running(backend)
    backend.controller.status |= {
        "phase": "starting",
        "sentence": "“flights” is being started: Spark has taken it, and its driver is not up yet.",
        "progress": None,
        "application_id": None,
        "duration": 3.1,
        "start_time": utc_text(datetime.now(UTC) - timedelta(seconds=3.1)),
    }
    backend.controller.runs[0] = run("flights-c3", "running", ago=3.1, duration=3.1)


def _full(backend: StandInBackend) -> None:
    _idle(backend)
    plausible.fill(backend)


def _many(backend: StandInBackend) -> None:
    _idle(backend)
    backend.archive.runs = past_runs(100_000)


def _stopping(backend: StandInBackend) -> None:
    _running(backend)
    backend.controller.status |= {
        "phase": "stopping",
        "stop_requested_by": "ben@ops-1",
        "sentence": "Stopping “flights” for ben@ops-1; Spark has not confirmed the end yet.",
    }


def _failed(backend: StandInBackend) -> None:
    backend.controller.runs = [
        run("broken-d0", "failed", ago=21, duration=9.1, error=_history()[2]["error_message"]),
        *_history(),
    ]


def _lost_contact(backend: StandInBackend) -> None:
    _running(backend)
    backend.controller.status |= {
        "phase": "lost_contact",
        "sentence": f"The Spark server can't be asked ({_SPARK_REASON}). “flights” may still be going on.",
        "spark": away(_SPARK_REASON, 74),
        "progress": None,
    }


def _failed_in_sight(backend: StandInBackend) -> None:
    _failed(backend)
    backend.controller.runs[0]["metadata"] |= {"started_from": "window"}  # type: ignore[operator]
    backend.controller.events = [
        _event(21, "recorded"),
        _event(20.1, "phase changed", detail={"phase": "running"}),
        _event(11.9, "status changed", old_status="running", new_status="failed", detail={"exit_code": 1}),
    ]
    backend.outputs.data[Stream.STDERR] = _LOG


def _event(ago: float, kind: str, **more: Any) -> EventAnswer:
    at = utc_text(datetime.now(UTC) - timedelta(seconds=ago))
    about = {"at": at, "kind": kind, "actor": "ana@ops-3", "via": "window", "old_status": None, "new_status": None}
    return about | {"detail": {}} | more  # type: ignore[return-value]


_LOG = (
    b"".join(b"09:12:%02d INFO TaskSetManager: Finished task %d.0 in stage 2.0\n" % (n // 4, n) for n in range(60))
    + b"09:12:16 ERROR PythonRunner: the application ended with an error\nTraceback (most recent call last):\n"
    + b'  File "/srv/pipelines/broken.py", line 12, in main\n'
    + b"AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `dep_dellay` cannot be resolved.\n"
)
PAGES = {"details": 0, "log": 1}
"""Of the run panel, in the states that show it."""
STATES: dict[str, Callable[[StandInBackend], None]] = {
    "empty": _empty,
    "idle": _idle,
    "running": _running,
    "starting": _starting,
    "stopping": _stopping,
    "failed": _failed,
    "lost-contact": _lost_contact,
    "unknown": _running,
    "details": _failed_in_sight,
    "log": _failed_in_sight,
    "many": _many,
    "settings": _idle,
    "configurations": _full,
    "schedules": _full,
    "alerts": _full,
    "metrics": _full,
}
DIALOGS = ("configurations", "schedules", "alerts", "metrics")
"""States of which the dialog is painted, without the window behind it."""
LARGE = ("running", "log")
"""States that are also painted as on a screen with twice the pixels."""
SAYINGS = {
    "idle": Message("Stopped “stream_events” after 2 h 5 min.", Tone.GOOD),
    "running": Message("Started “flights”.", Tone.GOOD),
    "stopping": Message("Stopping “flights”…", Tone.ACTIVE),
    "failed": Message(
        "“broken” failed after 9 s: AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with "
        "name `dep_dellay` cannot be resolved. Did you mean `dep_delay`? (exit code 1)",
        Tone.BAD,
    ),
}


def dark_palette() -> QPalette:
    """A dark theme, as desktops have it."""
    palette = QPalette(QColor("#2b2e33"), QColor("#2b2e33"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#202327"))
    palette.setColor(QPalette.ColorRole.AlternateBase, QColor("#26292e"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#2f6fb5"))
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor("#ffffff"))
    return palette


def wait(milliseconds: int) -> None:
    """Let the window work for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def picture(state: str, folder: Path, theme: str) -> Path:
    """One state of the window as a picture."""
    backend = StandInBackend(
        name="production", color="#8a1538", database_url="postgresql://db/ops", spark_url="http://s"
    )
    STATES[state](backend)
    window = MainWindow(backend)  # type: ignore[arg-type]
    window.resize(*SIZE)
    window.show()
    wait(150)
    if state == "unknown":
        backend.controller.status = unknown(_DATABASE_REASON)
        backend.change()
        wait(150)
    if state == "running":
        window.page.table.selectRow(0)
    if state in PAGES:
        window.resize(SIZE[0], SIZE[1] + 160)
        window.page.table.selectRow(0)
        window.page.show_details(True, PAGES[state])
        wait(300)
    if state == "log":
        found(window, QLineEdit, "logFindEdit").setText("error")
        wait(300)
    if state == "many":
        found(window, QComboBox, "spanBox").setCurrentText("all")
        while window.page.model.rowCount() < 100_000:
            wait(100)
        found(window, QLineEdit, "filterEdit").setText("flights")
        wait(1500)
        window.page.table.verticalScrollBar().setValue(40_000)
    if state == "settings":
        window.actions_.settings.trigger()
        window.resize(SIZE[0], SIZE[1] + 160)
    if state in SAYINGS:
        window.page.bottom.say(SAYINGS[state])
    wait(50)
    path = folder / f"{state}-{theme}.png"
    shown: QWidget = window
    if state in DIALOGS:
        getattr(window.actions_, state).trigger()
        wait(400)
        [shown] = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
    # Without transparency, which a window has not: a third smaller.
    image = shown.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    assert image.save(str(path)), f"{path} can't be written"
    window.close_now()
    window.deleteLater()
    wait(20)
    return path


def main(folder: Path) -> None:
    """Every state in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication([])
    light = QPalette(application.palette())
    for theme, palette in (("light", light), ("dark", dark_palette())):
        application.setPalette(palette)
        for state in STATES:
            print(picture(state, folder, theme))


def main_twice(folder: Path) -> None:
    """Some states at 200 %, which a process must be started with."""
    application = QApplication([])
    assert application.devicePixelRatio() == 2.0
    for state in LARGE:
        print(picture(state, folder, "200"))


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots")
    if os.environ.get("QT_SCALE_FACTOR") == "2":
        main_twice(place)
    else:
        main(place)
