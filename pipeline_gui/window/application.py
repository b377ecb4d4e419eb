"""The window as a program. Importing this imports no Qt, so that what is missing for it is said in one line."""

from __future__ import annotations

import builtins
import ctypes
import gc
import sys
from typing import TYPE_CHECKING

from pipeline_gui.window.display_check import missing_display, missing_library

if TYPE_CHECKING:
    from pipeline_gui.settings import Settings
    from pipeline_gui.window.first_look import FirstLook

_M_ARENA_MAX = -8
"""Its name in glibc's malloc.h."""


def run(settings: Settings, first_look: FirstLook | None = None, *, debugs: bool = False) -> int:
    """Open the window and stay until it is closed; the exit code, 1 where there is nothing to open it on."""
    sentence = missing_display() or missing_library()
    if sentence is None:
        gc.disable()  # what is loaded from here on stays: to look for garbage in it takes an eighth of the time
        try:
            _share_one_heap()
            load_qt()
            from pipeline_gui.window.program import run_window
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


def _share_one_heap() -> None:
    """Let all threads take memory from one heap, where glibc would give each of the first sixteen its own: 2 MB less.

    They run Python's code, one at a time, so that none has to wait for another (mallopt(3)).
    """
    if sys.platform == "linux":
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if set_option is not None:
            set_option(_M_ARENA_MAX, 1)


def load_qt() -> None:
    """Load Qt, and give Python its own import back.

    PySide puts one in its place that reads the source of whatever is loaded afterwards, to see whether it asks for
    PySide's optional names (``from __feature__ import snake_case``). Nothing here does, and the sources would stay in
    memory: 14 MB of them.
    """
    own = builtins.__import__
    try:
        import PySide6.QtCore  # noqa: F401
    finally:
        builtins.__import__ = own
