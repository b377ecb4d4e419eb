"""Round numbers for an axis."""

from __future__ import annotations

import math

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600, 86_400)


def duration_step(longest: float, lines: int) -> float:
    """The distance of at most so many lines up to a duration, in seconds that people count in."""
    for step in _SECONDS:
        if step * lines >= longest:
            return float(step)
    return math.ceil(longest / lines / 86_400) * 86_400.0


def number_step(largest: float, lines: int) -> float:
    """The distance of at most so many lines up to a number: 1, 2 or 5 times a power of ten."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / lines))
    return next(power * times for times in (1, 2, 5, 10, 20) if power * times * lines >= largest)


def short_duration(seconds: float) -> str:
    """A duration in one unit, as short as an axis needs it: ``90 s``, ``15 min``, ``1.5 h``, ``2 d``."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds:.1f}".removesuffix(".0") + " s"


def short_number(number: float) -> str:
    """A number in few signs: ``950``, ``12k``, ``1.5M``."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.1f}".removesuffix(".0") + name
    return f"{number:.1f}".removesuffix(".0")
