"""Livy's answers as they come over the wire, checked, and turned into the domain's types."""

from __future__ import annotations

import math
import re
from typing import Annotated, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec

from pipeline_gui.pipeline.batch import Batch, BatchState, Fence, LogPage
from pipeline_gui.spark.texts import bounded_line, clean

Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

LONGEST_ID = 255
"""Characters of an application id, a generation or a version."""
MOST_TAIL_LINES = 10
_PLAIN = re.compile(r"[\x21-\x7e]{1,255}")

# The enum of Livy has more than a batch can be in; what another server calls them must not stop the watching.
_STATES = {
    **{state.value: state for state in BatchState},
    "not_started": BatchState.STARTING,
    "pending": BatchState.STARTING,
    "recovering": BatchState.RUNNING,
    "idle": BatchState.RUNNING,
    "busy": BatchState.RUNNING,
    "shutting_down": BatchState.RUNNING,
    "error": BatchState.DEAD,
}


class NotLivys(Exception):
    """An answer that Livy does not give; its text says what is wrong with it."""


class Message(msgspec.Struct):
    """What an error says."""

    msg: str


class Version(msgspec.Struct):
    """GET /version; Livy's own has other keys besides."""

    version: str
    kind: str | None = None
    generation: str | None = None


class AppInfo(msgspec.Struct, rename="camel"):
    """Where people look at the application."""

    spark_ui_url: str | None = None
    driver_ui_port: int | None = None
    """On the server's own host; of our command server."""
    driver_ui_host: str | None = None
    """The address there that it listens on."""


class WireBatch(msgspec.Struct, rename="camel"):
    """A batch: Livy's keys, and the further ones of our command server."""

    id: Natural
    state: str
    name: str | None = None
    app_id: str | None = None
    app_info: AppInfo | None = None
    log: list[str] | None = None
    generation: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    signalled: bool | None = None
    ended_ago: float | None = None
    reason: str | None = None


class WireBatches(msgspec.Struct, rename={"start": "from"}):
    """A page of the list."""

    start: Natural
    total: Natural
    sessions: list[WireBatch]


class WireLog(msgspec.Struct, rename={"start": "from"}):
    """A page of a log."""

    start: Natural
    total: Natural
    log: list[str]


class WireFence(msgspec.Struct, rename="camel"):
    """The answer to a fence."""

    name: str
    started: bool
    generation: str
    state: str | None = None
    signalled: bool | None = None
    exit_code: int | None = None
    ended_ago: float | None = None


T = TypeVar("T")


_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode(body: bytes, kind: type[T]) -> T:
    """The body as that kind. Raises NotLivys."""
    try:
        return msgspec.json.decode(body, type=kind)
    except _UNDECODABLE as error:
        raise NotLivys(clean(str(error), 120)) from None


def error_text(body: bytes) -> str | None:
    """The text of an error, which Livy gives as an object or as a bare string; None when it is neither."""
    try:
        said: Message | str = msgspec.json.decode(body, type=Message | str)
    except _UNDECODABLE:
        return None
    return said.msg if isinstance(said, Message) else said


def plain(text: str | None) -> str | None:
    """An identifier, or None where it is not one: a column takes no NUL, a person reads no escape sequence."""
    return text if text and _PLAIN.fullmatch(text) else None


def batch_of(wire: WireBatch, base_url: str, generation: str | None) -> Batch:
    """The batch, its texts made fit to record and show. Raises NotLivys."""
    return Batch(
        batch_id=wire.id,
        name=wire.name,
        state=_state(wire.state),
        application_id=plain(wire.app_id),
        ui_url=_ui_url(wire.app_info.spark_ui_url if wire.app_info else None, base_url),
        driver_ui_port=_port(wire.app_info.driver_ui_port if wire.app_info else None),
        driver_ui_host=plain(wire.app_info.driver_ui_host if wire.app_info else None),
        log_tail=tuple(bounded_line(line) for line in (wire.log or [])[-MOST_TAIL_LINES:]),
        generation=plain(wire.generation) or generation,
        exit_code=wire.exit_code,
        signal=wire.signal,
        signalled=wire.signalled,
        ended_ago=_seconds(wire.ended_ago),
        reason=(clean(wire.reason) or None) if wire.reason else None,
    )


def fence_of(wire: WireFence, finished: bool) -> Fence:
    """The fence, done only where the whole answer says so. Raises NotLivys."""
    state = _state(wire.state) if wire.started and wire.state is not None else None
    if finished and wire.started and (state is None or not state.is_terminal):
        raise NotLivys("a fence that is done, of a batch that has not ended")
    return Fence(
        name=wire.name,
        generation=plain(wire.generation),
        done=finished,
        started=wire.started,
        state=state,
        signalled=bool(wire.signalled),
        exit_code=wire.exit_code,
        ended_ago=_seconds(wire.ended_ago),
    )


def log_of(wire: WireLog, size: int) -> LogPage:
    """The page, of at most size lines, each of a length that can be shown."""
    return LogPage(wire.start, wire.total, tuple(bounded_line(line) for line in wire.log[:size]))


def _state(state: str) -> BatchState:
    known = _STATES.get(state)
    if known is None:
        raise NotLivys(f"a batch in the state {clean(state, 40)!r}")
    return known


def _seconds(value: float | None) -> float | None:
    return max(0.0, value) if value is not None and math.isfinite(value) else None


def _port(value: int | None) -> int | None:
    return value if value is not None and 0 < value < 65_536 else None


def _ui_url(value: str | None, base_url: str) -> str | None:
    """An address that a window may open: a server could name any scheme."""
    if not value or len(value) > 2000 or not value.isprintable() or " " in value:
        return None
    try:
        whole = urljoin(base_url + "/", value)
        parts = urlsplit(whole)
    except ValueError:
        return None
    return whole if parts.scheme in ("http", "https") and parts.hostname and parts.username is None else None
