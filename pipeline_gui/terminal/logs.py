"""`logs`: the log of a run, as it is or as it grows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline_gui.pipeline.answers import LogAnswer
from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkRefused
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.run_log import open_run_log
from pipeline_gui.terminal.display import Display, PlainDisplay
from pipeline_gui.terminal.exit_codes import DONE, INTERRUPTED
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.sentences import ended_sentence
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import clean, clean_line
from pipeline_gui.terminal.waiting import RunWait

if TYPE_CHECKING:
    from pipeline_gui.backend import Backend


class JsonDisplay(PlainDisplay):
    """Each batch of lines as one line of JSON, of the form that the controller answers."""

    def __init__(self, output: Output, run_id: str) -> None:
        super().__init__(output)
        self._run_id = run_id
        self._written = 0

    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of the log."""
        start, self._written = self._written, self._written + len(lines)
        answer: LogAnswer = {"run_id": self._run_id, "start": start, "total": self._written, "lines": list(lines)}
        self._output.write_json(answer, compact=True)


def logs(arguments: argparse.Namespace, output: Output) -> int:
    """Show the log of a run."""
    with open_session(arguments, output) as backend:
        if arguments.follow:
            return _follow(backend, arguments.run_id, output)
        return _show(backend, arguments.run_id, output)


def _show(backend: Backend, run_id: str | None, output: Output) -> int:
    """Everything that is there now; a run that goes on writing is not chased."""
    now = backend.controller.get_run_log(run_id, 0, 1)
    log = open_run_log(
        lambda start, size: backend.controller.get_run_log(now["run_id"], start, size),
        is_kept_whole=backend.keeps_whole_logs(),
    )
    kept: list[str] = []
    count = 0
    while count < now["total"] and (lines := log.look(ended=True)):
        count += len(lines)
        if output.as_json:
            kept += lines
        else:
            output.say("\n".join(map(clean_line, lines)))
    if output.as_json:
        answer: LogAnswer = {"run_id": now["run_id"], "start": 0, "total": len(kept), "lines": kept}
        output.write_json(answer)
    return DONE


def _follow(backend: Backend, run_id: str | None, output: Output) -> int:
    controller = backend.controller
    run_id = run_id or controller.get_running_pipeline_id() or controller.get_run_log(None, 0, 1)["run_id"]
    run = controller.get_run(run_id)
    if run is None:
        raise ConfigurationInvalid(f"There is no run {run_id!r}.")
    try:
        controller.get_run_log(run_id, 0, 1)
    except SparkRefused:
        if run["status"] != RunStatus.RUNNING or "started_from" not in (run["metadata"] or {}):
            raise  # there is no log, and there will be none
    backend.watch()  # as whatever stays does, so that all who wait cost Spark one look and not one each
    display: Display = JsonDisplay(output, run_id) if output.as_json else PlainDisplay(output)
    wait = RunWait(controller, run_id, display, with_log=True, is_log_kept_whole=backend.keeps_whole_logs)
    try:
        ended = wait.until_ended()
    except KeyboardInterrupt:
        return INTERRUPTED
    if ended is not None:
        output.note(clean(ended_sentence(ended)))
    return DONE
