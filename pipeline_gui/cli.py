"""The command line: picks a face, which is imported only then, so that the first word comes at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipeline_gui.terminal.exit_codes import REFUSED

if TYPE_CHECKING:
    import argparse

    from pipeline_gui.settings import Settings
    from pipeline_gui.terminal.output import Output
    from pipeline_gui.window.first_look import FirstLook

    Command = Callable[[argparse.Namespace, Output], int]


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    _make_streams_usable()
    words = sys.argv[1:] if words is None else words
    return _command_line(words) if words else _bare()


def _bare() -> int:
    """The window, without what only a terminal needs: that is loaded when there is something to say in one."""
    from pipeline_gui.late_modules import run_later

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the window hears it: Qt swallows Python's, or breaks on it
    run_later()
    from pipeline_gui.window.first_look import begin

    first_look = begin()  # before anything else is loaded
    from pipeline_gui.settings import load_settings

    try:
        settings = load_settings()
        if first_look is not None:
            first_look.ask(settings)
        return _window(settings, first_look)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the guard says what it is
        raised = error
    finally:
        if first_look is not None:
            first_look.give_up()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from pipeline_gui.terminal.guard import guarded
    from pipeline_gui.terminal.output import Output

    def raise_it(_output: Output) -> int:
        raise raised

    return guarded(raise_it, Output())


def _window(settings: Settings, first_look: FirstLook | None = None, *, debugs: bool = False) -> int:
    from pipeline_gui.window.application import run

    return run(settings, first_look, debugs=debugs)


def _command_line(words: Sequence[str]) -> int:
    from pipeline_gui.terminal.arguments import parse
    from pipeline_gui.terminal.guard import exit_on_termination, guarded
    from pipeline_gui.terminal.output import Output

    arguments = parse(words)
    if getattr(arguments, "home", None) is not None:
        # In the environment, so that every process of the profile carries it.
        os.environ["PIPELINE_GUI_HOME"] = os.path.abspath(os.path.expanduser(arguments.home))
    output = Output(as_json=arguments.json)
    if arguments.command not in (None, "spark-server", "serve"):
        exit_on_termination()  # the window and the server have their own ways to end
    return guarded(lambda out: _run(arguments, out), output)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.command is None:
        from pipeline_gui.terminal.session import settings_of

        return _window(settings_of(arguments), debugs=arguments.debug)
    if arguments.command not in ("spark-server", "serve"):
        from pipeline_gui.log_file import log_to_file

        log_to_file()
    return _command(arguments.command)(arguments, output)


def _command(name: str) -> Command:
    """The function of a command. Each is imported by name, so that a bundler finds it, and only when it is run."""
    match name:
        case "start":
            from pipeline_gui.terminal.start import start as command
        case "stop":
            from pipeline_gui.terminal.stop import stop as command
        case "status":
            from pipeline_gui.terminal.status import status as command
        case "runs":
            from pipeline_gui.terminal.runs import runs as command
        case "logs":
            from pipeline_gui.terminal.logs import logs as command
        case "migrate":
            from pipeline_gui.terminal.migrate import migrate as command
        case "configurations":
            from pipeline_gui.terminal.configurations import configurations as command
        case "schedules":
            from pipeline_gui.terminal.schedules import schedules as command
        case "metrics":
            from pipeline_gui.terminal.metrics import metrics as command
        case "retention":
            from pipeline_gui.terminal.retention import retention as command
        case "alerts":
            from pipeline_gui.terminal.alerts import alerts as command
        case "doctor":
            from pipeline_gui.terminal.doctor import doctor as command
        case "serve":
            command = _serve
        case _:
            command = _spark_server
    return command


def _spark_server(arguments: argparse.Namespace, output: Output) -> int:
    import logging

    try:
        from pipeline_gui.command_server.options import options_from
        from pipeline_gui.command_server.server import run_server
    except ImportError as error:
        output.note(
            f"The Spark command server needs {error.name}, which is not installed: pip install 'pipeline-gui[server]'."
        )
        return REFUSED
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return run_server(options_from(arguments))


def _serve(arguments: argparse.Namespace, output: Output) -> int:
    from pipeline_gui.terminal.session import settings_of

    try:
        from pipeline_gui.service.log_lines import log_to_stderr
        from pipeline_gui.service.options import options_from
        from pipeline_gui.service.server import run_service
    except ImportError as error:
        output.note(f"The service needs {error.name}, which is not installed: pip install 'pipeline-gui[server]'.")
        return REFUSED
    log_to_stderr(arguments.log_format or ("text" if sys.stderr.isatty() else "json"))
    return run_service(settings_of(arguments), options_from(arguments))


def _make_streams_usable() -> None:
    """Closed streams, and locales that lack a sign, must not end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (it lives as long as the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
