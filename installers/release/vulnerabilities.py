"""Whether something that the program is installed with has a known vulnerability, by pip-audit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from installers.release.outcome import Outcome, bad, good, not_done

_SECONDS = 600


def look_at_vulnerabilities(root: Path, work: Path) -> Outcome:
    """pip-audit asks a service on the network, so where that, or pip-audit itself, can't be had, it says so."""
    tool = work / "audit"
    install: list[str | Path] = [
        tool / "bin" / "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        "install",
        "pip-audit",
    ]
    try:
        if not (tool / "bin" / "pip-audit").exists():
            subprocess.run([sys.executable, "-m", "venv", tool], check=True, capture_output=True, timeout=_SECONDS)
            subprocess.run(install, check=True, capture_output=True, timeout=_SECONDS)
        command: list[str | Path] = [
            tool / "bin" / "pip-audit",
            "--format",
            "json",
            "--progress-spinner",
            "off",
            "--disable-pip",
        ]
        command += ["--no-deps", "--requirement", root / "requirements" / "local.txt"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return not_done(f"pip-audit can't be had here ({type(error).__name__}); run it where there is a network.")
    return read_report(done.stdout, done.stderr)


def read_report(report: str, said: str = "") -> Outcome:
    """What pip-audit's JSON means."""
    try:
        dependencies = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        last = (said.strip().splitlines() or ["it said nothing"])[-1][:200]
        return not_done(f"pip-audit could not ask its service ({last}).")
    found = [
        f"{part['name']} {part['version']}: {', '.join(one['id'] for one in part['vulns'])}"
        for part in dependencies
        if part.get("vulns")
    ]
    if found:
        return bad(f"Known vulnerabilities: {'; '.join(found)}.")
    asked = [part for part in dependencies if "vulns" in part]
    if len(asked) < len(dependencies):
        return not_done(
            f"Of {len(dependencies)} packages {len(dependencies) - len(asked)} are not known to the service that was "
            "asked; run it where a public one can be reached."
        )
    return good(f"Of {len(asked)} packages none has a known vulnerability.")
