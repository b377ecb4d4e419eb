"""Configurations by name: ``{"configuration": "NAME", …}`` becomes the whole configuration."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pipeline_gui.pipeline.errors import ConfigurationInvalid


def configuration_names() -> list[str]:
    """The names that a configuration can be asked for by, the one to try first at the front."""
    from pipeline_gui.configurations.samples import sample_names

    return list(sample_names())


def resolve(values: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that is named, with the further keys laid over it; without a name, the values as they are.

    The properties of ``conf`` are laid over one by one, any other key as a whole. Raises ConfigurationInvalid.
    """
    if not isinstance(values, Mapping):
        raise ConfigurationInvalid("A configuration is a table of keys and values.")
    if values.get("configuration") is None:
        return {key: value for key, value in values.items() if key != "configuration"}
    resolved = _named(values["configuration"])
    for key, value in values.items():
        if key == "configuration" or value is None:
            continue
        if key == "conf" and isinstance(value, Mapping) and isinstance(resolved.get("conf"), Mapping):
            resolved["conf"] = {**resolved["conf"], **value}
        else:
            resolved[key] = value
    return resolved


def _named(name: object) -> dict[str, Any]:
    from pipeline_gui.configurations.samples import sample

    known = configuration_names()
    if isinstance(name, str) and name in known:
        return dict(sample(name))
    near = difflib.get_close_matches(str(name)[:60], known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
    raise ConfigurationInvalid(f"There is no configuration {str(name)[:60]!r}; {hint}", field="configuration")
