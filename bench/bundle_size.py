"""What the bundle weighs, unpacked."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, bounded

ROOT = Path(__file__).resolve().parent.parent
GOAL = 120.0


def measure(_names: Sequence[str]) -> list[Figure]:
    """Build it, which takes half a minute, and add up its files."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        places = ["--distpath", place, "--workpath", f"{place}/work"]
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, "build.spec"]
        subprocess.run(command, cwd=ROOT, check=True, timeout=900, stdout=subprocess.DEVNULL)
        files = [path for path in Path(place, "pipeline-gui").rglob("*") if path.is_file() and not path.is_symlink()]
        return [bounded("bundle_size", sum(path.stat().st_size for path in files) / 1e6, "MB", GOAL)]
