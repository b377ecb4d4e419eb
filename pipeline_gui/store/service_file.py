"""What a service of libpq stands for: a section of ``pg_service.conf`` (PostgreSQL's manual, 34.17).

Where libpq looks it up, it also looks up the host's name, in C, and Python stands still meanwhile, the window with it.
A host that stands in the address is looked up by psycopg, which lets others go on.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from pipeline_gui.pipeline.errors import StoreRefused


def service_settings(name: str) -> dict[str, str] | None:
    """The settings of a service; None: in no file that we know of, so that libpq says it. Raises StoreRefused."""
    for file in _files():
        parser = configparser.ConfigParser(
            interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",), default_section="\0"
        )
        try:
            parser.read_string(file.read_text("utf-8"))
        except OSError:
            continue  # none there, as mostly
        except (configparser.Error, UnicodeDecodeError):
            raise StoreRefused(f"The database services' file {file} can't be read: it is no pg_service.conf.") from None
        if parser.has_section(name):
            return dict(parser[name])
    return None


def _files() -> list[Path]:
    own = os.environ.get("PGSERVICEFILE")
    shared = os.environ.get("PGSYSCONFDIR")
    folders = [shared] if shared else ["/etc/postgresql-common", "/etc"]
    return [
        Path(own) if own else Path.home() / ".pg_service.conf",
        *(Path(folder) / "pg_service.conf" for folder in folders),
    ]
