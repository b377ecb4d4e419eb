"""How a process that measures tells what it found to the one that started it."""

from __future__ import annotations

import json
from typing import Any


def say(value: Any) -> None:
    """One JSON value on a line."""
    print(json.dumps(value), flush=True)
