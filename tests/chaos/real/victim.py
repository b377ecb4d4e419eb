"""An operator's process in which something goes wrong at one point: it dies there, or the network fails it."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import psycopg

from pipeline_gui.pipeline import starting, stopping
from pipeline_gui.pipeline.alerting import Alarm
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.delivering import Deliverer
from pipeline_gui.pipeline.errors import ConfigurationInvalid, PipelineError
from pipeline_gui.pipeline.orphans import OrphanHunter
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.scheduling import Scheduler
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.receivers import failures
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.store.session import Timeouts
from pipeline_gui.store.store import open_store
from tests.chaos.points import NO_REQUEST, point_of_caller
from tests.chaos.real.alerts import OneReceiver, in_words, webhook
from tests.chaos.real.schedule_scenarios import GONE
from tests.pipeline.faults import MovableClock

TIMEOUTS = Timeouts(read=1.0, write=1.5, reading_statement=0.8, writing_statement=1.2, lock=1.0, lease=1.0)
SPARK_SECONDS = 1.2
KILLED_BEFORE, KILLED_AFTER = "killed before", "killed after"


@dataclass(frozen=True)
class Plan:
    """What a victim does, and where and how it fails."""

    database: str
    spark_url: str
    token: str
    scenario: str
    configuration: dict[str, Any]
    receiver_url: str = ""
    run_id: str | None = None
    point: str | None = None
    fault: str | None = None


@dataclass
class Victim:
    """One process: a controller on ports with a tripwire, and hooks by which a scenario takes its course."""

    plan: Plan
    pipe: Connection
    reached: list[str] = field(default_factory=list)
    sprung: bool = False

    def __post_init__(self) -> None:
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.clock = MovableClock()
        self.actor = Actor("victim", "ops-9", "terminal")
        plain_store = open_store(self.plan.database, application_name="victim", max_connections=1, timeouts=TIMEOUTS)
        plain_spark = LivyServer(self.plan.spark_url, self.plan.token, timeout=SPARK_SECONDS, connect_timeout=0.5)
        store: Any = Tripwire(plain_store, "store", self)
        spark: Any = Tripwire(plain_spark, "spark", self)
        self.plain_store, self.plain_spark = plain_store, plain_spark
        self.settler = Settler(store, spark, self.actor)
        self.hunter = OrphanHunter(store, spark, self.settler, self.actor, self.clock)
        self.watcher = Watcher(store, spark, self.actor, is_always_on=True)
        self.patient_watcher = Watcher(store, spark, self.actor, clock=self.clock, is_always_on=True)
        self.controller = PipelineController(store, spark, self.actor, self.watcher, resolve=self._resolved)
        schedules, alerts, outbox, archive, receiver = (
            Tripwire(port, name, self)
            for port, name in (
                (plain_store.schedules, "schedules"),
                (plain_store.alerts, "alerts"),
                (plain_store.outbox, "outbox"),
                (plain_store, "archive"),
                (webhook(self.plan.receiver_url), "receiver"),
            )
        )
        self.scheduler = Scheduler(schedules, store, self.controller.start_scheduled, self.actor)
        self.alarm = Alarm(alerts, store, archive, self.actor)
        self.deliverer = Deliverer(outbox, OneReceiver(receiver), in_words, self.actor)

    def _resolved(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the schedules of the scenarios start; everything else says all of itself."""
        if values.get("configuration") == GONE:
            raise ConfigurationInvalid(f"There is no configuration {GONE!r}.", field="configuration")
        return self.plan.configuration if "configuration" in values else values

    def warm_up(self) -> None:
        """Connect, so that the point's own request is what fails and not a connection before it."""
        self.plain_store.installation()
        self.plain_spark.identity()

    def execute(self, statement: str) -> None:
        """Do something as another program would."""
        with psycopg.connect(self.plan.database, autocommit=True) as connection:
            connection.execute(statement)

    def spring(self, port: str, effect: Callable[[], Any]) -> Any:
        """The planned fault befalls this call."""
        self.sprung = True
        if self.plan.fault == KILLED_BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.fault == KILLED_AFTER:
            effect()
            os.kill(os.getpid(), signal.SIGKILL)
        self._tell(("begin", port))
        try:
            return effect()
        finally:
            self._tell(("heal", port))

    def _tell(self, message: tuple[str, str]) -> None:
        self.pipe.send(message)
        if not self.pipe.poll(10):
            raise TimeoutError("the network does not answer")
        self.pipe.recv()


class Tripwire:
    """Passes every call on to a port, and fails at one point."""

    def __init__(self, port: Any, name: str, victim: Victim) -> None:
        self._port = port
        self._name = name
        self._victim = victim

    def __getattr__(self, method: str) -> Any:
        value = getattr(self._port, method)
        if f"{self._name}.{method}" in NO_REQUEST:
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            victim, point = self._victim, point_of_caller(self._name, method, args)
            if point not in victim.reached:
                victim.reached.append(point)
            victim.before.pop(point, _nothing)()
            if point == victim.plan.point and not victim.sprung:
                result = victim.spring(self._name, lambda: value(*args, **kwargs))
            else:
                result = value(*args, **kwargs)
            victim.after.pop(point, _nothing)()
            return result

        return call


def _nothing() -> None:
    """No hook."""


def main(plan: Plan, pipe: Connection) -> None:
    """Be the victim: act, and send what was answered and which points were come to."""
    from tests.chaos.real.scenarios import SCENARIOS

    logging.disable(logging.CRITICAL)  # what goes wrong here is meant to
    starting.STARTER_SECONDS = 2.5
    stopping.STOP_MARGIN_SECONDS = 1.0
    failures.STEP_SECONDS = SPARK_SECONDS
    victim = Victim(plan, pipe)
    victim.warm_up()
    try:
        answer: object = SCENARIOS[plan.scenario].act(victim)
    except PipelineError as error:
        answer = repr(error)
    pipe.send(("done", (answer, victim.reached)))
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(5)
    os._exit(0)
