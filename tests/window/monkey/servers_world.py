"""A world of real servers: another operator uses them too, and the network between hangs, refuses and breaks."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings
from pipeline_gui.store.migrate import migrate
from tests.chaos.real.network import Proxy, Trouble
from tests.command_server.harness import SLEEP, CommandServer, command_server
from tests.postgres import PostgresServer, running_server
from tests.window.monkey.world import Truth

_TROUBLES = (Trouble.REFUSED, Trouble.HANGS, Trouble.ANSWER_LOST, Trouble.CUT)
_APPS = {"sleeps": SLEEP, "fails": "raise ValueError('no such column: dep_dellay')", "ends": "print('done')"}
_FOREIGN = """
    INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration)
    VALUES (%s, 'completed', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 0)
"""
_TRUTH = """
    SELECT run_id, lower(btrim(status)) = 'running' FROM pipeline_runs
    WHERE status = 'running' OR greatest(start_time, end_time) > (now() AT TIME ZONE 'UTC') - interval '2 days'
"""


class ServersWorld:
    """One database and one command server, each behind a proxy for the windows, and directly for everybody else."""

    settle_seconds = 60.0

    def __init__(self, folder: Path, postgres: PostgresServer, server: CommandServer) -> None:
        self._folder = folder
        self._server = server
        self._database = postgres.url_of(postgres.create_database())
        migrate(self._database, actor=Actor("monkey", "localhost", "terminal"))
        parts = urlsplit(self._database)
        self._store_proxy = Proxy(str(parts.hostname), int(parts.port or 5432))
        self._spark_proxy = Proxy("127.0.0.1", int(urlsplit(server.url).port or 0))
        self._through = parts._replace(
            netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self._store_proxy.port}"
        ).geturl()
        self._other = self._open(self._database, server.url)
        self._apps = [str(server.app(source, f"{name}.py")) for name, source in _APPS.items()]
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="another operator")
        self._at_work: Future[object] | None = None
        self._closing: list[threading.Thread] = []

    def close(self) -> None:
        """Leave nothing behind."""
        self.settle()
        self._hands.shutdown()
        for thread in self._closing:
            thread.join(30)
        self._other.close()
        for proxy in (self._store_proxy, self._spark_proxy):
            proxy.__exit__(None, None, None)

    def backend(self) -> Backend:
        """What a window stands on: it goes through the proxies."""
        return self._open(self._through, f"http://127.0.0.1:{self._spark_proxy.port}")

    def let_go_of(self, backend: Backend) -> None:
        """Its window is gone."""
        thread = threading.Thread(target=backend.close, name="closing")
        thread.start()
        self._closing = [*(each for each in self._closing if each.is_alive()), thread]

    def change(self, dice: random.Random) -> None:
        """Something happens; it waits for nothing."""
        match dice.randrange(9):
            case 0:
                self._store_proxy.heal()
                self._store_proxy.begin(dice.choice(_TROUBLES))
            case 1:
                self._spark_proxy.heal()
                self._spark_proxy.begin(dice.choice(_TROUBLES))
            case 2 | 3:
                self._store_proxy.heal()
                self._spark_proxy.heal()
            case 4:
                app = dice.choice(self._apps)
                self._do(lambda: self._other.controller.start_pipeline({"name": "theirs", "file": app}))
            case 5:
                self._do(self._other.controller.stop_pipeline)
            case 6:
                self._do(lambda: self._execute(_FOREIGN, f"foreign-{dice.getrandbits(40)}"))
            case 7:
                self._do(lambda: self._execute("DELETE FROM pipeline_runs WHERE run_id LIKE 'foreign-%%'"))
            case 8:
                self._do(self._server.restart)

    def settle(self) -> None:
        """Everything answers."""
        self._store_proxy.heal()
        self._spark_proxy.heal()

    @property
    def is_quiet(self) -> bool:
        """Whether all that happened is over."""
        return self._at_work is None or self._at_work.done()

    def tell(self) -> None:
        """The database does so by itself."""

    def truth(self) -> Truth:
        """What the record says now."""
        with psycopg.connect(self._database, autocommit=True, connect_timeout=10) as connection:
            rows = connection.execute(_TRUTH).fetchall()
        return Truth(any(is_running for _, is_running in rows), {run_id for run_id, _ in rows})

    # --- inside -------------------------------------------------------------------------------------------------

    def _open(self, database: str, spark: str) -> Backend:
        profile = Profile("monkey", self._folder, self._folder, self._folder / "logs")
        return open_backend(
            Settings(profile=profile, database_url=database, spark_url=spark, spark_token=self._server.token)
        )

    def _do(self, deed: Callable[[], object]) -> None:
        """One deed at a time; who is busy does nothing else."""
        if self._at_work is None or self._at_work.done():
            self._at_work = self._hands.submit(_tried, deed)

    def _execute(self, statement: str, *values: str) -> None:
        with psycopg.connect(self._database, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement, values)


def _tried(deed: Callable[[], object]) -> None:
    with contextlib.suppress(PipelineError):
        deed()


@contextmanager
def servers_world(folder: Path) -> Iterator[ServersWorld]:
    """Real servers of its own, stopped at the end."""
    with ExitStack() as stack:
        folder.chmod(0o711)  # PostgreSQL may have to run as another user than root
        postgres = stack.enter_context(running_server(folder / "postgres"))
        server = stack.enter_context(command_server(folder / "spark"))
        world = ServersWorld(folder / "profile", postgres, server)
        stack.callback(world.close)
        yield world
