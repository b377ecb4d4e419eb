"""A name becomes the whole configuration, and further keys lie over it."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_gui.configurations import named
from pipeline_gui.configurations.named import unknown_name
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.redaction import REDACTED

KNOWN: dict[object, dict[str, Any]] = {
    "nightly": {"name": "nightly", "file": "/n.py", "conf": {"spark.a": "1", "spark.b": "2"}, "args": ["x", "y"]},
    "lost": {"name": "lost", "file": "/n.py", "conf": {"spark.password": REDACTED}, "args": ["--token", REDACTED]},
}


def resolve(values: Any) -> dict[str, Any]:
    """Resolve against what is known here."""

    def find(name: object) -> dict[str, Any]:
        if name not in KNOWN:
            raise unknown_name(name, [str(known) for known in KNOWN])
        return KNOWN[name]

    return named.resolve(values, find, find)


def test_further_keys_lie_over_it() -> None:
    assert resolve({"configuration": "nightly"}) == KNOWN["nightly"]
    over = {"name": "mine", "args": ["z"], "conf": {"spark.a": "3"}, "file": None}
    changed = resolve({"configuration": "nightly", **over})
    assert changed == {
        "name": "mine", "file": "/n.py", "args": ["z"], "conf": {"spark.a": "3", "spark.b": "2"},
    }  # fmt: skip
    assert KNOWN["nightly"]["conf"] == {"spark.a": "1", "spark.b": "2"}


def test_without_a_name_the_values_stay() -> None:
    assert resolve({"file": "/x.py", "conf": 3}) == {"file": "/x.py", "conf": 3}
    assert resolve({"configuration": None, "again": None, "file": "/x.py"}) == {"file": "/x.py"}


def test_a_lost_secret_is_refused_until_it_is_given_anew() -> None:
    with pytest.raises(ConfigurationInvalid, match="in args and conf was not recorded") as caught:
        resolve({"again": "lost"})
    assert caught.value.field == "args"
    given = {"args": ["--token-file", "/t"], "conf": {"spark.password": "${secret:P}"}}
    assert resolve({"again": "lost", **given})["conf"] == given["conf"]


def test_a_name_and_a_run_are_one_too_many() -> None:
    with pytest.raises(ConfigurationInvalid, match="either"):
        resolve({"configuration": "nightly", "again": "run-1"})


def test_an_unknown_name_is_refused_with_a_near_one() -> None:
    with pytest.raises(ConfigurationInvalid, match="did you mean 'nightly'"):
        resolve({"configuration": "nigthly"})
    with pytest.raises(ConfigurationInvalid, match=r"There is no configuration.*there are nightly, lost\."):
        resolve({"configuration": 3})
    assert len(str(unknown_name("x" * 100_000, ["y" * 200] * 1000))) < 6000
