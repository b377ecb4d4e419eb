"""Files of a configuration that are surely not there, found before anything is recorded."""

from __future__ import annotations

import itertools
import os
import stat
from urllib.parse import unquote, urlsplit

from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.configuration import Configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.spark.texts import clean

MOST_NEIGHBOURS = 5000
"""Names of a folder that are looked through for a near one."""

_LISTS = ("py_files", "jars", "files", "archives")
_PATTERN = set("*?[{")


def check_local_files(configuration: Configuration) -> None:
    """Check that every file on this computer exists and can be read. Raises ConfigurationInvalid, with the key."""
    _check("file", configuration.file)
    for key in _LISTS:
        for item in getattr(configuration, key):
            # Spark takes patterns here, and after a hash sign the name that the file shall have.
            if not _PATTERN & set(item):
                _check(key, item if os.path.exists(item) else item.partition("#")[0])


def _check(key: str, given: str) -> None:
    path = _local_path(key, given)
    if path is None:
        return
    shown = clean(path, 300)
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigurationInvalid(f"There is no file {shown}{_hint(path)}", field=key) from None
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "no such name is possible"
        raise ConfigurationInvalid(f"The file {shown} can't be looked at: {why}.", field=key) from None
    if stat.S_ISDIR(mode):
        raise ConfigurationInvalid(f"{shown} is a directory; {key} needs a file.", field=key)
    if not stat.S_ISREG(mode):
        raise ConfigurationInvalid(f"{shown} is not a regular file.", field=key)
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise ConfigurationInvalid(f"The file {shown} can't be read: {why}.", field=key) from None


def _local_path(key: str, given: str) -> str | None:
    """The path on this computer, or None for what lies elsewhere."""
    if given.startswith("/"):
        return given
    try:
        parts = urlsplit(given)
    except ValueError:
        sentence = f"{key} holds {clean(given, 100)}, which is neither a path nor an address."
        raise ConfigurationInvalid(sentence, field=key) from None
    if parts.scheme in ("file", "local"):
        if parts.netloc not in ("", "localhost"):
            sentence = f"{clean(given, 300)} names another computer; a file: address has three slashes."
            raise ConfigurationInvalid(sentence, field=key)
        return unquote(parts.path)
    if parts.scheme:
        return None
    raise ConfigurationInvalid(f"{clean(given, 300)} is not a whole path; begin it with a slash.", field=key)


def _hint(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, MOST_NEIGHBOURS)]
    except OSError:
        while folder != "/" and not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        return f" (of that path, only {clean(folder, 200)} exists)."
    near = near_name(name, names)
    return f"; did you mean {clean(near, 200)}?" if near else "."
