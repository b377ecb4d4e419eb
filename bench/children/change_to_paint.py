"""Says the moments, by the computer's clock since its start, at which a run was first painted in a status."""

from __future__ import annotations

from bench.children.watching import Eye, run_until_stdin_ends, say, watching_window
from pipeline_gui.window.snapshot import RunRow


def main() -> None:
    """Watch until stdin ends."""
    known: dict[str, str | None] = {}

    def painted(moment: float, rows: list[RunRow]) -> None:
        for row in rows:
            if row.run_id not in known or known[row.run_id] != row.status:
                known[row.run_id] = row.status
                say({"run_id": row.run_id, "status": row.status, "moment": moment})

    with watching_window() as window:
        window.page.table.setItemDelegate(Eye(painted, window.page.table))
        run_until_stdin_ends()
    say(None)


if __name__ == "__main__":
    main()
