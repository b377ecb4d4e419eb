"""What two editors changed, and what becomes of both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given

from pipeline_gui.configurations.differences import (
    changes_sentence,
    changes_since,
    different_fields,
    flat,
    merged,
    shown_value,
    whole,
)
from pipeline_gui.pipeline.saved import SavedConfiguration
from tests.configurations.strategies import configurations

AT = datetime(2026, 11, 23, 16, 1, 22, tzinfo=UTC)


def revision(number: int, by: str, **values: Any) -> SavedConfiguration:
    """A revision of one configuration."""
    return SavedConfiguration(1, "n", number, {"name": "n", **values}, by, AT)


def test_each_field_has_who_changed_it_last() -> None:
    history = [
        revision(3, "ana", file="/a.py", driver_memory="1g", conf={"spark.a": "1"}),
        revision(4, "ben", file="/a.py", driver_memory="2g", conf={"spark.a": "1"}),
        revision(5, "cleo", file="/a.py", driver_memory="3g", conf={"spark.a": "1", "spark.b": "2"}),
        revision(6, "dan", file="/a.py", driver_memory="3g", conf={"spark.b": "2"}, args=["x"]),
    ]
    changes = changes_since(history)
    assert [(change.field, change.before, change.after, change.changed_by) for change in changes] == [
        ("args", None, ["x"], "dan"),
        ("conf.spark.a", "1", None, "dan"),
        ("conf.spark.b", None, "2", "cleo"),
        ("driver_memory", "1g", "3g", "cleo"),
    ]
    assert changes_sentence(changes) == (
        "args from not set to [x]; conf.spark.a from 1 to not set; conf.spark.b from not set to 2; "
        "driver_memory from 1g to 3g"
    )
    assert changes_since([]) == changes_since(history[:1]) == []


def test_a_secret_is_not_shown() -> None:
    assert "hunter2" not in shown_value("conf.spark.password", "hunter2")
    assert "hunter2" not in shown_value("args", ["--token", "hunter2"])
    assert shown_value("conf.spark.password", "${secret:DB}") == "${secret:DB}"
    assert len(shown_value("description", "x" * 5000)) <= 120


def test_both_changes_live() -> None:
    base = {"name": "n", "file": "/a.py", "driver_memory": "1g", "conf": {"a": "1", "b": "1"}, "queue": "q"}
    mine = {"name": "n", "file": "/a.py", "driver_memory": "2g", "conf": {"a": "2"}, "queue": "q"}
    theirs = {"name": "n", "file": "/b.py", "driver_memory": "4g", "conf": {"a": "1", "b": "1", "c": "1"}}
    assert merged(base, mine, theirs) == {
        "name": "n", "file": "/b.py", "driver_memory": "2g", "conf": {"a": "2", "c": "1"},
    }  # fmt: skip


@given(configurations, configurations, configurations)
def test_a_merge_keeps_what_i_touched_and_takes_the_rest(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    assert whole(flat(base)) == base
    assert merged(base, base, theirs) == theirs
    assert merged(base, mine, base) == mine
    both = flat(merged(base, mine, theirs))
    touched = {field for field, _, _ in different_fields(base, mine)}
    own, other = flat(mine), flat(theirs)
    assert all(both.get(field) == (own if field in touched else other).get(field) for field in {**own, **other, **both})
