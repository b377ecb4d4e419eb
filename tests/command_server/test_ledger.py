"""The names ledger through restarts, torn writes and a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pipeline_gui.command_server.errors import CommandServerError, Rejected
from pipeline_gui.command_server.ledger import Ledger


def test_facts_survive_a_reopening(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.add_batch("i.r1") == 0
    assert ledger.add_batch(None) == 1
    ledger.add_fence("i.r2")
    ledger.add_ending(0, {"state": "dead"})
    ledger.close()

    again = Ledger(tmp_path / "ledger")

    assert again.generation == ledger.generation
    assert again.names == {"i.r1": 0}
    assert again.ids == {0: "i.r1", 1: None}
    assert again.fenced == {"i.r2"}
    assert again.endings == {0: {"state": "dead"}}
    assert again.add_batch("i.r3") == 2
    again.close()


def test_a_lost_ledger_is_a_new_generation(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "ledger")
    first.close()
    (tmp_path / "ledger").unlink()

    second = Ledger(tmp_path / "ledger")

    assert second.generation != first.generation
    second.close()


def test_a_torn_last_line_was_never_acknowledged(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.add_batch("kept")
    ledger.close()
    with (tmp_path / "ledger").open("ab") as file:
        file.write(b'{"id": 1, "name": "tor')

    again = Ledger(tmp_path / "ledger")

    assert again.names == {"kept": 0}
    assert again.add_batch("next") == 1
    again.close()
    assert Ledger(tmp_path / "ledger").names == {"kept": 0, "next": 1}


@pytest.mark.parametrize("line", [b"\n", b"garbage\n", b'{"what": 1}\n', b"[]\n"])
def test_a_damaged_ledger_is_refused(tmp_path: Path, line: bytes) -> None:
    Ledger(tmp_path / "ledger").close()
    with (tmp_path / "ledger").open("ab") as file:
        file.write(line)

    with pytest.raises(CommandServerError, match="Line 2"):
        Ledger(tmp_path / "ledger")


def test_a_full_disk_refuses_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "ledger")
    real_write = os.write

    def half_write(fd: int, data: bytes) -> int:
        if len(data) > 10:
            return real_write(fd, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half_write)
        with pytest.raises(Rejected, match="No space left"):
            ledger.add_batch("full")
    assert ledger.names == {}
    assert ledger.add_batch("full") == 0
    ledger.close()
    assert Ledger(tmp_path / "ledger").names == {"full": 0}


def test_a_removed_ledger_takes_nothing_more(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    (tmp_path / "ledger").unlink()

    with pytest.raises(Rejected, match="gone"):
        ledger.add_batch("lost")
    ledger.close()
