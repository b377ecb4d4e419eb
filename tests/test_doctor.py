"""The doctor says what is wrong, each with what to do, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from pipeline_gui import database_checks
from pipeline_gui.alert_checks import examine_alerts
from pipeline_gui.database_checks import examine_database
from pipeline_gui.doctor import examine
from pipeline_gui.finding import Finding
from pipeline_gui.profile import Profile
from pipeline_gui.record_checks import examine_record
from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings import Settings
from pipeline_gui.spark.livy import LivyServer
from tests.chaos.real.prepared import never_sent
from tests.command_server.harness import command_server
from tests.pipeline.conftest import World


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.sentence for finding in findings if finding.is_well is False}


def noted(findings: list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.sentence for finding in findings if finding.is_well is None}


@pytest.fixture
def execute(database: str) -> Callable[[str], object]:
    """Another program, which may do anything."""

    def run(statement: str) -> object:
        with psycopg.connect(database, autocommit=True) as connection:
            return connection.execute(statement)

    return run


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    """One operator, on a command server of his own."""
    with command_server(tmp_path / "command-server") as server:
        world = World(database, server)
        yield world
        world.close()


def settings_in(folder: Path, **values: Any) -> Settings:
    profile = Profile(name="x", config=folder, data=folder, logs=folder)
    return Settings(profile=profile, sources=dict.fromkeys(values, "a test"), **values)


def test_all_is_well(tmp_path: Path, database: str) -> None:
    with command_server(tmp_path / "server") as server:
        settings = settings_in(tmp_path, database_url=database, spark_url=server.url, spark_token=server.token)
        findings = list(examine(lambda: settings, lambda _sentence: None))
        assert wrong(findings) == {}
        assert {finding.subject for finding in findings if finding.is_well} == {
            "settings", "database", "clock", "schema", "one run at a time", "identity", "rights", "Spark",
            "rows and batches",
        }  # fmt: skip
        bad_token = settings_in(tmp_path, database_url=database, spark_url=server.url, spark_token="wrong")
        assert set(wrong(list(examine(lambda: bad_token, lambda _sentence: None)))) == {"Spark"}
        assert "wrong" not in str(findings)


def test_settings_that_can_not_be_read_end_it(tmp_path: Path) -> None:
    def load() -> Settings:
        raise SettingsInvalid("There is no setting 'x'.")

    assert list(examine(load, lambda _sentence: None)) == [Finding("settings", False, "There is no setting 'x'.")]


def test_what_is_missing_or_away_is_said(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database_url="postgresql://ana:s3cret@127.0.0.1:1/x")
    findings = list(examine(lambda: settings, lambda _sentence: None))
    assert set(wrong(findings)) == {"settings", "database"}
    assert "connection refused" in wrong(findings)["database"]
    settings = settings_in(tmp_path, spark_url="http://127.0.0.1:1")
    assert "Nothing listens" in wrong(list(examine(lambda: settings, lambda _sentence: None)))["Spark"]
    assert "s3cret" not in str(findings)


def test_a_secret_that_others_may_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("")
    path.chmod(0o644)
    profile = Profile(name="x", config=tmp_path, data=tmp_path, logs=tmp_path)
    settings = Settings(profile=profile, spark_url="http://127.0.0.1:1", spark_token="t", sources={
        "spark_url": "x", "spark_token": str(path),
    })  # fmt: skip
    findings = list(examine(lambda: settings, lambda _sentence: None))
    assert any("chmod 600" in finding.sentence for finding in findings)
    path.chmod(0o600)
    findings = list(examine(lambda: settings, lambda _sentence: None))
    assert not any("chmod 600" in finding.sentence for finding in findings)


def test_a_database_that_is_not_prepared(empty_database: str) -> None:
    assert "pipeline-gui migrate" in wrong(list(examine_database(empty_database)))["schema"]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE pipeline_runs (run_id VARCHAR(255) PRIMARY KEY, status VARCHAR(50))")
        connection.execute("INSERT INTO pipeline_runs VALUES ('a', 'running'), ('b', ' Running')")
    found = wrong(list(examine_database(empty_database)))
    assert "a, b" in found["one run at a time"]
    assert "schema" in found


def test_the_rule_of_one_run_is_missing(database: str, execute: Callable[[str], object]) -> None:
    execute("DROP INDEX pipeline_runs_one_running")
    assert "missing or not valid" in wrong(list(examine_database(database)))["one run at a time"]
    execute("CREATE INDEX pipeline_runs_one_running ON pipeline_runs ((true))")
    assert "missing or not valid" in wrong(list(examine_database(database)))["one run at a time"]


def test_a_copy_is_said(database: str, execute: Callable[[str], object]) -> None:
    execute("UPDATE pipeline_installation SET database_oid = 1")
    assert "--new-identity" in wrong(list(examine_database(database)))["identity"]
    execute("DELETE FROM pipeline_installation")
    assert "lost" in wrong(list(examine_database(database)))["identity"]


def test_runs_that_nobody_watches_are_noted(database: str, execute: Callable[[str], object]) -> None:
    execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('theirs', 'running')")
    findings = list(examine_database(database))
    assert wrong(findings) == {}
    assert "theirs" in noted(findings)["watcher"]


def test_alerts_that_nobody_delivers_and_those_that_were_given_up(
    database: str, execute: Callable[[str], object]
) -> None:
    assert [*examine_alerts(database)] == []
    execute(
        "INSERT INTO pipeline_alerts (name, name_key, condition, receiver) VALUES ('a', 'a', 'ended', 'ops'), "
        "('b', 'b', 'failed', 'ops')"
    )
    [finding] = examine_alerts(database)
    assert finding.is_well is False
    assert "No service is there to deliver" in finding.sentence
    execute(
        "INSERT INTO pipeline_alert_services (service_id, actor, receivers) "
        """VALUES ('s', 'x', '[{"name": "ops", "kind": "mail"}]')"""
    )
    assert [(each.subject, each.is_well) for each in examine_alerts(database)] == [("alerts", True)]
    execute(
        "INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, state, answer) "
        "VALUES (1, 'a', 'ops', 'ended', 'run r', 'undelivered', '550 no')"
    )
    [finding] = examine_alerts(database)
    assert (finding.is_well, "the newest to ops: 550 no" in finding.sentence) == (None, True)


def test_schedules_that_need_an_open_window_are_noted(database: str, execute: Callable[[str], object]) -> None:
    def said() -> list[Finding]:
        return [finding for finding in examine_database(database) if finding.subject == "schedules"]

    assert said() == []
    execute("INSERT INTO pipeline_schedules (name, name_key, configuration, every_minutes) VALUES ('a', 'a', 'x', 5)")
    [finding] = said()
    assert finding.is_well is None
    assert finding.sentence.startswith("1 schedule is on, and no always-on service is there")
    execute("INSERT INTO pipeline_services (service_id, actor, host) VALUES ('s', 'pipeline@srv-7', 'srv-7')")
    [finding] = said()
    assert (finding.is_well, "srv-7 (since 20" in finding.sentence) == (True, True)


def test_a_clock_that_is_off_is_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def later(_zone: object) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=3)

    monkeypatch.setattr(database_checks, "datetime", SimpleNamespace(now=later))
    assert "3 min 0 s ahead" in wrong(list(examine_database(database)))["clock"]


def test_a_role_without_rights_is_said(database: str, execute: Callable[[str], object]) -> None:
    role = f"nobody_{database.rpartition('test_')[2][:12]}"
    execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
    try:
        start = database.index("://") + 3
        url = f"{database[:start]}{role}:p@{database[database.index('@') + 1 :]}"
        found = wrong(list(examine_database(url)))
        assert len(found) == 1
        assert "pipeline_gui_" in next(iter(found.values()))
        execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        assert "viewer" in noted(list(examine_database(url)))["rights"]
        # As resources/sql/roles.sql gives it to operators: columns, not tables.
        execute(f"GRANT INSERT (run_id), UPDATE (status) ON pipeline_runs TO {role}")
        execute(f"GRANT INSERT (run_id), UPDATE (phase) ON pipeline_run_engine TO {role}")
        sentences = {finding.subject: finding.sentence for finding in examine_database(url)}
        assert "may start and stop" in sentences["rights"]
    finally:
        execute(f"DROP OWNED BY {role}")
        execute(f"DROP ROLE {role}")


@pytest.fixture
def compared(world: World) -> Callable[[], list[Finding]]:
    """The record and Spark compared, by the doctor."""
    return lambda: list(examine_record(world.database, world.plain_spark))


def test_what_is_recorded_is_what_lives(world: World, compared: Callable[[], list[Finding]]) -> None:
    assert [finding.is_well for finding in compared()] == [True]
    run_id = world.start()
    assert [finding.is_well for finding in compared()] == [True]
    world.controller.stop_run(run_id, grace_seconds=0)
    assert [finding.is_well for finding in compared()] == [True]


def test_a_batch_without_a_row_is_said(world: World, compared: Callable[[], list[Finding]]) -> None:
    run_id = world.start()
    world.execute("UPDATE pipeline_runs SET status = 'completed'")
    assert "though its row is completed" in wrong(compared())["rows and batches"]
    world.execute("DELETE FROM pipeline_runs")
    assert f"{run_id} is alive on Spark and has no row" in wrong(compared())["rows and batches"]
    world.plain_spark.fence(world.batch_name(run_id), 0)


def test_a_row_without_a_batch_is_said(world: World, compared: Callable[[], list[Finding]]) -> None:
    run_id = never_sent(world)
    world.execute("UPDATE pipeline_runs SET start_time = (clock_timestamp() AT TIME ZONE 'UTC')")
    assert wrong(compared()) == {}  # it may be on its way
    world.execute("UPDATE pipeline_runs SET start_time = start_time - interval '9 s'")
    assert f"{run_id} is recorded as running, and Spark has no batch" in wrong(compared())["rows and batches"]
    world.settle_until_ended(run_id)
    ended = world.start("print('done')")
    world.server.wait_for_state(world.batch_name(ended), "success")
    assert "has ended on Spark (success)" in noted(compared())["rows and batches"]
    world.execute("UPDATE pipeline_run_engine SET generation = 'another'")
    assert "another Spark server" in wrong(compared())["rows and batches"]


def test_a_spark_that_does_not_answer_is_no_difference(world: World) -> None:
    findings = list(examine_record(world.database, LivyServer("http://127.0.0.1:1")))
    assert wrong(findings) == {}
    assert "could not be compared" in noted(findings)["rows and batches"]
