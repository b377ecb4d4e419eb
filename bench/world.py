"""What is measured on: a PostgreSQL that keeps its promises, a command server, and an operator with a watcher."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pipeline_gui.command_server import processes
from pipeline_gui.embedded.spark import spark_environment
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.store import open_store
from tests.command_server.harness import CommandServer, command_server
from tests.postgres import running_server

ACTOR = Actor("bench", "localhost", "terminal")

_SPARK = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nspark.range(1000).count()\n"
SHORT_JOB = _SPARK + "print('at work', flush=True)\nimport time\ntime.sleep(3)\n"
LONG_JOB = SHORT_JOB + "time.sleep(600)\n"

T = TypeVar("T")


class World:
    """An operator of one database and one command server."""

    def __init__(self, database: str, server: CommandServer) -> None:
        self.database = database
        self.server = server
        self.store = open_store(database, application_name="bench", max_connections=2)
        self.spark = LivyServer(server.url, server.token)
        self.controller = PipelineController(self.store, self.spark, ACTOR)

    def start(self, source: str, **more: Any) -> str:
        """Start an application given as text, which must start; its run id."""
        answer = self.controller.start_pipeline(self.configuration(source, **more))
        if not answer["success"] or answer["run_id"] is None:
            raise RuntimeError(answer["message"])
        return answer["run_id"]

    def configuration(self, source: str, **more: Any) -> dict[str, Any]:
        """The configuration of an application given as text."""
        return {"name": "bench", "file": str(self.server.app(source)), **more}

    def batch_name(self, run_id: str) -> str:
        """Spark's name of a run."""
        return f"{self.store.installation().installation_id}.{run_id}"

    def record(self, run_id: str) -> RunRecord:
        """A run as it is recorded now."""
        record = self.store.find(run_id)
        if record is None:
            raise RuntimeError(f"{run_id} is not recorded")
        return record

    @contextmanager
    def one_watcher(self) -> Iterator[None]:
        """A watcher with connections of its own, which nothing that the operator does can wake."""
        store = open_store(self.database, application_name="bench watcher", max_connections=1)
        spark = LivyServer(self.server.url, self.server.token)
        watcher = Watcher(store, spark, Actor("bench", "localhost", "keeper"))
        watcher.start()
        try:
            yield
        finally:
            watcher.close()
            spark.close()
            store.close()

    def close(self) -> None:
        """Give the connections back."""
        self.controller.close()
        self.spark.close()
        self.store.close()


@contextmanager
def world(*, real_spark: bool) -> Iterator[World]:
    """A world of its own, with fsync on; real Spark with one core, or a stand-in for spark-submit."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o711)  # PostgreSQL may have to run as another user than root
        postgres = stack.enter_context(running_server(folder / "postgres", fsync=True))
        database = postgres.url_of(postgres.create_database())
        migrate(database, actor=ACTOR)
        (folder / "spark").mkdir()
        environment = spark_environment(folder / "spark") if real_spark else {}
        server = stack.enter_context(
            command_server(folder / "server", real_spark=real_spark, master="local[1]", environment=environment)
        )
        bench = World(database, server)
        stack.callback(bench.close)
        yield bench


def driver_at_work(bench: World, run_id: str) -> int:
    """Spark's JVM, once the job says that it is at work: before, it may be the launcher's."""
    bench.server.wait_for_output(bench.batch_name(run_id), "at work", timeout=240)
    return next(pid for pid in bench.server.pids(bench.batch_name(run_id)) if _is_java(pid))


def alive(marked: str) -> bool:
    """Whether a process carries the marker of a batch, or descends from one that does."""
    return bool(processes.survivors(lambda value: value == marked))


def _is_java(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip() == "java"
    except OSError:
        return False  # it ended between our two looks


def wait_for(condition: Callable[[], T], seconds: float, what: str) -> T:
    """Ask until it is so, and return it. Raises RuntimeError after some seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)
    return value
