"""``python -m bench [FIGURE…]``, or the names in the environment's BENCH: measure all figures, or those alone."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Collection, Sequence

from rich.console import Console

from bench.figures import RESULTS, Figure, show, write

MODULES = {
    "bench.history": (
        "two_day_query_1k",
        "two_day_query_2m",
        "two_day_query_growth",
        "refresh_1k",
        "refresh_2m",
        "refresh_unchanged_1k",
        "refresh_unchanged_10m",
        "refresh_unchanged_growth",
        "refresh_one_changed_1k",
        "refresh_one_changed_10m",
        "refresh_one_changed_growth",
    ),
    "bench.start_call": ("start_call", "start_call_after_abandon"),
    "bench.end_to_record": ("end_to_record",),
    "bench.stop_to_gone": ("stop_to_gone",),
    "bench.change_to_paint": ("change_to_paint",),
    "bench.gui_pause": ("gui_pause", "gui_pause_longest"),
    "bench.window_start": ("window_start",),
    "bench.window_memory": ("window_memory",),
    "bench.window_idle_cpu": ("window_idle_cpu",),
    "bench.http_api": ("http_status", "http_status_p99", "http_runs", "http_runs_p99"),
    "bench.sse_change": ("sse_change", "sse_memory"),
    "bench.many_rows": ("sort_1m", "rows_pause", "rows_pause_longest"),
    "bench.large_log": ("log_first_screen", "log_search", "log_search_first", "log_pause", "log_pause_longest"),
    "bench.due_to_started": ("due_to_started",),
    "bench.metrics_query": ("metrics_query", "metrics_first"),
    "bench.bundle": ("bundle_size", "bundle_start"),
}
"""Which module measures which figures; each has ``measure(names) -> list[Figure]``."""
KNOWN = [name for names in MODULES.values() for name in names]


def main(arguments: Sequence[str]) -> int:
    """Measure; exit code 0, 1 when a figure could not be measured, 2 for an unknown name."""
    wanted = list(arguments) or os.environ.get("BENCH", "").split() or KNOWN
    unknown = [name for name in wanted if name not in KNOWN]
    if unknown:
        print(f"There is no figure {', '.join(unknown)}; the known ones are {', '.join(KNOWN)}.", file=sys.stderr)
        return 2
    # A SystemExit, so that what is measured on is taken down.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    console = Console()
    figures, complete = _measure(wanted, console)
    write(figures)
    show(figures, console)
    console.print(f"Written to {RESULTS}.")
    return 0 if complete else 1


def _measure(wanted: Collection[str], console: Console) -> tuple[list[Figure], bool]:
    """The figures, and whether all that were wanted are among them: what failed is said, and the rest goes on."""
    figures: list[Figure] = []
    complete = True
    for module, names in MODULES.items():
        chosen = [name for name in names if name in wanted]
        if not chosen:
            continue
        begin = time.monotonic()
        console.print(f"Measuring {', '.join(chosen)} …")
        try:
            measured: list[Figure] = importlib.import_module(module).measure(chosen)
        except Exception:  # noqa: BLE001 - one figure that fails must not lose the others
            console.print_exception()
            complete = False
        else:
            figures += measured
            write(figures)  # what is measured is kept, whatever becomes of the rest
            console.print(f"  took {time.monotonic() - begin:.0f} s")
    return figures, complete


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
