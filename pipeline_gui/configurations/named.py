"""Configurations by name: ``{"configuration": "NAME", …}`` becomes the whole configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline_gui.configurations.checks import lost_fields
from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.errors import ConfigurationInvalid

_MOST_LISTED = 20

Find = Callable[[object], Mapping[str, Any]]
"""The configuration of a name, or of an earlier run; raises ConfigurationInvalid."""


def resolve(values: Mapping[str, Any], find: Find, find_run: Find) -> dict[str, Any]:
    """The configuration that is named, with the further keys laid over it; without a name, the values as they are.

    ``{"again": RUN_ID}`` means that run's, as it was started. The properties of ``conf`` are laid over one by one, any
    other key as a whole. Raises ConfigurationInvalid.
    """
    if not isinstance(values, Mapping):
        raise ConfigurationInvalid("A configuration is a table of keys and values.")
    name, run_id = values.get("configuration"), values.get("again")
    if name is not None and run_id is not None:
        raise ConfigurationInvalid("Give either a configuration or a run to run again.", field="again")
    over = {key: value for key, value in values.items() if key not in ("configuration", "again")}
    if name is None and run_id is None:
        return over
    resolved = dict(find(name) if run_id is None else find_run(run_id))
    for key, value in over.items():
        if value is None:
            continue
        if key == "conf" and isinstance(value, Mapping) and isinstance(resolved.get("conf"), Mapping):
            resolved["conf"] = {**resolved["conf"], **value}
        else:
            resolved[key] = value
    if lost := lost_fields(resolved):
        raise ConfigurationInvalid(
            f"A secret in {' and '.join(lost)} was not recorded, so it can't be started as it was. Give it anew, as "
            "${secret:NAME} where the Spark server is to know it.",
            field=lost[0],
        )
    return resolved


def unknown_name(name: object, known: Sequence[str]) -> ConfigurationInvalid:
    """That there is none of this name, and which is near."""
    near = near_name(name, known)
    listed = ", ".join(known[:_MOST_LISTED]) + (", …" if len(known) > _MOST_LISTED else "")
    hint = f"did you mean {near[:100]!r}?" if near else f"there are {listed}."
    return ConfigurationInvalid(f"There is no configuration {str(name)[:60]!r}; {hint}", field="configuration")
