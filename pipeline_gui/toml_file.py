"""TOML files that people write: settings and configurations, with a sentence for everything that can be wrong."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from pipeline_gui.pipeline.errors import PipelineError

LARGEST_FILE = 1024 * 1024
"""Bytes above which a file is surely not one that a person wrote."""


def read_toml(path: Path, error: type[PipelineError]) -> dict[str, Any]:
    """The table of a TOML file. Raises FileNotFoundError, and error with a sentence for whatever else is wrong."""
    try:
        # A named pipe would keep open() waiting for ever, and a device never ends.
        if not stat.S_ISREG(path.stat().st_mode):
            raise error(f"{path} is not a file{'; it is a directory' if path.is_dir() else ''}.")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as problem:
        raise error(f"{path} can't be read: {getattr(problem, 'strerror', None) or problem}.") from problem
    if len(content) > LARGEST_FILE:
        raise error(f"{path} has more than {LARGEST_FILE // 1024:,} kB; that can't be meant.")
    import tomllib  # many have no such file

    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise error(f"{path} is not UTF-8 text (line {line}); save it as UTF-8.") from problem
    except tomllib.TOMLDecodeError as problem:
        end = f"at the end, line {len(content.splitlines())}"
        raise error(f"{path} is not valid TOML: {str(problem).replace('at end of document', end)}.") from problem
    except RecursionError as problem:
        raise error(f"{path} nests its values too deep.") from problem


def kind(value: object) -> str:
    """What a TOML value is, in words."""
    kinds: dict[type, str] = {bool: "true or false", str: "text", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)
