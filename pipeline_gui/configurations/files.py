"""What `start` is told to run: a name, a TOML file, flags; paths on this computer made whole."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.toml_file import read_toml

_PATH_LISTS = ("py_files", "jars", "files", "archives")


def configuration_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The configuration that a command line gives; flags lie over the file. Raises ConfigurationInvalid."""
    values: dict[str, Any] = {}
    if arguments.configuration:
        values["configuration"] = arguments.configuration
    if arguments.again:
        values["again"] = arguments.again
    if arguments.config:
        values = read_configuration(Path(arguments.config))
    if arguments.file is not None:
        values["file"] = _whole_path(arguments.file, Path.cwd())
    if arguments.arg is not None:
        values["args"] = arguments.arg
    if arguments.conf:
        of_file = values.get("conf", {})
        if not isinstance(of_file, dict):
            raise ConfigurationInvalid("conf must be a table of Spark properties.", field="conf")
        values["conf"] = {**of_file, **dict(arguments.conf)}
    if arguments.name is not None:
        values["name"] = arguments.name
    if arguments.class_name is not None:
        values["class_name"] = arguments.class_name
    return values


def read_configuration(path: Path) -> dict[str, Any]:
    """The configuration in a TOML file; its relative paths are relative to the file. Raises ConfigurationInvalid."""
    try:
        values = read_toml(path, ConfigurationInvalid)
    except FileNotFoundError:
        raise ConfigurationInvalid(f"There is no file {path}.") from None
    folder = Path(os.path.abspath(path)).parent
    if isinstance(values.get("file"), str):
        values["file"] = _whole_path(values["file"], folder)
    for key in _PATH_LISTS:
        if isinstance(values.get(key), list):
            values[key] = [_whole_path(item, folder) if isinstance(item, str) else item for item in values[key]]
    return values


def _whole_path(given: str, folder: Path) -> str:
    """A relative path as an absolute one; URIs, and what is wrong anyway, as they are."""
    if not given.strip() or given.startswith("-") or _is_uri(given):
        return given
    return os.path.normpath(folder / given) if not os.path.isabs(given) else given


def _is_uri(given: str) -> bool:
    try:
        return bool(urlsplit(given).scheme)
    except ValueError:
        return True
