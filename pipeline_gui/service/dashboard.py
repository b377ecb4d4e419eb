"""The dashboard: one page with its state inside, live where it is served and a snapshot where it is kept as a file."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from pipeline_gui.configurations.samples import sample_names
from pipeline_gui.pipeline.answers import RunAnswer, StatusAnswer
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.sentences import duration_text
from pipeline_gui.service import page

DAYS = 2
MOST_RUNS = 500
"""Rows of the page; the export has all."""


class History(Protocol):
    """What the page asks of a controller."""

    def get_pipeline_status(self) -> StatusAnswer:
        """The state of now."""

    def get_recent_pipeline_runs(self, days: float = 2) -> list[RunAnswer]:
        """The runs of the last days, newest first."""


class PipelineDashboard:
    """Makes the page; knows the controller and nothing of HTTP."""

    def __init__(
        self,
        controller: History,
        *,
        name: str | None = None,
        color: str | None = None,
        configurations: Callable[[], list[str]] = sample_names,
    ) -> None:
        self._controller = controller
        self._name = name
        self._color = color
        self._configurations = configurations

    def generate_html(self, *, live: bool = False, may_act: bool = False, may_leave: bool = False) -> str:
        """The page. Alone it is a snapshot that asks nobody; live, it keeps itself up to date where it is served.

        may_act: whoever looks may start and stop; may_leave: there is a login to leave. Blocks as its controller does.
        """
        status = self._controller.get_pipeline_status()
        runs, trouble = self._runs(status)
        now = datetime.now(UTC)
        data = {
            "status": status,
            "runs": runs[:MOST_RUNS],
            "next": "more" if len(runs) > MOST_RUNS else None,
            "trouble": trouble,
            "configurations": self._names() if may_act else [],
            "live": live,
            "may_act": live and may_act,
            "may_leave": live and may_leave,
            "color": self._color,
            "made_at": now.isoformat(),
        }
        moment = f"{now:%Y-%m-%d %H:%M:%S} UTC"
        return page.fill(
            page.read("page.html"),
            {
                "policy": page.content_policy(live=live),
                "title": f"Pipelines · {self._name}" if self._name else "Pipelines",
                "icon": page.favicon(),
                "style": page.read("style.css"),
                "icons": page.sprite(),
                "system": self._name or "",
                "connection": "" if live else f"snapshot of {moment}",
                "word": _word(status),
                "sentence": status["sentence"],
                "rows": "".join(_row(run) for run in runs[:MOST_RUNS]),
                "made": f"Made at {moment}." if not live else "Times are this computer's; hover for UTC.",
                "data": page.embedded_json(data),
                "script": page.read("script.js"),
            },
        )

    def _names(self) -> list[str]:
        try:
            return self._configurations()
        except PipelineError:
            return []  # the page says by itself that the database can't be asked

    def _runs(self, status: StatusAnswer) -> tuple[Sequence[RunAnswer], str | None]:
        if status["is_running"] is None:
            return [], status["sentence"]
        try:
            return self._controller.get_recent_pipeline_runs(DAYS), None
        except PipelineError as error:
            return [], str(error)


def _word(status: StatusAnswer) -> str:
    if not status["is_running"]:
        return "Unknown" if status["is_running"] is None else "Idle"
    phase = (status["phase"] or "running").replace("_", " ")
    return f"{phase.capitalize()} · {status['pipeline']}"


def _row(run: RunAnswer) -> str:
    """A row for readers without JavaScript, as some mail programs are; the script makes its own."""
    metadata: dict[str, Any] = run["metadata"] or {}
    configuration = metadata.get("configuration")
    name = configuration.get("name") if isinstance(configuration, dict) else None
    duration = run["duration"]
    cells = [
        run["status"],
        name if isinstance(name, str) else run["run_id"],
        (run["start_time"] or "").replace("T", " ")[:19],
        None if duration is None else duration_text(duration),
        metadata.get("started_by"),
        run["error_message"],
    ]
    return "<tr>" + "".join(f"<td>{html.escape(str(cell or ''))}</td>" for cell in cells) + "</tr>"
