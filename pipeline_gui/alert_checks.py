"""What the doctor says of alerts: whether anybody delivers them, and whether some were given up."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_gui.alerts.owner import delivery_sentence
from pipeline_gui.finding import Finding
from pipeline_gui.pipeline.alert import TEST, AlertStore, MessageState
from pipeline_gui.pipeline.errors import PipelineError

_SUBJECT = "alerts"
_LOOKED_AT = 200
"""So many of the last messages."""


def examine_alerts(url: str) -> Iterator[Finding]:
    """Nothing, where there is no alert; a libpq URL."""
    from pipeline_gui.store.store import open_store

    try:
        store = open_store(url, application_name="pipeline-gui doctor", max_connections=1)
    except PipelineError as error:
        yield Finding(_SUBJECT, False, str(error))
        return
    try:
        findings = [*_look(store.alerts)]
    except PipelineError as error:
        findings = [Finding(_SUBJECT, None, f"They could not be looked at: {error}")]
    finally:
        store.close()
    yield from findings


def _look(alerts: AlertStore) -> Iterator[Finding]:
    rules = [rule for rule in alerts.all() if rule.is_enabled]
    if not rules:
        return
    services = alerts.services()
    wrong = list(dict.fromkeys(filter(None, (delivery_sentence(rule.receiver, services) for rule in rules))))
    for sentence in wrong:
        yield Finding(_SUBJECT, False, sentence)
    lost = [
        message
        for message in alerts.messages(None, _LOOKED_AT)
        if message.state is MessageState.UNDELIVERED and message.condition != TEST
    ]
    if lost:
        yield Finding(
            _SUBJECT, None,
            f"{len(lost)} of the last messages could not be delivered, the newest to {lost[0].receiver}: "
            f"{lost[0].answer} (“alerts messages” lists them).",
        )  # fmt: skip
    if not wrong and not lost:
        yield Finding(_SUBJECT, True, "A service is there to deliver them.")
