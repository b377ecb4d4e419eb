"""The Spark command server of the embedded pair: ``local[*]`` on this computer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline_gui.embedded.errors import EmbeddedUnavailable, sentence_for
from pipeline_gui.embedded.files import open_log, private_folder, read_or_empty, write_private
from pipeline_gui.embedded.loopback import HOST, choose_port
from pipeline_gui.embedded.places import Places
from pipeline_gui.embedded.processes import OwnedProcess
from pipeline_gui.embedded.spark import spark_environment

MODULE = "pipeline_gui.command_server"
NOT_FOR_THE_SERVER = ("PIPELINE_GUI_DATABASE_URL", "PIPELINE_GUI_SPARK_URL", "PIPELINE_GUI_SPARK_TOKEN")
"""Settings of other systems, and secrets, that a terminal may have and the pair must not inherit."""


@dataclass(frozen=True, slots=True)
class _Address:
    url: str
    pid: str


class EmbeddedCommandServer:
    """One Spark command server and its files in a profile.

    The caller sees to it that no two processes call start() or stop() on one profile at once.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._process: OwnedProcess | None = None

    @property
    def url(self) -> str:
        """The server's address. Raises EmbeddedUnavailable before a first start."""
        address = self._address()
        if address is None:
            raise EmbeddedUnavailable("The embedded Spark command server was never started.")
        return address.url

    @property
    def token(self) -> str:
        """The token that its clients need."""
        return read_or_empty(self._places.server_state / "token")

    def is_running(self) -> bool:
        """Whether the server process of this profile is alive."""
        if self._process is None:
            self._process = self._found()
        return self._process is not None and not self._process.has_ended()

    def start(self, timeout: float = 60.0) -> None:
        """Start the server, or adopt the one that already serves this profile, within timeout seconds.

        Raises EmbeddedUnavailable.
        """
        deadline = time.monotonic() + timeout
        try:
            if self.is_running():
                return
            private_folder(self._places.spark)
            private_folder(self._places.server_state)
            while not self._launch_until_ready(deadline):
                time.sleep(0.2)
        except OSError as error:
            raise sentence_for(error, "starting the embedded Spark command server") from error

    def stop(self, timeout: float = 10.0) -> None:
        """Stop the server, not its batches; it is gone when this returns. Raises EmbeddedUnavailable."""
        process = self._process or self._found()
        ladder = [(signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)]
        if process is not None and not process.stop(ladder):
            raise EmbeddedUnavailable(f"The embedded Spark command server (process {process.pid}) does not end.")
        self._process = None

    def _launch_until_ready(self, deadline: float) -> bool:
        """One attempt; False when the next can succeed: the port was taken since we looked, or a killed one still holds
        the state directory."""
        port_file = self._places.spark / "port"
        port = choose_port(read_or_empty(port_file))
        write_private(port_file, str(port))
        (self._places.server_state / "address").unlink(missing_ok=True)
        log = open_log(self._places.spark / "log")
        try:
            begin = os.lseek(log, 0, os.SEEK_END)
            child = subprocess.Popen(
                self._command(port),
                cwd="/",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        self._process = process = OwnedProcess.launched(child)
        while process is not None and not process.has_ended():
            address = self._address()
            if address is not None and address.pid == str(process.pid):
                return True
            if time.monotonic() > deadline:
                self.stop(timeout=2.0)
                raise EmbeddedUnavailable(f"The embedded Spark command server was not ready in time (see {self._log}).")
            time.sleep(0.02)
        self._process = None
        said = (self._places.spark / "log").read_bytes()[begin:].decode(errors="replace").strip()
        if time.monotonic() > deadline or not any(words in said for words in ("in use", "another server", "taken")):
            reason = said.splitlines()[-1] if said else "it gave no reason"
            raise EmbeddedUnavailable(f"The embedded Spark command server did not start: {reason} (see {self._log}).")
        return False

    def _command(self, port: int) -> list[str]:
        command = [sys.executable, "-m", MODULE, "--host", HOST, "--port", str(port), "--master", "local[*]"]
        # Only this user can use this server: it listens on loopback and wants a token from a file that only this user
        # may read. Whatever it runs, it runs as this user, who could run it without the server too.
        return [*command, "--allow", "/", "--state", str(self._places.server_state)]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_SERVER}
        return inherited | spark_environment(self._places.spark) | {"PIPELINE_GUI_HOME": str(self._places.home)}

    def _found(self) -> OwnedProcess | None:
        address = self._address()
        return OwnedProcess.adopted(address.pid, (MODULE, str(self._places.server_state))) if address else None

    def _address(self) -> _Address | None:
        try:
            values = json.loads(read_or_empty(self._places.server_state / "address"))
            urlsplit(values["url"])
            return _Address(str(values["url"]), str(values["pid"]))
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def _log(self) -> os.PathLike[str]:
        return self._places.spark / "log"
