"""How each status looks on a terminal: sign, word and colour, so that none of them carries it alone."""

from __future__ import annotations

from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.text import clean, cut

LOOKS = {
    "running": ("●", "cyan"),
    "completed": ("✔", "green"),
    "stopped": ("■", "yellow"),
    "failed": ("✖", "red"),
    "idle": ("○", "dim"),
    "unknown": ("?", "yellow"),
}


def look_of(status: str | None) -> tuple[str, str, str]:
    """The sign, the word and the colour for what stands in the column; other programs may have written anything."""
    word = cut(clean(status or "none"), 20)
    sign, color = LOOKS.get(word.lower(), ("?", "yellow"))
    return sign, word, color


def status_mark(status: str | None, output: Output) -> str:
    """Sign and word, coloured where there are colours."""
    sign, word, color = look_of(status)
    return output.paint(f"{sign} {word}", color, "bold")
