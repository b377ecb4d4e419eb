"""The database's address and the password that the keyring has for it, put together."""

from __future__ import annotations


def with_password(url: str, password: str | None) -> str:
    """What libpq takes for a database and a password that its URL does not hold."""
    if password is None:
        return url
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    try:
        return make_conninfo(url, password=password)
    except ProgrammingError:
        return url  # ill-formed: the store says so in its own sentence
