"""What is wrong with a single value is said in a sentence like all others."""

from __future__ import annotations

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.value_checks import check_keys


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("reciever", "An alert has no key “reciever”; did you mean “receiver”?"),
        ("zzz", "An alert has no key “zzz”."),
        ("it's", "An alert has no key “it's”."),
        ("\x1b[31m", "An alert has no key “\\x1b[31m”."),
        (5, "An alert has no key “5”."),
        ("x" * 99, f"An alert has no key “{'x' * 60}”."),
    ],
    ids=["near", "far", "with a quote", "with a control character", "no text", "long"],
)
def test_a_key_that_is_not_known_is_named_with_the_nearest_one(key: object, sentence: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        check_keys(["receiver", key], ["name", "receiver"], "An alert")
    assert str(refused.value) == sentence
    assert refused.value.field == str(key)[:60]
