"""The map of the crash points: every call by which the domain reaches outside its process, with the step that makes it.

A point is the function that makes the call and the call, as in ``Starter._send spark.submit``. Ports are wrapped at
run time, so a point costs nothing when nobody looks; test_points.py fails when a step is added without its name.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline_gui import pipeline

WRITES = frozenset(
    {
        "store.insert",
        "store.change",
        "store.request_stop",
        "store.settle",
        "store.release_foreign",
        "store.mark_gone",
        "store.add_event",
        "store.take_lease",
        "store.release_lease",
        "spark.submit",
        "spark.fence",
        "spark.kill",
    }
)
"""The calls that change something outside: a commit, a launch, a signal."""

READS = frozenset(
    {
        "store.installation",
        "store.running",
        "store.find",
        "store.recent",
        "store.not_gone",
        "store.events",
        "spark.identity",
        "spark.find",
        "spark.alive",
        "spark.log",
        "spark.progress",
    }
)
"""The calls that ask: a process may die in them, and an answer may be lost, late or a lie's."""

NO_REQUEST = frozenset(
    {"store.contact", "store.subscribe", "store.close", "spark.url", "spark.contact", "spark.precheck", "spark.close"}
)
"""What asks nobody, or (subscribe) changes nothing and is asked again by itself."""

_PACKAGE = Path(inspect.getfile(pipeline)).parent


def calls_in_the_domain() -> Iterator[str]:
    """Every point, read from the sources of the domain."""
    for path in sorted(_PACKAGE.glob("*.py")):
        for owner in ast.parse(path.read_text("utf-8")).body:
            for function in owner.body if isinstance(owner, ast.ClassDef) else [owner]:
                if isinstance(function, ast.FunctionDef):
                    prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
                    for call in _port_calls(function):
                        yield f"{prefix}{function.name} {call}"


def _port_calls(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr in ("_store", "_spark")
        ):
            call = f"{node.value.attr[1:]}.{node.attr}"
            if call not in NO_REQUEST:
                yield call


def point_of_caller(port: str, method: str) -> str:
    """The point that a wrapper of a port is called from: the nearest function of the domain."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(str(_PACKAGE)):
        frame = frame.f_back  # type: ignore[assignment]
    function = "outside" if frame is None else frame.f_code.co_qualname.removesuffix(".<locals>.<lambda>")
    return f"{function} {port}.{method}"
