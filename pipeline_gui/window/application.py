"""The window as a program. Importing this imports no Qt, so that what is missing for it is said in one line."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from pipeline_gui.late_modules import run_at_once
from pipeline_gui.window.display_check import missing_display, missing_library

if TYPE_CHECKING:
    from pipeline_gui.settings import Settings
    from pipeline_gui.window.first_look import FirstLook


def run(settings: Settings, first_look: FirstLook | None = None, *, debugs: bool = False) -> int:
    """Open the window and stay until it is closed; the exit code, 1 where there is nothing to open it on."""
    sentence = missing_display() or missing_library()
    if sentence is None:
        gc.disable()  # what is loaded from here on stays: to look for garbage in it takes an eighth of the time
        try:
            from pipeline_gui.window.qt_loading import load_qt

            load_qt()
            from pipeline_gui.window.program import run_window

            run_at_once()
        except ImportError as error:
            sentence = missing_library(error)
            if sentence is None:
                raise
        else:
            return run_window(settings, first_look, debugs=debugs)
        finally:
            gc.enable()
    print(f"pipeline-gui: {sentence}", file=sys.stderr)
    return 1
