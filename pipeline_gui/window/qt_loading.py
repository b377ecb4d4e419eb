"""Qt, loaded without what PySide brings along for people who write programs with it.

PySide carries, as Python sources inside a library, what knows the signature of every call: for help texts, for type
stubs, and for the error that a wrong call raises. It compiles and runs all of that at each start, a quarter of the time
that a bare window takes. Here these modules are there from the start as well, and are run when something in them is
first asked for. What is not named here is loaded as PySide loads it.
"""

from __future__ import annotations

import builtins
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from pipeline_gui.late_modules import LateFinder, LateModule, ModuleLoader, RunLater

_SUPPORT = "shibokensupport"
_RUN_LATER = (
    "feature", "signature.errorhandler", "signature.layout", "signature.lib.enum_sig", "signature.lib.pyi_generator",
    "signature.lib.tool", "signature.parser",
)  # fmt: skip


def load_qt() -> None:
    """Load Qt, and leave Python's import as it is.

    PySide puts one in its place that reads the source of whatever is loaded afterwards, to see whether it asks for
    PySide's optional names (``from __feature__ import snake_case``). Nothing here does, and the sources would stay in
    memory: 14 MB of them.
    """
    if getattr(sys, "frozen", False):
        os.environ.pop("QT_PLUGIN_PATH", None)  # a desktop's, for a Qt of its own: the bundle has what fits its Qt
    own = builtins.__import__
    finder = LateFinder(
        {
            **{f"{_SUPPORT}.{name}": RunLater for name in _RUN_LATER},
            f"{_SUPPORT}.signature.mapping": _RunMappingLater,
            f"{_SUPPORT}.signature.loader": _WithoutHook,
        }
    )

    def watched(name: str, *arguments: Any, **more: Any) -> ModuleType:
        if name.startswith(_SUPPORT) and finder not in sys.meta_path:
            sys.meta_path.insert(0, finder)  # only now: PySide puts its own in front, as the last thing before this
        return own(name, *arguments, **more)

    builtins.__import__ = watched
    try:
        import PySide6.QtCore  # noqa: F401
    finally:
        builtins.__import__ = own
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _WithoutHook:
    """Runs the module that C++ calls, whose last step would put PySide's import in the place of Python's."""

    def __init__(self, loader: ModuleLoader) -> None:
        self._loader = loader

    def create_module(self, _spec: ModuleSpec) -> None:
        """None, as importlib has it: a plain module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        self._loader.exec_module(module)
        if hasattr(module, "post_init"):
            vars(module)["post_init"] = lambda: None


class _RunMappingLater(RunLater):
    """Of the one module that C++ takes names from without asking it for them: it calls this first (signature.cpp)."""

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet, but for a function that runs it, and calls its namesake."""
        super().exec_module(module)
        if isinstance(module, LateModule):
            vars(module)["update_mapping"] = lambda: module.after_running("update_mapping")()
