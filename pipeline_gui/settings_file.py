"""Writes settings.toml: what a person changed, and nothing else of what stands in it."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from pipeline_gui.setting_checks import SettingsInvalid, check
from pipeline_gui.toml_file import read_toml


def change_settings(path: Path, changes: Mapping[str, str | None]) -> None:
    """Set these keys, and remove those that are None; comments and other keys stay. The file is its owner's alone.

    Raises SettingsInvalid where a value can't be that setting, or the file can't be read or written.
    """
    for key, value in changes.items():
        if value is not None:
            check(key, value, key)
    try:
        before = read_toml(path, SettingsInvalid)
        text = path.read_text("utf-8")
    except FileNotFoundError:
        before, text = {}, ""
    wanted = {key: value for key, value in {**before, **changes}.items() if value is not None}
    text = _changed(text, changes)
    if not _says(text, wanted):  # a value over several lines, or a table: it is written anew
        text = "".join(f"{key} = {_quoted(str(value))}\n" for key, value in wanted.items())
    try:
        _write(path, text)
    except OSError as error:
        raise SettingsInvalid(f"{path} can't be written: {error.strerror or error}.") from error


def _says(text: str, wanted: Mapping[str, object]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _changed(text: str, changes: Mapping[str, str | None]) -> str:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for key, value in changes.items():
        new = [] if value is None else [f"{key} = {_quoted(value)}\n"]
        places = [at for at, line in enumerate(lines) if re.match(rf"\s*{re.escape(key)}\s*=", line)]
        if places:
            lines[places[0] : places[0] + 1] = new
        else:
            lines += new
    return "".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".settings-")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _is_url(database_url: str) -> bool:
    return database_url.startswith(("postgresql://", "postgres://"))


def without_password(database_url: str) -> tuple[str, str | None]:
    """A libpq URL or keyword string without its password, and the password."""
    if not _is_url(database_url):
        found = re.search(r"(?:^|\s)password\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", database_url)
        if found is None:
            return database_url, None
        quoted = found[1][1:-1] if found[1].startswith("'") else found[1]
        secret = re.sub(r"\\(.)", r"\1", quoted)
        return (database_url[: found.start()] + database_url[found.end() :]).strip(), secret
    parts = urlsplit(database_url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    of_query = next((value for key, value in pairs if key == "password"), None)
    user, sign, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    rest = urlencode([pair for pair in pairs if pair[0] != "password"], quote_via=quote)
    bare = urlunsplit((parts.scheme, f"{name}{sign}{host}", parts.path, rest, parts.fragment))
    return bare, unquote(password) or of_query


def with_password(database_url: str, password: str) -> str:
    """A libpq URL or keyword string that brings its own password."""
    if not _is_url(database_url):
        escaped = password.replace("\\", "\\\\").replace("'", "\\'")
        return f"{database_url} password='{escaped}'"
    parts = urlsplit(database_url)
    user, sign, host = parts.netloc.rpartition("@")
    if sign:
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("password", password)], quote_via=quote)
    return urlunsplit(parts._replace(query=query))
