"""The samples as configurations: complete and valid. tests/installers has how an installed program finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.pipeline.configuration import parse_configuration


def test_there_is_one_to_try_first() -> None:
    assert sample_names() == ["flights", "stream_events", "broken"]


@pytest.mark.parametrize("name", sample_names())
def test_each_can_be_started_as_it_is(name: str) -> None:
    configuration = parse_configuration(sample(name))
    assert configuration.name == name
    assert configuration.description
    assert Path(configuration.file).is_absolute()
    assert Path(configuration.file).is_file()


@pytest.mark.parametrize("name", ["", "no such", "../pipelines/flights", "flights.toml", "/etc/passwd"])
def test_a_name_that_is_none_is_no_path_either(name: str) -> None:
    with pytest.raises(KeyError):
        sample(name)
