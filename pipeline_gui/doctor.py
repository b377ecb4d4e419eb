"""What is reachable and what is wrong, in words. Looks only; every look has a deadline."""

from __future__ import annotations

import importlib.util
import ipaddress
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pipeline_gui.finding import Finding
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.ports import SparkServer
from pipeline_gui.settings import Settings, shown_database, shown_spark

Say = Callable[[str], None]


def examine(load: Callable[[], Settings], say: Say) -> Iterator[Finding]:
    """Everything that the program needs, one after the other; say hears what is waited for."""
    try:
        settings = load()
        yield from _settings(settings)
    except PipelineError as error:
        yield Finding("settings", False, str(error))
        return
    if settings.is_embedded:
        yield from _embedded(settings, say)
        return
    from pipeline_gui.backend import database_conninfo

    database = database_conninfo(settings) if settings.database_url is not None else None
    spark = (
        (settings.spark_kind, settings.spark_url, settings.spark_token, settings.spark_ca_file)
        if settings.spark_url is not None
        else None
    )
    yield from _servers(database, spark)


def _servers(database: str | None, spark: tuple[str, str, str | None, str | None] | None) -> Iterator[Finding]:
    """The two servers, then what the one says against the other, as far as both answer."""
    is_ready = database is not None
    if database is not None:
        from pipeline_gui.database_checks import examine_database

        for finding in examine_database(database):
            is_ready = is_ready and not (finding.subject in ("database", "schema") and finding.is_well is False)
            yield finding
    if is_ready and database is not None:
        from pipeline_gui.alert_checks import examine_alerts

        yield from examine_alerts(database)
    server = (yield from _spark(*spark)) if spark is not None else None
    if server is not None and is_ready and database is not None:
        from pipeline_gui.record_checks import examine_record

        yield from examine_record(database, server)


def _settings(settings: Settings) -> Iterator[Finding]:
    profile = settings.profile
    if settings.is_embedded:
        yield Finding("settings", True, f"No servers are named, so both run on this computer (in {profile.data}).")
    else:
        named = []
        if settings.database_url:
            named.append(f"{shown_database(settings.database_url)} ({settings.sources['database_url']})")
        if settings.spark_url:
            named.append(f"{shown_spark(settings.spark_url)} ({settings.sources['spark_url']})")
        yield Finding("settings", True, f"Servers: {' and '.join(named)}.")
    try:
        settings.require_both_servers()
    except PipelineError as error:
        yield Finding("settings", False, str(error))
    readable = _readable_secret(settings)
    if readable:
        yield Finding(
            "settings", False,
            f"{readable} holds a secret and may be read by others: chmod 600 it, or use the keyring.",
        )  # fmt: skip


def _readable_secret(settings: Settings) -> Path | None:
    """The settings file, or the one for all users, when it holds a secret and is not its owner's alone."""
    from pipeline_gui.settings import SYSTEM_FILE, has_password

    for path in (settings.profile.settings_file, SYSTEM_FILE):
        held = settings.sources.get("spark_token") == str(path) or (
            settings.sources.get("database_url") == str(path) and has_password(settings.database_url or "")
        )
        if held and path.exists() and path.stat().st_mode & 0o077:
            return path
    return None


def _embedded(settings: Settings, say: Say) -> Iterator[Finding]:
    try:
        yield from _parts()
        from pipeline_gui.backend import open_embedded_pair

        pair = open_embedded_pair(settings, say)
    except PipelineError as error:
        yield Finding("this computer", False, str(error))
        return
    with pair:
        yield from _servers(pair.database_url, ("livy", pair.spark_url, pair.spark_token, None))


def _parts() -> Iterator[Finding]:
    """Spark and Java for the pair. Raises PipelineError for what is missing."""
    if importlib.util.find_spec("psutil") is None:
        return  # the extra is not installed; opening the pair says so
    from pipeline_gui.embedded.spark import java_home, spark_home

    yield Finding("Spark", True, f"It is in {spark_home()}.")
    with tempfile.TemporaryDirectory() as folder:  # the wrapper that some Javas need is made anew by the pair
        home = java_home(Path(folder))
        words = f"It is in {home}." if folder not in str(home) else "The one that comes with the extra “local” serves."
    yield Finding("Java", True, words)


def _spark(kind: str, url: str, token: str | None, ca_file: str | None) -> Generator[Finding, None, SparkServer | None]:
    """What there is to say of a Spark server; and the server, if it answers."""
    from pipeline_gui.spark.factory import connect_spark

    if urlsplit(url).scheme == "http" and token and not _is_loopback(url):
        yield Finding(
            "Spark", None,
            f"{shown_spark(url)} is not encrypted, so everybody on the way can read the token; use https, or a tunnel.",
        )  # fmt: skip
    try:
        server = connect_spark(kind, url, token, ca_file=ca_file)
        identity = server.identity(fresh=True)
        server.alive("")  # the version may be told to anybody; the list needs the token
    except PipelineError as error:
        yield Finding("Spark", False, str(error))
        return None
    where = shown_spark(url)
    if identity.can_fence:
        sentence = f"{where} is a command server (version {identity.version}, generation {identity.generation})."
        yield Finding("Spark", True, sentence)
    else:
        yield Finding("Spark", True, f"{where} is a Livy (version {identity.version}).")
        yield Finding(
            "Spark", None,
            "A plain Livy can't promise that a run never starts, and its stop proves nothing: a stop that nobody can "
            "confirm stays “stopping” until somebody abandons the run.",
        )  # fmt: skip
    return server


def examine_spark(kind: str, url: str, token: str | None, ca_file: str | None = None) -> list[Finding]:
    """What there is to say of one Spark server."""
    said = _spark(kind, url, token, ca_file)
    findings = []
    while True:
        try:
            findings.append(next(said))
        except StopIteration as end:
            if end.value is not None:
                end.value.close()
            return findings


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
