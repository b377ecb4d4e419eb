"""The bundle as a Debian package (Debian Policy 4.6): /usr/lib/pipeline-gui, a command, a menu entry, a man page."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from installers.needs import needed_packages
from pipeline_gui import __version__

ROOT = Path(__file__).resolve().parent.parent
ARCHITECTURE = "amd64"
_CONTROL = """\
Package: pipeline-gui
Version: {version}
Architecture: {architecture}
Maintainer: The authors of pipeline-gui <pipeline-gui@localhost>
Installed-Size: {size}
Depends: {depends}
Recommends: xdg-desktop-portal, gnome-keyring | kwalletmanager | keepassxc
Section: misc
Priority: optional
Description: start, stop and watch a Spark pipeline
 Operators start and stop a Spark pipeline and watch its runs. PostgreSQL holds
 the record of every run, and a Spark command server or an Apache Livy runs the
 pipelines. The window tells the truth about Spark, through crashes, lost
 connections and many operators at once.
 .
 This package has the window and the command line. The servers are extras of
 the Python wheel: pip install 'pipeline-gui[local]'.
"""


def write_package(bundle: Path, folder: Path, moment: int, level: int = 6, version: str = __version__) -> Path:
    """Write the package into a folder, everything dated moment (seconds since 1970); level as xz's, 0 to 9.

    Needs dpkg-deb and readelf.
    """
    path = folder / f"pipeline-gui_{version}_{ARCHITECTURE}.deb"
    with tempfile.TemporaryDirectory(prefix="package-") as place:
        tree = Path(place) / "tree"
        _fill(tree, bundle, moment)
        _describe(tree, version, needed_packages(bundle))
        _date(tree, moment)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{level}", "--build", str(tree), str(path)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment)}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return path


def _fill(tree: Path, bundle: Path, moment: int) -> None:
    usr = tree / "usr"
    tree.mkdir(0o755)
    shutil.copytree(bundle, usr / "lib" / "pipeline-gui", symlinks=True)
    (usr / "bin").mkdir()
    (usr / "bin" / "pipeline-gui").symlink_to("../lib/pipeline-gui/pipeline-gui")
    resources = ROOT / "resources"
    _put(resources / "desktop" / "pipeline-gui.desktop", usr / "share" / "applications" / "pipeline-gui.desktop")
    icons = usr / "share" / "icons" / "hicolor" / "scalable" / "apps"
    _put(resources / "icons" / "pipeline-gui.svg", icons / "pipeline-gui.svg")
    _pack(resources / "man" / "pipeline-gui.1", usr / "share" / "man" / "man1" / "pipeline-gui.1.gz", moment)
    documents = usr / "share" / "doc" / "pipeline-gui"
    _pack(ROOT / "CHANGELOG.md", documents / "changelog.gz", moment)
    _put(ROOT / "LICENSE", documents / "copyright")
    for path in tree.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _describe(tree: Path, version: str, packages: list[str]) -> None:
    files = [path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files) // 1024
    control = tree / "DEBIAN"
    control.mkdir(0o755)
    text = _CONTROL.format(version=version, architecture=ARCHITECTURE, size=size, depends=", ".join(packages))
    (control / "control").write_text(text, "utf-8")
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files]
    (control / "md5sums").write_text("".join(sums), "utf-8")
    for file in control.iterdir():
        file.chmod(0o644)


def _date(tree: Path, moment: int) -> None:
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (moment, moment), follow_symlinks=False)


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def _pack(source: Path, target: Path, moment: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=moment) as packed:
        packed.write(source.read_bytes())
