"""`doctor`: what is reachable and what is wrong, each with what to do."""

from __future__ import annotations

import argparse

from pipeline_gui.doctor import examine
from pipeline_gui.terminal.exit_codes import DONE, REFUSED
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import settings_of
from pipeline_gui.terminal.text import clean

MARKS = {True: ("✔", "green"), False: ("✖", "red"), None: ("·", "yellow")}


def doctor(arguments: argparse.Namespace, output: Output) -> int:
    """Look at everything, saying each thing as it is found; the exit code says whether something is wrong."""
    findings = []
    for finding in examine(lambda: settings_of(arguments), output.note):
        findings.append(finding)
        if not output.as_json:
            mark, color = MARKS[finding.is_well]
            output.say(f"{output.paint(mark, color)} {finding.subject}: {clean(finding.sentence)}")
    is_well = all(finding.is_well is not False for finding in findings)
    if output.as_json:
        checks = [{"check": f.subject, "ok": f.is_well, "message": f.sentence} for f in findings]
        output.write_json({"success": is_well, "checks": checks})
    return DONE if is_well else REFUSED
