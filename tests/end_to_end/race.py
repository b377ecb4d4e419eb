"""``python -m tests.end_to_end.race [ROUNDS [PROCESSES]]``: many terminals start at once, round after round.

On a profile of its own, with a real PostgreSQL and a real Spark. Exit code 1 when a round had not one winner.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.embedded.profiles import end_profile
from tests.end_to_end.operator import Operator


def race(operator: Operator, processes: int) -> bool:
    """One round; whether there was one winner, and everybody else was told who it is."""
    begin = time.monotonic()
    terminals = [operator.begin("start", "stream_events", "--json") for _ in range(processes)]
    codes = Counter(terminal.exit_code() for terminal in terminals)
    taken = time.monotonic() - begin
    answers = [json.loads(terminal.out) for terminal in terminals]
    winners = [answer["run_id"] for answer in answers if answer["success"]]
    told = Counter((answer["reason"], answer["run_id"]) for answer in answers if not answer["success"])
    drivers = sum(process.name() == "java" for process in operator.processes_of_the_run())
    print(f"{len(winners)} winner(s) in {taken:.1f} s; exit codes {dict(codes)}; {dict(told)}; {drivers} driver(s)")
    stopped = operator.json("stop")
    return (
        len(winners) == 1
        and codes == Counter({1: processes - 1, 0: 1})
        and told == Counter({("busy", winners[0]): processes - 1})
        and drivers <= 1
        and bool(stopped["success"])
    )


def main(arguments: list[str]) -> int:
    """All rounds."""
    defaults = ["5", "24"]
    rounds, processes = map(int, arguments[:2] + defaults[len(arguments) :])
    with tempfile.TemporaryDirectory(prefix="race-") as folder:
        home = Path(folder) / "profile"
        operator = Operator(home, Path(folder))
        try:
            good = [race(operator, processes) for _ in range(rounds)]
        finally:
            operator.tidy()
            end_profile(home)
    print(f"{sum(good)} of {rounds} rounds had one winner, and told everybody else who it is.")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
