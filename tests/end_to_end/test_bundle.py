"""The bundle, as `make package` builds it: its window connects to the servers that the environment names."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from PyInstaller.archive.readers import CArchiveReader

from installers.build_paths import build_paths
from pipeline_gui import __version__
from tests.command_server.harness import SLEEP, CommandServer, command_server
from tests.spark.certificates import make_certificate_of_authority
from tests.store.tls_front import tls_front
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 120e6
"""Bytes, unpacked."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of a freshly built bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    places = ["--distpath", str(folder / "dist"), "--workpath", str(folder / "build")]
    build = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, "build.spec"]
    subprocess.run(build, cwd=ROOT, check=True, timeout=900)
    hand_out = [sys.executable, "-m", "installers", str(folder / "dist"), "--quick"]
    subprocess.run(hand_out, cwd=ROOT, check=True, timeout=300, stdout=subprocess.DEVNULL)
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


def watcher_of(database: str) -> str:
    """Who holds the watcher's lease; nobody is an empty text."""
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("SELECT actor FROM pipeline_watcher WHERE holder IS NOT NULL").fetchone()
    return str(row[0]) if row else ""


@pytest.mark.timeout(1200)
def test_the_bundles_window_connects_and_watches(
    bundle: Path, environment: dict[str, str], database: str, server: CommandServer
) -> None:
    window = subprocess.Popen([bundle], env=environment, stdin=subprocess.DEVNULL)

    def watched_by() -> str:
        assert window.poll() is None, "the window ended"
        return watcher_of(database)

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
def test_the_bundles_window_connects_over_tls_with_an_authority_of_ones_own(
    bundle: Path, environment: dict[str, str], database: str, tmp_path: Path
) -> None:
    certificate = make_certificate_of_authority(tmp_path)
    trusted = {"sslmode": "verify-full", "sslrootcert": str(certificate.authority)}
    with (
        tls_front(database, certificate) as url,
        command_server(tmp_path / "secure", certificate=certificate) as server,
    ):
        profile = Path(environment["PIPELINE_GUI_HOME"])
        profile.mkdir()
        settings = f"spark_url = '{server.url}'\nspark_token = '{server.token}'\ndatabase_url = \"{{}}\"\n"
        own = {name: value for name, value in environment.items() if not name.endswith(("_URL", "_TOKEN"))}

        def run(*words: str, code: int = 0) -> str:
            done = subprocess.run([bundle, *words], env=own, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            said = f"{done.stdout.decode()}\n{done.stderr.decode()}"
            assert done.returncode == code, said
            assert "Traceback" not in said
            return said

        file = profile / "settings.toml"
        file.write_text(settings.format(make_conninfo(url, sslrootcert="system")))
        file.chmod(0o600)
        said = run("doctor", code=1)
        assert "certificate verify failed" in said, "the database's authority is not asked for"
        assert "can't be trusted" in said, "the Spark server's authority is not asked for"
        more = f"spark_ca_file = '{certificate.authority}'\n"
        file.write_text(settings.format(make_conninfo(url, **trusted)) + more)
        assert "✖" not in run("doctor")
        window = subprocess.Popen([bundle], env=own, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: "@" in watcher_of(database), 60, "the lease of the bundle's window")
            assert json.loads(run("start", "--file", str(server.app(SLEEP)), "--json").strip())["success"] is True
            window.send_signal(signal.SIGTERM)
            assert window.wait(10) == 0
            assert '"is_running": true' in run("status", "--json"), "the run did not go on"
            run("stop", "--force")
        finally:
            window.kill()
            window.wait(10)


@pytest.mark.timeout(1200)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the linker's words are Linux's")
def test_a_missing_library_of_the_system_is_named(bundle: Path, tmp_path: Path) -> None:
    """A copy of the bundle asks for libraries that nobody has, so that the dynamic linker says what it says then."""
    copy = tmp_path / "copy"
    shutil.copytree(bundle.parent, copy, symlinks=True, copy_function=os.link)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "DISPLAY": "localhost:10"}
    qt = copy / "_internal" / "PySide6" / "Qt"
    for file, needed, missing in (
        (qt / "plugins" / "platforms" / "libqxcb.so", b"libxcb-cursor.so.0", b"libxcb-nosuch.so.0"),
        (qt / "lib" / "libQt6Gui.so.6", b"libEGL.so.1", b"libNON.so.1"),
    ):
        content = file.read_bytes()
        assert needed in content
        file.unlink()
        file.write_bytes(content.replace(needed, missing))
        told = subprocess.run([copy / "pipeline-gui"], env=environment, capture_output=True, text=True, timeout=60)
        assert told.returncode == 1
        assert f"Qt needs {missing.decode()}, which this computer does not have" in told.stderr
        assert told.stderr.count("\n") == 1
        file.write_bytes(content)


@pytest.mark.timeout(1200)
def test_the_bundle_says_that_the_servers_are_not_in_it(bundle: Path, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIPELINE_GUI_HOME": str(tmp_path / "profile")}
    told = subprocess.run([bundle, "status"], env=environment, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert "pipeline-gui[local]" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.timeout(1200)
def test_the_bundle_is_small_and_says_what_is_in_it(bundle: Path) -> None:
    folder = bundle.parent
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) <= LARGEST
    listed = (folder / "licences" / "LIST.txt").read_text("utf-8")
    sbom = json.loads((folder / "licences" / "sbom.cdx.json").read_text("utf-8"))
    names = {component["name"] for component in sbom["components"]}
    assert {"Qt", "CPython", "OpenSSL", "ICU", "psycopg", "requests"} <= names
    assert all(f"\n{name} " in listed for name in names)
    assert all(component["licenses"] for component in sbom["components"])
    assert not names & {"pytest", "ruff", "mypy", "fastapi", "uvicorn", "pyspark", "selenium", "hypothesis", "numpy"}


@pytest.mark.timeout(1200)
def test_nothing_in_the_bundle_tells_of_the_computer_that_built_it(bundle: Path) -> None:
    """Read as an administrator would who trusts nobody: archives unpacked, compiled modules as they are."""
    telling = {
        "a folder of the build": [str(ROOT).encode(), str(bundle.parents[2]).encode(), *build_paths()],
        "a user's home": [str(Path.home()).encode() + b"/"],
        "the computer": [name for name in (socket.gethostname().encode(),) if len(name) > 7],
        "a package index": package_indexes(),
        "a secret": [
            value.encode()
            for key, value in os.environ.items()
            if re.search("TOKEN|PASSWORD|SECRET|API_?KEY", key) and len(value) > 7
        ],
    }
    pieces = dict(pieces_of(bundle))
    assert "modules: pipeline_gui.cli" in pieces
    assert "zip: codecs.pyc" in pieces
    for name, content in pieces.items():
        for what, words in telling.items():
            assert not [word for word in words if word in content], f"{name} names {what}"
        key = re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\\?n?\s*[A-Za-z0-9+/]{40}", content)
        assert key is None, f"{name} holds a private key"


def pieces_of(bundle: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a bundle, and what is packed in its archives."""
    for path in bundle.parent.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(bundle.parent)), path.read_bytes()
    archive = CArchiveReader(str(bundle))
    for name in archive.toc:
        if name.endswith(".pyz"):
            modules = archive.open_embedded_archive(name)
            for module in modules.toc:
                yield f"modules: {module}", modules.extract(module, raw=True) or b""
    with zipfile.ZipFile(bundle.parent / "_internal" / "base_library.zip") as packed:
        for name in packed.namelist():
            yield f"zip: {name}", packed.read(name)


def package_indexes() -> list[bytes]:
    """The hosts from which this computer takes packages, but the public one, which libraries name in their texts."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^'\s]+", said)}
    return [host.encode() for host in hosts if host and host not in ("pypi.org", "localhost", "127.0.0.1")]


@pytest.mark.timeout(1200)
@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg-deb")
def test_the_package_has_what_a_desktop_looks_for(bundle: Path, tmp_path: Path) -> None:
    (package,) = bundle.parents[1].glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True, timeout=60)
    assert (tmp_path / "usr/bin/pipeline-gui").resolve() == tmp_path / "usr/lib/pipeline-gui/pipeline-gui"
    told = subprocess.run([tmp_path / "usr/bin/pipeline-gui", "--version"], capture_output=True, text=True, timeout=60)
    assert told.stdout == f"pipeline-gui {__version__}\n"
    entry = (tmp_path / "usr/share/applications/pipeline-gui.desktop").read_text("utf-8")
    assert "\nExec=pipeline-gui\n" in entry
    assert (tmp_path / "usr/share/icons/hicolor/scalable/apps/pipeline-gui.svg").exists()
    manual = gzip.decompress((tmp_path / "usr/share/man/man1/pipeline-gui.1.gz").read_bytes()).decode()
    helped = subprocess.run([tmp_path / "usr/bin/pipeline-gui", "--help"], capture_output=True, text=True, timeout=60)
    commands = re.findall(r"^    ([a-z-]+) ", helped.stdout, re.MULTILINE)
    assert "start" in commands
    assert [name for name in commands if name.replace("-", "\\-") not in manual and name not in manual] == []
    sums = subprocess.run(["dpkg-deb", "--ctrl-tarfile", package], capture_output=True, check=True, timeout=60)
    with tarfile.open(fileobj=io.BytesIO(sums.stdout)) as archive:
        assert {Path(name).name for name in archive.getnames()} >= {"control", "md5sums"}
