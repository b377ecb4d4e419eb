"""Hunting orphans: batches of ours on Spark whose row has ended, and rows whose end nobody has confirmed."""

from __future__ import annotations

import logging

from pipeline_gui.pipeline.clock import Clock
from pipeline_gui.pipeline.errors import SparkRefused
from pipeline_gui.pipeline.ports import Actor, Batch, RunStore, SparkServer
from pipeline_gui.pipeline.run import RunRecord
from pipeline_gui.pipeline.settling import OtherServer, Settler

log = logging.getLogger(__name__)

SECOND_LOOK_SECONDS = 10.0
"""A batch without any row is fenced only when it is still so this much later."""
PLAIN_LIVY_WATCH_SECONDS = 24 * 3600.0
"""How long an ended run is watched on a Livy that can't fence."""


class OrphanHunter:
    """Finds and kills what lives on Spark against the record; touches nothing without our prefix."""

    def __init__(self, store: RunStore, spark: SparkServer, settler: Settler, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._spark = spark
        self._settler = settler
        self._actor = actor
        self._clock = clock
        self._without_row: dict[str, float] = {}
        self._being_killed: set[str] = set()

    def hunt(self) -> None:
        """One hunt. Raises SparkUnavailable and the store's errors."""
        installation = self._store.installation()
        if not installation.may_act:
            return
        prefix = f"{installation.installation_id}."
        # The list first, then each row on the primary: a row read before the list could miss a run just started.
        alive = self._spark.alive(prefix)
        seen: set[str] = set()
        for batch in alive:
            if batch.name is None or not batch.name.startswith(prefix):
                continue
            seen.add(batch.name)
            self._judge(batch, batch.name, batch.name.removeprefix(prefix))
        self._without_row = {name: at for name, at in self._without_row.items() if name in seen}
        self._being_killed &= seen
        for record in self._store.not_gone():
            # What is alive was judged above, by its own rule; its end is confirmed by a later hunt.
            if record.engine is not None and record.engine.batch_name not in seen:
                self._confirm(record)

    def _judge(self, batch: Batch, name: str, run_id: str) -> None:
        record = self._store.find(run_id)
        if record is not None and record.run.is_running:
            return
        if record is None and not self._seen_twice(batch, name, run_id):
            return
        why = f"its row is {record.run.status}" if record else "it has no row"
        if name not in self._being_killed:
            now = self._spark.find(name)
            if now is None or now.state.is_terminal:
                return  # it ended as it should between the list and the row: no orphan, and no event may say so
            self._being_killed.add(name)
            log.warning("orphan: batch %s is alive on Spark though %s; it is being killed", name, why)
            self._store.add_event(run_id, "orphan killed", self._actor, {"batch": name, "because": why})
        if self._spark.identity().can_fence:
            self._spark.fence(name, 0)
        else:
            self._spark.kill(name)

    def _seen_twice(self, batch: Batch, name: str, run_id: str) -> bool:
        """A row may be missing because a failover lost its commit: warn at the first look, act at the second."""
        first = self._without_row.get(name)
        if first is None:
            log.warning("batch %s is alive on Spark and has no row in the database", name)
            detail = {"batch": name, "batch_id": batch.batch_id}
            self._store.add_event(run_id, "batch without a row", self._actor, detail)
            self._without_row[name] = self._clock()  # from the warning on, which may have taken its time
            return False
        return self._clock() - first >= SECOND_LOOK_SECONDS

    def _confirm(self, record: RunRecord) -> None:
        try:
            if not self._settler.make_sure_gone(record):
                return
            can_fence = self._spark.identity().can_fence
        except (OtherServer, SparkRefused) as error:
            log.info("not confirmed: %s", error)
            return
        if can_fence:
            self._store.mark_gone(record.run.run_id, self._actor, {"evidence": "fenced by the watcher"})
        elif record.age_seconds is not None and record.age_seconds > PLAIN_LIVY_WATCH_SECONDS:
            self._store.mark_gone(record.run.run_id, self._actor, {"evidence": "not seen on Livy for 24 hours"})
