"""The sample pipelines that come with the program."""

from __future__ import annotations

from typing import Any

from pipeline_gui.resources import resource


def sample_names() -> list[str]:
    """The names of the samples, the one to try first at the front."""
    names = {path.stem for path in resource("pipelines").glob("*.toml")}
    return sorted(names, key=lambda name: (name != "flights", name == "broken", name))


def sample(name: str) -> dict[str, Any]:
    """The configuration of a sample, its file as an absolute path. Raises KeyError when there is none of that name."""
    # Looked up, not joined to a path: a name may come from anywhere.
    if name not in sample_names():
        raise KeyError(name)
    import tomllib

    folder = resource("pipelines")
    configuration = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    return {**configuration, "file": str(folder / configuration["file"])}
