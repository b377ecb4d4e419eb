"""What is exported is what ``start --config`` reads: nothing is lost and nothing is added."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from pipeline_gui.configurations.files import read_configuration
from pipeline_gui.configurations.toml_text import toml_text
from pipeline_gui.pipeline.configuration import parse_configuration
from tests.configurations.strategies import configurations


@settings(deadline=None)
@given(configurations)
def test_a_round_trip_through_a_file(values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exported.toml"
        path.write_text(toml_text(values), "utf-8", newline="")
        back = read_configuration(path)
    assert back == values
    assert parse_configuration(back) == parse_configuration(values)


def test_a_file_that_a_person_can_read() -> None:
    values = {"name": "nightly", "file": "/n.py", "args": ["--year", "2013"], "grace_seconds": 2.0,
              "conf": {"spark.a": "${secret:A}", "spark.ünï": "line\n"}}  # fmt: skip
    assert toml_text(values) == (
        'name = "nightly"\nfile = "/n.py"\nargs = [\n    "--year",\n    "2013",\n]\ngrace_seconds = 2.0\n'
        '\n[conf]\n"spark.a" = "${secret:A}"\n"spark.ünï" = "line\\n"\n'
    )
