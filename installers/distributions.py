"""The wheel and the source distribution, whose bytes depend on the sources alone."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])(sys.argv[2]))
"""


def write_distributions(folder: Path, moment: int) -> list[Path]:
    """Both, dated moment (seconds since 1970), of what git has or would take; needs git and setuptools."""
    with tempfile.TemporaryDirectory(prefix="distributions-") as place:
        sources = Path(place) / "sources"
        _copy_sources(sources)
        wheel = _built(sources, "build_wheel", folder, moment)
        sdist = _built(sources, "build_sdist", Path(place), moment)
        plain = folder / sdist.name
        _repack(sdist, plain, moment)
    return [wheel, plain]


def _copy_sources(target: Path) -> None:
    """A tree of its own: a build leaves files behind, and takes along what an earlier one left."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)


def _built(sources: Path, what: str, folder: Path, moment: int) -> Path:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", _BUILD, what, str(folder.absolute())]
    done = subprocess.run(command, cwd=sources, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or done.stdout)
    return folder / done.stdout.splitlines()[-1]


def _repack(sdist: Path, target: Path, moment: int) -> None:
    """The same files in a fixed order, with one date and one owner."""
    with (
        tarfile.open(sdist) as source,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = moment, 0, 0, "root", "root"
            member.pax_headers = {}
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            archive.addfile(member, source.extractfile(member) if member.isfile() else None)
