"""The service removes old runs by itself, when it is told to."""

from __future__ import annotations

from collections.abc import Callable

from tests.service.harness import Service
from tests.store.test_metrics import INSERT
from tests.waiting import wait_until


def test_old_runs_go_when_it_is_told_to_and_else_stay(begin: Callable[..., Service]) -> None:
    service = begin()
    for run_id, days_ago in (("old", 40), ("young", 3)):
        service.execute(INSERT, run_id, "completed", 5, 5, "flights", "ana", days_ago)
    wait_until(lambda: "pipeline_gui_lease_held 1.0" in service.get("/metrics").text, 10, "the lease")
    assert service.get("/api/pipeline/runs/old").status_code == 200
    service.end()

    service = begin("--remove-older-than-days", "30")
    wait_until(lambda: service.get("/api/pipeline/runs/old").status_code == 404, 20, "the removal")
    assert service.get("/api/pipeline/runs/young").status_code == 200
