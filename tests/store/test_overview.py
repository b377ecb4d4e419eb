"""The overview that is asked for once, without a store: it says what the store says, or nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.pipeline.record import EngineChange
from pipeline_gui.pipeline.run import Phase
from pipeline_gui.store.overview import FirstOverview
from pipeline_gui.store.store import PostgresStore
from pipeline_gui.store.values import json_value
from tests.store.conftest import ANA, new_run
from tests.store.test_newer_schema import NEXT, SENTENCE, migrate_further

Execute = Callable[..., list[tuple[Any, ...]]]


def first_overview(database: str) -> FirstOverview:
    return FirstOverview(database, 2, application_name="tests")


def connections(execute: Execute) -> int:
    [(count,)] = execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tests'")
    return int(count)


def test_it_says_what_the_store_says(store: PostgresStore, database: str, execute: Execute) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status, end_time) VALUES ('theirs', 'failed', 'infinity')")
    engine = store.insert(new_run("ours"), ANA).record.engine
    assert engine is not None
    change = EngineChange(phase=Phase.RUNNING, progress=Progress(job_id=3, tasks_total=9), contact_lost=True)
    assert store.change("ours", engine.rev, change, ANA) is not None
    overview, contact = first_overview(database).result()
    expected = store.overview(2)
    assert overview.running is not None
    assert expected.running is not None
    assert overview.running.engine == expected.running.engine
    assert [run._replace(duration=None) for run in overview.recent] == [
        run._replace(duration=None) for run in expected.recent
    ]
    assert {run.run_id for run in overview.recent} == {"theirs", "ours"}
    assert (contact.reachable, contact.reason) == (True, None)
    assert contact.since is not None


def test_it_leaves_no_connection_behind(database: str, execute: Execute) -> None:
    first = first_overview(database)
    assert connections(execute) == 1
    first.result()
    for _ in range(100):
        if not connections(execute):
            break
        execute("SELECT pg_sleep(0.05)")
    assert connections(execute) == 0


def test_of_a_newer_schema_it_says_that_it_is_newer(
    store: PostgresStore, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.insert(new_run("before"), ANA)
    migrate_further(database, NEXT - 1, monkeypatch)
    overview, contact = first_overview(database).result()
    assert [run.run_id for run in overview.recent] == ["before"]
    assert contact.reachable
    assert re.search(SENTENCE, contact.reason or "")


@pytest.mark.parametrize("oldest_reader", [None, NEXT])
def test_what_it_could_misread_it_does_not_read(
    database: str, oldest_reader: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_further(database, oldest_reader, monkeypatch)
    with pytest.raises(StoreRefused, match="Update this program"):
        first_overview(database).result()


def test_an_older_schema_is_refused(database: str, execute: Execute) -> None:
    execute(f"DELETE FROM pipeline_migrations WHERE number = {NEXT - 1}")
    with pytest.raises(StoreRefused, match="pipeline-gui migrate"):
        first_overview(database).result()


def test_a_lost_identity_is_refused(database: str, execute: Execute) -> None:
    execute("DELETE FROM pipeline_installation")
    with pytest.raises(StoreRefused, match="lost its installation id"):
        first_overview(database).result()


def test_a_database_that_is_not_prepared_is_an_error(empty_database: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        first_overview(empty_database).result()


def test_no_server_is_an_error() -> None:
    with pytest.raises(psycopg.OperationalError):
        first_overview("postgresql://u:p@127.0.0.1:9/none")


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    text = msgspec.json.encode(value) if not isinstance(value, float) else json.dumps(value).encode()
    assert json_value(b"\x01" + text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e400", "1e400"),
        ("-1e400", "-1e400"),
        ('{"a": 1e999, "b": 2.5}', {"a": "1e999", "b": 2.5}),
        ("1" * 5000, "1" * 5000),
        ("18446744073709551616", 18446744073709551616),
        ("-0.0", -0.0),
        ("1E5", 1e5),
        ("[" * 100_000 + "]" * 100_000, {"unreadable": "[" * 10_000}),
    ],
)
def test_json_that_python_has_no_number_for_is_read_all_the_same(text: str, value: Any) -> None:
    read = json_value(b"\x01" + text.encode())
    assert read == value
    assert not isinstance(read, float) or math.copysign(1, read) == math.copysign(1, value)
