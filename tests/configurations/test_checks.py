"""What is wrong with a configuration, beside each field; and what is refused only where others will read it."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_gui.configurations.checks import field_errors, lost_fields, sharing_errors
from pipeline_gui.pipeline.redaction import REDACTED

GOOD: dict[str, Any] = {"name": "n", "file": "/a.py"}


def test_every_wrong_field_has_its_sentence() -> None:
    errors = field_errors({"file": "", "driver_memory": "much", "driver_cores": "2", "args": ["a\0b"], "nmae": "x"})
    assert set(errors) == {"file", "driver_memory", "driver_cores", "args", "nmae"}
    assert "512m" in errors["driver_memory"]
    assert "did you mean 'name'" in errors["nmae"]
    assert field_errors(GOOD) == {}


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"file": "/a.py"}, "name", "needs a name"),
        ({"file": "jobs/a.py"}, "file", "not a whole path"),
        ({"jars": ["/a.jar", "b.jar"]}, "jars", "b.jar is not a whole path"),
        ({"conf": {"spark.db.password": "hunter2"}}, "conf", "spark.db.password looks like a secret"),
        ({"conf": {"spark.url": "jdbc://u:hunter2@h/d"}}, "conf", "spark.url looks like"),
        ({"args": ["--password", "hunter2"]}, "args", "What follows --password"),
        ({"args": ["--token=hunter2"]}, "args", "An argument looks like a secret"),
        ({"args": ["https://u:hunter2@host/"]}, "args", "looks like a secret"),
        ({"description": "use token=hunter2"}, "description", "Leave it out"),
        ({"file": "s3a://key:hunter2@bucket/a.py"}, "file", "Leave it out"),
        ({"args": ["x" * 30_000] * 10}, "args", "256 kB"),
    ],
)
def test_what_others_would_read_is_refused(values: dict[str, Any], field: str, words: str) -> None:
    errors = sharing_errors({**({} if field == "name" else GOOD), **values})
    assert set(errors) == {field}
    assert words in errors[field]
    assert "hunter2" not in str(errors)


@pytest.mark.parametrize(
    "values",
    [
        {"conf": {"spark.db.password": "${secret:DB}", "spark.url": "jdbc://u:${secret:DB}@h/d"}},
        {"conf": {"spark.http.token": "Bearer ${secret:API}"}},
        {"args": ["--password", "${secret:DB}", "--token=${secret:API}"]},
        {"args": ["--max-tokens", "100", "--tokenizer=bert"]},
        {"conf": {"spark.security.credentials.hive.enabled": "false"}},
        {"file": "s3a://bucket/a.py", "py_files": ["hdfs:///lib.zip"]},
    ],
)
def test_references_and_what_only_sounds_secret_may_be_shared(values: dict[str, Any]) -> None:
    assert sharing_errors({**GOOD, **values}) == {}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"conf": {"spark.a": "${secret:}"}}, "conf"), ({"conf": {"spark.a": "${secret:A B}"}}, "conf"),
        ({"args": ["${secret:A"]}, "args"), ({"file": "/x/${secret:A}"}, "file"), ({"queue": "${secret:A}"}, "queue"),
        ({"jars": ["/${secret:A}.jar"]}, "jars"), ({"conf": {"spark.${secret:A}": "1"}}, "conf"),
        ({"conf": {"${secret:A}": "${secret:A}"}}, "conf"),
    ],
)  # fmt: skip
def test_a_reference_where_none_can_be_is_refused(values: dict[str, Any], field: str) -> None:
    assert "secret" in field_errors({**GOOD, **values})[field]


def test_what_was_lost_is_named() -> None:
    assert lost_fields({"file": "/a.py", "conf": {"k": REDACTED}, "args": [f"--token={REDACTED}"]}) == ["args", "conf"]
    assert lost_fields({"file": "/a.py", "conf": {"k": "${secret:A}"}}) == []
