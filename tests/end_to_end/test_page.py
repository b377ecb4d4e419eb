"""The whole program behind its page: a real browser, a real service, a real PostgreSQL and a real Spark."""

from __future__ import annotations

import re

import pytest

from tests.end_to_end.operator import Operator
from tests.service.browser import browsing, installed
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(not installed(), reason="no chromium; `make install` says how to get it"),
]


def test_a_person_starts_a_pipeline_watches_it_and_stops_it(operator: Operator) -> None:
    serving = operator.begin("serve", "--port", "0")
    serving.wait_for("Pipelines at ")
    url = str(re.search(r"http://\S+(?=,)", serving.out)[0])  # type: ignore[index]
    with browsing(url) as person:
        person.open()
        person.wait_for("#connection", "live")
        person.run("document.querySelector('#configuration').value = 'stream_events'")
        person.click("#start")
        person.wait_for("#message-text", "Started “stream_events”.")
        person.wait_for("#state", "Running · stream_events", 60)
        person.wait_for("#progress-text", "stream batch", 60)
        person.click("#runs .link")
        person.wait_for("#run-log", "batch", 60)
        assert operator.driver().is_running()
        person.click("#stop")
        person.click("#confirm-yes")
        person.wait_for("#message-text", "Stopped “stream_events” after", 60)
        wait_until(lambda: operator.processes_of_the_run() == [], 10, "the end of every process")
        person.wait_for("#state", "Idle")
        person.wait_for("#run-events", "running → stopped")
        assert person.rows()[0][0] == "stopped"
        assert person.complaints() == []
    serving.process.terminate()
    assert serving.exit_code(40) == 0
