"""What the bundle weighs, unpacked; and how long it takes until its first rows are painted, against a bare bundle.

Both are PyInstaller's, one folder each. Ours is built by build.spec; to be timed it begins with a module that says when
the first rows of a running PostgreSQL are painted. The bare one is an empty window, with PyInstaller's defaults.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, against_floor, bounded, milliseconds
from bench.ground import ground, running
from bench.history import make_history

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 120.0
SLOWEST = 1.5
ROUNDS = 9
HISTORY = 1_000


def measure(names: Sequence[str]) -> list[Figure]:
    """Build what is measured, which takes half a minute for each of the three, and measure it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        figures = []
        if "bundle_size" in names:
            figures.append(bounded("bundle_size", _weight(_built(Path(place), "build.spec")), "MB", LARGEST))
        if "bundle_start" in names:
            folder = Path(place)
            bare = _built(folder / "bare", "--name", "bare", str(ROOT / "bench" / "children" / "bare_window.py"))
            entry = {"PIPELINE_GUI_BUNDLE_ENTRY": str(ROOT / "bench" / "children" / "window_start.py")}
            ours = _built(folder / "ours", "build.spec", environment=entry)
            figures.append(_start(ours / "pipeline-gui", bare / "bare"))
        return figures


def _start(ours: Path, bare: Path) -> Figure:
    """The medians of several starts of either, turn by turn; one of each goes before, to warm up."""
    starts: list[float] = []
    floors: list[float] = []
    with ground() as place:
        environment = place.environment(make_history(place, HISTORY))
        for number in range(ROUNDS + 1):
            for kept, program in ((floors, bare), (starts, ours)):
                taken = _painted(program, environment)
                if number:
                    kept.append(taken)
    return against_floor("bundle_start", milliseconds(starts), milliseconds(floors), "ms", SLOWEST)


def _painted(program: Path, environment: dict[str, str]) -> float:
    begin = time.monotonic()
    with running(program.name, [program], environment) as process:
        moment: float = process.hear()
    return moment - begin


def _built(folder: Path, *words: str, environment: dict[str, str] | None = None) -> Path:
    """The one folder that PyInstaller makes."""
    folder.mkdir(exist_ok=True)
    places = ["--distpath", str(folder / "dist"), "--workpath", str(folder / "work")]
    if words[0] != "build.spec":
        places += ["--specpath", str(folder)]
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, *words]
    given = {**os.environ, **(environment or {})}
    subprocess.run(command, cwd=ROOT, env=given, check=True, timeout=900, stdout=subprocess.DEVNULL)
    (made,) = (folder / "dist").iterdir()
    return made


def _weight(bundle: Path) -> float:
    files = [path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files) / 1e6
