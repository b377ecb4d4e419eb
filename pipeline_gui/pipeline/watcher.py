"""The watcher: settles the running run against Spark. Any process may; a lease in the database says which one does.

The lease only saves work (protocol 6): every step is safe when two take it, so nothing depends on there being one.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from pipeline_gui.pipeline.clock import Clock, seconds_with_sleep
from pipeline_gui.pipeline.duty import Duty
from pipeline_gui.pipeline.errors import PipelineError, SparkRefused, SparkUnavailable, StoreRefused
from pipeline_gui.pipeline.orphans import OrphanHunter
from pipeline_gui.pipeline.ports import Actor, EngineChange, Lease, RunStore, SparkServer
from pipeline_gui.pipeline.run import Phase, RunRecord
from pipeline_gui.pipeline.settling import Settler

log = logging.getLogger(__name__)

LEASE_LOOK_SECONDS = 0.5
"""How often the lease is tried for, and renewed while something runs; a dead watcher is replaced within 3 s."""
IDLE_SECONDS = 1.5
"""How often it is renewed while nothing runs: two thirds of its time, and a third of the work."""
SETTLE_SECONDS = 2.0
HUNT_SECONDS = 10.0
PROBE_SECONDS = 5.0
"""How often Spark is asked whether it answers, where nothing runs or another watches: for what is shown."""
CONTACT_LOST_SECONDS = 5.0
ANNOUNCE_SECONDS = 10.0
"""How often a process that is always on says so; it is believed for three times as long."""

_SILENT, _REFUSED = "Spark could not be reached", "Spark refused to be asked"


@dataclass(frozen=True, slots=True)
class _Task:
    duty: Duty
    where: Callable[[Lease], bool]
    without_spark: bool


class Watcher:
    """Watches in a thread of its own (`start`), or takes a single step (`look`)."""

    def __init__(
        self,
        store: RunStore,
        spark: SparkServer,
        actor: Actor,
        *,
        clock: Clock = seconds_with_sleep,
        is_always_on: bool = False,
    ) -> None:
        """is_always_on: it says that it is there, for people who rely on schedules."""
        self._store = store
        self._spark = spark
        self._actor = actor
        self._clock = clock
        self._settler = Settler(store, spark, actor)
        self._orphans = OrphanHunter(store, spark, self._settler, actor, clock)
        self._holder = secrets.token_hex(8)
        self._is_idle = False
        """Whether nothing ran at the last step."""
        self._seen: RunRecord | None = None
        self._spark_failed_at: float | None = None
        self._spark_trouble = ""
        self._is_cut_off = False
        """Whether Spark has been silent for too long to hold the lease, in a database that may be written to."""
        self._next_settle = self._next_hunt = self._next_probe = self._next_word = 0.0
        self._is_always_on = is_always_on
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._look_lock = threading.Lock()
        self._lease: Lease | None = None
        """As of its last renewal; None where another holds it."""
        self._duties: list[_Task] = []

    @property
    def is_watching(self) -> bool:
        """Whether the thread of this watcher is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def holds_lease(self) -> bool:
        """Whether this watcher is the one that acts, as of its last look."""
        return self._lease is not None

    @property
    def silence(self) -> str | None:
        """Why this process may not hold the lease, in a sentence: Spark has not answered it for a while."""
        return self._spark_trouble if self._is_cut_off else None

    @property
    def seen(self) -> RunRecord | None:
        """The running run, as the last step found it."""
        return self._seen

    def take_on(
        self,
        name: str,
        turn: Callable[[], float],
        *,
        where: Callable[[Lease], bool] = lambda _lease: True,
        without_spark: bool = False,
    ) -> Duty:
        """Do this as well while it holds the lease; each turn says in how many seconds it wants the next.

        where: whether there is anything to do, by what the lease's last renewal saw; else nothing is asked for it.
        without_spark: also while Spark has not answered for a while, when nobody may hold the lease.
        """
        duty = Duty(name, turn, self._clock)
        self._duties.append(_Task(duty, where, without_spark))
        return duty

    def start(self, first_look_in: float = 0.0) -> None:
        """Watch until closed; the first look is in so many seconds, or at a nudge."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, args=(first_look_in,), name="watcher", daemon=True)
            self._thread.start()

    def nudge(self) -> None:
        """Look at once: something was started or stopped here."""
        self._next_settle = 0.0
        self._wake.set()

    def hear_change(self) -> None:
        """The record changed: look at once where nothing ran, since something may have been started elsewhere."""
        if self._is_idle:
            self.nudge()

    def close(self, timeout: float = 5.0) -> None:
        """Stop watching, and give the lease up for others to take at once. Waits at most timeout seconds."""
        self._closing.set()
        self._wake.set()
        for each in self._duties:
            each.duty.end()
        deadline = self._clock() + timeout
        if self._thread is not None:
            self._thread.join(timeout)
        for each in self._duties:
            each.duty.join(max(0.0, deadline - self._clock()))

    # --- one look -----------------------------------------------------------------------------------------------

    def look(self, seconds: float) -> None:
        """Take one step now, waiting at most so many seconds for it; a step that takes longer ends by itself."""
        if not self._look_lock.acquire(blocking=False):
            return  # a look is under way already, of a Spark that is slow to answer
        looking = threading.Thread(target=self._look_and_unlock, name="one look", daemon=True)
        looking.start()
        looking.join(seconds)

    def _look_and_unlock(self) -> None:
        try:
            self.step()
        except PipelineError as error:
            log.info("one look: %s", error)
        finally:
            self._look_lock.release()

    def step(self) -> RunRecord | None:
        """Settle the running run once; asks Spark for its identity when none runs. Raises PipelineError."""
        self._seen = record = self._store.running()
        self._is_idle = record is None
        if record is None or record.engine is None:
            self._spark.identity(fresh=True)
            return record
        if not self._store.installation().may_act:
            return record
        return self._settler.settle(record)

    # --- the thread ---------------------------------------------------------------------------------------------

    def _watch(self, first_look_in: float) -> None:
        self._wait(first_look_in)
        while not self._closing.is_set():
            had_lease = self._lease is not None
            try:
                self._turn()
            except PipelineError as error:
                self._lease = None
                log.info("watcher: %s", error)
            except Exception:
                # A watcher that died of a surprise would leave rows running for ever; it is logged, and it goes on.
                log.exception("watcher: unexpected error")
            for each in self._duties:
                if self._lease is not None and not had_lease:
                    each.duty.nudge()  # also what went on without Spark has more to do now
                each.duty.allow(self._wants(each))
            self._wait(IDLE_SECONDS if self._lease and self._is_idle else LEASE_LOOK_SECONDS)
        if self._lease is not None:
            self._quietly(lambda: self._store.release_lease(self._holder))
        if self._is_always_on:
            self._quietly(lambda: self._store.withdraw_service(self._holder))

    def _wants(self, task: _Task) -> bool:
        if self._lease is not None:
            return task.where(self._lease)
        return task.without_spark and self._is_cut_off

    def _wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _turn(self) -> None:
        """Renew the lease and do what is due."""
        if self._lease is None and not self._spark_answers():
            self._note_contact_lost()
            return
        self._is_cut_off = False
        if not self._store.installation().may_act:
            self._lease = None
            return
        try:
            lease = self._store.take_lease(self._holder, self._actor)
        except StoreRefused:
            lease = None  # a viewer: it may look, and others watch
        self._lease = lease
        self._announce()
        if lease is None:
            return
        try:
            if lease.something_runs:
                self._watch_run(self._clock())
            else:
                self._watch_nothing(self._clock())
        except (SparkUnavailable, SparkRefused) as error:
            log.info("watcher: %s", error)
            self._spark_failed(error)

    def _announce(self) -> None:
        """Where that is not allowed, as it is to a viewer, nobody may rely on this process either."""
        now = self._clock()
        if self._is_always_on and now >= self._next_word:
            self._next_word = now + ANNOUNCE_SECONDS
            self._quietly(lambda: self._store.announce_service(self._holder, self._actor))

    def _watch_run(self, now: float) -> None:
        if now >= self._next_settle or self._is_idle:
            self._next_settle = now + SETTLE_SECONDS
            self.step()
            self._spark_failed_at = None
        if now >= self._next_hunt:
            self._hunt(now)

    def _watch_nothing(self, now: float) -> None:
        """Only what a run that nobody knows of needs, and whether Spark answers."""
        self._is_idle, self._seen = True, None
        if now >= self._next_hunt:
            self._hunt(now)
        elif now >= self._next_probe:
            self._spark.identity(fresh=True)
        else:
            return
        self._next_probe = now + PROBE_SECONDS
        self._spark_failed_at = None

    def _hunt(self, now: float) -> None:
        self._next_hunt = now + HUNT_SECONDS
        self._orphans.hunt()

    def _spark_answers(self) -> bool:
        """Whether Spark answered this process's last probe; who can't ask Spark does not take the lease."""
        now = self._clock()
        if now >= self._next_probe or self._spark_failed_at is not None:
            self._next_probe = now + PROBE_SECONDS
            try:
                self._spark.identity(fresh=True)
                self._spark_failed_at = None
            except (SparkUnavailable, SparkRefused) as error:
                self._note_spark_failed(error, now)
        return self._spark_failed_at is None

    def _spark_failed(self, error: PipelineError) -> None:
        now = self._clock()
        self._next_probe = 0.0
        if now - self._note_spark_failed(error, now) >= CONTACT_LOST_SECONDS:
            self._lease = None
            self._store.release_lease(self._holder)
            self._note_contact_lost()

    def _note_spark_failed(self, error: PipelineError, now: float) -> float:
        """Since when Spark gives no answer."""
        self._spark_trouble = f"{_REFUSED if isinstance(error, SparkRefused) else _SILENT}: {error}"
        if self._spark_failed_at is None:
            self._spark_failed_at = now
        return self._spark_failed_at

    def _note_contact_lost(self) -> None:
        """Record that nobody gets an answer: only where nobody else holds the lease, who might."""
        if self._spark_failed_at is None or self._clock() - self._spark_failed_at < CONTACT_LOST_SECONDS:
            return
        self._is_cut_off = self._store.installation().may_act
        if not self._is_cut_off:
            return
        record = self._store.running()
        if record is None or record.engine is None or record.watched or record.engine.contact_lost_at is not None:
            return
        change = EngineChange(phase=Phase.LOST_CONTACT, contact_lost=True)
        self._store.change(record.run.run_id, record.engine.rev, change, self._actor)

    @staticmethod
    def _quietly(action: Callable[[], object]) -> None:
        try:
            action()
        except PipelineError as error:
            log.info("watcher: %s", error)
