"""Pictures of the page's states for the documentation: ``python -m tests.service.screenshots [FOLDER]``."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline_gui.service.dashboard import PipelineDashboard
from tests.service.browser import PHONE, TABLET, WIDE, Browser, browsing

NOW = datetime.now(UTC)
_REACHED = {"reachable": True, "since": None, "reason": None}
_LOST = {"reachable": False, "since": None, "reason": "http://spark.ops.example:8998 refused the connection"}


def moment(seconds_ago: float) -> str:
    """A moment as the controller answers it."""
    return (NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def run(run_id: str, status: str, ago: float, duration: float, **more: Any) -> dict[str, Any]:
    """A run of the history."""
    metadata = {"configuration": {"name": run_id.partition("-")[0]}, "started_by": more.pop("by", "ana@ops-3")}
    return {
        "run_id": run_id,
        "command": f"spark-submit --name {run_id.partition('-')[0]} --conf spark.sql.shuffle.partitions=64 /srv/p.py",
        "status": status,
        "start_time": moment(ago),
        "end_time": None if status == "running" else moment(ago - duration),
        "duration": duration,
        "error_message": more.pop("error", None),
        "metadata": metadata | more,
    }


HISTORY = [
    run("flights-b7", "completed", 9 * 3600, 1862),
    run("stream_events-2c", "stopped", 13 * 3600, 7520, stopped_by="ben@ops-1", by="ben@ops-1"),
    run(
        "broken-9a", "failed", 21 * 3600, 9.4, by="ben@ops-1",
        error="AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `dep_dellay` cannot be "
        "resolved. Did you mean `dep_delay`? (exit code 1)",
    ),
    run("flights-51", "completed", 33 * 3600, 1811, by="schedule"),
    run("import-77", "archived", 40 * 3600, 61, by=None),
]  # fmt: skip


def status(**changes: Any) -> dict[str, Any]:
    """A state: idle, unless changed."""
    keys = ("run_id", "status", "phase", "pipeline", "started_by", "start_time", "duration", "stop_requested_by",
            "application_id", "ours", "progress")  # fmt: skip
    return {
        "is_running": False, "sentence": "No pipeline is running.", **dict.fromkeys(keys), "database": _REACHED,
        "spark": _REACHED, **changes,
    }  # fmt: skip


RUNNING = status(
    is_running=True, run_id="flights-c3", status="running", phase="running", pipeline="flights", ours=True,
    sentence="“flights” is running.", started_by="ana@ops-3", start_time=moment(764), duration=764.2,
    application_id="local-1764000131022",
    progress={"text": "job 3 · 124 of 200 tasks", "tasks_completed": 124, "tasks_total": 200},
)  # fmt: skip
NOW_RUNNING = run("flights-c3", "running", 764, 764.2)
STATES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "idle": (status(), HISTORY),
    "empty": (status(), []),
    "running": (RUNNING, [NOW_RUNNING, *HISTORY]),
    "stopping": (
        RUNNING | {"phase": "stopping", "stop_requested_by": "ben@ops-1", "progress": None,
                   "sentence": "Stopping “flights” for ben@ops-1; Spark has not confirmed the end yet."},
        [NOW_RUNNING, *HISTORY],
    ),
    "lost-contact": (
        RUNNING | {"phase": "lost_contact", "spark": _LOST, "progress": None,
                   "sentence": f"Spark can't be asked ({_LOST['reason']}). “flights” may still be going on."},
        [NOW_RUNNING, *HISTORY],
    ),
    "unknown": (
        status(is_running=None, status="unknown", sentence="Can't reach PostgreSQL at db.ops.example: connection "
               "refused. Is it running there?", database=_LOST | {"reason": "connection refused"}),
        [],
    ),
}  # fmt: skip


class Frozen:
    """A controller of one moment."""

    def __init__(self, state: dict[str, Any], runs: list[dict[str, Any]]) -> None:
        self._state = state
        self._runs = runs

    def get_pipeline_status(self) -> Any:
        """The state."""
        return self._state

    def get_recent_pipeline_runs(self, days: float = 2) -> Any:
        """The runs."""
        return self._runs


def page(name: str) -> str:
    """The page in a state, live in its looks but asking nobody."""
    state, runs = STATES[name]
    html = PipelineDashboard(Frozen(state, runs), name="production").generate_html()
    head, _, rest = html.partition('id="data">')
    data, _, tail = rest.partition("</script>")
    values = json.loads(data) | {"may_act": True, "configurations": ["flights", "stream_events", "broken"]}
    return f'{head}id="data">{json.dumps(values)}</script>{tail}'


def show(browser: Browser, folder: Path, name: str) -> None:
    """Open the page in a state."""
    file = folder / f"{name}.html"
    file.write_text(page(name), "utf-8")
    browser.driver.get(file.as_uri())


def main(folder: Path) -> None:
    """Paint them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, browsing("") as browser:
        for name in STATES:
            for dark in (False, True):
                for size, width in ((WIDE, "wide"), (TABLET, "tablet"), (PHONE, "phone")):
                    browser.look_as(size, dark=dark)
                    show(browser, Path(work), name)
                    shade = "dark" if dark else "light"
                    browser.driver.save_screenshot(str(folder / f"page-{name}-{width}-{shade}.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs") / "screenshots")
