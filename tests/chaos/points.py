"""The map of the crash points: every call by which the domain reaches outside its process, with the step that makes it.

A point is the function that makes the call and the call, as in ``Starter._send spark.submit``; where one call does more
than one thing, also what it does. Ports are wrapped at run time, so a point costs nothing when nobody looks;
test_points.py fails when a step is added without its name.

What decides nothing is not on it: the figures of a run (Sampler) are for people, and old runs are removed (Retention)
in portions that are transactions of their own; tests/terminal/test_retention.py kills one.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline_gui import pipeline
from pipeline_gui.pipeline.ports import NewRun
from pipeline_gui.pipeline.schedule import Outcome

WRITES = frozenset(
    {
        "store.insert",
        "store.change",
        "store.request_stop",
        "store.settle",
        "store.release_foreign",
        "store.mark_gone",
        "store.add_event",
        "store.take_lease",
        "store.release_lease",
        "store.announce_service",
        "store.withdraw_service",
        "schedules.create",
        "schedules.replace",
        "schedules.delete",
        "schedules.decide",
        "schedules.decide_retry",
        "schedules.finish",
        "spark.submit",
        "spark.fence",
        "spark.kill",
        "alerts.create",
        "alerts.replace",
        "alerts.delete",
        "alerts.ask_for_test",
        "alerts.tell",
        "outbox.note_presence",
        "outbox.withdraw",
        "outbox.claim",
        "outbox.sent",
        "outbox.put_off",
        "outbox.give_up",
        "outbox.tidy",
        "receiver.send",
    }
)
"""The calls that change something outside: a commit, a launch, a signal."""

READS = frozenset(
    {
        "store.installation",
        "store.running",
        "store.find",
        "store.recent",
        "store.overview",
        "store.not_gone",
        "store.events",
        "store.find_start",
        "schedules.all",
        "schedules.find",
        "schedules.now",
        "schedules.services",
        "schedules.state",
        "schedules.decided",
        "schedules.decision",
        "spark.identity",
        "spark.find",
        "spark.alive",
        "spark.log",
        "spark.progress",
        "alerts.all",
        "alerts.find",
        "alerts.messages",
        "alerts.message",
        "alerts.services",
        "alerts.state",
        "outbox.installation",
        "archive.page",
        "archive.newest_event",
        "archive.events_after",
        "archive.vitals",
        "archive.past_runs",
    }
)
"""The calls that ask: a process may die in them, and an answer may be lost, late or a lie's."""

NO_REQUEST = frozenset(
    {
        "store.contact",
        "store.subscribe",
        "store.close",
        "spark.url",
        "spark.contact",
        "spark.precheck",
        "spark.close",
        "receiver.name",
    }
)
"""What asks nobody, or (subscribe) changes nothing and is asked again by itself."""

VARIANTS = {
    "Starter.start store.insert": ("", " of a time", " of a retry"),
    "Firer.decide schedules.decide": ("", " that waits"),
    "Firer.decide schedules.decide_retry": ("", " that waits"),
}
"""The points that do more than one thing: a run is recorded alone, or in one commit with the time that starts it."""

PORTS = {"_store": "store", "_runs": "store", "_schedules": "schedules", "_spark": "spark", "_alerts": "alerts",
         "_outbox": "outbox", "_archive": "archive"}  # fmt: skip
"""By what the domain calls them."""
_PACKAGE = Path(inspect.getfile(pipeline)).parent


def calls_in_the_domain() -> Iterator[str]:
    """Every point, read from the sources of the domain."""
    for path in sorted(_PACKAGE.glob("*.py")):
        for owner in ast.parse(path.read_text("utf-8")).body:
            for function in owner.body if isinstance(owner, ast.ClassDef) else [owner]:
                if isinstance(function, ast.FunctionDef):
                    prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
                    for call in _port_calls(function):
                        point = f"{prefix}{function.name} {call}"
                        yield from (f"{point}{variant}" for variant in VARIANTS.get(point, ("",)))


def _port_calls(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and (port := _port(node.value)) is not None:
            call = f"{port}.{node.attr}"
            if call not in NO_REQUEST:
                yield call


def _port(node: ast.expr) -> str | None:
    """The port that an expression names: an attribute of whoever calls, or the receiver of the moment."""
    if isinstance(node, ast.Attribute) and node.attr in PORTS:
        return PORTS[node.attr]
    return node.id if isinstance(node, ast.Name) and node.id == "receiver" else None


def call_of(point: str) -> str:
    """The call that is made at a point."""
    return point.split()[1]


def _variant(arguments: Sequence[Any]) -> str:
    """Which of its things a call does."""
    for argument in arguments:
        if isinstance(argument, NewRun) and argument.firing is not None:
            return " of a retry" if argument.firing.number > 1 else " of a time"
        if argument is Outcome.WAITING:
            return " that waits"
    return ""


def point_of_caller(port: str, method: str, arguments: Sequence[Any] = ()) -> str:
    """The point that a wrapper of a port is called from: the nearest function of the domain."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(str(_PACKAGE)):
        frame = frame.f_back  # type: ignore[assignment]
    function = "outside" if frame is None else frame.f_code.co_qualname.removesuffix(".<locals>.<lambda>")
    return f"{function} {port}.{method}{_variant(arguments)}"


STEPS: dict[str, str] = {
    # start
    "Starter.start store.installation": "start: which database this is",
    "Starter.start spark.identity": "start: which server this is",
    "Starter.start store.insert": "start: record the run",
    "Starter._read_back store.find": "start: read back a commit that is not clear",
    "Starter._read_back store.not_gone": "start: read the earlier runs after that",
    "Starter._fence_earlier store.add_event": "start: record that an earlier run will be fenced",
    "Starter._fence_earlier store.mark_gone": "start: record that an earlier run is gone",
    "Starter._send spark.submit": "start: send it",
    "Starter._adopt store.change": "start: record the batch",
    "Starter._adopt store.find": "start: read again what somebody changed meanwhile",
    "Starter._refused spark.identity": "start: whether a refused name can be fenced",
    "Starter._resolve_unclear spark.find": "start: look up what is not clear",
    "Starter._leave_to_watcher store.change": "start: record that it is not clear",
    "Starter._settle_once store.find": "start: read it for one look",
    "Starter._fail store.settle": "start: record that it failed",
    "Starter._undo store.add_event": "start: record that it is undone",
    "Starter._undo store.mark_gone": "start: record that what was undone is gone",
    # stop, and letting go
    "PipelineController.stop_pipeline store.running": "stop: which run",
    "Stopper.stop store.find": "stop: read the run",
    "Stopper.stop store.installation": "stop: which database this is",
    "Stopper.stop store.request_stop": "stop: record the wish",
    "Settler._stop_at_limit store.request_stop": "watch: record the stop of a run that outlasts its limit",
    "Settler._stop_at_limit store.find": "watch: read a run again that ended at its limit",
    "Stopper._as_recorded store.find": "stop: read again while Spark can't be asked",
    "Stopper.abandon store.find": "abandon: read the run",
    "Stopper.abandon store.settle": "abandon: record it",
    "Stopper.confirm_gone store.find": "confirm gone: read the run",
    "Stopper.confirm_gone store.mark_gone": "confirm gone: record it",
    "Stopper.release store.find": "release: read the row",
    "Stopper.release store.release_foreign": "release: record it",
    # settle
    "Watcher.step store.running": "settle: read what runs",
    "Watcher.step store.installation": "settle: which database this is",
    "Watcher.step spark.identity": "settle: whether Spark answers",
    "Settler.require_own_server spark.identity": "settle: whether it is the run's own server",
    "Settler.settle spark.find": "settle: look it up",
    "Settler._note_alive spark.progress": "settle: ask for its progress",
    "Settler._in_contact store.change": "settle: record what was seen",
    "Settler._in_contact store.find": "settle: read what was recorded",
    "Settler._settle_absent spark.identity": "settle: whether an absent name can be fenced",
    "Settler._fence spark.fence": "settle: fence (a stop, an absent start, an earlier run)",
    "Settler._carry_out_stop spark.identity": "settle: whether a stop can be a fence",
    "Settler._settle_fenced spark.find": "settle: look up the reason of its own end",
    "Settler._log_lines spark.log": "settle: read the reason of a failure",
    "Settler._end store.settle": "settle: record the end",
    "Settler._end store.find": "settle: read who was faster",
    # on a Livy that is not ours
    "Settler._stop_on_plain_livy spark.find": "plain Livy: look it up",
    "Settler._stop_on_plain_livy spark.kill": "plain Livy: kill",
    "Settler.make_sure_gone spark.identity": "make sure: whether it can be fenced",
    "Settler.make_sure_gone spark.find": "plain Livy: look whether it is gone",
    "Settler._say_killed store.add_event": "plain Livy: record that it is killed",
    "Settler.make_sure_gone spark.kill": "plain Livy: kill what must be gone",
    # take over
    "Watcher._turn store.installation": "take over: which database this is",
    "Watcher._turn store.take_lease": "take over: take or renew the lease",
    "Watcher._spark_answers spark.identity": "take over: whether Spark answers",
    "Watcher._watch_nothing spark.identity": "watch: whether Spark answers while nothing runs",
    "Watcher._spark_failed store.release_lease": "take over: give the lease up, for Spark does not answer",
    "Watcher._watch store.release_lease": "take over: give the lease up at the end",
    "Watcher._announce store.announce_service": "take over: say that a service is always there",
    "Watcher._watch store.withdraw_service": "take over: say that it ends",
    "Watcher._note_contact_lost store.installation": "lost contact: whether this program may write",
    "Watcher._note_contact_lost store.running": "lost contact: read what runs",
    "Watcher._note_contact_lost store.change": "lost contact: record it",
    # hunt
    "OrphanHunter.hunt store.installation": "hunt: which database this is",
    "OrphanHunter.hunt spark.alive": "hunt: list what is alive",
    "OrphanHunter.hunt store.not_gone": "hunt: read what is not gone",
    "OrphanHunter._judge store.find": "hunt: read the row",
    "OrphanHunter._judge spark.find": "hunt: look again whether it lives on",
    "OrphanHunter._judge store.add_event": "hunt: record that it is killed",
    "OrphanHunter._judge spark.identity": "hunt: whether it can be fenced",
    "OrphanHunter._judge spark.fence": "hunt: kill",
    "OrphanHunter._judge spark.kill": "plain Livy: hunt: kill",
    "OrphanHunter._seen_twice store.add_event": "hunt: record that a batch has no row",
    "OrphanHunter._confirm spark.identity": "hunt: whether the evidence is a fence",
    "OrphanHunter._confirm store.mark_gone": "hunt: record that it is gone",
    # schedules: what is due, what waits, what failed
    "Scheduler.turn schedules.state": "schedule: read what is due, waits and has ended",
    "Starter.start store.insert of a time": "schedule: record the run of a time, in one commit with the time",
    "Starter.start store.insert of a retry": "schedule: record the run after one that failed, in one commit with that",
    "Firer._is_decided schedules.decision": "schedule: read what became of a start that was refused",
    "Firer.decide schedules.decide": "schedule: record why a time starts nothing",
    "Firer.decide schedules.decide that waits": "schedule: put a time in line",
    "Firer.decide schedules.decide_retry": "schedule: record why a run that failed is not started again",
    "Firer.decide schedules.decide_retry that waits": "schedule: put a start after a failure in line",
    "Scheduler._fire schedules.state": "schedule: read who was faster",
    "Scheduler._meet_busy store.request_stop": "schedule: record the stop of what is replaced",
    "Scheduler._miss schedules.decide": "schedule: record the times that were missed",
    "Retries.attend schedules.finish": "schedule: record that an end needs no answer",
    # alerts
    "Alarm.turn alerts.state": "alert: read what comes with time",
    "Alarm.turn store.installation": "alert: which database this is",
    "Alarm._expect archive.past_runs": "alert: read the past of a pipeline",
    "Alarm._attend alerts.tell": "alert: write what is to be told of what runs",
    "Deliverer.be_present outbox.installation": "deliver: which database this is, before saying who is there",
    "Deliverer.be_present outbox.note_presence": "deliver: say who is there",
    "Deliverer.be_present outbox.tidy": "deliver: give up and forget what is old",
    "Deliverer.take outbox.installation": "deliver: which database this is",
    "Deliverer.take outbox.claim": "deliver: claim what is due",
    "Deliverer.deliver outbox.installation": "deliver: whose message it is",
    "Deliverer.deliver receiver.send": "deliver: send it",
    "Deliverer._mark_sent outbox.sent": "deliver: record that it was sent",
    "Deliverer._not_delivered outbox.put_off": "deliver: record that it was not, and when to try again",
    "Deliverer._not_delivered outbox.give_up": "deliver: record that it is given up",
    "Deliverer.close outbox.withdraw": "deliver: say that nobody is there any more",
    # answers
    "PipelineController._started_before store.find_start": "answer: what was started under a key",
    "PipelineController._started_before store.find": "answer: the run that was",
    "PipelineController._running store.running": "answer: what runs",
    "PipelineController._latest_of_ours store.running": "answer: whose log: what runs",
    "PipelineController._latest_of_ours store.recent": "answer: whose log: the newest runs",
    "PipelineController._latest_of_ours store.find": "answer: whose log: whether it is ours",
    "PipelineController.get_pipeline_status store.running": "answer: status",
    "PipelineController.get_recent_pipeline_runs store.recent": "answer: history",
    "PipelineController.get_overview store.overview": "answer: status and history",
    "PipelineController.get_run store.find": "answer: one run",
    "PipelineController.get_run_events store.events": "answer: events",
    "PipelineController.get_run_log store.find": "answer: log: which batch",
    "PipelineController.get_run_log spark.log": "answer: log: its lines",
}
"""Every point and the step that it is; the name says to whom it belongs and what it does."""
