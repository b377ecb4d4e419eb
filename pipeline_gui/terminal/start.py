"""`start`: start a pipeline, and wait for its end if that was asked for."""

from __future__ import annotations

import argparse

from pipeline_gui.configurations.files import configuration_of
from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.terminal.exit_codes import DONE, INTERRUPTED, exit_code_of
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import InterruptedAfter, finish_first, open_session
from pipeline_gui.terminal.text import clean


def start(arguments: argparse.Namespace, output: Output) -> int:
    """Start what the command line describes."""
    config = configuration_of(arguments)
    with open_session(arguments, output) as backend:
        if arguments.wait:
            backend.watch()
        try:
            answer = finish_first(
                lambda: backend.controller.start_pipeline(config), output, "Waiting until the start is answered …"
            )
        except InterruptedAfter as interrupted:
            known: ActionAnswer = interrupted.answer  # type: ignore[assignment]
            return _interrupted(known, output)
        # Where it is not known whether it was started, whoever watches finds out; so does a wait.
        if not arguments.wait or answer.get("status") != RunStatus.RUNNING or answer.get("reason") == "busy":
            return _started(answer, output)
        if answer["success"]:
            output.note(_with_run(answer))
        else:
            output.note(clean(answer["message"]))
        from pipeline_gui.terminal.waiting import wait_for_run

        try:
            ended = wait_for_run(backend, str(answer["run_id"]), output, with_log=not output.as_json)
        except KeyboardInterrupt:
            return _interrupted(answer, output)
        if output.as_json:
            output.write_json(ended)
        return DONE if ended["success"] else exit_code_of(ended.get("reason"))


def _started(answer: ActionAnswer, output: Output) -> int:
    if output.as_json or not answer["success"]:
        return output.answered(answer)
    output.say(_with_run(answer))
    return DONE


def _with_run(answer: ActionAnswer) -> str:
    return f"{clean(answer['message'])} Run: {answer['run_id']}"


def _interrupted(answer: ActionAnswer, output: Output) -> int:
    if answer.get("status") != RunStatus.RUNNING:
        output.answered(answer)
        return INTERRUPTED
    run_id = answer["run_id"]
    if output.as_json:
        output.write_json(answer)
    output.note(
        f"The run goes on. To stop it: pipeline-gui stop {run_id}; to see it: pipeline-gui logs --follow {run_id}"
    )
    return INTERRUPTED
