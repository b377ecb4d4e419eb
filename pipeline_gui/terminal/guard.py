"""The last resort around every command: whatever happens, a sentence and an exit code, and no traceback."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from pipeline_gui import __version__
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.terminal.exit_codes import BROKEN_PIPE, INTERRUPTED, REFUSED
from pipeline_gui.terminal.output import Output

LARGEST_LOG = 2_000_000
"""Bytes of the log file above which a new one is begun; one old one is kept."""


def guarded(command: Callable[[Output], int], output: Output) -> int:
    """Run a command; its exit code, whatever happens in it."""
    try:
        try:
            code = command(output)
            output.out.flush()
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (the last resort)
            return _explain(error, output)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _give_up_streams()
        return BROKEN_PIPE
    except OSError as error:  # the explanation could not be written either
        _give_up_streams()
        print(f"The answer can't be written. {_system_sentence(error) or error}", file=sys.stderr)
        return REFUSED
    return code


def exit_on_termination() -> None:
    """Let SIGTERM and SIGHUP end the program in order: a bar is taken down and the cursor shown again."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)


def _explain(error: Exception | KeyboardInterrupt, output: Output) -> int:
    if isinstance(error, PipelineError):
        return output.failed(error)
    if isinstance(error, KeyboardInterrupt):
        output.note("Interrupted.")
        return INTERRUPTED
    sentence = _system_sentence(error) if isinstance(error, OSError) else None
    return output.failed(PipelineError(sentence)) if sentence else _unexpected(error, output)


def _system_sentence(error: OSError) -> str | None:
    """The operator's sentence for what the operating system refused; None for what nobody foresaw."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{place}. Free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"That is not allowed{place}: {error.strerror}."
    return None


def _give_up_streams() -> None:
    """Let what is still buffered go nowhere: at its end Python would try to write it once more, and complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(null, stream.fileno())
    os.close(null)


def _unexpected(error: Exception, output: Output) -> int:
    kept = _write_traceback(error)
    where = f" Details are in {kept}." if kept else ""
    return output.failed(PipelineError(f"An error that was not foreseen: {type(error).__name__}.{where}"))


def _write_traceback(error: Exception) -> Path | None:
    """Append the traceback to the profile's log file; None where it can't be written."""
    import platform
    import traceback
    from datetime import UTC, datetime

    from pipeline_gui.profile import find_profile

    try:
        path = find_profile().log_file
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        # 0600: a traceback may quote what a person typed.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            file.write(f"{now} pipeline-gui {__version__}, Python {platform.python_version()}, {sys.platform}\n")
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return None
    return path
