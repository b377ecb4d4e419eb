"""The composition root: what is put together, when it asks the network, and what it gives back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline_gui.backend import Backend, database_conninfo, open_backend, this_actor
from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.pipeline.ports import Change
from pipeline_gui.pipeline.schedule import Outcome
from pipeline_gui.profile import Profile
from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings import Settings
from tests.command_server.harness import CommandServer, command_server
from tests.waiting import wait_until

SLEEPS = "import time\nprint('at work', flush=True)\ntime.sleep(600)\n"


def profile(folder: Path) -> Profile:
    return Profile(name=str(folder), config=folder, data=folder, logs=folder / "logs")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    with command_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def backend(tmp_path: Path, database: str, server: CommandServer) -> Iterator[Backend]:
    settings = Settings(
        profile=profile(tmp_path), database_url=database, spark_url=server.url, spark_token=server.token
    )
    with open_backend(settings) as opened:
        yield opened


def test_nothing_is_asked_of_servers_that_are_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.3)
        port = silent.getsockname()[1]
        settings = Settings(
            profile=profile(tmp_path), database_url=f"postgresql://a@127.0.0.1:{port}/x",
            spark_url=f"http://127.0.0.1:{port}",
        )  # fmt: skip
        with open_backend(settings), pytest.raises(TimeoutError):
            silent.accept()
    assert list(tmp_path.iterdir()) == []


def test_one_server_without_the_other_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid):
        open_backend(Settings(profile=profile(tmp_path), database_url="service=x"))


def test_the_watcher_settles_and_changes_are_heard(backend: Backend, server: CommandServer) -> None:
    heard: list[Change] = []
    changed = threading.Event()

    def on_change(change: Change) -> None:
        heard.append(change)
        changed.set()

    subscription = backend.subscribe(on_change)
    wait_until(changed.is_set, 10, "the first report")
    backend.watch()
    answer = backend.controller.start_pipeline({"file": str(server.app("raise SystemExit(3)"))})
    assert answer["success"], answer
    wait_until(lambda: any(change.status == "failed" for change in heard), 10, "the settled run")
    run = backend.controller.get_run(str(answer["run_id"]))
    assert run is not None
    assert run["status"] == "failed"
    assert backend.keeps_whole_logs()
    subscription.close()


def test_a_window_uses_four_connections_at_most(backend: Backend, database: str) -> None:
    subscription = backend.subscribe(lambda _change: None)
    backend.watch()
    askers = [threading.Thread(target=backend.controller.get_recent_pipeline_runs) for _ in range(12)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(20)
    with psycopg.connect(database) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        ]
    assert 1 <= len(names) <= 4
    assert all(name.startswith("pipeline-gui window") for name in names)
    subscription.close()


def test_what_is_closed_leaves_no_thread_and_no_connection(
    tmp_path: Path, database: str, server: CommandServer
) -> None:
    before = set(threading.enumerate())
    settings = Settings(
        profile=profile(tmp_path), database_url=database, spark_url=server.url, spark_token=server.token
    )
    opened = open_backend(settings, face="terminal", max_connections=1)
    opened.watch()
    opened.controller.get_pipeline_status()
    opened.close()
    wait_until(lambda: {t for t in threading.enumerate() if t.is_alive()} <= before, 10, "the end of every thread")
    with pytest.raises(StoreUnavailable):
        opened.controller.is_pipeline_running()


def test_the_password_of_the_keyring_is_added(tmp_path: Path) -> None:
    settings = Settings(profile=profile(tmp_path), database_url="postgresql://ana@h/n", database_password="p@ss w'd")
    assert conninfo_to_dict(database_conninfo(settings))["password"] == "p@ss w'd"
    assert "p@ss" not in repr(settings)
    plain = Settings(profile=profile(tmp_path), database_url=make_conninfo("postgresql://ana@h/n"))
    assert database_conninfo(plain) == plain.database_url


def test_the_actor_is_who_sits_at_which_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "ana")
    assert str(this_actor("terminal")) == f"ana@{socket.gethostname()}"
    monkeypatch.delenv("LOGNAME")
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: (_ for _ in ()).throw(KeyError("uid not found")))
    assert this_actor("window").user.startswith("uid")


def test_a_schedule_that_is_made_while_all_rest_is_heard_of_and_starts_in_time(
    backend: Backend, tmp_path: Path, server: CommandServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline_gui.pipeline.watcher.IDLE_SECONDS", 600.0)
    file = tmp_path / "due.toml"
    file.write_text(f'name = "due"\nfile = "{server.app("print(1)")}"\n')
    backend.configurations.import_file(file)
    told = threading.Event()
    subscription = backend.subscribe(lambda _change: None, on_schedules=told.set)
    backend.watch()
    wait_until(lambda: backend.holds_lease and backend._watcher._is_idle, 20, "a watcher at rest")
    told.clear()
    due = backend.schedules.now() + timedelta(seconds=2)
    backend.schedules.create({"name": "soon", "configuration": "due", "every_minutes": 60, "starts_at": due})
    assert told.wait(10)
    [decided] = wait_until(lambda: backend.schedules.decided("soon"), 20, "what becomes of the time")
    assert decided.outcome is Outcome.STARTED
    assert decided.decided_at is not None
    assert 0 <= (decided.decided_at - due).total_seconds() < 5
    subscription.close()


def test_while_spark_is_down_what_is_due_is_missed_at_once_and_says_so(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("firing.ON_TIME_SECONDS", "watcher.CONTACT_LOST_SECONDS"):
        monkeypatch.setattr(f"pipeline_gui.pipeline.{name}", 0.5)
    settings = Settings(profile=profile(tmp_path), database_url=database, spark_url="http://127.0.0.1:9")
    with open_backend(settings) as alone:
        due = alone.schedules.now() + timedelta(seconds=3)
        alone.schedules.create({"name": "soon", "configuration": "flights", "every_minutes": 60, "starts_at": due})
        alone.watch()
        [decided] = wait_until(lambda: alone.schedules.decided("soon"), 20, "what becomes of the time")
    assert (decided.due, decided.outcome, decided.run_id) == (due, Outcome.MISSED, None)
    assert "Spark could not be reached: Nothing listens at 127.0.0.1:9." in (decided.sentence or "")


def test_who_watches_sums_up_the_days_that_changed(backend: Backend, database: str) -> None:
    changed = "SELECT count(*) FROM pipeline_run_days_changed"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO pipeline_runs (run_id, status, start_time, end_time, duration) "
            "VALUES ('r1', 'completed', '2026-11-27 10:00', '2026-11-27 10:01', 60)"
        )
        assert connection.execute(changed).fetchone() != (0,)
        backend.watch()
        wait_until(lambda: connection.execute(changed).fetchone() == (0,), 20, "days that are summed up")


def test_a_service_is_always_on_and_a_window_is_not(tmp_path: Path, backend: Backend) -> None:
    backend.watch()
    wait_until(lambda: backend.holds_lease, 10, "the lease")
    assert backend.schedules.services() == []
    with open_backend(backend.settings, face="service") as service:
        service.watch()
        [found] = wait_until(backend.schedules.services, 10, "the word of the service")
        assert found.host == socket.gethostname()
    assert backend.schedules.services() == []


def test_two_that_watch_start_what_is_due_once_and_in_time(
    tmp_path: Path, database: str, server: CommandServer, backend: Backend
) -> None:
    file = tmp_path / "due.toml"
    file.write_text(f'name = "due"\nfile = "{server.app(SLEEPS)}"\ngrace_seconds = 0\n')
    backend.configurations.import_file(file)
    due = backend.schedules.now() + timedelta(seconds=3)
    backend.schedules.create({"name": "soon", "configuration": "due", "every_minutes": 60, "starts_at": due})
    settings = Settings(
        profile=profile(tmp_path), database_url=database, spark_url=server.url, spark_token=server.token
    )
    with open_backend(settings) as other:
        backend.watch()
        other.watch()
        [decided] = wait_until(lambda: backend.schedules.decided("soon"), 20, "what becomes of the time")
        assert (decided.due, decided.outcome) == (due, Outcome.STARTED)
        assert decided.decided_at is not None
        assert 0 <= (decided.decided_at - due).total_seconds() < 5
        [run] = wait_until(lambda: backend.controller.get_recent_pipeline_runs(), 20, "the run")
        assert run["run_id"] == decided.run_id
        assert backend.controller.stop_run(str(decided.run_id), grace_seconds=0)["success"]
