"""Where a profile keeps its settings, data and logs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

HOME_VARIABLE = "PIPELINE_GUI_HOME"
APPLICATION = "pipeline-gui"


class Profile(NamedTuple):
    """The folders of one profile; none is made before something is written to it."""

    name: str
    """``default``, or the folder that PIPELINE_GUI_HOME names; secrets in the OS keyring are kept under it."""
    config: Path
    data: Path
    logs: Path

    @property
    def settings_file(self) -> Path:
        """The settings that a person edits."""
        return self.config / "settings.toml"

    @property
    def log_file(self) -> Path:
        """What went wrong, with details that are not for a terminal."""
        return self.logs / "pipeline-gui.log"


def find_profile(environ: Mapping[str, str] | None = None) -> Profile:
    """The profile that PIPELINE_GUI_HOME names, or the platform's folders of this user."""
    home = (os.environ if environ is None else environ).get(HOME_VARIABLE, "").strip()
    if home:
        folder = Path(os.path.abspath(os.path.expanduser(home)))
        return Profile(name=str(folder), config=folder, data=folder, logs=folder / "logs")
    import platformdirs

    folders = platformdirs.PlatformDirs(APPLICATION, appauthor=False)
    return Profile(
        name="default",
        config=Path(folders.user_config_dir),
        data=Path(folders.user_data_dir),
        logs=Path(folders.user_log_dir),
    )
