"""Secrets that a person gave, in the keyring of the operating system, by profile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

SERVICE = "pipeline-gui"
DEADLINE_SECONDS = 3.0
"""How long a keyring may take to answer; a D-Bus without a session behind it answers never."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


def account(profile_name: str, key: str) -> str:
    """The name under which a profile's secret is kept, as ``keyring set pipeline-gui ACCOUNT`` takes it."""
    return f"{profile_name}:{key}"


def read_secrets(profile_name: str, keys: Iterable[str], deadline_seconds: float = DEADLINE_SECONDS) -> dict[str, str]:
    """The secrets of a profile that the keyring holds; none where no keyring answers in time (the log says why)."""

    def ask() -> dict[str, str | None]:
        import keyring

        return {key: keyring.get_password(SERVICE, account(profile_name, key)) for key in keys}

    try:
        answers = _bounded(ask, deadline_seconds)
    except Exception as error:  # noqa: BLE001  (backends raise what they like; without a keyring the program works on)
        _log.info("No secrets from the keyring: %s", error)
        return {}
    return {key: value for key, value in answers.items() if value}


def write_secret(profile_name: str, key: str, value: str, deadline_seconds: float = 30.0) -> None:
    """Keep a secret of a profile. Raises what the keyring raises, or TimeoutError; a person may have to unlock it."""

    def tell() -> None:
        import keyring
        from keyring.errors import NoKeyringError

        try:
            keyring.set_password(SERVICE, account(profile_name, key), value)
        except NoKeyringError:
            raise LookupError("none is running in this session") from None  # its own words are for programmers

    _bounded(tell, deadline_seconds)


def _bounded(call: Callable[[], T], deadline_seconds: float) -> T:
    """Run call in a thread that may be left behind, since nothing can interrupt a keyring that hangs."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  (carried over to the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(deadline_seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"the keyring did not answer within {deadline_seconds:g} s")
    return results[0]
