"""`stop`: end a run, or let go of one, which a person confirms by typing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from pipeline_gui.pipeline.answers import ActionAnswer
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.terminal.arguments import needs_confirmation
from pipeline_gui.terminal.exit_codes import INTERRUPTED
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import clean

if TYPE_CHECKING:
    from pipeline_gui.pipeline.controller import PipelineController

WORD_GIVEN = "nothing of it can live"
"""What is typed to confirm that nothing of an ended run can live."""


class NotConfirmed(PipelineError):
    """What has to be typed was not."""


def stop(arguments: argparse.Namespace, output: Output) -> int:
    """Stop a run, or let go of it."""
    with open_session(arguments, output) as backend:
        controller = backend.controller
        if needs_confirmation(arguments):
            return output.answered(_let_go(controller, arguments, output, sys.stdin))
        try:
            return output.answered(_stop(controller, arguments))
        except KeyboardInterrupt:
            output.note(
                "A stop that was recorded is carried out all the same, by whoever watches; "
                "`pipeline-gui status` says how far it is."
            )
            return INTERRUPTED


def _stop(controller: PipelineController, arguments: argparse.Namespace) -> ActionAnswer:
    if not arguments.force:
        return controller.stop_run(arguments.run_id) if arguments.run_id else controller.stop_pipeline()
    run_id = arguments.run_id or controller.get_running_pipeline_id()
    return controller.stop_run(run_id, grace_seconds=0.0) if run_id else _idle()


def _let_go(
    controller: PipelineController, arguments: argparse.Namespace, output: Output, typed: TextIO | None
) -> ActionAnswer:
    run_id = arguments.run_id or controller.get_running_pipeline_id()
    if run_id is None:
        return _idle()
    run = controller.get_run(run_id)
    if run is None:
        return {"success": False, "run_id": run_id, "message": f"There is no run {run_id!r}.", "reason": "invalid"}
    action: Callable[[str], ActionAnswer]
    if arguments.abandon:
        action, expected = controller.abandon_run, run_id
        question = (
            f"{run_id} may still be alive on Spark. Abandoning records it as failed; the next start first makes sure "
            "that nothing of it lives, and is refused until it can."
        )
    elif arguments.release:
        action, expected = controller.release_run, run_id
        question = f"{run_id} is another program's, and may still be alive. Releasing records it as failed."
    else:
        action, expected = controller.confirm_gone, WORD_GIVEN
        question = f"If anything of {run_id} still lives on Spark, the next start will run beside it."
    _confirm(question, expected, arguments.yes, output, typed)
    return action(run_id)


def _confirm(question: str, expected: str, given: str | None, output: Output, typed: TextIO | None) -> None:
    """Return when the expected text was typed, or given by --yes. Raises NotConfirmed."""
    if given is None:
        if typed is None or not typed.isatty():
            raise NotConfirmed(f"{question} To confirm it without a terminal, add --yes '{expected}'.")
        output.note(clean(question))
        print(f"Type “{expected}” to confirm: ", end="", file=output.err, flush=True)
        given = typed.readline()
    if given.strip() != expected:
        raise NotConfirmed(f"Not confirmed, so nothing was changed: the text was not “{expected}”.")


def _idle() -> ActionAnswer:
    return {"success": False, "run_id": None, "message": "No pipeline is running.", "reason": "idle"}
