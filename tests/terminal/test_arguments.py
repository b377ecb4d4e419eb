"""Which command lines are understood, which are wrong usage, and that the first word comes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_gui.configurations.files import configuration_of, read_configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.terminal.arguments import parse


@pytest.mark.parametrize(
    "words",
    [
        ["start"],
        ["start", ""],
        ["start", "flights", "--config", "x.toml"],
        ["start", "flights", "--conf", "novalue"],
        ["start", "flights", "--conf", "=x"],
        ["start", "flights", "--arg"],
        ["start", "flights", "--wai"],
        ["stop", "r", "--force", "--abandon"],
        ["stop", "--confirm-gone"],
        ["stop", "--yes", "r"],
        ["stop", ""],
        ["runs", "--days", "0"],
        ["runs", "--days", "nan"],
        ["runs", "--days", "many"],
        ["migrate", "--moved", "--new-identity"],
        ["launch"],
        ["status", "more"],
        ["start", "--name", "\udcff", "flights"],
    ],
)
def test_wrong_usage_is_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") >= 2
    assert captured.out == ""


def test_wrong_usage_is_an_answer_too_where_json_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["runs", "--days", "-1", "--json"])
    assert '"reason": "invalid"' in capsys.readouterr().out


def test_common_options_may_stand_on_both_sides_of_the_command() -> None:
    assert parse(["--json", "status"]).json
    assert parse(["status", "--json"]).json
    assert not parse(["status"]).json
    assert parse(["--database-url", "a=1", "status"]).database_url == "a=1"
    assert parse(["--database-url", "a=1", "status", "--database-url", "b=1"]).database_url == "b=1"


def test_values_may_look_like_options_and_files() -> None:
    arguments = parse(["start", "flights", "--arg", "--fast", "--arg", "-", "--arg", "@file", "--conf", "spark.x=-1=2"])
    assert arguments.arg == ["--fast", "-", "@file"]
    assert arguments.conf == [("spark.x", "-1=2")]


def test_planned_commands_take_anything() -> None:
    assert parse(["serve", "--host", "0.0.0.0", "--json"]).command == "serve"


def test_relative_paths_are_made_whole_and_addresses_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert configuration_of(parse(["start", "--file", "../x.py"]))["file"] == str(tmp_path.parent / "x.py")
    for given in ("hdfs://n/x.py", "s3a://b/x.py", "/srv/x.py", "file:///x.py", "", "-x.py"):
        assert configuration_of(parse(["start", f"--file={given}"]))["file"] == given


def test_flags_lie_over_the_file_whose_paths_are_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "f.toml").write_text(
        'name = "of file"\nfile = "app.py"\npy_files = ["lib.zip", "s3a://b/l.zip"]\nargs = ["a"]\n'
        '[conf]\n"spark.a" = "1"\n"spark.b" = "2"\n'
    )
    monkeypatch.chdir(tmp_path)
    words = ["start", "--config", "folder/f.toml", "--name", "of flag", "--conf", "spark.b=3", "--arg", "b"]
    assert configuration_of(parse(words)) == {
        "name": "of flag",
        "file": str(folder / "app.py"),
        "py_files": [str(folder / "lib.zip"), "s3a://b/l.zip"],
        "args": ["b"],
        "conf": {"spark.a": "1", "spark.b": "3"},
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("file = ", r"not valid TOML.*line 1"), ("x = '\0'", "not valid TOML"), (None, "There is no file")],
)
def test_a_configuration_file_that_can_not_be_read_is_said(tmp_path: Path, content: str | None, sentence: str) -> None:
    path = tmp_path / "f.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationInvalid, match=sentence):
        read_configuration(path)


def test_the_first_word_waits_for_no_library() -> None:
    script = (
        "import sys, pipeline_gui.cli\n"
        "try: pipeline_gui.cli.main(['--version'])\n"
        "except SystemExit: pass\n"
        "heavy = {'requests', 'psycopg', 'rich', 'keyring', 'PySide6', 'fastapi', 'pyspark', 'platformdirs'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[1:] == ["[]"]


def test_the_first_rows_wait_for_no_http_library() -> None:
    script = (
        "import sys, pipeline_gui.cli, pipeline_gui.window.program\n"
        "from pipeline_gui.backend import open_backend\n"
        "from pipeline_gui.settings import load_settings\n"
        "open_backend(load_settings(database_url='postgresql://u:p@127.0.0.1:9/d', spark_url='http://127.0.0.1:9',\n"
        "    environ={'PIPELINE_GUI_SPARK_TOKEN': 't'})).close()\n"
        "print(sorted({'requests', 'urllib3', 'rich', 'keyring'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["[]"]


def test_what_is_wrong_with_the_settings_is_said_without_a_command_too(tmp_path: Path) -> None:
    environ = os.environ | {"PIPELINE_GUI_HOME": str(tmp_path), "PIPELINE_GUI_SPARK_KIND": "yarn"}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_gui"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "spark_kind" in done.stderr
    assert "Traceback" not in done.stderr
