"""The modules that shiboken6 carries as sources are taken from compiled files, where those are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import shiboken6

from installers.shiboken_support import compiled_support

SAYS_WHERE = (
    "import sys, PySide6.QtCore as c; print(sys.modules['shibokensupport.signature.loader'].__file__, c.qVersion())"
)


def test_they_are_loaded_from_there_and_are_the_same_each_time(tmp_path: Path) -> None:
    entries = compiled_support(tmp_path / "once")
    assert "shiboken6/files.dir/shibokensupport/signature/loader.pyc" in [name for name, _, _ in entries]
    again = compiled_support(tmp_path / "again")
    assert [Path(source).read_bytes() for _, source, _ in entries] == [
        Path(source).read_bytes() for _, source, _ in again
    ]
    # As in a bundle: the package, and the folder in it.
    site = tmp_path / "site"
    installed = Path(shiboken6.__file__).parent
    shutil.copytree(installed, site / "shiboken6")
    (site / "PySide6").symlink_to(installed.parent / "PySide6")
    for name, source, _ in entries:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, site / name)
    said = subprocess.run(
        [sys.executable, "-c", SAYS_WHERE], env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith(str(site / "shiboken6" / "files.dir"))
