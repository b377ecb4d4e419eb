"""Bugs planted on purpose, one for each rule of the protocol: a check that none of them fails is no check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from pipeline_gui.pipeline import controller, retrying, settling, starting
from pipeline_gui.pipeline.orphans import OrphanHunter
from pipeline_gui.pipeline.retrying import Retries
from pipeline_gui.pipeline.scheduling import Scheduler
from pipeline_gui.pipeline.settling import Settler
from pipeline_gui.pipeline.starting import Starter
from pipeline_gui.pipeline.stopping import Stopper
from pipeline_gui.pipeline.watcher import Watcher
from tests.chaos.model import bugs, bugs_in_schedules
from tests.chaos.model.bugs_in_schedules import FiresBesideTheRun, FiresWithoutCompare
from tests.chaos.model.bugs_in_store import (
    ComparesStatusOnly,
    CountsThenInserts,
    ForgetsTheIntent,
    HoldsTheLeaseForEver,
    InsertsWithoutActor,
    LongerGraceWins,
    SettlesWithoutCompare,
    WritesBackWhatItRead,
)
from tests.chaos.model.spark import MemoryServer, MemorySpark
from tests.chaos.model.store import Database, MemoryStore
from tests.chaos.model.world import World


@dataclass(frozen=True)
class Mutant:
    """A planted bug, the rule that it breaks, and the world in which it shows."""

    name: str
    rule: str
    """The section of the protocol and the rule."""
    plant: Callable[[], Any]
    make_store: Callable[[Database], MemoryStore] = MemoryStore
    guard: bool = True
    one_running: bool = True
    plain: bool = False
    """On a Livy that is not ours."""
    failover: bool = False
    """Whether the database may lose commits though Spark's guard is off."""
    schedules: bool = False
    """Where something starts by itself."""
    seed: int = 0
    """Where walks find it at present; others are tried after it."""

    def world(self) -> World:
        """A world in which it may show."""
        world = World(
            guard=self.guard,
            one_running=self.one_running,
            plain=self.plain,
            schedules=self.schedules,
            make_store=self.make_store,
        )
        world.other_hands.failover_without_guard = self.failover
        return world


@contextmanager
def nothing() -> Iterator[None]:
    """Nothing is planted in the domain."""
    yield


def planted(owner: Any, name: str, bug: Any) -> Callable[[], Any]:
    """Plant a bug in the place of a function."""
    return lambda: patch.object(owner, name, bug)


MUTANTS = [
    Mutant(
        "send without a commit",
        "3: no POST unless the commit is known",
        planted(Starter, "_read_back", bugs.believes_the_commit),
        seed=126,
    ),
    Mutant(
        "send to any server",
        "4: a launch names its server",
        planted(MemorySpark, "submit", bugs.sends_to_any_server),
        seed=249,
    ),
    Mutant("forget a fence", "2: a fence is for ever", planted(MemorySpark, "fence", bugs.forgets_its_fences)),
    Mutant(
        "free a name again",
        "2: a name is never free again",
        planted(MemoryServer, "post", bugs.frees_the_names_of_what_ended),
        seed=223,
    ),
    Mutant("no guard on the server", "5: one at a time, twice", nothing, guard=False, failover=True),
    Mutant("settle another program's row", "4: ours is what our table has", bugs.others_rows_are_ours),
    Mutant(
        "kill what has no row at once",
        "4: two looks 10 s apart",
        planted(OrphanHunter, "_seen_twice", bugs.kills_what_has_no_row),
    ),
    Mutant(
        "abandoned is gone", "1: abandoning leaves it not gone", planted(Stopper, "abandon", bugs.abandoned_is_gone)
    ),
    Mutant("unknown is idle", "6: unknown is an answer", planted(controller, "unknown_answer", bugs.unknown_is_idle)),
    Mutant("lead without Spark", "6: the lease is given up", planted(Watcher, "_spark_failed", bugs.keeps_the_lease)),
    Mutant(
        "a starter without an end",
        "3: 5 s from commit to answer",
        lambda: patch.object(starting, "STARTER_SECONDS", 1e6),
        plain=True,
        seed=85,
    ),
    Mutant(
        "an impatient look at a plain Livy",
        "8: an absent start waits 150 s",
        lambda: patch.object(settling, "PLAIN_LIVY_START_SECONDS", 10.0),
        plain=True,
        seed=1325,
    ),
    Mutant(
        "DELETE is proof",
        "8: 200 to DELETE is no proof",
        planted(Settler, "_stop_on_plain_livy", bugs.is_gone_when_deleted),
        plain=True,
    ),
    Mutant("settle without compare", "3: compare-and-set on running", nothing, SettlesWithoutCompare),
    Mutant(
        "write back what was read",
        "3: written by the database, never read and changed",
        nothing,
        WritesBackWhatItRead,
        seed=405,
    ),
    Mutant("forget the intent", "design 4: the wish is recorded first", nothing, ForgetsTheIntent),
    Mutant(
        "a limit without an end",
        "design 4: a recorded limit is kept to",
        planted(settling, "is_past_limit", bugs.no_limit),
    ),
    Mutant(
        "a limit that comes early",
        "design 4: no run is stopped within its limit",
        planted(settling, "is_past_limit", bugs.always_past_its_limit),
    ),
    Mutant("longer grace wins", "design 4: a stop is only ever shortened", nothing, LongerGraceWins),
    Mutant("an event without an actor", "design 3: who did it", nothing, InsertsWithoutActor),
    Mutant("a lease without an end", "6: a lease on the database's clock", nothing, HoldsTheLeaseForEver),
    Mutant(
        "count, then insert", "5: the database holds one place", nothing, CountsThenInserts, one_running=False, seed=110
    ),
    Mutant(
        "a time-out is a failure",
        "1: no time-out is evidence",
        planted(Starter, "_resolve_unclear", bugs.timeout_is_failure),
    ),
    Mutant(
        "a time-out is a success",
        "1: no time-out is evidence",
        planted(Starter, "_resolve_unclear", bugs.timeout_is_success),
    ),
    Mutant(
        "absent is ended",
        "2: absent is fenced first",
        planted(Settler, "_settle_absent", bugs.absent_is_ended),
        seed=2647,
    ),
    Mutant(
        "no answer is an end",
        "1: what can't be asked is not known",
        planted(Settler, "settle", bugs.anything_means_not_there),
    ),
    Mutant(
        "stopped before it is gone",
        "1: stopped means gone",
        planted(Settler, "_carry_out_stop", bugs.stopped_when_asked),
    ),
    Mutant(
        "every end is a stop",
        "1: stop and natural end race",
        planted(Settler, "_settle_fenced", bugs.every_end_is_a_stop),
    ),
    Mutant(
        "ended is completed",
        "7: the exit is the server's word",
        planted(Settler, "_settle_ended", bugs.ended_is_completed),
    ),
    Mutant(
        "hunt without the dot", "4: nothing without our prefix", planted(OrphanHunter, "hunt", bugs.hunt_everything)
    ),
    Mutant(
        "kill without a second look",
        "4: list first, then the row",
        planted(OrphanHunter, "_judge", bugs.kill_without_looking),
        seed=51,
    ),
    Mutant(
        "kill without a word", "design 4: an event says so", planted(OrphanHunter, "_judge", bugs.kill_without_a_word)
    ),
    Mutant(
        "the row before the list", "4: list first, then the row", planted(OrphanHunter, "hunt", bugs.row_before_list)
    ),
    Mutant(
        "repeat a start",
        "1: a POST is never repeated",
        planted(Starter, "_send", bugs.starts_again_by_itself),
        guard=False,
    ),
    Mutant(
        "a duplicate is a refusal",
        "1: a duplicate of our own is adopted",
        planted(Starter, "_send", bugs.duplicate_is_refusal),
        seed=249,
    ),
    Mutant("adopt nothing", "3: who loses reads again, and undoes", planted(Starter, "_adopt", bugs.adopts_nothing)),
    Mutant(
        "gone without evidence",
        "1: earlier runs are fenced first",
        planted(Starter, "_fence_earlier", bugs.gone_without_evidence),
        guard=False,
    ),
    Mutant(
        "nobody confirms",
        "1: an ended run is watched until it is gone",
        planted(OrphanHunter, "_confirm", bugs.never_confirms),
    ),
    Mutant("stop whatever runs", "3: a stop names its run", planted(Stopper, "stop", bugs.stops_whatever_runs), seed=9),
    Mutant("believe any server", "4: the generation", bugs.any_server),
    Mutant(
        "leave nobody alone",
        "3: the starter has its time",
        planted(Settler, "_starter_is_at_work", bugs.leaves_nobody_alone),
        seed=2962,
    ),
    Mutant(
        "leave everybody alone",
        "3: the starter's time ends",
        planted(Settler, "_starter_is_at_work", bugs.leaves_everybody_alone),
    ),
    Mutant(
        "watch for stops only",
        "design 4: every end is settled",
        planted(Watcher, "step", bugs.watches_for_stops_only),
    ),
    Mutant("compare the status only", "3: the revision", nothing, ComparesStatusOnly, seed=405),
    Mutant(
        "a refusal is not fenced",
        "1: after a refusal, fence too",
        planted(Starter, "_refused", bugs.refuses_to_the_end),
        seed=10722,
    ),
    # schedules
    Mutant(
        "a time beside its run",
        "6: in the transaction of the INSERT",
        nothing,
        FiresBesideTheRun,
        schedules=True,
        seed=139,
    ),
    Mutant(
        "fire without compare", "6: UNIQUE (schedule, due time)", nothing, FiresWithoutCompare, schedules=True, seed=109
    ),
    Mutant(
        "every end is a failure",
        "ADR 10: a failure is what the row says",
        planted(retrying, "has_failed", bugs_in_schedules.every_end_is_a_failure),
        schedules=True,
    ),
    Mutant(
        "start again what a person stopped",
        "ADR 10: a person's stop is no failure",
        planted(retrying, "has_failed", bugs_in_schedules.only_what_a_person_left_alone),
        schedules=True,
    ),
    Mutant(
        "miss without a word",
        "ADR 10: every missed time has its row",
        planted(Scheduler, "_miss", bugs_in_schedules.misses_without_a_word),
        schedules=True,
    ),
    Mutant(
        "no answer to a failure",
        "ADR 10: one transaction answers an end",
        planted(Retries, "attend", bugs_in_schedules.never_answers),
        schedules=True,
    ),
    Mutant(
        "wait for ever",
        "ADR 10: a time that waits is decided",
        planted(Scheduler, "_attend_waiting", bugs_in_schedules.waits_for_ever),
        schedules=True,
    ),
    Mutant(
        "always replace",
        "ADR 10: nothing is stopped unasked",
        planted(Scheduler, "_meet_busy", bugs_in_schedules.always_replaces),
        schedules=True,
    ),
]
