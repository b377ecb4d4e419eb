"""Connections are cut at their deadlines, and by one thread that does not outlive its work."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from pipeline_gui.pipeline.clock import seconds_with_sleep
from pipeline_gui.spark.attempt import Attempt
from pipeline_gui.spark.watchdog import Watchdog
from tests.waiting import wait_until


def threads() -> set[threading.Thread]:
    """Those that watch deadlines, also of other servers of this process."""
    return {thread for thread in threading.enumerate() if thread.name == "request deadlines"}


@pytest.fixture
def others() -> set[threading.Thread]:
    return threads()


@pytest.fixture
def watchdog(others: set[threading.Thread]) -> Iterator[Watchdog]:
    dog = Watchdog()
    yield dog
    dog.close()
    assert not threads() - others


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        yield ours, theirs


def test_a_connection_is_cut_at_its_deadline(watchdog: Watchdog, pair: tuple[socket.socket, socket.socket]) -> None:
    begun = time.monotonic()
    watched = watchdog.watch(pair[0], seconds_with_sleep() + 0.2)
    assert pair[0].recv(1) == b""
    assert 0.15 < time.monotonic() - begun < 5
    watched.end()


def test_an_earlier_deadline_is_not_late_for_a_later_one(
    watchdog: Watchdog, pair: tuple[socket.socket, socket.socket]
) -> None:
    first = watchdog.watch(pair[1], seconds_with_sleep() + 60)
    begun = time.monotonic()
    second = watchdog.watch(pair[0], seconds_with_sleep() + 0.1)
    assert pair[0].recv(1) == b""
    assert time.monotonic() - begun < 5
    first.end()
    second.end()


def test_a_request_that_is_over_is_not_cut(
    watchdog: Watchdog, others: set[threading.Thread], pair: tuple[socket.socket, socket.socket]
) -> None:
    watchdog.watch(pair[0], seconds_with_sleep() + 0.1).end()
    wait_until(lambda: not threads() - others, 5, "the end of the watch")
    pair[1].sendall(b"x")
    assert pair[0].recv(1) == b"x"


def test_closing_cuts_what_is_under_way_and_watching_goes_on_after_it(
    watchdog: Watchdog, others: set[threading.Thread], pair: tuple[socket.socket, socket.socket]
) -> None:
    watched = watchdog.watch(pair[0], seconds_with_sleep() + 60)
    watchdog.close()
    assert pair[0].recv(1) == b""
    assert not threads() - others
    watched.end()
    watchdog.watch(pair[1], seconds_with_sleep() + 60).end()


def test_nothing_is_sent_after_a_sleep_past_the_deadline(watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = Attempt(5, 3, watchdog)
    monkeypatch.setattr("pipeline_gui.spark.attempt.seconds_with_sleep", lambda: seconds_with_sleep() + 3600)
    with pytest.raises(TimeoutError), attempt.connecting():
        pass
    assert not attempt.connected
