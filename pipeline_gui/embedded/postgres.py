"""A PostgreSQL server on this computer."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from pipeline_gui.embedded.cluster import USER, as_server_user, binaries_folder, check_version, create_cluster, failure
from pipeline_gui.embedded.errors import EmbeddedUnavailable, sentence_for
from pipeline_gui.embedded.files import open_log, private_folder, read_or_empty, write_private
from pipeline_gui.embedded.loopback import HOST, choose_port
from pipeline_gui.embedded.processes import OwnedProcess

DATABASE = "pipeline_gui"
_PASSING = ("could not bind", "could not create any TCP", "still in use")
"""What the log of a failed start says when the next attempt can succeed: a port taken since we looked, or the last
processes of a killed server that have not noticed its death."""


class EmbeddedPostgres:
    """One PostgreSQL server and its files in a folder: ``data``, ``password``, ``port`` and ``log``.

    The caller sees to it that no two processes call start() or stop() on one folder at once.
    """

    def __init__(self, data_dir: Path, *, fsync: bool = True, max_connections: int = 200) -> None:
        self._folder = data_dir
        self._data = data_dir / "data"
        self._log = data_dir / "log"
        self._fsync = fsync
        self._max_connections = max_connections
        self._process: OwnedProcess | None = None

    @property
    def url(self) -> str:
        """The libpq URL of the program's database, password included. Raises EmbeddedUnavailable."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The libpq URL of a database of this server, password included. Raises EmbeddedUnavailable."""
        password, port = read_or_empty(self._folder / "password"), read_or_empty(self._folder / "port")
        if not password or not port:
            raise EmbeddedUnavailable(f"The embedded PostgreSQL in {self._folder} was never started.")
        # scram is required of the server too: whoever listens on the port after a crash must not be told the password.
        return (
            f"postgresql://{USER}:{quote(password, safe='')}@{HOST}:{port}/{quote(database, safe='')}"
            "?require_auth=scram-sha-256"
        )

    def is_running(self) -> bool:
        """Whether the server process of this folder is alive."""
        if self._process is None:
            self._process = self._found()
        return self._process is not None and not self._process.has_ended()

    def start(self, timeout: float = 60.0) -> None:
        """Start the server, or adopt the one that already serves this folder, within timeout seconds.

        Raises EmbeddedUnavailable.
        """
        deadline = time.monotonic() + timeout
        try:
            private_folder(self._folder)
            if not (self._data / "PG_VERSION").exists():
                create_cluster(self._data, self._folder / "password", sync=self._fsync, timeout=timeout)
            check_version(self._data)
            if not self._adopt(deadline):
                self._remove_stale_pid_file()
                self._launch_until_ready(deadline)
        except OSError as error:
            raise sentence_for(error, "starting the embedded PostgreSQL") from error

    def stop(self, timeout: float = 15.0) -> None:
        """Stop the server; it is gone when this returns. Raises EmbeddedUnavailable."""
        process = self._process or self._found()
        # A fast shutdown ends sessions and writes a checkpoint; an immediate one leaves recovery to the next start.
        ladder = [(signal.SIGINT, timeout), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 5.0)]
        if process is not None and not process.stop(ladder):
            raise EmbeddedUnavailable(f"The embedded PostgreSQL (process {process.pid}) does not end.")
        self._process = None

    def _adopt(self, deadline: float) -> bool:
        """Take over a server that outlived its keeper; one that does not answer is stopped."""
        self._process = self._found()
        if self._process is None:
            return False
        write_private(self._folder / "port", self._pid_file()[3])
        while time.monotonic() < deadline and not self._process.has_ended():
            if self._answers():
                return True
            time.sleep(0.05)
        self.stop(timeout=2.0)
        return False

    def _launch_until_ready(self, deadline: float) -> None:
        said = "it was not ready in time"
        while time.monotonic() < deadline:
            port = choose_port(read_or_empty(self._folder / "port"))
            write_private(self._folder / "port", str(port))
            begin = self._launch(port)
            if self._wait_ready(deadline):
                return
            said = self._log_since(begin) or said
            if not any(words in said for words in _PASSING):
                break
            time.sleep(0.2)
        raise failure("Starting the embedded PostgreSQL", said, self._folder)

    def _launch(self, port: int) -> int:
        """Launch the server process; return where in the log its words begin."""
        options = {
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": str(self._max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "fsync": "on" if self._fsync else "off",
        }
        command = [str(binaries_folder() / "postgres"), "-D", str(self._data)]
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        log = open_log(self._log)
        try:
            begin = os.lseek(log, 0, os.SEEK_END)
            child = subprocess.Popen(
                as_server_user(command, self._data),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        self._process = OwnedProcess.launched(child)
        return begin

    def _wait_ready(self, deadline: float) -> bool:
        process = self._process
        while process is not None and time.monotonic() < deadline:
            if process.has_ended():
                self._process = None
                return False
            lines = self._pid_file()
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7] == "ready" and self._answers():
                return True
            time.sleep(0.02)
        self.stop(timeout=2.0)
        return False

    def _answers(self) -> bool:
        """Whether the server lets us in; it has the program's database then."""
        try:
            with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=3) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
                if found is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    def _found(self) -> OwnedProcess | None:
        lines = self._pid_file()
        return OwnedProcess.adopted(lines[0], ("-D", str(self._data))) if lines else None

    def _remove_stale_pid_file(self) -> None:
        """Remove a pid file that PostgreSQL would stumble over.

        That is one with the number of a process that is another by now, or with none, as a power cut leaves it. Any
        other stays: PostgreSQL finds by it what is left of a killed server.
        """
        lines = self._pid_file()
        number = lines[0] if lines else ""
        if not (number.isdigit() and len(number) < 10) or psutil.pid_exists(int(number)):
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        return [line.strip() for line in read_or_empty(self._data / "postmaster.pid").splitlines()]

    def _log_since(self, begin: int) -> str:
        with self._log.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")
