"""A log that grows is read without losing or doubling a line, from servers of both kinds."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from pipeline_gui.pipeline.answers import LogAnswer
from pipeline_gui.pipeline.errors import PipelineError, StoreUnavailable
from pipeline_gui.run_log import LINES_LOST, PAGE, RunLog, open_run_log


class GrowingLog:
    """A log as the command server gives it, or as a Livy does that keeps the last lines only."""

    def __init__(self, ring: int | None = None) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.ring = ring
        self.requests = 0
        self.grow_at_request: dict[int, str] = {}
        self.away_at: set[int] = set()

    def fetch(self, start: int, size: int) -> LogAnswer:
        self.requests += 1
        if self.requests in self.away_at:
            raise StoreUnavailable("It is away.")
        line = self.grow_at_request.pop(self.requests, None)
        if line is not None:
            self.out.append(line)
        kept = self.out if self.ring is None else self.out[-self.ring :]
        lines = ["stdout: ", *kept, "\nstderr: ", *self.err]
        return {"run_id": "r", "start": start, "total": len(lines), "lines": lines[start : start + size]}


def reader(log: GrowingLog) -> RunLog:
    return open_run_log(log.fetch, is_kept_whole=log.ring is None)


def drain(log: RunLog) -> list[str]:
    """Everything that is left when the run has ended."""
    lines: list[str] = []
    while new := log.look(ended=True):
        lines += new
    return lines


@pytest.mark.parametrize("seed", range(20))
def test_no_line_is_lost_or_doubled_while_both_parts_grow(seed: int) -> None:
    chance = random.Random(seed)
    log = GrowingLog()
    following = reader(log)
    read: list[str] = []
    for number in range(120):
        for part, name in ((log.out, "out"), (log.err, "err")):
            part += [f"{name} {number}.{k} {chance.choice('ab')}" for k in range(chance.choice([0, 0, 1, 3, PAGE + 7]))]
        log.grow_at_request = {log.requests + chance.randrange(1, 5): f"out at {number}"}
        read += following.look()
    read += drain(following)
    assert [line for line in read if line.startswith("out")] == log.out
    assert [line for line in read if line.startswith("err")] == log.err


@pytest.mark.parametrize("seed", range(20))
def test_no_line_is_lost_or_doubled_when_a_server_goes_away_within_a_look(seed: int) -> None:
    chance = random.Random(seed)
    log = GrowingLog()
    following = reader(log)
    read: list[str] = []
    for number in range(60):
        log.out += [f"out {number}.{k}" for k in range(chance.choice([0, 1, 3, PAGE + 7]))]
        log.err += [f"err {number}.{k}" for k in range(chance.choice([0, 1, 3]))]
        log.away_at = {log.requests + chance.randrange(1, 5)}
        with suppress(PipelineError):  # of a look that read nothing
            read += following.look()
    log.away_at.clear()
    read += drain(following)
    assert [line for line in read if line.startswith("out")] == log.out
    assert [line for line in read if line.startswith("err")] == log.err


def test_an_unfinished_line_is_shown_once_it_stays_and_then_only_its_rest() -> None:
    log = GrowingLog()
    following = reader(log)
    log.out = ["whole", "50"]
    assert following.look() == ["whole"]
    assert following.look() == ["50"]
    log.out = ["whole", "50 %"]
    assert following.look() == []
    log.out = ["whole", "50 % done", "next", "last"]
    assert following.look() == [" % done", "next"]
    assert drain(following) == ["last"]
    assert drain(following) == []


def test_an_empty_line_and_an_empty_log() -> None:
    log = GrowingLog()
    following = reader(log)
    assert following.look() == []
    log.err = ["", "a", ""]
    assert following.look() + drain(following) == ["", "a", ""]
    assert drain(following) == []


def test_looks_at_a_quiet_log_cost_little() -> None:
    log = GrowingLog()
    log.out, log.err = [f"o{k}" for k in range(5000)], [f"e{k}" for k in range(5000)]
    following = reader(log)
    drain(following)
    before = log.requests
    following.look()
    assert log.requests - before == 2


def test_the_ring_of_a_plain_livy_is_followed_by_overlap() -> None:
    log = GrowingLog(ring=200)
    following = reader(log)
    read: list[str] = []
    for number in range(100):
        log.out += [f"line {number}.{k}" for k in range(13)]
        read += following.look()
    log.err.append("YARN says")
    read += following.look(ended=True)
    assert read == [*log.out, "YARN says"]
    assert following.look(ended=True) == []


def test_lines_that_a_plain_livy_dropped_unseen_are_said() -> None:
    log = GrowingLog(ring=200)
    following = reader(log)
    log.out = [f"line {k}" for k in range(100)]
    following.look()
    log.out += [f"line {k}" for k in range(100, 400)]
    assert following.look() == [LINES_LOST, *log.out[200:]]


def test_a_ring_that_is_larger_than_a_page() -> None:
    log = GrowingLog(ring=3 * PAGE)
    following = reader(log)
    log.out = [f"line {k}" for k in range(2 * PAGE)]
    assert following.look() == log.out
