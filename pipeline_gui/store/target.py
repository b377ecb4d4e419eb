"""Where the database is: a libpq URL read once, in words that hold no secret."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.pipeline.errors import StoreRefused

CONNECT_TIMEOUT = 3
"""Seconds for one attempt to connect."""

_DEFAULTS: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT,
    "client_encoding": "UTF8",
    # A standby lags: decisions from what it says would be decisions from the past.
    "target_session_attrs": "primary",
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class Target(NamedTuple):
    """A database's address."""

    conninfo: str
    """For libpq; holds the password."""
    place: str
    """Host and port, or the service or socket folder, for people."""
    database: str
    user: str

    def __repr__(self) -> str:
        return f"Target({self.database!r} at {self.place})"


def _trusted_by_the_system() -> dict[str, str]:
    """What “system” is meant to say: the driver's own OpenSSL looks where nothing is, and checks no name by itself."""
    from pipeline_gui.trusted_certificates import system_certificates

    file = system_certificates()
    return {"sslrootcert": file, "sslmode": "verify-full"} if file else {}


def _without_service(name: str, given: dict[str, Any]) -> dict[str, Any]:
    from pipeline_gui.store.service_file import service_settings

    stands_for = service_settings(name)
    if stands_for is None:
        return given
    return stands_for | {key: value for key, value in given.items() if key != "service"}


def parse_target(url: str, application_name: str) -> Target:
    """Read a libpq URL or connection string; what it does not say gets our deadlines. Raises StoreRefused."""
    try:
        given: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.Error:
        # libpq's own message quotes the string, password and all.
        raise StoreRefused(
            "The database's address can't be read; it should look like postgresql://USER@HOST:5432/NAME. "
            "A password with special characters must be percent-encoded."
        ) from None
    service = str(given.get("service") or os.environ.get("PGSERVICE") or "")
    is_named = bool(service) and not given.get("host")
    if service:
        given = _without_service(service, given)
    settings = {**_DEFAULTS, "application_name": application_name[:63]} | given
    if given.get("sslrootcert") == "system":
        settings |= _trusted_by_the_system()

    def said(key: str) -> str:
        return str(given.get(key) or os.environ.get(f"PG{key.upper()}") or "")

    hosts = (said("host") or said("hostaddr")).split(",")
    ports = (said("port") or "5432").split(",")
    places = [f"{host or 'localhost'}:{ports[min(i, len(ports) - 1)]}" for i, host in enumerate(hosts)]
    place = f"service {service}" if is_named else ", ".join(places)
    # libpq's own name for the database is PGDATABASE, then the user.
    database = str(given.get("dbname") or os.environ.get("PGDATABASE") or said("user") or "the default database")
    try:
        return Target(make_conninfo(**settings), place, database, said("user"))
    except psycopg.Error:
        raise StoreRefused(f"The database service {service} has a setting that PostgreSQL does not know.") from None
