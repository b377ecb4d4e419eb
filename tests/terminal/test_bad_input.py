"""Whatever is given: a sentence that says what to do, the right exit code, no traceback, and no row where it can be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from tests.terminal.conftest import Program


def refused(program: Program, code: int, *words: str | bytes, sentence: str, **environ: str) -> str:
    """Run a command that must be refused with a sentence; its stderr."""
    done = program.run(*words, environ=environ)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr


def rows(program: Program) -> int:
    with psycopg.connect(program.database) as connection:
        row = connection.execute("SELECT count(*) FROM pipeline_runs").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--file", "/srv/x.py", "--name", ""], "name is empty"),
        (["--file", "/srv/x.py", "--name", "  "], "name is empty"),
        (["--file", "/srv/x.py", "--name", "n" * 10_000], "10,000 characters"),
        (["--file", "/srv/x.py", "--name", "a\x1b[2Jb"], "control character"),
        (["--file", "/srv/x\n.py"], "control character"),
        (["--file", ""], "file is empty"),
        (["--file=-x.py"], "can't begin with a hyphen"),
        (["--file", "/srv/x.py", "--conf", "spark.x y=1"], "not the name of a Spark property"),
        (["--config", "/no/such.toml"], "There is no file /no/such.toml"),
        (["--config", "/"], "is a directory"),
        (["--config", "/dev/zero"], "is not a file"),
        (["no-such-sample"], "There is no configuration 'no-such-sample'"),
        (["../flights"], "There is no configuration '../flights'"),
    ],
)
def test_a_configuration_that_can_not_be_started_is_refused_before_anything_is_recorded(
    program: Program, words: list[str], sentence: str
) -> None:
    program.call_refused(1, "start", *words, sentence=sentence)
    assert rows(program) == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"file = '/x.py'\nname = \n", "line 2"),
        (b"file = '/x.py'\nname = 'a\xff'\n", "not UTF-8 text (line 2)"),
        (b"fil = '/x.py'", "did you mean 'file'"),
        (b"file = 7", "file must be text, not a number"),
        (b"file = '/x.py'\nargs = 'a'", "args must be a list, not text"),
        (b"file = '/x.py'\nconf = 'a'", "conf must be a table"),
        (b"", "has no file"),
    ],
)
def test_a_configuration_file_with_a_mistake_is_refused(
    program: Program, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(content)
    program.call_refused(1, "start", "--config", str(path), sentence=sentence)
    assert rows(program) == 0


def test_bytes_that_are_no_text_are_wrong_usage(program: Program) -> None:
    refused(program, 2, b"start", b"--file", b"/srv/\xff.py", sentence="not UTF-8 text: /srv/\\udcff.py")
    refused(program, 2, "start", "flights", "--conf", "novalue", sentence="is not KEY=VALUE")
    assert rows(program) == 0


def test_a_configuration_file_that_can_not_be_read(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.symlink_to(path)
    program.call_refused(1, "start", "--config", str(path), sentence="can't be read: Too many levels")
    program.call_refused(1, "start", "--config", "n" * 300, sentence="can't be read: File name too long")
    assert rows(program) == 0


def test_what_the_spark_server_refuses_is_recorded_and_said(program: Program, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.touch()
    for file in (program.server.apps / "no-such.py", program.server.apps, elsewhere):
        answer = program.json("start", "--file", str(file), code=1)
        assert (answer["success"], answer["reason"], answer["status"]) == (False, "refused", "failed"), answer
    assert program.running_id() is None


def test_a_database_that_can_not_be_used(program: Program) -> None:
    wrong = program.database.replace("pipeline_gui:", "pipeline_gui:not")
    missing = program.database.replace("/test_", "/missing_")
    away = "postgresql://ana:s3cret@127.0.0.1:1/x"
    said = refused(program, 1, "start", "flights", sentence="refused the password", PIPELINE_GUI_DATABASE_URL=wrong)
    assert wrong.split(":")[2].split("@")[0] not in said
    refused(program, 1, "runs", sentence="does not exist", PIPELINE_GUI_DATABASE_URL=missing)
    assert "s3cret" not in refused(program, 3, "stop", sentence="127.0.0.1:1", PIPELINE_GUI_DATABASE_URL=away)
    status = program.json("status", code=3, environ={"PIPELINE_GUI_DATABASE_URL": away})
    assert (status["is_running"], status["status"], status["database"]["reachable"]) == (None, "unknown", False)
    answer = program.json("start", "flights", code=3, environ={"PIPELINE_GUI_DATABASE_URL": away})
    assert (answer["success"], answer["reason"]) == (False, "unreachable")


def test_settings_that_can_not_be_used(program: Program) -> None:
    refused(program, 1, "status", sentence="PIPELINE_GUI_SPARK_URL", PIPELINE_GUI_SPARK_URL="")
    refused(program, 1, "status", sentence="PIPELINE_GUI_DATABASE_URL", PIPELINE_GUI_DATABASE_URL="")
    refused(program, 1, "status", "--spark-kind", "standalone", sentence="not supported yet")
    refused(program, 1, "status", "--database-url", "", sentence="--database-url) is empty")
    program.home.mkdir()
    (program.home / "settings.toml").write_text("databse_url = ''")
    refused(program, 1, "runs", sentence="did you mean 'database_url'")


class _Page(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = b"<html><title>Proxy login \x1b[2J</title></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815  (the names that the base class calls)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def html_server() -> Iterator[str]:
    """A server that answers everything with a web page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_server_that_answers_with_web_pages_is_no_spark_server(program: Program, html_server: str) -> None:
    said = refused(
        program, 3, "start", "--file", "/srv/x.py", "--wait", sentence="", PIPELINE_GUI_SPARK_URL=html_server
    )
    assert html_server in said
    assert "\x1b" not in said
    assert rows(program) == 0
    refused(
        program,
        3,
        "start",
        "--file",
        "/srv/x.py",
        sentence="Nothing listens",
        PIPELINE_GUI_SPARK_URL="http://127.0.0.1:1",
    )
    assert rows(program) == 0


def test_an_error_that_nobody_foresaw_leaves_a_sentence_and_a_log(program: Program, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import pipeline_gui.settings as s\n"
        "def boom(**_): raise ZeroDivisionError('secret detail')\n"
        "s.load_settings = boom\n"
    )
    said = refused(program, 1, "status", sentence="not foreseen: ZeroDivisionError", PYTHONPATH=str(tmp_path))
    log = program.home / "logs" / "pipeline-gui.log"
    assert str(log) in said
    assert "secret detail" not in said
    assert "secret detail" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
