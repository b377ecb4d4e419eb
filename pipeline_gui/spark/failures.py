"""Why a request came to nothing, in sentences for the operator, from what the libraries raised."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
from collections.abc import Iterator

from pipeline_gui.spark.attempt import Attempt
from pipeline_gui.spark.texts import clean

_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


def not_connected_sentence(failure: BaseException, attempt: Attempt, server: str) -> str:
    """Why no connection was made; a peer that is not the server itself is a proxy."""
    peer = attempt.peer or server
    if attempt.expired:
        # First, because the cut at the deadline looks like a handshake that the other side broke off.
        return f"No connection to {peer} came about within {attempt.seconds:g} s."
    for cause in _causes(failure):
        match cause:
            case ConnectionRefusedError():
                return f"Nothing listens at {peer}. Is the Spark server started there?"
            case socket.gaierror():
                host = peer.rpartition(":")[0] or peer
                return f"The name {host} is not known on this network. Is the address right, and the network up?"
            case ssl.SSLCertVerificationError():
                return f"The certificate of {peer} can't be trusted: {clean(cause.verify_message, 120)}."
            case ssl.SSLError() if "WRONG_VERSION_NUMBER" in str(cause) or "RECORD_LAYER" in str(cause):
                return f"{peer} does not speak TLS. Should the address begin with http:// instead of https://?"
            case ssl.SSLError():
                return f"No secure connection to {peer} came about ({clean(cause.reason or 'no reason given', 120)})."
            case TimeoutError():
                return f"No connection to {peer} came about within {attempt.connect_seconds:g} s."
            case OSError() if "Tunnel connection failed" in str(cause):
                return f"The proxy {peer} did not connect to {server}: {clean(str(cause), 120)}."
            case OSError() if cause.errno in _NO_WAY:
                return f"There is no way to {peer} on this network ({os.strerror(cause.errno)}). Is the network up?"
            case OSError() if cause.errno:
                return f"No connection to {peer} came about ({os.strerror(cause.errno)})."
    return f"No connection to {peer} came about ({clean(str(failure), 120) or type(failure).__name__})."


def broken_sentence(failure: BaseException, attempt: Attempt, server: str) -> str:
    """Why no whole answer came over a connection that was made."""
    if attempt.expired or any(isinstance(cause, TimeoutError) for cause in _causes(failure)):
        return f"{server} did not answer within {attempt.seconds:g} s."
    for cause in _causes(failure):
        match cause:
            case http.client.BadStatusLine() if not isinstance(cause, ConnectionError):
                return f"{server} answered something that is not HTTP. Should the address begin with https://?"
            case ConnectionError() | http.client.IncompleteRead():
                break
            case ValueError() if type(cause) is ValueError:
                return f"{server} gave an answer that is not taken: {clean(str(cause), 120)}."
    return f"The connection to {server} broke before its answer was whole."


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, in whichever of the ways libraries wrap; innermost last, none twice."""
    seen: set[int] = set()
    waiting: list[object] = [failure]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
