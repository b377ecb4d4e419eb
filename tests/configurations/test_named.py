"""A name becomes the whole configuration, and further keys lie over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_gui.configurations.named import resolve
from pipeline_gui.pipeline.errors import ConfigurationInvalid


def test_a_sample_is_resolved_and_overridden() -> None:
    whole = resolve({"configuration": "flights"})
    assert whole["name"] == "flights"
    assert Path(whole["file"]).is_file()
    changed = resolve({"configuration": "flights", "name": "mine", "args": ["x"], "conf": {"spark.a": "1"}})
    assert (changed["name"], changed["args"], changed["file"]) == ("mine", ["x"], whole["file"])
    assert changed["conf"] == {**whole["conf"], "spark.a": "1"}
    assert "configuration" not in changed
    assert resolve({"configuration": "flights"}) == whole


def test_without_a_name_the_values_stay() -> None:
    assert resolve({"file": "/x.py", "conf": 3}) == {"file": "/x.py", "conf": 3}
    assert resolve({"configuration": None, "file": "/x.py"}) == {"file": "/x.py"}


@pytest.mark.parametrize("name", ["flihgts", "", "../pipelines/flights", 3, False, ["flights"], "x" * 100_000])
def test_what_is_no_configurations_name_is_refused(name: object) -> None:
    with pytest.raises(ConfigurationInvalid, match="There is no configuration") as caught:
        resolve({"configuration": name})
    assert caught.value.field == "configuration"
    assert len(str(caught.value)) < 200
