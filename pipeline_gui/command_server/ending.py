"""How a batch ended: the record that its supervisor, or the server for it, writes. Standard library only."""

from __future__ import annotations

import os
import signal

from pipeline_gui.command_server import clock, durable
from pipeline_gui.command_server.folder import EXIT

SUCCESS, DEAD, KILLED = "success", "dead", "killed"
TERMINAL = (SUCCESS, DEAD, KILLED)


def ending(
    state: str,
    *,
    exit_code: int | None = None,
    signal_number: int | None = None,
    signalled: bool = False,
    reason: str | None = None,
) -> durable.Record:
    """The record of an end that is now; signalled: a signal of the server came before the exit."""
    return {
        "state": state,
        "exitCode": exit_code,
        "signal": signal_number,
        "signalled": signalled,
        "reason": reason,
        "ended": clock.stamp(),
    }


def of_wait_status(status: int, *, signalled: bool) -> durable.Record:
    """The record for what waitpid() said of the driver, now that nothing of the batch is left."""
    code = os.waitstatus_to_exitcode(status)
    number = -code if code < 0 else None
    if signalled:
        state = KILLED
        reason = "It was stopped by this server."
    elif number is not None:
        state = DEAD
        reason = f"The driver was killed by signal {number} ({_signal_name(number)}), which this server did not send."
    elif code == 0:
        state, reason = SUCCESS, None
    else:
        state = DEAD
        reason = f"The driver ended with exit code {code}."
        if code > 128 and _signal_name(code - 128) != "unknown":
            reason = f"The driver ended with exit code {code}, as after {_signal_name(code - 128)}."
    return ending(
        state,
        exit_code=None if number is not None else code,
        signal_number=number,
        signalled=signalled,
        reason=reason,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def write_ending(folder: str, record: durable.Record) -> None:
    """Write the exit record durably. Raises OSError."""
    durable.write_record(os.path.join(folder, EXIT), record, durable=True)


def read_ending(folder: str) -> durable.Record | None:
    """The exit record; None while there is none. Raises OSError."""
    record = durable.read_record(os.path.join(folder, EXIT))
    return record if record is not None and record.get("state") in TERMINAL else None
