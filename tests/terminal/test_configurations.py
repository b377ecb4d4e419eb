"""`configurations`: saved, shown, changed and started by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.conftest import SLEEPS, Program


@pytest.fixture
def file(program: Program, tmp_path: Path) -> Path:
    """A configuration file of an application that can run."""
    path = tmp_path / "nightly.toml"
    app = program.server.app(SLEEPS, "nightly.py")
    path.write_text(f'name = "nightly"\nfile = "{app}"\nargs = ["--year", "2013"]\ngrace_seconds = 2\n')
    return path


def test_saved_shown_changed_and_deleted(program: Program, file: Path, tmp_path: Path) -> None:
    made = program.json("configurations", "import", str(file))
    assert [(one["name"], one["revision"]) for one in made] == [("nightly", 1)]
    listed = program.json("configurations")
    assert [(one["name"], one["sample"]) for one in listed][:2] == [("nightly", False), ("flights", True)]
    assert listed[0]["changed_at"].endswith("Z")
    shown = program.run("configurations", "show", "NIGHTLY").stdout
    assert "# revision 1, by " in shown
    assert "spark-submit --name nightly " in shown
    out = tmp_path / "out.toml"
    assert program.run("configurations", "export", "nightly", str(out)).returncode == 0
    assert program.run("configurations", "export", "nightly").stdout == out.read_text()
    program.call_refused(1, "configurations", "export", "nightly", str(out), sentence="stays as it is")
    program.call_refused(1, "configurations", "save", "nightly", "--config", str(out), sentence="--revision 1")
    saved = program.json("configurations", "save", "nightly", "--config", str(out), "--revision", "1")
    assert saved["revision"] == 2
    assert program.json("configurations", "duplicate", "nightly", "weekly")["configuration"]["name"] == "weekly"
    assert program.json("configurations", "rename", "weekly", "Monthly")["name"] == "Monthly"
    assert "Deleted “monthly”" in program.run("configurations", "delete", "monthly").stdout
    text = program.run("configurations", "list").stdout.splitlines()
    assert text[0].split() == ["Name", "Revision", "Changed", "By", "Description"]
    assert [line.split()[0] for line in text[1:]] == ["nightly", "flights", "stream_events", "broken"]


def test_who_comes_second_is_told_what_changed(program: Program, file: Path) -> None:
    program.json("configurations", "import", str(file))
    file.write_text(file.read_text().replace("2013", "2014"))
    program.json("configurations", "save", "nightly", "--config", str(file), "--revision", "1")
    refused = program.json("configurations", "save", "nightly", "--config", str(file), "--revision", "1", code=1)
    assert refused["revision"] == 2
    [change] = refused["changes"]
    assert (change["field"], change["before"], change["after"]) == ("args", "[--year, 2013]", "[--year, 2014]")
    assert "was changed meanwhile by" in refused["message"]
    program.call_refused(
        1, "configurations", "delete", "nightly", "--revision", "1", sentence="Nothing was overwritten"
    )
    program.call_refused(1, "configurations", "delete", "flights", sentence="is a sample")
    program.call_refused(1, "configurations", "show", "nihgtly", sentence="did you mean 'nightly'")


def test_it_is_started_by_name_and_again_as_it_was(program: Program, file: Path) -> None:
    program.json("configurations", "import", str(file))
    first = program.json("start", "nightly", "--conf", "spark.a=1")["run_id"]
    program.wait_at_work(first)
    program.json("stop")
    second = program.json("start", "--again", first)["run_id"]
    runs = {run["run_id"]: run for run in program.json("runs")}
    assert runs[second]["metadata"]["configuration"] == runs[first]["metadata"]["configuration"]
    assert runs[second]["metadata"]["configuration"]["conf"] == {"spark.a": "1"}
    program.wait_at_work(second)
    program.json("stop")


def test_a_run_whose_secret_was_not_recorded_is_not_run_again_unasked(program: Program, file: Path) -> None:
    run_id = program.json("start", "--config", str(file), "--conf", "spark.db.password=hunter2")["run_id"]
    program.wait_at_work(run_id)
    program.json("stop")
    program.call_refused(1, "start", "--again", run_id, sentence="A secret in conf was not recorded")
    assert "either a NAME or" in program.run("start", "--again", run_id, "nightly").stderr
