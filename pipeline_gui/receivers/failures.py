"""What went wrong on the way to a receiver, in words."""

from __future__ import annotations

import http.client
import socket
import ssl

from pipeline_gui.pipeline.alert import NotDelivered
from pipeline_gui.receivers.guard import Guard

SECONDS = 30.0
"""So long a receiver may take, all in all."""
STEP_SECONDS = 15.0
"""So long it may be silent."""


def failed(where: str, error: Exception, guard: Guard) -> NotDelivered:
    """What is to be raised for an error of the network or of TLS."""
    if guard.refusal is not None:
        return NotDelivered(f"{where} was not asked. {guard.refusal}")
    if guard.is_over:
        return NotDelivered(f"{where} took over {SECONDS:.0f} s, and was given up.")
    match error:
        case ssl.SSLCertVerificationError():
            return NotDelivered(f"The certificate of {where} can't be verified: {error.verify_message}.")
        case ssl.SSLError():
            return NotDelivered(f"No TLS with {where}: {error.reason or 'it speaks something else'}.")
        case socket.gaierror():
            return NotDelivered(f"The name of {where} is not known: {error.strerror}.")
        case ConnectionRefusedError():
            return NotDelivered(f"{where} refused the connection: nobody listens there.")
        case TimeoutError():
            return NotDelivered(f"{where} did not answer within {STEP_SECONDS:.0f} s.")
        case OSError():
            return NotDelivered(f"{where} can't be reached: {error.strerror or 'the connection broke'}.")
        case http.client.HTTPException() | ValueError():
            return NotDelivered(f"{where} did not answer as a server of its kind does.")
    raise error


def said_text(said: bytes | str, limit: int = 300) -> str:
    """Somebody's answer on one line, cut."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= limit else f"{line[:limit]}…"
