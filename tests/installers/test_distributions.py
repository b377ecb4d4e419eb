"""The wheel and the source distribution: whole, the same twice, described as indexes want it, and at work."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from installers.distributions import write_distributions
from pipeline_gui import __version__
from tests.command_server.harness import command_server

ROOT = Path(__file__).resolve().parents[2]
MOMENT = 1_700_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    wheel, sdist = write_distributions(tmp_path_factory.mktemp("made"), MOMENT)
    return wheel, sdist


@pytest.fixture(scope="module")
def installed(made: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a Python into which the wheel was installed; what it depends on is this Python's."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=120)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(made[0])], check=True, capture_output=True, timeout=120)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return python.parent


def run(program: Path, *words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(home), "PIPELINE_GUI_HOME": str(home / "profile")}
    return subprocess.run(
        [program, *words], cwd="/", env=given | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_same_sources_give_the_same_bytes(made: tuple[Path, Path], tmp_path: Path) -> None:
    for first, second in zip(made, write_distributions(tmp_path, MOMENT), strict=True):
        assert first.name == second.name
        assert first.read_bytes() == second.read_bytes()


def test_the_wheel_brings_what_is_data_and_not_code(made: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(made[0]).namelist()
    folders = {"pipelines": "pipelines/*", "sql": "sql/*", "dashboard": "dashboard/*", "icons": "icons/*"}
    for folder, pattern in (folders | {"systemd": "systemd/*"}).items():
        for file in (ROOT / "resources").glob(pattern):
            if file.is_file():
                assert any(name.endswith(f"share/pipeline-gui/{folder}/{file.name}") for name in names), file
    for file in (ROOT / "pipeline_gui" / "store" / "migrations").glob("*.sql"):
        assert f"pipeline_gui/store/migrations/{file.name}" in names
    others = {name.partition("/")[0] for name in names}
    assert others == {"pipeline_gui", f"pipeline_gui-{__version__}.data", f"pipeline_gui-{__version__}.dist-info"}


def test_the_sources_are_all_that_git_has(made: tuple[Path, Path]) -> None:
    with tarfile.open(made[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True, text=True).stdout.split()
    assert [name for name in listed if name not in names and (ROOT / name).exists() and name[0] != "."] == []
    assert [name for name in names if name.endswith(".pyc") or name.startswith((".venv", "build/", "dist"))] == []


def test_twine_finds_nothing(made: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *map(str, made)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_the_installed_program_finds_its_data(installed: Path, tmp_path: Path) -> None:
    script = (
        "from pipeline_gui.configurations import samples; print(samples.__file__, samples.sample('flights')['file'])"
    )
    for said in run(installed / "python", "-c", script, home=tmp_path).stdout.split():
        assert Path(said).is_relative_to(installed.parent)
        assert Path(said).is_file()
    assert run(installed / "pipeline-gui", "--version", home=tmp_path).stdout == f"pipeline-gui {__version__}\n"
    assert "--master" in run(installed / "pipeline-gui", "spark-server", "--help", home=tmp_path).stdout


def test_the_installed_program_works(installed: Path, database: str, tmp_path: Path) -> None:
    with command_server(tmp_path / "server") as server:
        servers = {
            "PIPELINE_GUI_DATABASE_URL": database,
            "PIPELINE_GUI_SPARK_URL": server.url,
            "PIPELINE_GUI_SPARK_TOKEN": server.token,
        }
        program = installed / "pipeline-gui"
        started = run(program, "start", "--file", str(server.app("pass")), "--wait", home=tmp_path, **servers)
        assert started.returncode == 0, started.stderr
        (ended,) = json.loads(run(program, "runs", "--json", home=tmp_path, **servers).stdout)
        assert ended["status"] == "completed"
        window = subprocess.Popen(
            [program], cwd="/", env={**os.environ, **servers, "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
        )
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                window.wait(3)  # it is open, and stays so
            window.terminate()
            assert window.wait(20) == 0
        finally:
            window.kill()
            window.wait(10)
