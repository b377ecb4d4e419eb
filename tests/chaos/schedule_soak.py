"""``python -m tests.chaos.schedule_soak MINUTES [SEED]``: a schedule every minute, watchers killed at random.

What it starts fails as often as not, and is started again twice at most. Each planned minute must have one
outcome, each start one run at most, and each run that failed one answer.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import psycopg

from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline.answers import utc_text
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import Decided, Outcome, Schedule
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings
from pipeline_gui.store.migrate import migrate
from tests.command_server.harness import CommandServer, command_server
from tests.postgres import running_server

WATCHERS = 3
WORKS = """
import os, time
print("at work", flush=True)
time.sleep(5)
raise SystemExit(os.urandom(1)[0] % 2)
"""
_RUNS = "SELECT metadata ->> 'due', coalesce((metadata -> 'attempt')::int, 1), run_id, status FROM pipeline_runs"
RETRIES, RETRY_DELAY_SECONDS = 2, 5
LONGEST_REST_SECONDS = 120.0
Started = dict[tuple[str, int], list[tuple[str, str]]]
"""The runs of each start of each time: id and status."""


def main(minutes: int, seed: int) -> int:
    """Soak for so many minutes; 0, or 1 where a minute has no outcome or two runs."""
    dice = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="schedules-") as name,
        running_server(Path(name) / "database") as postgres,
        postgres.fresh_database() as url,
        command_server(Path(name) / "spark") as server,
    ):
        migrate(url, actor=Actor("soak", "here", "terminal"))
        with open_backend(_settings(Path(name), url, server)) as backend:
            schedule = _make_schedule(backend, Path(name), server)
            kills = _soak(dice, minutes, backend, [url, server.url, server.token or "", name])
            decided = backend.schedules.decided(schedule.name, 100_000)[::-1]
        with psycopg.connect(url) as connection:
            runs = connection.execute(_RUNS).fetchall()
    started: Started = {}
    for due, attempt, run_id, status in runs:
        started.setdefault((due, attempt), []).append((run_id, status))
    return _judge(schedule, decided, started, kills)


def watch(url: str, spark: str, token: str, folder: str) -> None:
    """A process that watches until it is killed."""
    profile = Profile(name=folder, config=Path(folder), data=Path(folder), logs=Path(folder))
    settings = Settings(profile=profile, database_url=url, spark_url=spark, spark_token=token or None)
    with open_backend(settings, face="service") as backend:
        backend.watch()
        sys.stdin.read()


def _settings(folder: Path, url: str, server: CommandServer) -> Settings:
    profile = Profile(name=str(folder), config=folder, data=folder, logs=folder)
    return Settings(profile=profile, database_url=url, spark_url=server.url, spark_token=server.token)


def _make_schedule(backend: Backend, folder: Path, server: CommandServer) -> Schedule:
    file = folder / "minutely.toml"
    file.write_text(f'name = "minutely"\nfile = "{server.app(WORKS)}"\ngrace_seconds = 1\n')
    backend.configurations.import_file(file)
    values = {"name": "minutely", "configuration": "minutely", "cron": "* * * * *", "retries": RETRIES}
    return backend.schedules.create({**values, "retry_delay_seconds": RETRY_DELAY_SECONDS})


def _soak(dice: random.Random, minutes: int, backend: Backend, words: list[str]) -> int:
    """Keep three watchers, and kill one now and then; how often."""
    command = [sys.executable, "-m", "tests.chaos.schedule_soak", "watch", *words]
    watchers = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(WATCHERS)]
    kills, end = 0, time.monotonic() + minutes * 60
    try:
        while time.monotonic() < end:
            time.sleep(dice.uniform(1, 12))
            number = dice.randrange(WATCHERS)
            watchers[number].kill()
            watchers[number].communicate()
            watchers[number] = subprocess.Popen(command, stdin=subprocess.PIPE)
            kills += 1
        _come_to_rest(backend)
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.communicate()
    return kills


def _come_to_rest(backend: Backend) -> None:
    """No further time comes, and every end is answered."""
    backend.schedules.change("minutely", {"ends_at": backend.schedules.now()})
    deadline = time.monotonic() + LONGEST_REST_SECONDS
    while backend.controller.is_pipeline_running() or _is_awaited(backend):
        if time.monotonic() > deadline:
            return  # the judgement says what was not answered
        time.sleep(1)


def _is_awaited(backend: Backend) -> bool:
    return any(standing.awaited or standing.waiting for standing in backend.schedules._store.state().standings)


def _judge(schedule: Schedule, decided: list[Decided], started: Started, kills: int) -> int:
    wrong = [f"start {key} has {runs}" for key, runs in started.items() if len(runs) != 1]
    times: dict[str, list[Decided]] = {}
    for one in decided:
        times.setdefault(str(utc_text(one.due)), []).append(one)
    planned = [str(utc_text(due)) for due in schedule.upcoming(schedule.since, len(times))]
    if list(times) != planned:
        wrong.append(f"planned {planned}, decided {list(times)}")
    status = {run_id: status for [(run_id, status)] in started.values()}
    for due, chain in times.items():
        wrong += [f"{due}: {what}" for what in _wrong_with(chain, status)]
    recorded = [one.run_id for one in decided if one.run_id]
    if sorted(recorded) != sorted(status):
        wrong.append(f"{len(recorded)} starts are recorded, and {len(status)} runs")
    outcomes = Counter(("retry " if one.is_retry else "") + one.outcome.value for one in decided)
    late = sorted(
        (one.decided_at - one.due) / timedelta(seconds=1)
        for one in decided
        if one.run_id and one.attempt == 1 and one.decided_at
    )
    print(f"{len(times)} minutes, {kills} kills: {dict(outcomes)}; {Counter(status.values())}")
    print(f"started after {late[0]:.2f} to {late[-1]:.2f} s")
    print("\n".join(wrong) or "every minute has one outcome, every start one run at most, every failure one answer")
    return 1 if wrong else 0


def _wrong_with(chain: list[Decided], status: dict[str, str]) -> Iterator[str]:
    """What is wrong with the starts of one time."""
    if [one.attempt for one in chain] != list(range(1, len(chain) + 1)):
        yield f"its starts are numbered {[one.attempt for one in chain]}"
    for before, after in pairwise(chain):
        if after.retry_of != before.run_id or status.get(str(before.run_id)) != "failed":
            yield f"start {after.attempt} follows {before.run_id}, which is {status.get(str(before.run_id))}"
    last = chain[-1]
    if last.run_id and status.get(last.run_id) != "completed":
        yield f"{last.run_id} is {status.get(last.run_id)}, and nothing answers it"
    if last.outcome is Outcome.GAVE_UP and len(chain) != RETRIES + 2:
        yield f"it was given up after {len(chain) - 1} starts"
    if not last.run_id and not last.sentence:
        yield f"it is {last.outcome}, and nobody says why"


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(*sys.argv[2:])
    else:
        sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
