"""Values on their way into and out of PostgreSQL: what other programs wrote is read, whatever it is."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECONDS = struct.Struct("!q").unpack


def utc_moment(microseconds: int) -> datetime | None:
    """A TIMESTAMP as an aware UTC datetime; None for infinity and for years that Python has not."""
    try:
        return _EPOCH + timedelta(0, 0, microseconds)
    except OverflowError:
        return None


def json_value(data: bytes) -> Any:
    """A JSONB value; what can't be decoded (numbers of a thousand digits) comes as its text."""
    text = data[1:].decode(errors="replace")  # the first byte is the format's version
    try:
        return _decode(text)
    except ValueError:
        return _decode_patiently(text)
    except RecursionError:
        return _unreadable(text)


class _UtcTimestamp(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> datetime | None:
        return utc_moment(_MICROSECONDS(data)[0])


class _AnyJson(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Any:
        return json_value(bytes(data))


def _decode_patiently(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        return _unreadable(text)


def _unreadable(text: str) -> dict[str, str]:
    return {"unreadable": text[:10_000]}


def _finite(text: str) -> float | int | str:
    try:
        number: float | int = int(text)
    except ValueError:
        number = float(text) if len(text) < 400 else math.inf
    return number if math.isfinite(number) else text


# Python's own, though msgspec saves a microsecond a row: a window would load that before it shows the first ones.
_decode = json.JSONDecoder(parse_float=_finite).decode


def register_loaders(adapters: AdaptersMap) -> None:
    """Make a connection's binary cursors read TIMESTAMP and JSONB in this way."""
    adapters.register_loader("timestamp", _UtcTimestamp)
    adapters.register_loader("jsonb", _AnyJson)


def register_raw_loaders(adapters: AdaptersMap) -> None:
    """Make a binary cursor leave them undecoded: what ``utc_moment`` and ``json_value`` take."""
    adapters.register_loader("timestamp", Int8BinaryLoader)
    adapters.register_loader("jsonb", ByteaBinaryLoader)


def clean_text(text: str) -> str:
    """The text without what PostgreSQL can't hold: NUL and lone surrogates become U+FFFD."""
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def bounded_text(text: str | None, limit: int) -> str | None:
    """The text cut to at most limit bytes, its end kept: that is where an error says what it is."""
    if text is None:
        return None
    data = clean_text(text).encode()
    if len(data) <= limit:
        return data.decode()
    half = limit // 2 - 4
    return data[:half].decode(errors="ignore") + "\n…\n" + data[-half:].decode(errors="ignore")


def json_text(value: Any) -> str:
    """JSON that PostgreSQL takes, whatever strings and numbers are in the value."""
    import msgspec  # who only reads does without

    return msgspec.json.encode(_clean(value), enc_hook=str).decode()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    return value
