"""Launching the driver under a supervisor: fork, bind its life to the supervisor's, exec. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Adopt every orphan of our descendants, so that they stay findable. Raises OSError."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def launch(arguments: list[str], environment: dict[str, str], directory: str, stdout: str, stderr: str) -> int:
    """Start the driver and return its pid; must be called from a process with one thread.

    Raises OSError when there is no such program or it can't be executed.
    """
    supervisor = os.getpid()
    read_end, write_end = os.pipe()  # closed by a successful exec, else it brings the error number
    pid = os.fork()
    if pid == 0:
        try:
            _exec(supervisor, arguments, environment, directory, stdout, stderr)
        except OSError as error:
            os.write(write_end, str(error.errno or 0).encode())
        finally:
            os._exit(127)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        failure = pipe.read()
    if failure:
        os.waitpid(pid, 0)
        raise OSError(int(failure), os.strerror(int(failure)), arguments[0])
    return pid


def _exec(
    supervisor: int, arguments: list[str], environment: dict[str, str], directory: str, stdout: str, stderr: str
) -> None:
    # A supervisor that is killed takes the driver along; it may have died before this line.
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != supervisor:
        os._exit(127)
    os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)  # an ignored signal stays ignored over exec
    os.chdir(directory)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for target, path in ((1, stdout), (2, stderr)):
        # Append mode: whoever else writes to the same file never overwrites what is there.
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        os.dup2(fd, target)
    os.execve(arguments[0], arguments, environment)
