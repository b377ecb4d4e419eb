"""The names of the files in a batch's folder, shared by the server and its supervisors, and the kill intent in one."""

from __future__ import annotations

import contextlib
import os

from pipeline_gui.command_server import clock, durable

LOCK = "lock"
"""Flocked by the supervisor as long as it lives."""
DESCRIPTION = "batch.json"
LAUNCH = "launch.json"
"""Argument vector and environment of the driver; mode 0600."""
PROPERTIES = "spark.properties"
"""The configuration, which may hold secrets; mode 0600."""
WAKE = "wake"
"""A FIFO: a byte in it makes the supervisor look at once."""
STARTED = "started"
"""There once the supervisor launched the driver."""
INTENT = "intent.json"
EXIT = "exit.json"
HAS_SECRETS = "has-secrets"
"""There while the launch record or the configuration holds a secret that the server looked up."""
STDOUT = "stdout"
STDERR = "stderr"
SUPERVISOR_LOG = "supervisor.log"
APPLICATION = "application.json"
SCRATCH = "local"
"""Spark's temporary files, removed when the batch has ended."""
WORK = "work"
"""The driver's working directory."""
_RECORD_BYTES = 4096
_OVERDUE_SECONDS = 3.0


def reserve(folder: str) -> None:
    """Allocate the blocks of intent and exit record, so that both can be written on a full disk. Raises OSError."""
    for name in (INTENT, EXIT):
        durable.reserve(os.path.join(folder, name), _RECORD_BYTES)


def drop_secrets(folder: str) -> None:
    """Remove what a batch that has ended needs no more, where secrets are in it. Raises OSError."""
    mark = os.path.join(folder, HAS_SECRETS)
    if os.path.exists(mark):
        for name in (PROPERTIES, LAUNCH, HAS_SECRETS):  # the mark last: what is left is tried again
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))


def read_deadline(folder: str) -> float | None:
    """When everything of the batch is to be killed, in seconds of CLOCK_BOOTTIME; None without a kill intent.

    An intent of an earlier boot is due at once. Raises OSError.
    """
    intent = durable.read_record(os.path.join(folder, INTENT))
    if intent is None:
        return None
    deadline = intent.get("deadline")
    if intent.get("bootId") != clock.BOOT_ID or not isinstance(deadline, int | float):
        return 0.0
    return float(deadline)


def is_overdue(folder: str) -> bool:
    """Whether a kill should have been carried out some seconds ago. Raises OSError."""
    deadline = read_deadline(folder)
    return deadline is not None and clock.boottime() > deadline + _OVERDUE_SECONDS


def write_intent(folder: str, grace_seconds: float) -> None:
    """Record durably that the batch is to be killed; an earlier deadline that is there stays. Raises OSError."""
    deadline = clock.boottime() + grace_seconds
    earlier = read_deadline(folder)
    if earlier is None or deadline < earlier:
        durable.write_record(
            os.path.join(folder, INTENT),
            {"deadline": deadline, "bootId": clock.BOOT_ID, "graceSeconds": grace_seconds},
            durable=True,
        )


def wake(folder: str) -> None:
    """Make the supervisor look at once; without one listening it will look by itself."""
    try:
        fd = os.open(os.path.join(folder, WAKE), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        os.write(fd, b"!")
    except BlockingIOError:
        pass  # full of wakes that it has not read yet
    finally:
        os.close(fd)
