"""The samples as configurations: complete, valid, and found from a checkout and from an installed program."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.pipeline.configuration import parse_configuration

CHECKOUT = Path(__file__).resolve().parents[2]


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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project, built from a copy: the build writes beside its sources."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in ("pipeline_gui", "resources"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(built), str(source)], check=True, capture_output=True)
    (made,) = built.glob("*.whl")
    return made


def test_the_wheel_brings_what_is_data_and_not_code(wheel: Path, tmp_path: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder, pattern in (
        ("pipelines", "*.py"),
        ("pipelines", "*.toml"),
        ("sql", "*.sql"),
        ("dashboard", "*"),
        ("icons", "*"),
    ):
        for file in (CHECKOUT / "resources" / folder).glob(pattern):
            assert any(name.endswith(f"share/pipeline-gui/{folder}/{file.name}") for name in names), file
    for file in (CHECKOUT / "pipeline_gui" / "store" / "migrations").glob("*.sql"):
        assert f"pipeline_gui/store/migrations/{file.name}" in names


def test_an_installed_program_finds_the_samples(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    script = (
        "from pipeline_gui.configurations import samples; print(samples.__file__, samples.sample('flights')['file'])"
    )

    said = subprocess.run([python, "-c", script], cwd="/", capture_output=True, text=True, check=True).stdout

    package, file = said.split()
    assert Path(package).is_relative_to(environment)
    assert Path(file).is_relative_to(environment)
    assert Path(file).is_file()
