"""What may be run: files below the allowed folders, and no Spark property that would get around that."""

from __future__ import annotations

import dataclasses
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from pipeline_gui.command_server.errors import Rejected
from pipeline_gui.command_server.submission import Submission

_REFUSED_PREFIXES = (
    # code from outside the allowed folders
    "spark.driver.extra", "spark.driver.defaultjavaoptions", "spark.driver.userclasspathfirst",
    "spark.executor.extra", "spark.executor.defaultjavaoptions", "spark.executor.userclasspathfirst",
    "spark.plugins", "spark.extralisteners", "spark.sql.extensions", "spark.metrics.conf", "spark.pyspark.",
    "spark.jars", "spark.submit.", "spark.yarn.jars", "spark.yarn.archive",
    # files
    "spark.files", "spark.archives", "spark.yarn.dist.", "spark.kerberos.", "spark.eventlog.dir", "spark.kubernetes.",
    # where it runs
    "spark.master", "spark.remote", "spark.yarn.queue", "spark.yarn.tags",
    # whether it can be seen, and its secrets can't
    "spark.driver.supervise", "spark.ui.", "spark.redaction.regex",
)  # fmt: skip
_FILES_SETTINGS = re.compile(r"spark\.(files|archives)\.(?!$)")
"""Settings of the transfer that only share a prefix with spark.files: spark.files.maxPartitionBytes and the like."""
_SPECIAL = re.compile(r"[,*?\[\]{}\\\n]")
"""Characters that spark-submit would take for a list or a pattern."""


def refused_keys(conf: Iterable[str]) -> list[str]:
    """The properties of a conf that a batch may not set, in any case of letters."""
    return sorted(key for key in conf if _is_refused(key.strip().lower()))


def _is_refused(key: str) -> bool:
    if key.endswith(".waitappcompletion"):
        return True
    return key.startswith(_REFUSED_PREFIXES) and not _FILES_SETTINGS.match(key)


def check_conf(conf: Iterable[str]) -> None:
    """Raises Rejected, in Livy's words, when a property may not be set."""
    refused = refused_keys(conf)
    if refused:
        raise Rejected(f"Blacklisted configuration values in session config: {', '.join(refused)}")


class AllowedPlaces:
    """The folders, and prefixes of URIs, below which applications and their files may lie."""

    def __init__(self, places: Iterable[Path | str]) -> None:
        self._folders: list[str] = []
        self._prefixes: list[str] = []
        for place in places:
            text = str(place)
            if "://" in text:
                self._prefixes.append(text.rstrip("/") + "/")
            else:
                self._folders.append(os.path.realpath(text))

    def resolve(self, submission: Submission) -> Submission:
        """The submission with the real path of each local file, links followed. Raises Rejected.

        The real path is what is launched: a link that is turned afterwards leads nowhere else.
        """
        return dataclasses.replace(
            submission,
            file=self._resolve(submission.file, fragment=False),
            jars=tuple(self._resolve(item, fragment=False) for item in submission.jars),
            py_files=tuple(self._resolve(item, fragment=False) for item in submission.py_files),
            files=tuple(self._resolve(item, fragment=True) for item in submission.files),
            archives=tuple(self._resolve(item, fragment=True) for item in submission.archives),
        )

    def _resolve(self, given: str, *, fragment: bool) -> str:
        if _SPECIAL.search(given):
            raise _special(given)
        path, mark, alias = given.partition("#") if fragment else (given, "", "")
        if mark and ("/" in alias or alias in ("", ".", "..")):
            raise Rejected(f"requirement failed: Path '{given}' has no proper name after its #.")
        scheme, separator, rest = path.partition(":")
        if separator and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
            if scheme.lower() in ("file", "local"):
                path = self._local_part(path, rest)
            else:
                return self._remote(path) + mark + alias
        if not path.startswith("/"):
            raise Rejected(f"requirement failed: Path '{given}' is not absolute.")
        return self._local(path) + mark + alias

    @staticmethod
    def _local_part(uri: str, rest: str) -> str:
        if "%" in rest or "?" in rest or "#" in rest:
            raise Rejected(f"requirement failed: Path '{uri}' must be a plain path.")
        if rest.startswith("//"):
            host, _, path = rest[2:].partition("/")
            if host:
                raise Rejected(f"requirement failed: Path '{uri}' names another computer.")
            return "/" + path
        return rest

    def _remote(self, uri: str) -> str:
        parts = urlsplit(uri)
        plain = not (parts.query or parts.fragment or "%" in uri or "@" in parts.netloc)
        if plain and ".." not in parts.path.split("/") and any(uri.startswith(prefix) for prefix in self._prefixes):
            return uri
        raise Rejected(
            f"requirement failed: {uri} is not below a place that this server allows; "
            "start the server with --allow PREFIX."
        )

    def _local(self, path: str) -> str:
        real = os.path.realpath(path)
        # Asked before the file itself is: outside the allowed folders not even its existence is told.
        if not any(real == folder or real.startswith(folder.rstrip("/") + "/") for folder in self._folders):
            raise Rejected(
                f"requirement failed: Local path {path} cannot be added to user sessions: "
                "it is not below a folder that this server allows; start the server with --allow FOLDER."
            )
        if _SPECIAL.search(real) or "#" in real:
            raise _special(real)
        try:
            mode = os.stat(real).st_mode
        except OSError as error:
            raise Rejected(f"requirement failed: {path} can't be used: {error.strerror}.") from error
        if stat.S_ISDIR(mode):
            raise Rejected(f"requirement failed: {path} is a directory, not a file.")
        if not stat.S_ISREG(mode):
            raise Rejected(f"requirement failed: {path} is not a regular file.")
        if not os.access(real, os.R_OK):
            raise Rejected(f"requirement failed: {path} can't be read by the server's user.")
        return real


def _special(path: str) -> Rejected:
    return Rejected(f"requirement failed: Path '{path}' holds a character that is more than a name to spark-submit.")
