"""Bugs planted in the sources, for the rules that no model can hold: the SQL, the wire, the command server.

Each is a change of some text; the tests that it names must fail with it, in a copy of the sources.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180.0


@dataclass(frozen=True)
class SourceMutant:
    """A planted bug, the rule that it breaks, and the tests that must see it."""

    name: str
    rule: str
    path: str
    """Of the file, below pipeline_gui."""
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self) -> str:
        """The file with the bug in it. Raises ValueError when it can't be planted."""
        text = (ROOT / "pipeline_gui" / self.path).read_text("utf-8")
        if self.old not in text:
            raise ValueError(f"{self.path} does not hold {self.old!r}")
        return text.replace(self.old, self.new)

    def is_found(self) -> bool:
        """Whether one of its tests fails where it is planted. Raises ValueError when it can't be planted."""
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            copy = Path(folder)
            for name in ("pipeline_gui", "tests"):
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            for name in ("pyproject.toml", "resources", "docs", "requirements"):
                (copy / name).symlink_to(ROOT / name)
            (copy / "pipeline_gui" / self.path).write_text(self.planted(), "utf-8")
            words = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *self.tests]
            done = subprocess.run(
                words, cwd=copy, env=os.environ | {"PYTHONPATH": folder}, capture_output=True, check=False,
                timeout=SECONDS,
            )  # fmt: skip
            if done.returncode not in (0, 1):
                raise ValueError(f"pytest ended with {done.returncode}: {done.stdout[-500:]!r}")
            return done.returncode == 1


SOURCE_MUTANTS = [
    # the three that the record stands and falls with
    SourceMutant(
        "no unique index",
        "5: count, then insert",
        "store/migrations/0001_runs.sql",
        "CREATE UNIQUE INDEX",
        "CREATE INDEX",
        ("tests/chaos/test_contract.py", "tests/store/test_starting.py"),
    ),
    SourceMutant(
        "an end without compare",
        "3: compare-and-set on running",
        "store/writing.py",
        """FROM ended WHERE run.run_id = ended.run_id AND {is_running("run.status")}""",
        """FROM ended WHERE run.run_id = ended.run_id""",
        ("tests/chaos/test_contract.py", "tests/store/test_transitions.py"),
    ),
    SourceMutant(
        "a change without its revision",
        "3: the revision",
        "store/writing.py",
        "(%(rev)s::bigint IS NULL OR rev = %(rev)s::bigint)",
        "(%(rev)s::bigint IS NULL OR true)",
        ("tests/chaos/test_contract.py", "tests/store/test_transitions.py"),
    ),
    SourceMutant(
        "a stop that is not recorded",
        "design 4: the wish is recorded first",
        "pipeline/stopping.py",
        "record = self._store.request_stop(run_id, grace_seconds, self._actor)",
        "self._settler._fence(before.engine, grace_seconds or 0.0)  # type: ignore[arg-type]\n        record = before",
        ("tests/pipeline/test_stopping.py",),
    ),
    # what is said over the wire
    SourceMutant(
        "any 404 is absent",
        "1: absent is the server's own word",
        "spark/answers.py",
        'if answer.status != 404 or answer.media_type != "application/json":\n        return False\n    try:\n'
        "        return decode(answer.body, Message).msg == _SESSION_NOT_FOUND.format(name)\n"
        "    except NotLivys:\n        return False",
        "return answer.status == 404",
        ("tests/spark/test_asking.py",),
    ),
    SourceMutant(
        "any error is a refusal",
        "1: a refusal is one of eight, in the server's own words",
        "spark/answers.py",
        "words = own_words(answer) if answer.status in REFUSALS else None",
        "words = own_words(answer) if answer.status >= 400 else None",
        ("tests/spark/test_submit.py",),
    ),
    SourceMutant(
        "a launch names no server",
        "4: the generation",
        "command_server/guard.py",
        "if any(value != self._generation for value in wanted):",
        "if False:",
        ("tests/command_server/test_fence.py",),
    ),
    SourceMutant(
        "a fence in memory only",
        "2: recorded durably as never started",
        "command_server/batches.py",
        "self.ledger.add_fence(key)",
        "self.ledger.fenced.add(key)",
        ("tests/command_server/test_fence.py",),
    ),
    SourceMutant(
        "no guard",
        "5: one at a time, twice",
        "command_server/batches.py",
        "if other.installation == installation:",
        "if False:",
        ("tests/command_server/test_one_at_a_time.py", "tests/chaos/test_contract.py"),
    ),
    # identity
    SourceMutant(
        "a copy is an original",
        "4: the fingerprint",
        "store/schema.py",
        "return Installation(installation_id, is_original, version, newer)",
        "return Installation(installation_id, True, version, newer)",
        ("tests/chaos/test_deaths.py", "-k", "copy"),
    ),
    SourceMutant(
        "an index of one spelling",
        "5: `Running ` of other programs",
        "store/migrations/0001_runs.sql",
        "lower(btrim(status)) = 'running'",
        "status = 'running'",
        ("tests/store/test_starting.py",),
    ),
    # schedules
    SourceMutant(
        "a time that is fired twice",
        "6: UNIQUE (schedule, due time)",
        "store/migrations/0015_retries.sql",
        "            WHERE firing.outcome = 'waiting';\n        IF FOUND THEN\n            RETURN;",
        "            WHERE true;\n        IF FOUND OR true THEN\n            RETURN;",
        ("tests/chaos/test_schedule_contract.py",),
    ),
    SourceMutant(
        "a failure that is answered twice",
        "ADR 10: one transaction answers an end",
        "store/schedules.py",
        "AND run_id = %(retry_of)s AND awaits_end\n",
        "AND run_id = %(retry_of)s\n",
        ("tests/chaos/test_schedule_contract.py",),
    ),
    SourceMutant(
        "what was decided of another revision",
        "3: the revision",
        "store/schedules.py",
        "WHERE schedule_id = %(schedule_id)s AND revision = %(revision)s\n    ORDER BY moment",
        "WHERE schedule_id = %(schedule_id)s\n    ORDER BY moment",
        ("tests/chaos/test_schedule_contract.py",),
    ),
    SourceMutant(
        "two places in line",
        "ADR 10: at most one a schedule",
        "store/migrations/0009_schedules.sql",
        "CREATE UNIQUE INDEX pipeline_schedule_firings_one_waiting",
        "CREATE INDEX pipeline_schedule_firings_one_waiting",
        ("tests/chaos/test_schedule_contract.py",),
    ),
    SourceMutant(
        "nobody looks while Spark is down",
        "ADR 10: no time passes without a row",
        "pipeline/watcher.py",
        "return task.without_spark and self._is_cut_off",
        "return False",
        ("tests/test_backend.py", "-k", "spark_is_down"),
    ),
    SourceMutant(
        "missed beside who can start it",
        "ADR 10: only where nobody holds the lease",
        "pipeline/scheduling.py",
        "if silence is not None and state.is_watched:",
        "if False:",
        ("tests/pipeline/test_scheduling_without_spark.py", "-k", "another_holds"),
    ),
    # the lease, and what is told
    SourceMutant(
        "a lease that outlasts a clock set back",
        "6: the database's clock",
        "store/queries.py",
        " AND expires_at <= {NOW} + {_LEASE})",
        ")",
        ("tests/store/test_lease.py",),
    ),
    SourceMutant(
        "a reconnect that tells nothing",
        "6: LISTEN first, then read everything",
        "store/listener.py",
        "self._tell(Change(None, None))",
        "pass",
        ("tests/store/test_listener.py",),
    ),
    SourceMutant(
        "no event for other programs' changes",
        "6: the event comes from a trigger",
        "store/migrations/0003_events.sql",
        "CREATE TRIGGER pipeline_gui_events_update AFTER UPDATE ON pipeline_runs",
        "CREATE TRIGGER pipeline_gui_events_update AFTER UPDATE OF run_id ON pipeline_runs",
        ("tests/store/test_events.py", "tests/chaos/test_contract.py"),
    ),
    SourceMutant(
        "an end before its start",
        "7: never before start_time",
        "store/writing.py",
        "end_time = greatest(run.start_time, ended.moment)",
        "end_time = ended.moment",
        ("tests/store/test_transitions.py",),
    ),
    # the command server and its supervisors
    SourceMutant(
        "a pid is trusted alone",
        "7: start time and marker are checked",
        "command_server/processes.py",
        "if stat is None or stat[1] != start_time:",
        "if stat is None:",
        ("tests/command_server/test_processes.py",),
    ),
    SourceMutant(
        "the tree instead of the marker",
        "7: no process carries the marker",
        "command_server/processes.py",
        "if value is not None and belongs(value):",
        "if False:",
        ("tests/command_server/test_survival.py", "-k", "supervisor or generation"),
    ),
    SourceMutant(
        "serve before the sweep",
        "7: the server sweeps when it starts",
        "command_server/server.py",
        "    _sweep_before_serving(batches)\n    token",
        "    token",
        ("tests/command_server/test_survival.py", "-k", "generation or together"),
    ),
    SourceMutant(
        "no sweep",
        "7: the server sweeps each second",
        "command_server/batches.py",
        "settled = self._settle_dead(batch) and settled",
        "pass",
        ("tests/command_server/test_survival.py", "-k", "killed_supervisor"),
    ),
    SourceMutant(
        "a supervisor whose folder is gone goes on",
        "7: a state folder that vanished",
        "command_server/supervisor.py",
        "            if self._has_vanished():\n                return self._kill_without_record()\n",
        "",
        ("tests/command_server/test_survival.py", "-k", "state_vanishes_and_no_server"),
    ),
    SourceMutant(
        "children are left behind",
        "7: gone = nothing carries the marker",
        "command_server/supervisor.py",
        "left = self._clear_leftovers()",
        "left = 0",
        ("tests/command_server/test_survival.py", "-k", "escape or children"),
    ),
    SourceMutant(
        "every end after an intent is a kill",
        "7: the exit before or after the signal",
        "command_server/supervisor.py",
        "record = ending.of_wait_status(self._status or 0, signalled=self._signalled)",
        "record = ending.of_wait_status(self._status or 0, signalled=self._deadline() is not None)",
        ("tests/command_server/test_fence.py", "-k", "before_the_first_signal"),
    ),
    SourceMutant(
        "a half line stays in the ledger",
        "2: a small fsynced ledger",
        "command_server/ledger.py",
        "os.ftruncate(self._fd, size)",
        "pass",
        ("tests/command_server/test_ledger.py",),
    ),
    # alerts
    SourceMutant(
        "marked before it was sent",
        "adr 14: nothing is marked as sent before its receiver took it",
        "pipeline/delivering.py",
        "            answer = redact_text(receiver.send(letter))",
        "            self._mark_sent(claimed, '')\n            answer = redact_text(receiver.send(letter))",
        ("tests/alerts/test_delivering.py",),
    ),
    SourceMutant(
        "a claim without compare",
        "adr 14: one process at a time sends to a receiver",
        "store/outbox.py",
        "message.message_id = head.message_id AND state = 'waiting' AND next_at <= {NOW} AND {_FREE}",
        "message.message_id = head.message_id",
        ("tests/alerts/test_delivering.py", "tests/store/test_outbox.py"),
    ),
    SourceMutant(
        "a claim that never runs out",
        "adr 14: what a dead service held is sent by another",
        "store/outbox.py",
        "claimed_until < {NOW})",
        "false)",
        ("tests/alerts/test_delivering.py",),
    ),
    SourceMutant(
        "another key at each attempt",
        "adr 14: a repetition can be told",
        "pipeline/alert_texts.py",
        'key = f"{installation_id}-{claimed.first.message_id}"',
        'key = f"{installation_id}-{claimed.first.message_id}-{claimed.first.attempts}"',
        ("tests/alerts/test_delivering.py",),
    ),
    SourceMutant(
        "the newest first",
        "adr 14: order for each receiver",
        "store/outbox.py",
        "            ORDER BY receiver, message_id\n",
        "            ORDER BY receiver, message_id DESC\n",
        ("tests/store/test_outbox.py",),
    ),
    SourceMutant(
        "only our own ends are told",
        "adr 14: by trigger, whoever made the change",
        "store/migrations/0012_alerts.sql",
        "WHERE lower(btrim(old_rows.status::text)) = 'running'::text",
        "WHERE pipeline_gui_said('actor') IS NOT NULL",
        ("tests/store/test_alerts.py",),
    ),
    SourceMutant(
        "a refused message keeps the next one back",
        "adr 14: what was kept back is told",
        "store/migrations/0017_missed_and_untold.sql",
        "WHEN (OLD.state = 'waiting' AND",
        "WHEN (false AND",
        ("tests/store/test_alerts.py", "-k", "kept_back"),
    ),
    SourceMutant(
        "an address is not looked at",
        "adr 14: a webhook can't be turned against this computer",
        "receivers/guard.py",
        'if event in ("socket.connect", "socket.sendto"):',
        'if event in ("socket.sendto",):',
        ("tests/alerts/test_receivers.py::test_this_computer_is_out_of_reach_unless_allowed",),
    ),
    SourceMutant(
        "a copy delivers",
        "4: a copy does nothing of the original's",
        "pipeline/delivering.py",
        "if not known or not self._outbox.installation().may_act:",
        "if not known:",
        ("tests/alerts/test_delivering.py",),
    ),
]
