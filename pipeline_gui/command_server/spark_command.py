"""The spark-submit command of a batch: argument vector, properties file, clean environment. Never a shell line."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline_gui.command_server.errors import CommandServerError
from pipeline_gui.command_server.secret_values import Filled, redaction_pattern
from pipeline_gui.command_server.submission import Submission

_PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SPARK_CONF_DIR", "PYSPARK_PYTHON",
    "PYSPARK_DRIVER_PYTHON", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "HADOOP_HOME", "KRB5_CONFIG", "KRB5CCNAME",
    "SPARK_LOCAL_IP", "PIPELINE_GUI_HOME",
)  # fmt: skip
"""What a batch inherits of the server's environment: nothing else, so no URL, password or token can be among it."""


@dataclass(frozen=True, slots=True)
class SparkInstallation:
    """The Spark and the Java that run the batches."""

    home: Path
    java_home: Path | None
    master: str

    @property
    def version(self) -> str | None:
        """Spark's version by the name of its core library, or None."""
        for library in sorted((self.home / "jars").glob("spark-core_*.jar")):
            return library.stem.partition("-core_")[2].partition("-")[2] or None
        return None

    @property
    def is_local(self) -> bool:
        """Whether driver and executors are one process on this computer."""
        return self.master == "local" or self.master.startswith("local[")

    def defaults_file(self) -> Path:
        """Where this Spark's spark-defaults.conf would be."""
        configured = os.environ.get("SPARK_CONF_DIR")
        return (Path(configured) if configured else self.home / "conf") / "spark-defaults.conf"


def find_spark(home: Path | None, java_home: Path | None, master: str) -> SparkInstallation:
    """The Spark to use: as given, else SPARK_HOME, else the pyspark package. Raises CommandServerError."""
    candidate = home or (Path(os.environ["SPARK_HOME"]) if os.environ.get("SPARK_HOME") else _pyspark_home())
    if candidate is None:
        raise CommandServerError("There is no Spark: set SPARK_HOME, or install the pyspark package.")
    candidate = candidate.absolute()
    program = candidate / "bin" / "spark-submit"
    if not os.access(program, os.X_OK):
        raise CommandServerError(f"{program} is not there or can't be executed; SPARK_HOME must name a Spark.")
    chosen = java_home or (Path(os.environ["JAVA_HOME"]) if os.environ.get("JAVA_HOME") else None)
    if chosen is not None and not os.access(chosen / "bin" / "java", os.X_OK):
        program = chosen / "bin" / "java"
        raise CommandServerError(f"{program} is not there or can't be executed; JAVA_HOME must name a Java.")
    if chosen is None and shutil.which("java") is None:
        raise CommandServerError("There is no Java: set JAVA_HOME, or put java on the PATH.")
    return SparkInstallation(candidate, chosen.absolute() if chosen else None, master)


def _pyspark_home() -> Path | None:
    package = importlib.util.find_spec("pyspark")
    return Path(package.origin).parent if package is not None and package.origin else None


def arguments(spark: SparkInstallation, submission: Submission, properties_file: Path) -> list[str]:
    """The argument vector. Everything before the application is an option with its value; the conf is in the file."""
    vector = [str(spark.home / "bin" / "spark-submit"), "--master", spark.master, "--deploy-mode", "client"]
    vector += ["--properties-file", str(properties_file)]
    if submission.name is not None and "spark.app.name" not in submission.conf:
        vector += ["--name", submission.name]
    for option, value in (
        ("--class", submission.class_name),
        ("--proxy-user", submission.proxy_user),
        ("--driver-memory", submission.driver_memory),
        ("--driver-cores", submission.driver_cores),
        ("--executor-memory", submission.executor_memory),
        ("--executor-cores", submission.executor_cores),
        ("--num-executors", submission.num_executors),
        ("--queue", submission.queue),
        ("--jars", ",".join(submission.jars)),
        ("--py-files", ",".join(submission.py_files)),
        ("--files", ",".join(submission.files)),
        ("--archives", ",".join(submission.archives)),
    ):
        if value:
            vector += [option, str(value)]
    # The application is an absolute path or a URI, so never an option; what follows it is the application's own.
    return [*vector, submission.file, *submission.args]


def environment(spark: SparkInstallation) -> dict[str, str]:
    """The whole environment of a batch, but for its marker."""
    chosen = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    chosen.setdefault("PATH", os.defpath)
    chosen.setdefault("LANG", "C.UTF-8")
    chosen.setdefault("PYSPARK_PYTHON", sys.executable)
    chosen["PYTHONUNBUFFERED"] = "1"  # or a killed driver's last lines are lost
    chosen["SPARK_HOME"] = str(spark.home)
    if spark.java_home is not None:
        chosen["JAVA_HOME"] = str(spark.java_home)
    if spark.is_local:
        # Spark's UI asks nobody for a password and binds to all addresses unless told otherwise.
        chosen.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    return chosen


def properties(spark: SparkInstallation, filled: Filled, scratch: Path) -> bytes:
    """The properties file: this server's defaults, Spark's own, the batch's conf, then what the server insists on.

    A later line wins. spark-defaults.conf is read in, because spark-submit leaves it out when it is given a file.
    Raises OSError when it can't be read.
    """
    defaults = spark.defaults_file()
    text = [_line("spark.local.dir", str(scratch)).encode()]
    redacted_by_default = None
    if defaults.is_file():
        content = defaults.read_bytes()
        text.append(content + b"\n")
        found = re.findall(rb"^[ \t]*spark\.redaction\.regex[ \t]*[ \t=:][ \t]*(\S.*?)[ \t]*$", content, re.MULTILINE)
        redacted_by_default = found[-1].decode("latin-1").replace("\\\\", "\\") if found else None
    owned = {
        "spark.submit.deployMode": "client",
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",  # a free one, so that several drivers live side by side
        "spark.ui.killEnabled": "false",  # a GET of it would kill a job, and the way to the UI is read-only
        "spark.sql.streaming.metricsEnabled": "true",
    }
    pattern = redaction_pattern(filled, redacted_by_default)
    if pattern is not None:
        owned["spark.redaction.regex"] = pattern
    text += [_line(key, value).encode() for key, value in (filled.submission.conf | owned).items()]
    return b"\n".join(text) + b"\n"


def _line(key: str, value: str) -> str:
    return f"{_escape(key, is_key=True)}={_escape(value, is_key=False)}"


def _escape(text: str, *, is_key: bool) -> str:
    """Text as java.util.Properties reads it back."""
    named = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    escaped = []
    for index, character in enumerate(text):
        if character in named:
            escaped.append(named[character])
        elif (is_key and character in "=: #!") or (index == 0 and character in " #!"):
            escaped.append("\\" + character)
        elif " " <= character <= "~":
            escaped.append(character)
        else:
            units = character.encode("utf-16-be")
            escaped += [f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)]
    return "".join(escaped)
