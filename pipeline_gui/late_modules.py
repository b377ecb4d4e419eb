"""Modules that are there at once, and whose code runs when something in them is first asked for.

Half of what a start waits for is libraries that load libraries, for what nothing in the start asks for. Python's own
importlib.util.LazyLoader runs such a module when it is imported a second time, as most are; this one does not.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Protocol

UNUSED_AT_FIRST = frozenset(
    {
        "asyncio.sslproto", "calendar", "csv", "ctypes.util", "email.header", "linecache", "locale", "shutil", "ssl",
        "tempfile", "tokenize", "traceback",
    }
)  # fmt: skip
"""Of the standard library: what Qt's binding, psycopg and logging import, and do not use before the first rows."""


_TELL_OF_ERRORS = ("traceback", "linecache", "tokenize")  # each imports the next


class ModuleLoader(Protocol):
    """What runs a module's code."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""


def run_later(names: Collection[str] = UNUSED_AT_FIRST) -> None:
    """Have these modules run later, where they are not there yet, until ``run_at_once``."""
    sys.meta_path.insert(0, LateFinder(dict.fromkeys(names, RunLater)))


def run_at_once() -> None:
    """Have modules run when they are imported, as ever; those that were imported before still run later."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, LateFinder)]


def run_what_tells_of_errors() -> None:
    """Run what an error is told with, while nothing is wrong: there may be no file left to open when something is."""
    for name in _TELL_OF_ERRORS:
        module = sys.modules.get(name)
        if isinstance(module, LateModule):
            module.run()


class LateFinder:
    """Finds some modules where Python finds them, and puts something between them and what runs them."""

    def __init__(self, loaders: Mapping[str, Callable[[ModuleLoader], Any]]) -> None:
        """loaders: by a module's name, what makes a loader from the one that was found."""
        self._loaders = loaders

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As importlib asks for it."""
        loader = self._loaders.get(name)
        if loader is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = loader(spec.loader)
                return spec
        return None


class RunLater:
    """Leaves a module as it is until something in it is asked for."""

    def __init__(self, loader: ModuleLoader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module that runs itself."""
        return LateModule(spec.name, self._loader.exec_module)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet; who asks for the loader finds the one that is meant."""
        loader: Any = self._loader
        module.__loader__ = loader
        if module.__spec__ is not None:
            module.__spec__.loader = loader


class LateModule(ModuleType):
    """A module whose code runs when a name is asked for that it does not have yet."""

    def __init__(self, name: str, run: Callable[[ModuleType], None]) -> None:
        super().__init__(name)
        self._run: Callable[[ModuleType], None] | None = run
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):  # importlib looks for some of those
            return self.after_running(name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def after_running(self, name: str) -> Any:
        """What it calls by this name, once its code has run. Raises AttributeError."""
        self.run()
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def run(self) -> None:
        """Run its code, where that has not been done. What goes wrong is raised, and the next who asks tries again."""
        with self._lock:
            run, self._run = self._run, None
            if run is not None:
                try:
                    self._run_as_found(run)
                except BaseException:
                    self._run = run
                    raise

    def _run_as_found(self, run: Callable[[ModuleType], None]) -> None:
        """Run it by the name under which it was found: PySide gives it another one meanwhile, as a part of PySide6."""
        spec = self.__spec__
        if spec is None:
            run(self)
            return
        name, spec.name = spec.name, self.__name__
        try:
            run(self)
        finally:
            spec.name = name
