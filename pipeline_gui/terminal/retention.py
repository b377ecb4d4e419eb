"""`retention`: old runs removed, after it was said which."""

from __future__ import annotations

import argparse
import time
from typing import Any

from pipeline_gui.pipeline.answers import utc_text
from pipeline_gui.pipeline.retention import Counted, Retention, Rules
from pipeline_gui.terminal.exit_codes import DONE
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import full_time

_TOLD_EVERY_SECONDS = 2.0


def retention(arguments: argparse.Namespace, output: Output) -> int:
    """Say what would go, or remove it."""
    rules = Rules(arguments.older_than_days, arguments.keep_last)
    with open_session(arguments, output) as backend:
        work = backend.retention(rules)
        if arguments.yes:
            _remove(work, rules, output)
        else:
            _preview(work.preview(_Teller(output, "{0:,} runs are counted by now.").tell), rules, output)
    return DONE


def _preview(found: Counted, rules: Rules, output: Output) -> None:
    if output.as_json:
        output.write_json({**_answer(rules), "removed": 0, "would_remove": found.runs, **_span(found)})
        return
    if not found.runs:
        output.say(f"Nothing would go: there are no {rules.sentence()}.")
        return
    output.say(f"{found.runs:,} would go: {rules.sentence()}.")
    output.say(f"The oldest was over {full_time(found.oldest)}, the newest {full_time(found.newest)}.")
    output.say("Add --yes to remove them, with their events and figures; one event for each 500 stays, and says who.")


def _remove(work: Retention, rules: Rules, output: Output) -> None:
    teller = _Teller(output, "{0:,} runs are removed by now.")
    try:
        gone = work.remove(teller.tell, time.sleep)
    except KeyboardInterrupt:
        output.note(f"{teller.runs:,} runs were removed; the rest stays.")
        raise
    if output.as_json:
        output.write_json({**_answer(rules), "removed": gone})
    else:
        output.say(f"Removed {gone:,} {'run' if gone == 1 else 'runs'}." if gone else "There was nothing to remove.")


class _Teller:
    """Says how far it is, now and then."""

    def __init__(self, output: Output, sentence: str) -> None:
        self.runs = 0
        self._output = output
        self._sentence = sentence
        self._told_at = time.monotonic()

    def tell(self, runs: int) -> None:
        """Note how many there are by now, and say it where the last time is a while ago."""
        self.runs = runs
        if time.monotonic() - self._told_at > _TOLD_EVERY_SECONDS:
            self._told_at = time.monotonic()
            self._output.note(self._sentence.format(runs))


def _answer(rules: Rules) -> dict[str, Any]:
    return {"older_than_days": rules.older_than_days, "keep_last": rules.keep_last}


def _span(found: Counted) -> dict[str, Any]:
    return {"oldest": utc_text(found.oldest), "newest": utc_text(found.newest)}
