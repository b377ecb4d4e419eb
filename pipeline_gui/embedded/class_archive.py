"""An archive of Spark's classes as Java has loaded them, which halves the start of a run on this computer.

``python -m pipeline_gui.embedded.class_archive`` makes it for the Java and the Spark that are here, by running a small
pipeline. Java checks it against the jars, and does without it, silently, where they differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.java import Java, find_java

MAIN_CLASS = "org.apache.spark.deploy.SparkSubmit"
"""The one program that the archive is for; Java's start for spark-submit's own preparations is short without it."""
FIRST_QUIET_ABOUT_AOT = 24
"""The Java from which messages on archives have the tag “aot” too; an earlier one refuses to start on naming it."""


def archive_of(java: Java, spark: Path) -> Path | None:
    """The archive for this Java and this Spark, or None when there is none."""
    path = archive_path(java, spark)
    return path if path.is_file() else None


def archive_path(java: Java, spark: Path) -> Path:
    """Where the archive for this Java and this Spark is, or would be: in the environment that the program runs in."""
    library = next((jar.stem for jar in sorted((spark / "jars").glob("spark-core_*.jar"))), "spark")
    name = f"java-{java.version}-{library}"
    return Path(sys.prefix) / "share" / "pipeline-gui" / "class-archive" / name / "spark.jsa"


def options(java: Java, archive: Path) -> list[str]:
    """What Java is told to use the archive, and to say nothing where it can't."""
    quiet = ["-Xlog:cds*=off", *(["-Xlog:aot*=off"] if java.major >= FIRST_QUIET_ABOUT_AOT else [])]
    return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", *quiet]


def make_archive(timeout: float = 300.0) -> Path:
    """Make the archive anew within about timeout seconds. Raises EmbeddedUnavailable, OSError."""
    from pipeline_gui.embedded.spark import spark_environment, spark_home

    java, spark = find_java(), spark_home()
    archive = archive_path(java, spark)
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="class-archive-") as scratch:
        java_options = []
        if not (java.home / "lib" / "server" / "classes.jsa").exists():
            # The archive of Java's own classes, on which the other one stands, and which small distributions leave out.
            base = archive.with_name("java.jsa")
            program = str(java.home / "bin" / "java")
            _run([program, "-Xshare:dump", f"-XX:SharedArchiveFile={base}"], {}, scratch, timeout)
            java_options.append(f"-XX:SharedArchiveFile={base}")
        new = archive.with_name(f"spark.{os.getpid()}.part")
        java_options += [f"-XX:ArchiveClassesAtExit={new}", "-Xlog:disable"]
        command = [str(spark / "bin" / "spark-submit"), "--master", "local[2]", "--conf", "spark.ui.port=0"]
        command += ["--driver-java-options", " ".join(f'"{option}"' for option in java_options)]
        command += [str(Path(__file__).with_name("training.py")), scratch]
        try:
            _run(command, spark_environment(Path(scratch)), scratch, timeout)
            new.replace(archive)
        finally:
            new.unlink(missing_ok=True)
    return archive


def _run(command: list[str], variables: dict[str, str], folder: str, timeout: float) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedUnavailable("Making Java's class archive took too long.") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise EmbeddedUnavailable(f"Java's class archive could not be made: {last[0]}")


def main() -> None:
    """Make the archive, or say in a line why there is none: everything runs without it, only slower."""
    try:
        make_archive()
    except (EmbeddedUnavailable, OSError) as error:
        print(f"{error} (Runs will start slower; nothing else is missing.)")


if __name__ == "__main__":
    main()
