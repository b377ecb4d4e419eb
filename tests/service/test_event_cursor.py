"""How far somebody has read, exactly, though ids are committed out of order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_gui.service.event_cursor import MOST_GAPS, EventCursor, parse_cursor


def test_ids_that_were_skipped_are_not_read() -> None:
    cursor = EventCursor(5).after(8)
    assert [cursor.has(event) for event in (5, 6, 7, 8, 9)] == [True, False, False, True, False]
    late = cursor.after(6)
    assert (late.has(6), late.has(7), late.seen) == (True, False, 8)
    assert late.without([7]).has(7)


@pytest.mark.parametrize("cursor", [EventCursor(0), EventCursor(12), EventCursor(12, frozenset({3, 9}))])
def test_a_cursor_and_its_text(cursor: EventCursor) -> None:
    assert parse_cursor(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "x", "-1", "1-", "1-2.", "1-x", "1" * 19, "1 2", "1-" + ".".join("2" * 65)])
def test_what_is_no_cursor(text: str) -> None:
    assert parse_cursor(text) is None


@given(st.permutations(range(1, 40)), st.integers(0, 39))
@settings(max_examples=200, deadline=None)
def test_whatever_the_order_each_event_is_read_once(order: list[int], stop: int) -> None:
    cursor = EventCursor(0)
    for event in order[:stop]:
        assert not cursor.has(event)
        cursor = cursor.after(event)
    resumed = parse_cursor(str(cursor))
    assert resumed is not None
    assert {event for event in range(1, 40) if resumed.has(event)} == set(order[:stop])


def test_a_leap_leaves_a_bounded_number_of_gaps() -> None:
    cursor = EventCursor(0)
    for event in range(100, 10_000, 100):
        cursor = cursor.after(event)
    assert len(cursor.gaps) <= MOST_GAPS
    assert parse_cursor(str(cursor)) == cursor
