"""``python -m tests.chaos.schedule_soak MINUTES [SEED]``: a schedule every minute, watchers killed at random.

Each planned minute must have one outcome, and one run at most.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from pipeline_gui.backend import Backend, open_backend
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.schedule import Decided, Schedule
from pipeline_gui.profile import Profile
from pipeline_gui.settings import Settings
from pipeline_gui.store.migrate import migrate
from tests.command_server.harness import CommandServer, command_server
from tests.postgres import running_server

WATCHERS = 3
WORKS = "import time\nprint('at work', flush=True)\ntime.sleep(5)\n"


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
            kills = _soak(dice, minutes, [url, server.url, server.token or "", name])
            deadline = time.monotonic() + 60
            while backend.controller.is_pipeline_running() and time.monotonic() < deadline:
                time.sleep(1)
            decided = backend.schedules.decided(schedule.name, 100_000)[::-1]
        with psycopg.connect(url) as connection:
            runs = connection.execute("SELECT metadata ->> 'due', count(*) FROM pipeline_runs GROUP BY 1").fetchall()
    return _judge(schedule, decided, dict(runs), kills)


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
    return backend.schedules.create({"name": "minutely", "configuration": "minutely", "cron": "* * * * *"})


def _soak(dice: random.Random, minutes: int, words: list[str]) -> int:
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
        time.sleep(5)
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.communicate()
    return kills


def _judge(schedule: Schedule, decided: list[Decided], runs: dict[str, int], kills: int) -> int:
    wrong = [f"{due} has {count} runs" for due, count in runs.items() if count != 1]
    planned = schedule.upcoming(schedule.since, len(decided))
    if [one.due for one in decided] != planned:
        wrong.append(f"planned {planned}, decided {[one.due for one in decided]}")
    started = [one for one in decided if one.run_id]
    if len(started) != len(runs):
        wrong.append(f"{len(started)} times started, {len(runs)} runs")
    outcomes = {one.outcome.value: sum(1 for other in decided if other.outcome is one.outcome) for one in decided}
    late = sorted((one.decided_at - one.due) / timedelta(seconds=1) for one in started if one.decided_at)
    print(f"{len(decided)} minutes, {kills} kills: {outcomes}; started after {late[0]:.2f} to {late[-1]:.2f} s")
    print("\n".join(wrong) or "every minute has one outcome, and one run at most")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(*sys.argv[2:])
    else:
        sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
