"""The documentation builds without a warning: no link leads nowhere, and every page is in the contents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "operators" / "index.html").exists()


def test_every_decision_is_in_the_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text("utf-8") + (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    for page in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        assert contents.count(page.name) == 2, page.name
