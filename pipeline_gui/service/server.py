"""The service's life: a watcher that is always on, the API, and the page; and an end in order."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import FrameType

import uvicorn

from pipeline_gui.backend import SERVICE_CONNECTIONS, Backend, open_backend
from pipeline_gui.service.access import Access
from pipeline_gui.service.alert_delivery import alert_delivery
from pipeline_gui.service.app import create_app
from pipeline_gui.service.changes import Changes
from pipeline_gui.service.context import Context
from pipeline_gui.service.dashboard import PipelineDashboard
from pipeline_gui.service.guard import LARGEST_HEAD, Guard
from pipeline_gui.service.metrics import Metrics
from pipeline_gui.service.operations import is_alive
from pipeline_gui.service.options import OptionsInvalid, ServiceOptions
from pipeline_gui.service.origins import Addresses
from pipeline_gui.service.protocol import BoundedProtocol
from pipeline_gui.service.streams import Streams
from pipeline_gui.service.supervision import notify, watchdog_seconds
from pipeline_gui.service.threads import Workers
from pipeline_gui.service.tokens import read_token
from pipeline_gui.settings import Settings

DRAIN_SECONDS = 15.0
"""What is under way when the service is told to end may take so long."""
LATECOMERS_SECONDS = 0.5
UNREAD_SECONDS = 30
"""A connection whose client takes nothing for so long is ended by the kernel."""
log = logging.getLogger(__name__)


def run_service(settings: Settings, options: ServiceOptions) -> int:
    """Serve until SIGTERM or SIGINT; runs go on. Raises PipelineError when it can't begin."""
    options.check()
    operator = read_token(options.token_file, make=True) if options.token_file else None
    viewer = read_token(options.viewer_token_file, make=True) if options.viewer_token_file else None
    if operator is not None and operator == viewer:
        raise OptionsInvalid("The viewers' token is the operators' token.")
    _check_tls(options)
    _allow_many_connections()
    with _listen(options.host, options.port) as listener:
        say = lambda sentence: print(sentence, file=sys.stderr, flush=True)  # noqa: E731
        with open_backend(settings, face="service", max_connections=SERVICE_CONNECTIONS, say=say) as backend:
            if options.retention is not None:
                backend.keep_to(options.retention)
            backend.watch()
            service = Service(backend, options, Access(operator, viewer, backend.actor.user), listener)
            with alert_delivery(backend, options.receivers_file, service.context.metrics.alerted):
                service.run()
    return 0


class Service:
    """One service on one socket."""

    def __init__(self, backend: Backend, options: ServiceOptions, access: Access, listener: socket.socket) -> None:
        self._backend = backend
        self._options = options
        self._listener = listener
        port = listener.getsockname()[1]
        scheme = "https" if options.tls_certificate else "http"
        shown = f"[{options.host}]" if ":" in options.host else options.host
        self.url = f"{scheme}://{shown}:{port}"
        metrics, workers = Metrics(), Workers()
        settings = backend.settings
        self.context = Context(
            backend=backend,
            access=access,
            # By port: cookies are shared by all ports of a host. The prefix makes browsers insist on what it promises.
            cookie=f"__Host-pipeline-gui-{port}" if options.is_secure else f"pipeline-gui-{port}",
            is_secure=options.is_secure,
            metrics=metrics,
            workers=workers,
            streams=Streams(metrics, per_client=options.streams_per_client, in_all=options.most_streams),
            changes=Changes(backend, workers, metrics),
            dashboard=PipelineDashboard(
                backend.controller,
                name=settings.name,
                color=settings.color,
                configurations=backend.configurations.names,
            ),
        )
        self.app = create_app(self.context)
        self.app.router.lifespan_context = lambda _app: self._lifespan()
        guard = Guard(
            self.app,
            access=access,
            addresses=Addresses(loopback_only=options.is_loopback, names=options.names, is_secure=options.is_secure),
            cookie=self.context.cookie,
            behind_proxy=options.behind_proxy,
            is_secure=options.is_secure,
            metrics=metrics,
        )
        self._server = _Server(
            uvicorn.Config(
                guard,
                http=BoundedProtocol,
                ws="none",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(DRAIN_SECONDS),
                timeout_keep_alive=30,
                h11_max_incomplete_event_size=LARGEST_HEAD,
                limit_concurrency=options.most_streams + 1000,
                ssl_certfile=options.tls_certificate,
                ssl_keyfile=options.tls_key,
            ),
            self,
        )

    def run(self) -> None:
        """Serve until told to end."""
        self._server.run(sockets=[self._listener])

    def announce(self) -> None:
        """It answers now."""
        access = "whoever is at this computer" if self.context.access.is_open else "whoever has a token"
        print(f"Pipelines at {self.url}, for {access}.", flush=True)
        notify("READY=1")

    def drain(self) -> None:
        """Take nothing new; end what would wait for long. What was begun is finished."""
        self.context.is_draining = True
        notify("STOPPING=1")
        self.context.streams.close()
        # Stops that wait are answered now; whoever watches carries them out.
        self._backend.controller.close()

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.context.changes.run())]
        seconds = watchdog_seconds()
        if seconds is not None:
            tasks.append(asyncio.create_task(_feed_watchdog(self.context, seconds)))
        async with AsyncExitStack() as stack:
            for task in tasks:
                stack.push_async_callback(_end, task)
            yield


class _Server(uvicorn.Server):
    """Uvicorn, which says when it serves and ends in order."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say so."""
        await super().startup(sockets)
        if self.started:
            self._service.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what waits, then the rest."""
        self._service.drain()
        # A thread that can't be interrupted must not keep the process for ever: its calls have deadlines of their own.
        last = threading.Timer(DRAIN_SECONDS * 2, os._exit, [1])
        last.daemon = True
        last.start()
        latecomers = asyncio.create_task(self._shut_latecomers())
        await super().shutdown(sockets)
        latecomers.cancel()
        last.cancel()

    async def _shut_latecomers(self) -> None:
        """End those, too, that were accepted in the very moment of the end: nobody has them in a list yet."""
        while True:
            await asyncio.sleep(LATECOMERS_SECONDS)
            for connection in list(self.server_state.connections):
                connection.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End in order; at the second time, at once. Uvicorn's own would raise the signal again, and end by it."""
        self.force_exit = self.should_exit
        self.should_exit = True


async def _feed_watchdog(context: Context, seconds: float) -> None:
    while True:
        if is_alive(context):
            notify("WATCHDOG=1")
        await asyncio.sleep(seconds)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=512)
    except (OSError, UnicodeError) as error:
        raise OptionsInvalid(f"Can't listen on {host} port {port}: {error}.") from error
    # Accepted connections inherit these. asyncio sets the first itself, but not where it did not make the socket;
    # without it the body of an answer waits for the client to acknowledge its head: 40 ms, now and then.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listener


def _check_tls(options: ServiceOptions) -> None:
    if options.tls_certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(options.tls_certificate, options.tls_key)
    except OSError as error:  # SSLError is one
        raise OptionsInvalid(f"The certificate {options.tls_certificate} can't be used: {error}.") from error


def _allow_many_connections() -> None:
    """As many files as the system allows: each stream is one, and the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
