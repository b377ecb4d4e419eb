"""Watching one run until its end: its log as it comes, its progress, and what can't be reached meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pipeline_gui.pipeline.answers import ActionAnswer, LogAnswer, RunAnswer, StatusAnswer
from pipeline_gui.pipeline.errors import PipelineError, SparkRefused
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.run_log import RunLog, open_run_log
from pipeline_gui.terminal.display import Display, open_display
from pipeline_gui.terminal.guard import exit_if_terminated
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.sentences import ended_sentence
from pipeline_gui.terminal.text import clean, clean_line

if TYPE_CHECKING:
    from pipeline_gui.backend import Backend

LOOK_SECONDS = 0.4
LAST_LOG_SECONDS = 5.0
"""How long after the end the rest of the log may take to be read."""


class Controller(Protocol):
    """What a wait asks."""

    def get_pipeline_status(self) -> StatusAnswer:
        """The state of now."""

    def get_run(self, run_id: str) -> RunAnswer | None:
        """One run."""

    def get_run_log(self, run_id: str | None = None, start: int | None = None, size: int = 100) -> LogAnswer:
        """Lines of a run's log."""


class RunWait:
    """Looks at one run again and again; a server that is away is said once, and the wait goes on."""

    def __init__(
        self,
        controller: Controller,
        run_id: str,
        display: Display,
        *,
        with_log: bool,
        is_log_kept_whole: Callable[[], bool],
    ) -> None:
        self._controller = controller
        self._run_id = run_id
        self._display = display
        self._with_log = with_log
        self._is_log_kept_whole = is_log_kept_whole
        self._log: RunLog | None = None
        self._away: dict[str, bool] = {}

    def until_ended(self) -> RunAnswer | None:
        """The run as it ended; None when its row is no more. Waits for as long as the run takes."""
        while True:
            is_over, run = self._look()
            if is_over:
                self._read_rest_of_log()
                return run
            self._read_log()
            threading.Event().wait(LOOK_SECONDS)
            exit_if_terminated()

    def _look(self) -> tuple[bool, RunAnswer | None]:
        status = self._controller.get_pipeline_status()
        if status["is_running"] is None:
            self._note_away("database", status["sentence"])
            return False, None
        if status["is_running"] and status["run_id"] == self._run_id:
            self._note_back("database")
            self._display.progress(status)
            return False, None
        try:
            run = self._controller.get_run(self._run_id)
        except PipelineError as error:
            self._note_away("database", str(error))
            return False, None
        self._note_back("database")
        return run is None or run["status"] != RunStatus.RUNNING, run

    def _read_log(self, *, ended: bool = False) -> int:
        """Show what is new of the log; how many lines that were."""
        if not self._with_log:
            return 0
        try:
            if self._log is None:
                self._log = open_run_log(self._fetch, is_kept_whole=self._is_log_kept_whole())
            lines = self._log.look(ended=ended)
        except SparkRefused:
            return 0  # it has no log yet, or no more
        except PipelineError as error:
            self._note_away("spark", str(error))
            return 0
        self._note_back("spark")
        if lines:
            self._display.lines([clean_line(line) for line in lines])
        return len(lines)

    def _read_rest_of_log(self) -> None:
        deadline = time.monotonic() + LAST_LOG_SECONDS
        while self._read_log(ended=True) and time.monotonic() < deadline:
            pass

    def _fetch(self, start: int, size: int) -> LogAnswer:
        return self._controller.get_run_log(self._run_id, start, size)

    def _note_away(self, server: str, sentence: str) -> None:
        if not self._away.get(server):
            self._away[server] = True
            self._display.note(f"{clean(sentence)} The run is not affected; waiting until it answers again.")

    def _note_back(self, server: str) -> None:
        if self._away.get(server):
            self._away[server] = False
            self._display.note("The database answers again." if server == "database" else "Spark answers again.")


def wait_for_run(backend: Backend, run_id: str, output: Output, *, with_log: bool = True) -> ActionAnswer:
    """Watch a run until its end and say how it ended."""
    with open_display(output) as display:
        wait = RunWait(
            backend.controller, run_id, display, with_log=with_log, is_log_kept_whole=backend.keeps_whole_logs
        )
        run = wait.until_ended()
    if run is None:
        answer: ActionAnswer = {
            "success": False,
            "run_id": run_id,
            "message": f"The record of {run_id} was deleted by another program, so its end is not known.",
            "reason": "unconfirmed",
        }
    else:
        answer = _ended(run)
    if answer["success"]:
        output.say(output.paint(f"✔ {clean(answer['message'])}", "green"))
    else:
        sign, color = ("■", "yellow") if answer.get("status") == RunStatus.STOPPED else ("✖", "red")
        output.note(f"{sign} {clean(answer['message'])}", color)
    return answer


def _ended(run: RunAnswer) -> ActionAnswer:
    completed = run["status"] == RunStatus.COMPLETED
    answer: ActionAnswer = {"success": completed, "run_id": run["run_id"], "message": ended_sentence(run)}
    if run["status"]:
        answer["status"] = run["status"]
    if not completed:
        answer["reason"] = "refused"
    return answer
