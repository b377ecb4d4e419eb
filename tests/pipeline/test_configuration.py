"""Configurations: what is accepted, what is refused and in which words, and what is shown of them."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.pipeline.configuration import KEYS, parse_configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.redaction import redact_arguments, redact_conf, redact_text

FILE = "/srv/pipelines/flights.py"


def test_a_file_is_enough_and_names_the_pipeline() -> None:
    configuration = parse_configuration({"file": FILE})
    assert configuration.name == "flights"
    assert configuration.grace_seconds == 10.0


def test_a_uri_names_the_pipeline_by_its_last_part() -> None:
    assert parse_configuration({"file": "s3://bucket/jobs/nightly.py"}).name == "nightly"


def test_scalars_become_text_where_spark_wants_text() -> None:
    configuration = parse_configuration(
        {"file": FILE, "args": [1, 2.5, True], "conf": {"spark.a": 3, "spark.b": False}}
    )
    assert configuration.args == ("1", "2.5", "true")
    assert configuration.conf == {"spark.a": "3", "spark.b": "false"}


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({}, "file", "no file"),
        ({"file": ""}, "file", "empty"),
        ({"file": FILE, "name": "  "}, "name", "empty"),
        ({"file": FILE, "name": "n" * 10_000}, "name", "10,000 characters"),
        ({"file": FILE, "name": "a\x1b[31m"}, "name", "control character"),
        ({"file": "-x.py"}, "file", "hyphen"),
        ({"file": FILE, "args": "one"}, "args", "list"),
        ({"file": FILE, "args": ["a\x00b"]}, "args", "no argument can hold"),
        ({"file": FILE, "args": [["nested"]]}, "args", "a list"),
        ({"file": FILE, "jars": ["a,b.jar"]}, "jars", "comma"),
        ({"file": FILE, "py_files": ["--conf"]}, "py_files", "hyphen"),
        ({"file": FILE, "conf": {"a b": "c"}}, "conf", "not the name of a Spark property"),
        ({"file": FILE, "conf": "a=b"}, "conf", "table"),
        ({"file": FILE, "driver_memory": "lots"}, "driver_memory", "512m"),
        ({"file": FILE, "driver_cores": 0}, "driver_cores", "between"),
        ({"file": FILE, "driver_cores": True}, "driver_cores", "whole number"),
        ({"file": FILE, "grace_seconds": float("nan")}, "grace_seconds", "between"),
        ({"file": FILE, "grace_seconds": -1}, "grace_seconds", "between"),
        ({"file": FILE, "timeout_seconds": 0}, "timeout_seconds", "between"),
        ({"file": FILE, "timeout_seconds": float("inf")}, "timeout_seconds", "between"),
        ({"file": FILE, "timeout_seconds": "1 h"}, "timeout_seconds", "number of seconds"),
        ({"file": FILE, "driver_memori": "1g"}, "driver_memori", "did you mean 'driver_memory'"),
        ({"file": FILE, "py-files": []}, "py-files", "did you mean 'py_files'"),
        ({"file": "/tmp/\udcff.py"}, "file", "control character"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key_and_a_sentence(values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        parse_configuration(values)
    assert caught.value.field == field
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


@given(
    st.dictionaries(
        st.sampled_from(KEYS) | st.text(max_size=20),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_anything_at_all_is_parsed_or_refused(values: dict[str, Any]) -> None:
    try:
        configuration = parse_configuration(values)
    except ConfigurationInvalid:
        return  # refused, by the one type that faces know
    assert parse_configuration(configuration.as_dict()) == configuration


def test_no_secret_is_shown() -> None:
    configuration = parse_configuration(
        {
            "file": "https://ana:hunter2@repo/x.py",
            "args": ["--password", "hunter2", "--token=hunter2", "jdbc:pg://u:hunter2@h/d", "--limit", "5"],
            "conf": {
                "spark.hadoop.fs.s3a.secret.key": "hunter2",
                "spark.x": "password=hunter2;y=1",
                "spark.y": "plain",
            },
            "description": "uses token=hunter2",
        }
    )
    shown = configuration.command_line() + repr(configuration.redacted())
    assert "hunter2" not in shown
    assert "--limit" in shown
    assert "plain" in shown


def test_the_command_line_is_one_that_a_shell_reads_back() -> None:
    configuration = parse_configuration(
        {
            "file": FILE,
            "name": "a 'quoted' name; rm -rf /",
            "args": ["$(id)", "x y"],
            "driver_memory": "2g",
            "conf": {"spark.a": "b c"},
        }
    )
    words = shlex.split(configuration.command_line())
    assert words[0] == "spark-submit"
    assert words[words.index("--name") + 1] == "a 'quoted' name; rm -rf /"
    assert words[words.index("--conf") + 1] == "spark.a=b c"
    assert words[-3:] == [FILE, "$(id)", "x y"]


# --- references to secrets -------------------------------------------------------------------------------------------


def test_references_are_shown_as_they_are_and_named() -> None:
    values = {
        "file": FILE,
        "args": ["--password", "${secret:DB}", "--token=${secret:API}", "x${secret:DB}y"],
        "conf": {
            "spark.db.password": "${secret:DB}",
            "spark.url": "jdbc://u:${secret:DB2}@h/d",
            "spark.a": "token=${secret:T}",
        },
    }
    configuration = parse_configuration(values)
    assert configuration.secret_names == ["DB", "API", "DB2", "T"]
    shown = configuration.redacted()
    assert (shown["args"], shown["conf"]) == (values["args"], values["conf"])
    assert "'spark.db.password=${secret:DB}'" in configuration.command_line()


@pytest.mark.parametrize(
    "value",
    ["hunter2${secret:DB}", "${secret:DB}hunter2", "${SECRET:hunter2}", "\ue0000\ue001hunter2", "${secret:hunter2"],
)
def test_what_is_more_than_a_reference_is_redacted(value: str) -> None:
    assert "hunter2" not in redact_conf({"spark.db.password": value})["spark.db.password"]
    assert "hunter2" not in " ".join(redact_arguments(["--password", value, f"--token={value}"]))
    assert "hunter2" not in redact_text(f"jdbc://u:{value}@h/ ${{secret:A}} password={value}")


@given(st.text())
def test_a_reference_beside_any_text_stays_and_hides_nothing(text: str) -> None:
    before = text.replace("\ue000", "\ufffd")
    assert redact_text(f"{text}\n${{secret:A}}\n") in (
        f"{redact_text(before)}\n${{secret:A}}\n", redact_text(f"{before}\n") + "${secret:A}\n",
    )  # fmt: skip
