"""``python -m installers.release [STEP…]``, or the names in the environment's STEPS: look at all, or at those alone.

What a step says is kept in build/release/. The exit code is 1 when one is bad; what could not be done is said.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from installers.release.outcome import Outcome, Step, Verdict, bad, good, not_done
from installers.release.texts import look_at_changelog, look_at_licences, look_at_version
from installers.release.vulnerabilities import look_at_vulnerabilities
from pipeline_gui import __version__

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "release"
DIST = ROOT / "dist"


def steps() -> list[Step]:
    """Everything, in the order in which it is done: first what takes no time."""
    return [
        Step("version", "one version in one place", lambda: look_at_version(ROOT)),
        Step("changelog", "the form of the changelog", lambda: look_at_changelog(ROOT)),
        Step("lint", "style, types, floors", lambda: _make("lint")),
        Step("docs", "the documentation builds without a warning", lambda: _make("docs")),
        Step("package", "the packages are built", lambda: _make("package")),
        Step("same", "built again they have the same bytes", _same_bytes),
        Step("describe", "wheel and sdist are described as indexes want it", _described),
        Step("licences", "licences are compatible and listed", lambda: look_at_licences(DIST / "pipeline-gui")),
        Step("vulnerabilities", "known vulnerabilities", lambda: look_at_vulnerabilities(ROOT, WORK)),
        Step("install", "the wheel, with PostgreSQL and Spark, in a clean environment", _installed),
        Step("bare", "the package on a machine that has nothing", _bare),
        Step("tests", "all tests", lambda: _make("test")),
        Step("chaos", "a short chaos", lambda: _make("chaos", HOURS="0.03", ROUNDS="1")),
    ]


def main(names: Sequence[str]) -> int:
    """Look, and sum up."""
    all_steps = steps()
    wanted = list(names) or os.environ.get("STEPS", "").split() or [step.name for step in all_steps]
    unknown = set(wanted) - {step.name for step in all_steps}
    if unknown:
        known = ", ".join(step.name for step in all_steps)
        print(f"There is no step {', '.join(sorted(unknown))}; there are {known}.", file=sys.stderr)
        return 2
    WORK.mkdir(parents=True, exist_ok=True)
    outcomes: list[tuple[Step, Outcome]] = []
    for step in all_steps:
        if step.name in wanted:
            print(f"{step.name}: {step.what} …", flush=True)
            begin = time.monotonic()
            outcomes.append((step, step.look()))
            print(
                f"  {outcomes[-1][1].verdict}: {outcomes[-1][1].sentence} ({time.monotonic() - begin:.0f} s)",
                flush=True,
            )
    print(f"\npipeline-gui {__version__}")
    for step, outcome in outcomes:
        print(f"  {outcome.verdict:9} {step.name:16} {outcome.sentence}")
    return 1 if any(outcome.verdict is Verdict.BAD for _, outcome in outcomes) else 0


def run(name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Outcome:
    """A command whose words are kept; the last of them are shown where it fails."""
    log = WORK / f"{name}.log"
    with log.open("ab") as file:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            check=False,
        )
    if done.returncode == 0:
        return good(f"See {log.relative_to(ROOT)}.")
    print(*log.read_text("utf-8", "replace").splitlines()[-15:], sep="\n")
    return bad(f"It ended with {done.returncode}; see {log.relative_to(ROOT)}.")


def _make(target: str, **environment: str) -> Outcome:
    (WORK / f"{target}.log").unlink(missing_ok=True)
    return run(target, ["make", "--no-print-directory", target], environment)


def _packages() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in DIST.iterdir() if path.is_file()}


def _same_bytes() -> Outcome:
    before = _packages()
    again = _make("package")
    if again.verdict is not Verdict.GOOD:
        return again
    after = _packages()
    other = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return bad(f"Others than before: {', '.join(other)}.") if other else good(f"{len(after)} files, the same twice.")


def _described() -> Outcome:
    distributions = [*DIST.glob("*.whl"), *DIST.glob("pipeline_gui-*.tar.gz")]
    if len(distributions) != 2:
        return bad(f"There are {len(distributions)} distributions in dist/, not a wheel and an sdist.")
    (WORK / "describe.log").unlink(missing_ok=True)
    return run("describe", [sys.executable, "-m", "twine", "check", "--strict", *distributions])


def _installed() -> Outcome:
    """What `pip install 'pipeline-gui[local]'` gives, with the versions that are pinned: a run to its end."""
    (WORK / "install.log").unlink(missing_ok=True)
    environment, home = WORK / "environment", WORK / "profile"
    pip: list[str | Path] = [
        environment / "bin" / "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        "install",
    ]
    pinned = ["--require-hashes", "--no-deps", "--no-build-isolation"]
    requirements = ROOT / "requirements"
    (wheel,) = DIST.glob("*.whl")
    program = environment / "bin" / "pipeline-gui"
    commands: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", "--clear", environment],
        [*pip, *pinned, "--requirement", requirements / "build.txt"],
        [*pip, *pinned, "--requirement", requirements / "local.txt"],
        [*pip, "--no-index", f"{wheel}[local]"],
        [environment / "bin" / "pip", "check"],
        [program, "--home", home, "start", "flights", "--wait"],
        [program, "--home", home, "doctor"],
    ]
    for command in commands:
        outcome = run("install", command)
        if outcome.verdict is not Verdict.GOOD:
            return outcome
    return good("It ran “flights” to its end, on a PostgreSQL and a Spark of its own.")


def _bare() -> Outcome:
    if not os.environ.get("BARE_MACHINE"):
        return not_done("BARE_MACHINE names no such machine; `python -m tests.bare_machine` says what it must be.")
    (WORK / "bare.log").unlink(missing_ok=True)
    return run("bare", [sys.executable, "-m", "tests.bare_machine"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
