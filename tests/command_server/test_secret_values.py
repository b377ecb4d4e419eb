"""Secrets: looked up at each launch, given to the driver, and seen nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pipeline_gui.command_server.errors import Rejected
from pipeline_gui.command_server.secret_values import SecretValues, redaction_pattern
from pipeline_gui.command_server.submission import LONGEST_ITEM, Submission
from pipeline_gui.private_file import LARGEST_FILE
from tests.command_server.harness import SLEEP, CommandServer, command_server
from tests.waiting import wait_until

VALUE = "hunter2-é=\\:#'\" ${x}"
"""With all that a file of properties could stumble over."""
FROM_FILE = 'DB = "hunter2-é=\\\\:#\'\\" ${x}"\n"api.key-1" = "k3y"\nport = 5432\n'


def secrets_file(path: Path, content: str = FROM_FILE, mode: int = 0o600) -> Path:
    """A file of secrets."""
    path.touch(mode)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path


def filled(file: Path, value: str) -> str:
    """What becomes of the value of a property."""
    return SecretValues(file).fill(Submission("/a.py", conf={"spark.k": value})).submission.conf["spark.k"]


def refused(file: Path, value: str = "${secret:DB}") -> str:
    """The words of the refusal; no secret is in them."""
    with pytest.raises(Rejected) as caught:
        filled(file, value)
    said = str(caught.value)
    assert "hunter2" not in said
    return said


# --- looking up -------------------------------------------------------------------------------------------------------


def test_references_are_replaced_wherever_they_stand(tmp_path: Path) -> None:
    file = secrets_file(tmp_path / "s")
    assert filled(file, "${secret:DB}") == VALUE
    assert filled(file, "jdbc://u:${secret:api.key-1}@h/${secret:api.key-1}?x=${y}") == "jdbc://u:k3y@h/k3y?x=${y}"
    assert filled(tmp_path / "nothing", "plain ${other:DB} $") == "plain ${other:DB} $"


def test_what_is_in_a_secret_is_not_looked_up_again(tmp_path: Path) -> None:
    file = secrets_file(tmp_path / "s", "A = '${secret:B}'\nB = 'b'\n")
    assert filled(file, "${secret:A}") == "${secret:B}"


def test_a_change_of_the_file_counts_at_once_and_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_GUI_SECRET_DB", "of the environment")
    assert filled(tmp_path / "s", "${secret:DB}") == "of the environment"
    file = secrets_file(tmp_path / "s")
    assert filled(file, "${secret:DB}") == VALUE
    secrets_file(file, "DB = 'new'")
    assert filled(file, "${secret:DB}") == "new"


def test_only_what_holds_a_secret_is_marked(tmp_path: Path) -> None:
    conf = {"spark.a": "x", "spark.b": "${secret:DB}"}
    found = SecretValues(secrets_file(tmp_path / "s")).fill(Submission("/a.py", args=("x",), conf=conf))
    assert (found.secret_conf, found.in_arguments, found.has_secrets) == (("spark.b",), False, True)
    assert found.submission.conf["spark.a"] == "x"
    assert not SecretValues(tmp_path / "s").fill(Submission("/a.py", conf={"spark.a": "x"})).has_secrets


def test_an_argument_holds_one_only_where_the_administrator_allows_it(tmp_path: Path) -> None:
    file, submission = secrets_file(tmp_path / "s"), Submission("/a.py", args=("--pin", "${secret:DB}"))
    with pytest.raises(Rejected, match=r"list of processes.*spark\.conf\.get\(NAME\).*--secrets-in-args"):
        SecretValues(file).fill(submission)
    found = SecretValues(file, allow_in_arguments=True).fill(submission)
    assert found.submission.args == ("--pin", VALUE)
    assert found.in_arguments


def test_what_is_wrong_is_said_without_a_secret(tmp_path: Path) -> None:
    file = secrets_file(tmp_path / "s")
    assert f"the secret DBX is not known to this server; its administrator adds it to {file}" in refused(
        file, "${secret:DBX}"
    )
    assert "must be text in quotes" in refused(file, "${secret:port}")
    assert "not of the form ${secret:NAME}" in refused(file, "${secret:a b}")
    assert "bytes" in refused(secrets_file(file, f"DB = '{'x' * LONGEST_ITEM}y'"))
    assert "NUL" in refused(secrets_file(file, 'DB = "hunter2\\u0000"'))
    for content in ('DB = "hunter2', "[" * 10_000, "#" * (LARGEST_FILE + 1), "DB = 'hunter2'\nDB = 'hunter2'"):
        assert 'not valid TOML; a line of it is: NAME = "VALUE"' in refused(secrets_file(file, content))
    file.write_bytes(b"DB = 'hunter2\xff'")
    assert "not valid TOML" in refused(file)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_touch_is_not_used(tmp_path: Path, mode: int) -> None:
    file = secrets_file(tmp_path / "s", mode=mode)
    assert f"make it private: chmod 600 {file}" in refused(file)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    assert "not a regular file" in refused(tmp_path / "fifo")
    (tmp_path / "folder").mkdir(mode=0o700)
    assert "not a regular file" in refused(tmp_path / "folder")


def test_names_that_are_patterns_redact_themselves_only(tmp_path: Path) -> None:
    file = secrets_file(tmp_path / "s")
    conf = {"spark.hive.x\\E.*": "${secret:DB}"}
    pattern = redaction_pattern(SecretValues(file).fill(Submission("/a.py", conf=conf)), None)
    assert pattern is not None
    assert pattern.startswith("(?:(?i)secret|password|token|access[.]?key|credential)|^(?:")
    assert r"\Qspark.hive.x\E\\E\Q.*\E" in pattern
    assert r"\Qhive.x\E\\E\Q.*\E" in pattern


# --- the server -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """A server that lets arguments hold secrets too."""
    folder = tmp_path_factory.mktemp("secrets")
    file = secrets_file(folder / "elsewhere.toml")
    arguments = ["--secrets-file", str(file), "--secrets-in-args"]
    environment = {"PIPELINE_GUI_SECRET_API": "env-s3cret"}
    with command_server(folder / "server", arguments=arguments, environment=environment) as server:
        yield server


def batch_folder(server: CommandServer, name: str) -> Path:
    """Where a batch is kept."""
    return server.state / "batches" / str(server.batch(name)["id"])


def files_with(folder: Path, text: str) -> list[str]:
    """The files below a folder in which a text stands."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and text.encode() in path.read_bytes():
            found.append(path.name)
    return sorted(found)


def test_the_driver_gets_them_and_nobody_else(with_secrets: CommandServer) -> None:
    server = with_secrets
    conf = {"spark.k": "${secret:API}", "spark.other": "x"}
    source = f"import os, sys; print(len(sys.argv[1]), 'env-s3cret' in str(os.environ), flush=True)\n{SLEEP}"
    app = server.app(source)
    answer = server.post({"file": str(app), "name": "told.r1", "conf": conf, "args": ["${secret:DB}"]})
    assert answer.status_code == 201, answer.text
    assert f"{len(VALUE)} False" in server.wait_for_output("told.r1", "up")
    folder = batch_folder(server, "told.r1")
    properties = (folder / "spark.properties").read_text("latin-1")
    assert "spark.k=env-s3cret\n" in properties
    assert "spark.redaction.regex" in properties
    assert files_with(folder, "env-s3cret") == ["spark.properties"]
    assert [name for name in ("spark.properties", "launch.json") if (folder / name).stat().st_mode & 0o077] == []
    answers = [
        answer.text, server.get("/batches/told.r1").text, server.get("/batches").text, server.log,
        server.get("/batches/told.r1/log?size=-1").text, server.get("/batches/told.r1/output/stderr").text,
    ]  # fmt: skip
    for text in answers:
        assert "env-s3cret" not in text
        assert "hunter2" not in text
    while server.delete("/batches/told.r1?fence=true&grace=0").status_code == 202:
        continue
    assert files_with(server.state, "env-s3cret") == []
    assert files_with(server.state, "hunter2") == []
    assert not (folder / "has-secrets").exists()
    assert (folder / "stdout").exists()


def test_a_batch_without_secrets_keeps_its_files(with_secrets: CommandServer) -> None:
    with_secrets.submit("pass", name="plain.r1", conf={"spark.k": "v"})
    with_secrets.wait_for_state("plain.r1", "success")
    folder = batch_folder(with_secrets, "plain.r1")
    assert "spark.k=v" in (folder / "spark.properties").read_text()
    assert "redaction" not in (folder / "spark.properties").read_text()


def test_they_go_also_where_the_supervisor_was_killed(with_secrets: CommandServer) -> None:
    server = with_secrets
    server.submit(SLEEP, name="killed.r1", conf={"spark.k": "${secret:API}"})
    server.wait_for_output("killed.r1", "up")
    os.kill(server.supervisor_pid("killed.r1"), 9)
    server.wait_for_state("killed.r1", "dead")
    wait_until(lambda: files_with(server.state, "env-s3cret") == [], 10, "the removal of the secrets")


def refusal(answer: requests.Response) -> str:
    """What a server says that refuses."""
    assert answer.status_code == 400, answer.text
    return str(answer.json()["msg"])


def test_an_unknown_secret_is_refused_before_anything_is_launched(with_secrets: CommandServer) -> None:
    body = {"file": str(with_secrets.app("pass")), "name": "i.unknown", "conf": {"spark.k": "${secret:NOPE}"}}
    assert refusal(with_secrets.post(body)).startswith("Rejected, Reason: the secret NOPE is not known to this server")
    assert with_secrets.get("/batches/i.unknown").status_code == 404


def test_the_file_is_in_the_state_folder_unless_another_is_named(own_server: CommandServer) -> None:
    body = {"file": str(own_server.app("pass")), "name": "i.own", "conf": {"spark.k": "${secret:DB}"}}
    assert str(own_server.state / "secrets.toml") in refusal(own_server.post(body))
    secrets_file(own_server.state / "secrets.toml")
    assert "--secrets-in-args" in refusal(own_server.post({**body, "args": ["${secret:DB}"]}))
    assert own_server.post(body).status_code == 201
