"""The last resort around every command: whatever happens, a sentence and an exit code, and no traceback."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.terminal.exit_codes import BROKEN_PIPE, INTERRUPTED, REFUSED
from pipeline_gui.terminal.output import Output


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


_ended_by: list[int] = []
"""The signals that were to end the program."""


def exit_on_termination() -> None:
    """Let SIGTERM and SIGHUP end the program in order: a bar is taken down and the cursor shown again."""

    def end(number: int, _frame: FrameType | None) -> None:
        _ended_by.append(number)
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)


def exit_if_terminated() -> None:
    """End now what was to end before.

    Python raises SystemExit wherever the signal finds it, and swallows it where nobody could catch it: in a finalizer,
    or a callback of a library in C. Whoever waits for long asks here between two looks.
    """
    if _ended_by:
        raise SystemExit(128 + _ended_by[-1])


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
    import traceback

    from pipeline_gui.log_file import append_to_log, stamp

    kept = append_to_log(f"{stamp()}\n{''.join(traceback.format_exception(error))}")
    where = f" Details are in {kept}." if kept else ""
    return output.failed(PipelineError(f"An error that was not foreseen: {type(error).__name__}.{where}"))
