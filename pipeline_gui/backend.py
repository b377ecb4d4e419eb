"""The composition root: settings in, a working controller out."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from pipeline_gui.configurations.owner import Configurations
from pipeline_gui.database_address import with_password
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.ports import Actor, Archive, Change, RunStore, SparkServer, Subscription, WholeRecord
from pipeline_gui.pipeline.run import RunStatus
from pipeline_gui.pipeline.watcher import Watcher
from pipeline_gui.run_output import RunOutputs, Server
from pipeline_gui.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipeline_gui.alerts.owner import Alerts
    from pipeline_gui.embedded.pair import Pair
    from pipeline_gui.pipeline.alert import Outbox
    from pipeline_gui.pipeline.alerting import Alarm
    from pipeline_gui.pipeline.duty import Duty
    from pipeline_gui.pipeline.figures import FiguresStore
    from pipeline_gui.pipeline.metrics import Counter, MetricsStore
    from pipeline_gui.pipeline.retention import Retention, Rules
    from pipeline_gui.pipeline.sampling import Sampler
    from pipeline_gui.pipeline.scheduling import Scheduler
    from pipeline_gui.schedules.owner import Schedules

Face = Literal["window", "terminal", "service", "keeper"]
Identity = Literal["moved", "new"]
Say = Callable[[str], None]

COMMAND_CONNECTIONS = 1
WINDOW_CONNECTIONS = 4
SERVICE_CONNECTIONS = 13
"""For many people at once; one of them is for the changes."""


class EmbeddedMissing(PipelineError):
    """No servers are named, and the parts that could run on this computer are not installed."""


class Backend:
    """What a face stands on: the controller, live changes, and the watcher that every long-lived face carries."""

    def __init__(
        self, settings: Settings, store: WholeRecord, spark: Server, actor: Actor, pair: Pair | None = None
    ) -> None:
        self.settings = settings
        self.actor = actor
        self.store: RunStore = store
        self.archive: Archive = store
        self.spark: SparkServer = spark
        self.outputs = RunOutputs(store, spark)
        self._pair = pair
        self._watcher = Watcher(store, spark, actor, is_always_on=actor.via == "service")
        self.configurations = Configurations(store.configurations, store, actor)
        self.controller = PipelineController(store, spark, actor, self._watcher, resolve=self.configurations.resolve)
        self._record = store
        self._spark = spark
        self._scheduling = self._take_on_duties()

    def _take_on_duties(self) -> Duty:
        """What the watcher does beside settling, each loaded when there is something to do; the one that schedules."""
        take_on = self._watcher.take_on
        take_on(
            "alerts",
            lambda: self._alarm.turn(),
            where=lambda lease: lease.has_alerts and lease.something_runs,
            without_spark=True,
        )
        take_on("figures", lambda: self._sampler.turn(), where=lambda lease: lease.something_runs)
        take_on("days", lambda: self._counter.turn(), where=lambda lease: lease.has_days_to_count)
        return take_on(
            "schedules",
            lambda: self._scheduler.turn(self._watcher.silence),
            where=lambda lease: lease.has_schedules,
            without_spark=True,
        )

    @cached_property
    def schedules(self) -> Schedules:
        """When pipelines start by themselves, for people."""
        from pipeline_gui.schedules.owner import Schedules

        return Schedules(self._record.schedules, self.configurations, self.actor)

    @property
    def metrics(self) -> MetricsStore:
        """What the runs of each pipeline come to."""
        return self._record.metrics

    def retention(self, rules: Rules) -> Retention:
        """Counts or removes old runs by rules. Raises ConfigurationInvalid."""
        from pipeline_gui.pipeline.retention import Retention

        return Retention(self._record.retention, rules, self.actor)

    def keep_to(self, rules: Rules) -> None:
        """Remove old runs from now on, while this process watches. Raises ConfigurationInvalid."""
        self._watcher.take_on("retention", self.retention(rules).turn)

    @property
    def figures(self) -> FiguresStore:
        """What each run's work amounts to."""
        return self._record.figures

    @cached_property
    def _sampler(self) -> Sampler:
        from pipeline_gui.pipeline.sampling import Sampler

        actor = Actor(self.actor.user, self.actor.host, "watcher")
        return Sampler(lambda: self._watcher.seen, self._spark, self._record.figures, actor)

    @cached_property
    def _counter(self) -> Counter:
        from pipeline_gui.pipeline.metrics import Counter

        return Counter(self._record.metrics)

    @cached_property
    def _scheduler(self) -> Scheduler:
        from pipeline_gui.pipeline.scheduling import Scheduler

        actor = Actor("schedule", self.actor.host, "watcher")
        start = self.controller.acting_for(actor).start_scheduled
        return Scheduler(self._record.schedules, self.store, start, actor)

    @cached_property
    def alerts(self) -> Alerts:
        """Of what somebody is told, for people."""
        from pipeline_gui.alerts.owner import Alerts

        return Alerts(self._record.alerts, self._record, self.actor)

    @property
    def outbox(self) -> Outbox:
        """What waits to be told, for who delivers it."""
        return self._record.outbox

    @cached_property
    def _alarm(self) -> Alarm:
        from pipeline_gui.pipeline.alerting import Alarm

        actor = Actor("alerts", self.actor.host, "watcher")
        return Alarm(self._record.alerts, self.store, self._record, actor)

    def watch(self, first_look_in: float = 0.0) -> None:
        """Settle runs against Spark in a thread of its own, until closed; the first look is in so many seconds."""
        self._watcher.start(first_look_in)

    @property
    def is_watching(self) -> bool:
        """Whether that thread is at work."""
        return self._watcher.is_watching

    @property
    def holds_lease(self) -> bool:
        """Whether this process is the one that acts, as of its watcher's last look."""
        return self._watcher.holds_lease

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_configurations: Callable[[], None] | None = None,
        on_schedules: Callable[[], None] | None = None,
    ) -> Subscription:
        """Call on_change, in a thread of its own, whenever the record changes; takes the connection kept for it.

        on_configurations and on_schedules are called likewise when those changed.
        """

        def hear(change: Change) -> None:
            self._watcher.hear_change()
            if change.status != RunStatus.RUNNING:
                self._scheduling.nudge()  # the place is free: something may wait for it
            on_change(change)

        def hear_schedules() -> None:
            self._watcher.hear_change()  # of the first one its lease tells
            self._scheduling.nudge()
            if on_schedules is not None:
                on_schedules()

        return self.store.subscribe(hear, on_configurations, hear_schedules)

    def keeps_whole_logs(self) -> bool:
        """Whether the Spark server keeps every line of a log; a plain Livy keeps the last 200. Raises PipelineError."""
        return self.spark.identity().can_fence

    def close(self) -> None:
        """Give everything back, within some seconds; what runs on Spark runs on."""
        self.controller.close()
        self._watcher.close()
        self.spark.close()
        self.store.close()
        if self._pair is not None:
            self._pair.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_backend(
    settings: Settings | None = None,
    *,
    face: Face = "window",
    max_connections: int = WINDOW_CONNECTIONS,
    say: Say | None = None,
) -> Backend:
    """Put the parts together. With servers named nothing is asked of them yet; with none, the embedded pair is started.

    max_connections is for all that the backend does; above one, the last is kept for a subscription. say hears, in
    sentences, what is waited for. Raises PipelineError.
    """
    from pipeline_gui.spark.factory import connect_spark
    from pipeline_gui.store.store import open_store

    settings = load_settings() if settings is None else settings
    settings.require_both_servers()
    pair = open_embedded_pair(settings, say) if settings.is_embedded else None
    try:
        store = open_store(
            pair.database_url if pair else database_conninfo(settings),
            application_name=f"pipeline-gui {face}",
            max_connections=max(1, max_connections - 1),
        )
        spark = connect_spark(
            settings.spark_kind,
            pair.spark_url if pair else str(settings.spark_url),
            pair.spark_token if pair else settings.spark_token,
            ca_file=None if pair else settings.spark_ca_file,
            files_are_local=pair is not None,
        )
    except BaseException:
        if pair is not None:
            pair.close()
        raise
    return Backend(settings, store, spark, this_actor(face), pair)


def prepare_database(settings: Settings, *, identity: Identity | None = None, say: Say | None = None) -> str:
    """Migrate the database, and say which it is; what was done, in words. Raises PipelineError."""
    from pipeline_gui.store.identity import adopt_moved_identity, new_identity
    from pipeline_gui.store.migrate import migrate

    actor = this_actor("terminal")
    pair = open_embedded_pair(settings, say) if settings.database_url is None else None
    try:
        url = pair.database_url if pair else database_conninfo(settings)
        report = migrate(url, actor=actor)
        if identity == "moved":
            kept = adopt_moved_identity(url, actor=actor)
            return f"{report.sentence()} It continues the installation {kept.installation_id}."
        if identity == "new":
            made = new_identity(url, actor=actor)
            return f"{report.sentence()} It is now an installation of its own, {made.installation_id}."
        return report.sentence()
    finally:
        if pair is not None:
            pair.close()


def database_conninfo(settings: Settings) -> str:
    """What libpq takes for the database that the settings name, the keyring's password included."""
    if settings.database_url is None:
        raise ValueError("the settings name no database")
    return with_password(settings.database_url, settings.database_password)


def this_actor(face: Face) -> Actor:
    """Who this process acts for, and from which computer."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without an entry, as containers have them
        user = f"uid{os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return Actor(user=user, host=socket.gethostname() or "unknown", via=face)


def open_embedded_pair(settings: Settings, say: Say | None = None) -> Pair:
    """PostgreSQL and Spark on this computer, for the profile of the settings. Raises PipelineError."""
    try:
        from pipeline_gui.embedded.pair import open_pair
    except ImportError as error:
        raise EmbeddedMissing(
            "No servers are named, and the parts that would run on this computer are not installed "
            f"({error.name}). Set PIPELINE_GUI_DATABASE_URL and PIPELINE_GUI_SPARK_URL, "
            "or install the program with its extra: pip install 'pipeline-gui[local]'."
        ) from error
    return open_pair(settings.profile.data, say or (lambda _sentence: None))
