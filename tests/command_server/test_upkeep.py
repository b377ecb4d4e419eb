"""Retention: old records go, their names and ends stay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipeline_gui.command_server import durable, upkeep
from pipeline_gui.command_server.batches import Batches
from pipeline_gui.command_server.errors import Rejected, SessionNotFound
from pipeline_gui.command_server.ledger import Ledger
from pipeline_gui.command_server.policy import AllowedPlaces
from pipeline_gui.command_server.responses import fence_body
from pipeline_gui.command_server.secret_values import SecretValues
from pipeline_gui.command_server.spark_command import SparkInstallation
from pipeline_gui.command_server.submission import Submission
from pipeline_gui.command_server.upkeep import Upkeep

DAY = 86_400.0


def make_batches(state: Path) -> Batches:
    """The registry of a state directory, as a server would load it."""
    state.mkdir(exist_ok=True)
    spark = SparkInstallation(state, None, "local")
    secret_values = SecretValues(state / "secrets.toml")
    batches = Batches(state, Ledger(state / "ledger"), spark, AllowedPlaces([state]), secret_values)
    batches.load()
    return batches


def add_ended(batches: Batches, name: str, *, days_ago: float, size: int = 0) -> Path:
    """A batch that ended some days ago, in another boot."""
    batch_id = batches.ledger.add_batch(name)
    folder = batches._folder / str(batch_id)
    (folder / "local").mkdir(parents=True)
    (folder / "local" / "shuffle").write_bytes(b"x" * 100_000)
    (folder / "stdout").write_bytes(b"x" * size)
    ended = {"wall": time.time() - days_ago * DAY, "boot": 1.0, "bootId": "earlier"}
    record = {"state": "dead", "exitCode": 7, "signal": None, "signalled": False, "reason": "r", "ended": ended}
    durable.write_record(str(folder / "exit.json"), record)
    return folder


def test_records_older_than_30_days_go_and_their_ends_stay(tmp_path: Path) -> None:
    batches = make_batches(tmp_path / "state")
    old = add_ended(batches, "i.old", days_ago=31)
    young = add_ended(batches, "i.young", days_ago=29)
    batches.load()

    Upkeep(batches, lambda: None)._retain()

    assert not old.exists()
    assert (young / "stdout").exists()
    assert not (young / "local").exists()
    with pytest.raises(SessionNotFound):
        batches.find("i.old")
    assert batches.find("i.young").state == "dead"
    with pytest.raises(Rejected, match="Duplicate session name"):
        batches.submit(Submission(str(young / "stdout"), name="i.old"))
    for registry in (batches, make_batches(tmp_path / "state")):
        body = fence_body("i.old", "g", registry.fence("i.old", 0))
        assert (body["state"], body["started"], body["exitCode"]) == ("dead", True, 7)
        assert body["endedAgo"] == pytest.approx(31 * DAY, abs=60)
        assert registry.find("i.young").ending is not None


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = make_batches(tmp_path / "state")
    for number in range(4):
        add_ended(batches, f"i.r{number}", days_ago=1, size=1_000_000)
    batches.load()
    monkeypatch.setattr(upkeep, "KEPT_BYTES", 2_500_000)

    Upkeep(batches, lambda: None)._retain()

    assert [batch.name for batch in batches.all()] == ["i.r2", "i.r3"]


def test_a_nearly_full_disk_refuses_before_the_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = make_batches(tmp_path / "state")
    monkeypatch.setattr("pipeline_gui.command_server.batches.LEAST_FREE_BYTES", 2**62)

    with pytest.raises(Rejected, match="MB are free"):
        batches.submit(Submission(str(tmp_path / "state" / "ledger"), name="i.r1"))

    assert batches.ledger.names == {}


def test_what_a_server_did_not_finish_dropping_the_next_one_does(tmp_path: Path) -> None:
    batches = make_batches(tmp_path / "state")
    folder = add_ended(batches, "i.r1", days_ago=1)
    batches.ledger.add_ending(0, {"state": "dead"})

    again = make_batches(tmp_path / "state")

    assert not folder.exists()
    assert again.all() == []
