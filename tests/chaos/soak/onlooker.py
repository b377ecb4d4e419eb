"""Looks at the tables, the events and the process table, as nobody in the program can, and says what is not so."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline_gui.command_server import processes
from pipeline_gui.command_server.batches import state_key

Rows = dict[str, dict[str, Any]]
Alive = dict[str, set[processes.Process]]
"""Living processes by the name of their batch."""


@dataclass
class Sight:
    """What was seen at one moment."""

    rows: Rows
    alive: Alive


class Onlooker:
    """Reads; asks neither the program nor the command server."""

    def __init__(self, database: str, state: Path, installation_id: str) -> None:
        self._database = database
        self._ledger = state / "ledger"
        self._key = state_key(state)
        self._prefix = f"{installation_id}."
        self._ended: Rows = {}
        self._others: set[str] = set()
        self.violations: list[str] = []
        self.looks = 0

    def other_program_writes(self, run_id: str) -> None:
        """What another program makes of a row is its own business."""
        self._others.add(run_id)

    def execute(self, statement: str, *parameters: object) -> None:
        """Be another program. Raises psycopg.Error."""
        with psycopg.connect(self._database, autocommit=True, connect_timeout=3) as connection:
            connection.execute(statement, parameters)

    def read(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Rows of any table. Raises psycopg.Error."""
        with psycopg.connect(self._database, autocommit=True, connect_timeout=3, row_factory=dict_row) as connection:
            return connection.execute(query, parameters).fetchall()

    def rows(self) -> Rows:
        """The runs, with what our machines know of them. Raises psycopg.Error."""
        found = self.read(
            "SELECT run.run_id, run.status, run.end_time, run.duration, run.error_message,"
            " engine.run_id IS NOT NULL AS ours, engine.gone, engine.stop_requested_at, engine.batch_id"
            " FROM pipeline_runs AS run LEFT JOIN pipeline_run_engine AS engine USING (run_id)"
        )
        return {row["run_id"]: row for row in found}

    def alive(self) -> Alive:
        """Every living process of a batch of this installation, by run id."""
        names = self._names()
        found: Alive = {}
        for entry in os.listdir("/proc"):
            value = processes.value_of(int(entry), processes.BATCH_VARIABLE) if entry.isdigit() else None
            if value is None or not value.endswith(f"/{self._key}"):
                continue
            name = names.get(value.split("/")[1], "")
            if name.startswith(self._prefix):
                alive = processes.survivors(lambda other, value=value: other == value)  # type: ignore[misc]
                if alive:
                    found.setdefault(name.removeprefix(self._prefix), set()).update(alive)
        return found

    def supervisor(self) -> int | None:
        """A living supervisor of a batch here."""
        for entry in os.listdir("/proc"):
            value = processes.value_of(int(entry), processes.SUPERVISOR_VARIABLE) if entry.isdigit() else None
            if value is not None and value.endswith(f"/{self._key}"):
                return int(entry)
        return None

    def batch_name(self, run_id: str) -> str:
        """Spark's name of a run."""
        return f"{self._prefix}{run_id}"

    def _names(self) -> dict[str, str]:
        facts = [json.loads(line) for line in self._ledger.read_bytes().splitlines() if line.endswith(b"}")]
        return {str(fact["id"]): str(fact["name"]) for fact in facts if "id" in fact}

    # --- judging ------------------------------------------------------------------------------------------------

    def look(self) -> Sight | None:
        """Look once and judge; None while the database is away."""
        try:
            rows = self.rows()
        except psycopg.Error:
            return None
        alive = self.alive()  # after the rows: what is recorded as stopped had to be gone before
        self.looks += 1
        running = [run_id for run_id, row in rows.items() if row["status"].strip().lower() == "running"]
        if len(running) > 1:
            self._violated(f"1: {running} are recorded as running")
        if len(alive) > 1:
            again = self.alive()  # one scan is not one moment: the first may have ended while it went on
            both = [run_id for run_id, seen in alive.items() if seen & again.get(run_id, set())]
            if len(both) > 1:
                self._violated(f"2: {both} are alive at once")
        for run_id, row in rows.items():
            self._judge_ended(run_id, row)
            if row["status"] == "stopped" and run_id in alive and run_id not in self._others:
                self._violated(f"6: {run_id} is recorded as stopped, and {alive[run_id]} live")
        return Sight(rows, alive)

    def _judge_ended(self, run_id: str, row: dict[str, Any]) -> None:
        if row["status"].strip().lower() == "running" or run_id in self._others:
            return
        end = {key: row[key] for key in ("status", "end_time", "duration", "error_message")}
        if self._ended.setdefault(run_id, end) != end:
            self._violated(f"4: {run_id} was {self._ended[run_id]} and became {end}")

    def judge_events(self) -> None:
        """Every change of a status has its event, and every event says who. Raises psycopg.Error."""
        for event in self.read("SELECT event_id, kind FROM pipeline_run_events WHERE actor IS NULL OR actor = ''"):
            self._violated(f"7: nobody knows who did {event}")
        query = (
            "SELECT run_id, status, (SELECT count(*) FROM pipeline_run_events AS event"
            " WHERE event.run_id = run.run_id AND kind = 'status changed') AS changes FROM pipeline_runs AS run"
        )
        for row in self.read(query):
            ended = row["status"].strip().lower() != "running"
            if row["run_id"] not in self._others and row["changes"] != int(ended):
                self._violated(f"7: {row['run_id']} is {row['status']} and has {row['changes']} changes of status")

    def is_at_rest(self, sight: Sight) -> bool:
        """Whether what is recorded is what lives, and nothing is left to do."""
        running = {run_id for run_id, row in sight.rows.items() if row["status"] == "running"}
        engines = [sight.rows[run_id] for run_id in running]
        pending = any(row["stop_requested_at"] is not None or row["batch_id"] is None for row in engines)
        open_ends = self.read(
            "SELECT 1 FROM pipeline_run_engine AS engine WHERE NOT gone AND NOT EXISTS"
            " (SELECT 1 FROM pipeline_runs AS run WHERE run.run_id = engine.run_id AND status = 'running')"
        )
        return set(sight.alive) == running and not pending and not open_ends

    def _violated(self, what: str) -> None:
        if what not in self.violations:
            self.violations.append(what)
