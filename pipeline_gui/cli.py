"""The command line: picks a face, which is imported only then, so that the first word comes at once."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from pipeline_gui.terminal.arguments import LATER, parse
from pipeline_gui.terminal.exit_codes import REFUSED, USAGE
from pipeline_gui.terminal.guard import exit_on_termination, guarded
from pipeline_gui.terminal.output import Output

COMMANDS = {
    "start": "pipeline_gui.terminal.start:start",
    "stop": "pipeline_gui.terminal.stop:stop",
    "status": "pipeline_gui.terminal.status:status",
    "runs": "pipeline_gui.terminal.runs:runs",
    "logs": "pipeline_gui.terminal.logs:logs",
    "migrate": "pipeline_gui.terminal.migrate:migrate",
    "doctor": "pipeline_gui.terminal.doctor:doctor",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    _make_streams_usable()
    arguments = parse(sys.argv[1:] if words is None else words)
    if getattr(arguments, "home", None) is not None:
        # In the environment, so that every process of the profile carries it.
        os.environ["PIPELINE_GUI_HOME"] = os.path.abspath(os.path.expanduser(arguments.home))
    output = Output(as_json=arguments.json)
    if arguments.command != "spark-server":
        exit_on_termination()  # a server has its own way to end
    return guarded(lambda out: _run(arguments, out), output)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.command in LATER:
        output.note(f"{LATER[arguments.command]}")
        return USAGE
    if arguments.command is None:
        return _window(arguments, output)
    if arguments.command == "spark-server":
        return _spark_server(arguments, output)
    module, _, name = COMMANDS[arguments.command].partition(":")
    command: Callable[[argparse.Namespace, Output], int] = getattr(importlib.import_module(module), name)
    return command(arguments, output)


def _window(arguments: argparse.Namespace, output: Output) -> int:
    try:
        application = importlib.import_module("pipeline_gui.window.application")
    except ImportError as error:
        if not (error.name or "").startswith("pipeline_gui.window"):
            raise
        output.note("There is no window yet; `pipeline-gui --help` lists the commands of the terminal.")
        return REFUSED
    from pipeline_gui.terminal.session import settings_of

    code: int = application.run(settings_of(arguments))
    return code


def _spark_server(arguments: argparse.Namespace, output: Output) -> int:
    try:
        from pipeline_gui.command_server.options import options_from
        from pipeline_gui.command_server.server import run_server
    except ImportError as error:
        output.note(
            f"The Spark command server needs {error.name}, which is not installed: pip install 'pipeline-gui[server]'."
        )
        return REFUSED
    return run_server(options_from(arguments))


def _make_streams_usable() -> None:
    """Closed streams, and locales that lack a sign, must not end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (it lives as long as the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
