"""What may not be released is found, and what can't be looked at is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from installers.release.__main__ import main, steps
from installers.release.outcome import Verdict
from installers.release.texts import changelog_mistakes, is_compatible, look_at_changelog, look_at_version
from installers.release.vulnerabilities import read_report

ROOT = Path(__file__).resolve().parents[2]
GOOD = """\
# Changelog

Words.

## [Unreleased]

### Added

- One
  more.

## [1.2.0] - 2026-01-31

### Fixed

- Two.
"""


def test_this_project_passes() -> None:
    for outcome in (look_at_version(ROOT), look_at_changelog(ROOT)):
        assert outcome.verdict is Verdict.GOOD, outcome.sentence


def test_a_good_changelog_has_no_mistakes() -> None:
    assert list(changelog_mistakes(GOOD, "1.2.0")) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("# Changelog", "# Changes", "does not begin"),
        ("## [Unreleased]", "## Unreleased", "is neither"),
        ("## [1.2.0] - 2026-01-31", "## [1.2.0]", "is neither"),
        ("### Fixed", "### Repaired", "no section “Repaired”"),
        ("### Fixed\n\n- Two.", "### Fixed\n\n- Two.\n\n### Fixed\n\n- Three.", "stands twice"),
        ("- Two.", "Two.", "is no entry"),
        ("## [1.2.0]", "## [1.3.0]", "newest version is 1.3.0"),
        ("- Two.\n", "- Two.\n\n## [1.10.0] - 2026-01-01\n", "not in order"),
    ],
)
def test_a_mistake_in_the_changelog_is_said(before: str, after: str, words: str) -> None:
    assert before in GOOD
    assert words in " ".join(changelog_mistakes(GOOD.replace(before, after), "1.2.0"))


def test_another_version_in_a_page_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "resources" / "man").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\ndynamic = ["version"]\n')
    (tmp_path / "README.md").write_text("apt install ./pipeline-gui_9.8.7_amd64.deb")
    assert "README.md: pipeline-gui_9.8.7" in look_at_version(tmp_path).sentence


@pytest.mark.parametrize(
    ("licence", "compatible"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("BSD-3-Clause AND Apache-2.0", True),
        ("BSD-3-Clause AND GPL-3.0-or-later", False),
        ("GPL-3.0-or-later", False),
        ("none", False),
    ],
)
def test_which_licences_go_together(licence: str, compatible: bool) -> None:
    assert is_compatible(licence) is compatible


def test_what_the_audit_says_is_understood() -> None:
    clean = {"name": "a", "version": "1", "vulns": []}
    ill = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
    skipped = {"name": "c", "skip_reason": "not found"}
    assert read_report(json.dumps({"dependencies": [clean]})).verdict is Verdict.GOOD
    found = read_report(json.dumps({"dependencies": [clean, ill, skipped]}))
    assert found.verdict is Verdict.BAD
    assert "b 2: PYSEC-1" in found.sentence
    assert read_report(json.dumps({"dependencies": [clean, skipped]})).verdict is Verdict.NOT_DONE
    away = read_report("", "ERROR: no route to host")
    assert away.verdict is Verdict.NOT_DONE
    assert "no route to host" in away.sentence


def test_a_step_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint"]) == 2
    assert "there are version, changelog, lint" in capsys.readouterr().err


def test_some_steps_alone_are_summed_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BARE_MACHINE", raising=False)
    assert main(["version", "bare"]) == 0
    said = capsys.readouterr().out
    assert "good      version" in said
    assert "not done  bare" in said
    assert len({step.name for step in steps()}) == len(steps())
