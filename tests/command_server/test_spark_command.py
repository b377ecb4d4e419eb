"""The argument vector, the properties file and the Spark that is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_gui.command_server import spark_command
from pipeline_gui.command_server.errors import CommandServerError
from pipeline_gui.command_server.secret_values import Filled
from pipeline_gui.command_server.spark_command import SparkInstallation, find_spark
from pipeline_gui.command_server.submission import Submission
from tests.command_server.harness import make_stand_in_java, make_stand_in_spark


@pytest.fixture
def spark(tmp_path: Path) -> SparkInstallation:
    """A stand-in Spark."""
    return SparkInstallation(make_stand_in_spark(tmp_path), None, "spark://m:7077")


def test_the_vector_has_each_option_before_the_application(spark: SparkInstallation) -> None:
    submission = Submission(
        "/a/app.jar", name="n", class_name="C", driver_memory="1g", num_executors=3, jars=("/a/b.jar", "/a/c.jar"),
        py_files=("/a/d.py",), queue="q", proxy_user="-u", args=("--master", "x"),
    )  # fmt: skip

    vector = spark_command.arguments(spark, submission, Path("/p"))

    assert vector == [
        str(spark.home / "bin/spark-submit"), "--master", "spark://m:7077", "--deploy-mode", "client",
        "--properties-file", "/p", "--name", "n", "--class", "C", "--proxy-user", "-u", "--driver-memory", "1g",
        "--num-executors", "3", "--queue", "q", "--jars", "/a/b.jar,/a/c.jar", "--py-files", "/a/d.py", "/a/app.jar",
        "--master", "x",
    ]  # fmt: skip


def test_a_name_in_the_conf_is_the_applications(spark: SparkInstallation) -> None:
    submission = Submission("/a.py", name="i.r1", conf={"spark.app.name": "flights"})

    assert "--name" not in spark_command.arguments(spark, submission, Path("/p"))


def read_properties(data: bytes) -> dict[str, str]:
    """A reading of java.util.Properties' format that knows what the writer may use of it."""
    found = {}
    for line in data.decode("ascii").split("\n"):
        if not line or line.startswith("#"):
            continue
        characters, escaped, parts = iter(line), False, ["", ""]
        part = 0
        for character in characters:
            if escaped:
                named = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
                if character == "u":
                    character = chr(int("".join(next(characters) for _ in range(4)), 16))
                parts[part] += named.get(character, character)
                escaped = False
            elif character == "\\":
                escaped = True
            elif character in "= " and part == 0:
                part = 1
            else:
                parts[part] += character
        key, value = (text.encode("utf-16", "surrogatepass").decode("utf-16") for text in parts)
        found[key] = value
    return found


@pytest.mark.parametrize(
    "value", ["", "a=b:c", " lead", "back\\slash", "line\nbreak\r\t\f", "ü €", "😀", "#!x", "\\u0041", "${x}"]
)
def test_values_survive_the_properties_file(spark: SparkInstallation, value: str) -> None:
    submission = Submission("/a.py", conf={"spark.k": value, f"k {value}".strip(): "v"})

    found = read_properties(spark_command.properties(spark, Filled(submission), Path("/s")))

    assert found["spark.k"] == value
    assert found[f"k {value}".strip()] == "v"


def test_defaults_come_first_then_the_conf_then_what_the_server_owns(spark: SparkInstallation) -> None:
    (spark.home / "conf").mkdir()
    (spark.home / "conf" / "spark-defaults.conf").write_text(
        "spark.eventLog.enabled true\nspark.ui.port 4040\nspark.x default\nspark.local.dir /big\nspark.last a\\"
    )
    conf = {"spark.x": "mine", "spark.sql.streaming.metricsEnabled": "false"}

    found = read_properties(spark_command.properties(spark, Filled(Submission("/a.py", conf=conf)), Path("/s")))

    assert found["spark.eventLog.enabled"] == "true"
    assert found["spark.x"] == "mine"
    assert found["spark.local.dir"] == "/big"
    assert found["spark.ui.port"] == "0"
    assert found["spark.ui.enabled"] == "true"
    assert found["spark.ui.killEnabled"] == "false"
    assert found["spark.sql.streaming.metricsEnabled"] == "true"
    assert "spark.redaction.regex" not in found


def test_what_holds_a_secret_is_redacted_besides_what_the_administrator_redacts(spark: SparkInstallation) -> None:
    (spark.home / "conf").mkdir()
    (spark.home / "conf" / "spark-defaults.conf").write_text("spark.redaction.regex  (?i)pin\\\\d\n")
    conf = {"spark.hadoop.db": "a", "spark.plain": "b"}

    found = read_properties(
        spark_command.properties(spark, Filled(Submission("/a.py", conf=conf), ("spark.hadoop.db",)), Path("/s"))
    )

    assert found["spark.redaction.regex"] == r"(?:(?i)pin\d)|^(?:\Qdb\E|\Qspark.hadoop.db\E)$"


def test_only_a_local_master_binds_its_ui_to_loopback(
    spark: SparkInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)
    local = SparkInstallation(spark.home, None, "local[*]")

    assert spark_command.environment(local)["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert "SPARK_LOCAL_IP" not in spark_command.environment(spark)


def test_spark_is_found_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, java = make_stand_in_spark(tmp_path), make_stand_in_java(tmp_path)
    monkeypatch.setenv("SPARK_HOME", str(home))
    monkeypatch.setenv("JAVA_HOME", str(java))

    found = find_spark(None, None, "local")

    assert (found.home, found.java_home, found.version) == (home, java, "0.0.0")


def test_without_the_variable_it_is_the_pyspark_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_HOME", raising=False)

    found = find_spark(None, make_stand_in_java(tmp_path), "local")

    assert (found.home.name, found.version) == ("pyspark", "4.3.0")


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandServerError, match="SPARK_HOME"):
        find_spark(tmp_path / "nowhere", None, "local")
    with pytest.raises(CommandServerError, match="JAVA_HOME"):
        find_spark(make_stand_in_spark(tmp_path), tmp_path / "nowhere", "local")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandServerError, match="There is no Java"):
        find_spark(tmp_path / "stand-in-spark", None, "local")
