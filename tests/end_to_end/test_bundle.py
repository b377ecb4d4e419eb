"""The bundle, as `make package` builds it: its window connects to the servers that the environment names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.command_server.harness import SLEEP, CommandServer, command_server
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of a freshly built bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    places = ["--distpath", str(folder / "dist"), "--workpath", str(folder / "build")]
    build = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, "build.spec"]
    subprocess.run(build, cwd=ROOT, check=True, timeout=900)
    return folder / "dist" / "pipeline-gui" / "pipeline-gui"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CommandServer]:
    """A command server with a stand-in Spark."""
    with command_server(tmp_path / "server") as server:
        yield server


@pytest.fixture
def environment(database: str, server: CommandServer, tmp_path: Path) -> dict[str, str]:
    """An operator's environment that names both servers, and a clean one: nothing of this Python is in it."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "PIPELINE_GUI_HOME": str(tmp_path / "profile"),
        "PIPELINE_GUI_DATABASE_URL": database,
        "PIPELINE_GUI_SPARK_URL": server.url,
        "PIPELINE_GUI_SPARK_TOKEN": server.token,
    }


@pytest.mark.timeout(1200)
def test_the_bundles_window_connects_and_watches(
    bundle: Path, environment: dict[str, str], database: str, server: CommandServer
) -> None:
    window = subprocess.Popen([bundle], env=environment, stdin=subprocess.DEVNULL)

    def watched_by() -> str | None:
        with psycopg.connect(database, autocommit=True) as connection:
            row = connection.execute("SELECT actor FROM pipeline_watcher WHERE holder IS NOT NULL").fetchone()
        assert window.poll() is None, "the window ended"
        return row[0] if row else None

    try:
        # Only a window that reaches the database and the Spark server takes the watcher's lease.
        wait_until(watched_by, 60, "the lease of the bundle's window")
        application = server.app(SLEEP)
        started = subprocess.run(
            [bundle, "start", "--file", application, "--json"],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        assert json.loads(started.stdout)["success"] is True
        subprocess.run([bundle, "stop", "--force"], env=environment, stdin=subprocess.DEVNULL, check=True, timeout=60)
        runs = subprocess.run(
            [bundle, "runs", "--json"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
        )
        assert [run["status"] for run in json.loads(runs.stdout)] == ["stopped"]
        window.send_signal(signal.SIGTERM)
        assert window.wait(10) == 0
    finally:
        window.kill()
        window.wait(10)


@pytest.mark.timeout(1200)
def test_the_bundle_says_that_the_servers_are_not_in_it(bundle: Path, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIPELINE_GUI_HOME": str(tmp_path / "profile")}
    told = subprocess.run([bundle, "status"], env=environment, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert "pipeline-gui[local]" in told.stderr
    assert "Traceback" not in told.stderr
