"""The program itself, as the command line runs it; says when the first rows were painted, and ends."""

from __future__ import annotations

import sys
from typing import Any

from pipeline_gui.cli import main
from pipeline_gui.window import program


def _watched(*arguments: Any) -> Any:
    """The program's window with an eye on its table; it ends with its first rows."""
    from bench.children.watching import Eye, say
    from pipeline_gui.window.main_window import MainWindow

    window = MainWindow(*arguments)

    def painted(moment: float, _rows: object) -> None:
        if window.isVisible():
            say(moment)
            window.close_now()

    window.page.table.setItemDelegate(Eye(painted, window.page.table))
    return window


if __name__ == "__main__":
    program.MainWindow = _watched  # type: ignore[attr-defined, assignment]
    sys.exit(main([]))
