"""Configurations of every kind that can be saved, for Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pipeline_gui.configurations.checks import sharing_errors

_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)
_ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_PATH = _LINE.map(lambda text: "/" + text.replace(",", "")).filter(lambda path: path.strip() == path)
_PATHS = st.lists(_PATH, min_size=1, max_size=3)
_PROPERTY = _LINE.filter(lambda key: "=" not in key and key == "".join(key.split()))
_COUNT = st.integers(1, 1_000_000)
_MEMORY = st.sampled_from(["512m", "4g", "1t"])

configurations: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": _LINE.map(str.strip).filter(bool), "file": _PATH},
    optional={
        "class_name": _LINE.filter(str.strip),
        "args": st.lists(_ANYTHING, min_size=1, max_size=4),
        "conf": st.dictionaries(_PROPERTY, _ANYTHING, min_size=1),
        "py_files": _PATHS, "jars": _PATHS, "files": _PATHS, "archives": _PATHS,
        "driver_memory": _MEMORY, "executor_memory": _MEMORY,
        "driver_cores": _COUNT, "executor_cores": _COUNT, "num_executors": _COUNT,
        "queue": _LINE.filter(str.strip), "proxy_user": _LINE.filter(str.strip),
        "description": _ANYTHING.filter(str.strip),
        "grace_seconds": st.floats(0, 1800),
        "timeout_seconds": st.floats(1, 31_536_000),
    },
).filter(lambda values: not sharing_errors(values))  # fmt: skip
"""Values that may be shared: what only looks like a secret is left out by the filter."""
