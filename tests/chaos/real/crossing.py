"""One crash point crossed with one fault: a victim meets it, a fresh process settles, and the invariants are read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.pipeline.settling import is_past_limit
from tests.alerts.hooks import Hook, hook
from tests.chaos.points import WRITES, call_of
from tests.chaos.real import schedule_scenarios
from tests.chaos.real.alerts import OF_EACH_END, alert_violations, settle_alerts
from tests.chaos.real.ground import Ground, processes
from tests.chaos.real.network import Proxy, Trouble
from tests.chaos.real.rows import rows_of
from tests.chaos.real.scenarios import SCENARIOS, Scenario
from tests.chaos.real.victim import KILLED_AFTER, KILLED_BEFORE, Plan, main
from tests.pipeline.conftest import SLEEPS, World

VICTIM_SECONDS = 40.0
REST_SECONDS = 20.0
TROUBLES = [trouble for trouble in Trouble if trouble is not Trouble.NONE]
FAULTS = [KILLED_BEFORE, KILLED_AFTER, *(str(trouble) for trouble in TROUBLES)]


def faults_at(point: str) -> list[str]:
    """The faults that can befall a point: PostgreSQL's protocol can't be delivered twice, and a read has no effect."""
    call = call_of(point)
    chosen = [fault for fault in FAULTS if fault != Trouble.TWICE or call.startswith(("spark.", "receiver."))]
    if call not in WRITES:
        chosen = [fault for fault in chosen if fault not in (Trouble.TWICE, Trouble.LATE, KILLED_AFTER)]
    return chosen


@dataclass
class Outcome:
    """What came of one crossing."""

    scenario: str
    point: str | None
    fault: str | None
    sprung: bool = False
    answer: Any = None
    reached: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    seconds_to_rest: float = 0.0


def cross(ground: Ground, name: str, point: str | None, fault: str | None, *, late_first: bool = True) -> Outcome:
    """Let a victim of a scenario meet a fault at a point, and see what becomes of the record and of Spark.

    late_first: what is late arrives before the fresh process settles, and otherwise after it.
    """
    scenario, outcome = SCENARIOS[name], Outcome(name, point, fault)
    with ground.world() as world, hook() as hooked:
        world.execute(OF_EACH_END)
        run_id = scenario.prepare(world)
        ended_before = ended_rows(world)
        with _network(world, hooked) as proxies:
            plan = Plan(
                database=make_conninfo(world.database, port=proxies["store"].port),
                spark_url=f"http://127.0.0.1:{proxies['spark'].port}",
                token=world.server.token,
                receiver_url=f"http://127.0.0.1:{proxies['receiver'].port}/",
                scenario=name,
                configuration=world.configuration(SLEEPS),
                run_id=run_id,
                point=point,
                fault=fault,
            )
            ground.moved_to(world, plan.spark_url)
            _let_it_act(plan, proxies, outcome)
            ground.moved_to(world, world.server.url)
            world.execute(ground.aged)
            if late_first or ground.is_plain:  # on a plain Livy a start that was given up may not come any more
                _deliver(proxies)
            _come_to_rest(ground, world, outcome)
            settle_alerts(world, hooked.url)
            if not late_first and _deliver(proxies):
                _come_to_rest(ground, world, outcome)
                settle_alerts(world, hooked.url)
        outcome.violations += [*alert_violations(world, hooked, is_undisturbed=fault is None)]
        outcome.violations += [*violations(ground, world, scenario, run_id, ended_before, outcome)]
    return outcome


class _network:  # noqa: N801 - a context manager
    """The proxies between a victim and the two servers, and a receiver of alerts."""

    def __init__(self, world: World, hooked: Hook) -> None:
        database = conninfo_to_dict(world.database)
        self._proxies = {
            "store": Proxy(str(database["host"]), int(str(database["port"]))),
            "spark": Proxy("127.0.0.1", world.server.port),
            "receiver": Proxy("127.0.0.1", hooked.port),
        }
        # These are the database, too.
        self._proxies |= dict.fromkeys(("schedules", "alerts", "outbox", "archive"), self._proxies["store"])

    def __enter__(self) -> dict[str, Proxy]:
        return self._proxies

    def __exit__(self, *_: object) -> None:
        for proxy in set(self._proxies.values()):
            proxy.__exit__(None, None, None)


def _deliver(proxies: dict[str, Proxy]) -> int:
    return sum(proxy.deliver() for proxy in set(proxies.values()))


def _let_it_act(plan: Plan, proxies: dict[str, Proxy], outcome: Outcome) -> None:
    ours, theirs = processes.Pipe()
    victim = processes.Process(target=main, args=(plan, theirs), daemon=True)
    victim.start()
    theirs.close()
    try:
        _serve(ours, plan, proxies, outcome)
    finally:
        victim.join(1)
        victim.kill()
        victim.join(5)
        ours.close()
    killed = plan.fault in (KILLED_BEFORE, KILLED_AFTER)
    outcome.sprung = outcome.sprung or (killed and victim.exitcode == -9 and outcome.answer is None)
    if not killed and outcome.answer is None and not outcome.reached:
        outcome.violations.append(f"the victim ended with {victim.exitcode} and said nothing")


def _serve(pipe: Connection, plan: Plan, proxies: dict[str, Proxy], outcome: Outcome) -> None:
    deadline = time.monotonic() + VICTIM_SECONDS
    while True:
        if not pipe.poll(max(0.0, deadline - time.monotonic())):
            outcome.violations.append(f"the victim hangs for over {VICTIM_SECONDS} s")
            return
        try:
            word, what = pipe.recv()
        except EOFError:
            return
        if word == "done":
            outcome.answer, outcome.reached = what
            return
        if word == "begin":
            outcome.sprung = True
            proxies[what].begin(Trouble(str(plan.fault)))
        else:
            proxies[what].heal()
        pipe.send("so be it")


# --- afterwards -----------------------------------------------------------------------------------------------------


def _come_to_rest(ground: Ground, world: World, outcome: Outcome) -> None:
    """A fresh process watches, until nothing is left to do."""
    fresh = World(world.database, world.server, "fresh")
    scheduler = schedule_scenarios.scheduler_of(fresh)
    begin = time.monotonic()
    try:
        while not _is_at_rest(ground, fresh):
            if time.monotonic() - begin > REST_SECONDS:
                outcome.violations.append(f"it did not come to rest within {REST_SECONDS} s")
                return
            fresh.watcher.step()
            fresh.hunter.hunt()
            scheduler.turn()
            fresh.clock.move(11)  # a batch without a row is looked at twice, this far apart
        outcome.seconds_to_rest = max(outcome.seconds_to_rest, time.monotonic() - begin)
    finally:
        fresh.close()


def _is_at_rest(ground: Ground, world: World) -> bool:
    prefix = f"{world.plain_store.installation().installation_id}."
    alive = {str(batch.name).removeprefix(prefix) for batch in world.plain_spark.alive(prefix)}
    running = world.plain_store.running()
    if (world.plain_store.not_gone() and not ground.is_plain) or not schedule_scenarios.is_at_rest(world):
        return False
    if running is None or running.engine is None:
        return not alive
    if is_past_limit(running):
        return False  # whoever looks next stops it
    row = {"batch_id": running.engine.batch_id, "stop_requested_at": running.engine.stop_requested_at}
    if ground.is_forgotten(running.engine.batch_name, row):
        return not alive
    return alive == {running.run.run_id} and running.engine.batch_id is not None and not running.engine.stop_requested


def ended_rows(world: World) -> dict[str, dict[str, Any]]:
    """The rows that have ended, as they are."""
    rows = rows_of(world, "SELECT * FROM pipeline_runs WHERE lower(btrim(status)) <> 'running'")
    return {row["run_id"]: row for row in rows}


def violations(
    ground: Ground,
    world: World,
    scenario: Scenario,
    run_id: str | None,
    ended_before: dict[str, dict[str, Any]],
    outcome: Outcome,
) -> Iterator[str]:
    rows = {row["run_id"]: row for row in rows_of(world, "SELECT * FROM pipeline_runs")}
    engines = {row["run_id"]: row for row in rows_of(world, "SELECT * FROM pipeline_run_engine")}
    events = rows_of(world, "SELECT * FROM pipeline_run_events ORDER BY event_id")
    running = [row for row in rows.values() if row["status"].strip().lower() == "running"]
    if len(running) > 1:
        yield f"1: {len(running)} rows are running"
    for name in engines:
        processes_of_it = _processes(world, name)
        status = rows[name]["status"] if name in rows else None
        if status != "running" and processes_of_it:
            yield f"{'6' if status == 'stopped' else '2'}: {name} is {status} and {processes_of_it} live"
        forgotten = ground.is_forgotten(engines[name]["batch_name"], engines[name])
        if status == "running" and not forgotten and not _comes_to_life(world, name):
            yield f"3: {name} is running, and nothing of it lives"
        if status == "running" and engines[name]["stop_requested_at"] and not forgotten:
            yield f"5: the stop of {name} is recorded and was not carried out"
    for name, row in ended_before.items():
        if rows.get(name) != row:
            yield f"4: {row} became {rows.get(name)}"
    for name in rows:
        changes = [e for e in events if e["run_id"] == name and e["kind"] == "status changed"]
        if any(not e["actor"] for e in changes):
            yield f"7: nobody knows who changed {name}"
        if (rows[name]["status"].strip().lower() != "running") != (len(changes) == 1):
            yield f"7: {name} is {rows[name]['status']} and has {len(changes)} changes of status"
    if run_id is not None and (status := rows[run_id]["status"] if run_id in rows else "") not in scenario.ends:
        yield f"3: {run_id} is {status}, which is none of {sorted(scenario.ends)}"
    yield from schedule_scenarios.violations(world)
    yield from _lies(ground, world, rows, outcome.answer)


def _comes_to_life(world: World, run_id: str) -> bool:
    """Whether anything of a run lives, or does in a moment: its supervisor may be at its launch."""
    deadline = time.monotonic() + 5
    while not _processes(world, run_id):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _processes(world: World, run_id: str) -> list[int]:
    name = f"{world.plain_store.installation().installation_id}.{run_id}"
    return world.processes(run_id) if world.plain_spark.find(name) is not None else []


def _lies(ground: Ground, world: World, rows: dict[str, dict[str, Any]], answer: Any) -> Iterator[str]:
    """What the victim's operator was told and is not so."""
    if not isinstance(answer, dict) or "success" not in answer or not answer.get("run_id"):
        return
    row = rows.get(answer["run_id"])
    if answer["success"] and answer["message"].startswith("Started"):
        name = f"{world.plain_store.installation().installation_id}.{answer['run_id']}"
        if not ground.ever_had(world, name):
            yield f"3: “{answer['message']}” was said, and Spark never had it"
    if answer["success"] and answer["message"].startswith("Stopped") and row and row["status"] == "running":
        yield f"6: “{answer['message']}” was said, and it is recorded as running"
