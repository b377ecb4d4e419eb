"""The server's life: one per state directory, swept before it serves, batches outliving it."""

from __future__ import annotations

import fcntl
import importlib.metadata
import logging
import os
import re
import secrets
import socket
import ssl
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import uvicorn

from pipeline_gui.command_server import durable
from pipeline_gui.command_server.app import create_app
from pipeline_gui.command_server.batches import Batches
from pipeline_gui.command_server.errors import CommandServerError
from pipeline_gui.command_server.guard import Guard, is_loopback
from pipeline_gui.command_server.ledger import Ledger
from pipeline_gui.command_server.options import ServerOptions
from pipeline_gui.command_server.policy import AllowedPlaces
from pipeline_gui.command_server.secret_values import SECRETS_FILE, SecretValues
from pipeline_gui.command_server.spark_command import find_spark
from pipeline_gui.command_server.upkeep import Upkeep

ADDRESS = "address"
"""The file in the state directory that tells where the server is: url, pid, generation. There while it serves."""
_SWEEP_DEADLINE_SECONDS = 30.0
_log = logging.getLogger(__name__)


def run_server(options: ServerOptions) -> int:
    """Serve until SIGTERM or SIGINT; batches go on. The exit code: 1 with a sentence on stderr when it can't."""
    try:
        with ExitStack() as stack:
            return _run(options, stack)
    except CommandServerError as error:
        print(f"spark-server: {error}", file=sys.stderr)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"spark-server: {error.strerror or error}{where}", file=sys.stderr)
    return 1


def _run(options: ServerOptions, stack: ExitStack) -> int:
    _check_tls(options)
    spark = find_spark(options.spark_home, options.java_home, options.master)
    state = options.state.absolute()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(state, 0o700)
    _lock_state(state, stack)
    ledger = Ledger(state / "ledger")
    stack.callback(ledger.close)
    secrets_file = options.secrets_file.absolute() if options.secrets_file else state / SECRETS_FILE
    secret_values = SecretValues(secrets_file, allow_in_arguments=options.secrets_in_args)
    batches = Batches(state, ledger, spark, AllowedPlaces(options.allow), secret_values)
    batches.load()
    _sweep_before_serving(batches)
    token, token_source = _token(options, state)
    listener = stack.enter_context(_listen(options.host, options.port))
    app = Guard(
        create_app(batches, _version()),
        token=token,
        generation=ledger.generation,
        only_loopback=is_loopback(options.host),
    )
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            timeout_keep_alive=30,
            limit_concurrency=500,
            ssl_certfile=options.tls_certificate,
            ssl_keyfile=options.tls_key,
        )
    )
    url = _url("https" if options.tls_certificate else "http", options.host, listener.getsockname()[1])

    def announce() -> None:
        address: durable.Record = {"url": url, "pid": os.getpid(), "generation": ledger.generation}
        durable.write_record(str(state / ADDRESS), address)
        _reserve_next(state / ADDRESS)
        print(f"Spark command server at {url}, master {options.master}. {token_source}", flush=True)

    server.on_ready = announce
    upkeep = Upkeep(batches, server.lose_state)
    upkeep.start()
    stack.callback(upkeep.close)
    server.run(sockets=[listener])
    if server.state_lost:
        raise CommandServerError(f"The state directory {state} was removed; start the server again for a new one.")
    (state / ADDRESS).unlink(missing_ok=True)
    return 0


def _reserve_next(path: Path) -> None:
    """Keep room for the next server's address: on a full disk, too, what runs must be watched and can be stopped."""
    try:
        durable.reserve(str(path), 1024)
    except OSError as error:
        _log.warning("a server that is started while the disk is full can't tell its address: %s", error)


class _Server(uvicorn.Server):
    """Uvicorn, told when it serves and when its state directory is gone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.state_lost = False
        self.on_ready: Callable[[], None] = _nothing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say so."""
        await super().startup(sockets)
        if self.started:
            self.on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End in order; uvicorn's own would raise the signal again afterwards, and end by it."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def lose_state(self) -> None:
        """End: without its state directory the server could keep no promise."""
        self.state_lost = True
        self.should_exit = True


def _nothing() -> None:
    """Before it is known what to announce."""


def _lock_state(state: Path, stack: ExitStack) -> None:
    fd = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    stack.callback(os.close, fd)
    try:
        # The kernel frees it when its holder dies, so a stale lock file is no obstacle.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = durable.read_record(str(state / ADDRESS)) or {}
        where = f" at {other['url']}, process {other.get('pid')}" if "url" in other else ""
        raise CommandServerError(f"Another command server uses the state directory {state}{where}.") from error


def _sweep_before_serving(batches: Batches) -> None:
    """Before the first answer: nothing of a lost state directory lives, and no batch has a dead supervisor."""
    deadline = time.monotonic() + _SWEEP_DEADLINE_SECONDS
    while not (batches.clear_strangers() and batches.settle()):
        if time.monotonic() > deadline:
            raise CommandServerError("Processes that an earlier server left at this state directory can't be killed.")
        time.sleep(0.05)


def _token(options: ServerOptions, state: Path) -> tuple[str, str]:
    """The token, and a sentence for the operator on where it is and how to use it."""
    usage = 'Requests need the header "Authorization: Bearer TOKEN".'
    if options.token is not None:
        token, source = options.token, "The token is the one that was given."
    else:
        path = options.token_file or state / "token"
        if options.token_file is None and not path.exists():
            durable.write_file(str(path), f"{secrets.token_urlsafe(32)}\n".encode(), durable=True)
        if path.stat().st_mode & 0o077:
            raise CommandServerError(f"Others may read the token file {path}; make it private: chmod 600 {path}")
        token, source = path.read_text("utf-8").strip(), f"The token is in {path}."
    if not re.fullmatch(r"[!-~]{16,1024}", token):
        raise CommandServerError("A token has 16 to 1024 printable ASCII characters and no space.")
    return token, f"{source} {usage}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, UnicodeError) as error:
        raise CommandServerError(f"Can't listen on {host} port {port}: {error}.") from error


def _url(scheme: str, host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def _check_tls(options: ServerOptions) -> None:
    if options.tls_certificate is None:
        if options.tls_key is not None:
            raise CommandServerError("--tls-key is given without --tls-certificate.")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(options.tls_certificate, options.tls_key)
    except OSError as error:  # SSLError is one
        raise CommandServerError(f"The certificate {options.tls_certificate} can't be used: {error}.") from error


def _version() -> str:
    try:
        return importlib.metadata.version("pipeline-gui")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
