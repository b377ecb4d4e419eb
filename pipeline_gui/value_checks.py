"""Checks of single values that people give, shared by what is saved by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.errors import ConfigurationInvalid

LONGEST_NAME = 200


def check_keys(given: Iterable[object], known: Sequence[str], what: str) -> None:
    """Raise ConfigurationInvalid for a key that is not known, with the nearest one that is."""
    for key in given:
        if key not in known:
            near = near_name(key, known)
            hint = f"; did you mean “{near}”?" if near else "."
            shown = repr(str(key)[:60])[1:-1]  # anybody may have written it: control characters are seen, not obeyed
            raise ConfigurationInvalid(f"{what} has no key “{shown}”{hint}", field=str(key)[:60])


def line_of_text(key: str, value: object) -> str:
    """A name. Raises ConfigurationInvalid."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ConfigurationInvalid(f"{key} must be a line of text.", field=key)
    if len(value) > LONGEST_NAME:
        raise ConfigurationInvalid(f"{key} is longer than {LONGEST_NAME} characters.", field=key)
    return value.strip()


def switch(key: str, value: object) -> bool:
    """True or false. Raises ConfigurationInvalid."""
    if not isinstance(value, bool):
        raise ConfigurationInvalid(f"{key} is true or false.", field=key)
    return value
