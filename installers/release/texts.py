"""What is read: the version is in one place, the changelog has its form, and licences go together."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from installers.release.outcome import Outcome, bad, good
from pipeline_gui import __version__

SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""Those of Keep a Changelog, in its order."""
COMPATIBLE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Attribution", "bzip2-1.0.6", "MIT", "MIT-0",
        "LGPL-2.1-or-later", "LGPL-3.0-only", "MPL-2.0", "OLDAP-2.8", "PostgreSQL", "PSF-2.0", "Unicode-3.0", "ISC",
        "Zlib", "LicenseRef-public-domain",
    }
)  # fmt: skip
"""What may be handed out beside a program under Apache-2.0: nothing that would put the program itself under another."""
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_RELEASE = re.compile(r"## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})")
_NAMED = re.compile(r"pipeline[-_]gui[-_](\d+\.\d+\.\d+)")


def look_at_version(root: Path) -> Outcome:
    """The version stands in pipeline_gui/__init__.py, and nothing that people read names another."""
    if not _VERSION.fullmatch(__version__):
        return bad(f"{__version__} is no version such as 1.2.3.")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    if "version" in project["project"]:
        return bad("pyproject.toml has a version of its own.")
    pages = [root / "README.md", *(root / "docs").rglob("*.md"), *(root / "resources" / "man").iterdir()]
    others = [
        f"{page.relative_to(root)}: {match[0]}"
        for page in pages
        for match in _NAMED.finditer(page.read_text("utf-8"))
        if match[1] != __version__
    ]
    return (
        bad(f"Another version is named: {'; '.join(others)}.") if others else good(f"It is {__version__} everywhere.")
    )


def look_at_changelog(root: Path) -> Outcome:
    """The form of Keep a Changelog, and an entry for this version or for what comes."""
    wrong = list(changelog_mistakes((root / "CHANGELOG.md").read_text("utf-8"), __version__))
    return bad(" ".join(wrong)) if wrong else good("It has the form of Keep a Changelog.")


def changelog_mistakes(text: str, version: str) -> Iterator[str]:
    """What is wrong with a changelog, in sentences."""
    lines = text.splitlines()
    if not lines or lines[0] != "# Changelog":
        yield "It does not begin with “# Changelog”."
    headings = [line for line in lines if line.startswith("## ")]
    released = [match for line in headings if (match := _RELEASE.fullmatch(line))]
    for line in headings:
        if line != "## [Unreleased]" and not _RELEASE.fullmatch(line):
            yield f"“{line}” is neither “## [Unreleased]” nor “## [1.2.3] - 2026-01-31”."
    if "## [Unreleased]" in headings[1:]:
        yield "What is unreleased does not stand first."
    numbers = [tuple(map(int, match[1].split("."))) for match in released]
    if numbers != sorted(set(numbers), reverse=True):
        yield "Its versions are not in order, newest first, each once."
    if released and released[0][1] != version:
        yield f"Its newest version is {released[0][1]}, and the program's is {version}."
    yield from _mistakes_in_sections(lines)


def _mistakes_in_sections(lines: list[str]) -> Iterator[str]:
    seen: list[str] = []
    for line in lines:
        if line.startswith("## "):
            seen = []
        elif line.startswith("### "):
            name = line.removeprefix("### ")
            if name not in SECTIONS:
                yield f"There is no section “{name}”; there are {', '.join(SECTIONS)}."
            elif name in seen:
                yield f"“{name}” stands twice in one version."
            seen.append(name)
        elif seen and line and not line.startswith(("- ", "  ")):
            yield f"“{line[:40]}…” is no entry: it begins neither with “- ” nor with two spaces."


def look_at_licences(bundle: Path) -> Outcome:
    """Every part of the bundle has a licence that is compatible, and its text lies beside it."""
    sbom = json.loads((bundle / "licences" / "sbom.cdx.json").read_text("utf-8"))
    wrong = [
        f"{component['name']} ({licence})"
        for component in sbom["components"]
        for licence in _licences_of(component)
        if not is_compatible(licence)
    ]
    if wrong:
        return bad(f"Not known to be compatible: {', '.join(wrong)}.")
    listed = (bundle / "licences" / "LIST.txt").read_text("utf-8")
    missing = [component["name"] for component in sbom["components"] if f"\n{component['name']} " not in listed]
    if missing:
        return bad(f"Not in the list of licences: {', '.join(missing)}.")
    return good(f"{len(sbom['components'])} parts, all compatible with Apache-2.0 and listed.")


def _licences_of(component: dict[str, object]) -> list[str]:
    licences = component.get("licenses")
    if not isinstance(licences, list):
        return ["none"]
    return [
        str(entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]) for entry in licences
    ]


def is_compatible(licence: str) -> bool:
    """Whether an SPDX expression leaves a choice of compatible licences alone."""
    return any(
        all(part.strip(" ()") in COMPATIBLE for part in choice.split(" AND ")) for choice in licence.split(" OR ")
    )
