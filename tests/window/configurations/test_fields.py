"""A value becomes a text and the same value again, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.pipeline.configuration import KEYS
from pipeline_gui.window.configurations.editing import free_name
from pipeline_gui.window.configurations.fields import FIELDS, Field, Kind, Unreadable, text_of, value_of

LIST = Field("args", "", Kind.LIST)
PAIRS = Field("conf", "", Kind.PAIRS)
NUMBER = Field("grace_seconds", "", Kind.NUMBER)
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_every_key_of_a_configuration_has_its_field() -> None:
    assert {field.key for field in FIELDS} == set(KEYS)


@given(st.lists(LINES, min_size=1, max_size=6))
def test_a_list_comes_back(items: list[str]) -> None:
    assert value_of(LIST, text_of(LIST, items)) == items


@given(st.dictionaries(st.from_regex(r"[a-z.]{1,9}", fullmatch=True), LINES, min_size=1, max_size=6))
def test_properties_come_back(pairs: dict[str, str]) -> None:
    assert value_of(PAIRS, text_of(PAIRS, pairs)) == pairs


def test_a_property_without_a_sign_is_refused_with_its_line() -> None:
    with pytest.raises(Unreadable, match="Line 2"):
        value_of(PAIRS, "a=1\nb")
    with pytest.raises(Unreadable, match="twice"):
        value_of(PAIRS, "a=1\na = 2")


def test_numbers_and_what_is_none() -> None:
    assert value_of(NUMBER, " 10 ") == 10
    assert value_of(NUMBER, "2.5") == 2.5
    assert value_of(NUMBER, "ten") == "ten"
    assert value_of(NUMBER, "") is None
    assert text_of(NUMBER, 10.0) == "10"


def test_a_copy_has_a_name_of_its_own() -> None:
    assert free_name("Flights", {"flights"}) == "Flights (copy)"
    assert free_name("Flights", {"flights", "flights (copy)"}) == "Flights (copy 2)"
