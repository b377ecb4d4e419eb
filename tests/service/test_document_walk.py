"""schemathesis reads the OpenAPI document and asks whatever it can think of; each answer must be one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.conftest import OPERATOR_TOKEN
from tests.service.harness import Service

# Valid by the document and refused all the same: a cursor of somebody's own making, or a file that Spark does not let
# run (a documented 502). That nothing fails unforeseen is asserted below.
EXCLUDED = "positive_data_acceptance,not_a_server_error"
# What it makes up may be too long for an address or a head before anybody looks at what is wrong with it.
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 422, 428, 431, "5xx"]
"""


@pytest.fixture(autouse=True)
def nothing_saved(guarded_service: Service) -> Iterator[None]:
    """What the walk saves is gone afterwards: a schedule of it would start something beside other tests."""
    yield
    for table in ("pipeline_schedules", "pipeline_configurations", "pipeline_alerts"):
        guarded_service.execute(f"DELETE FROM {table}")


def test_every_answer_is_as_the_document_says(guarded: Service, tmp_path: Path) -> None:
    run_id = guarded.start_run(name="documented")
    config = tmp_path / "walk.toml"
    config.write_text(CONFIG)
    words = [
        "--config-file", str(config),
        "run", f"{guarded.url}/openapi.json", "--header", f"Authorization: Bearer {OPERATOR_TOKEN}",
        "--exclude-operation-id", "followChanges",  # it has no end
        "--exclude-checks", EXCLUDED, "--max-examples", "8", "--seed", "6", "--request-timeout", "30",
        "--generation-database", "none", "--no-color",
    ]  # fmt: skip
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "30 selected" in done.stdout
    unforeseen = [line for line in guarded.get("/metrics").text.splitlines() if 'status="500"' in line]
    assert unforeseen == []
    assert [entry for entry in guarded.entries() if entry["level"] == "error"] == []
    assert guarded.json(f"/api/pipeline/runs/{run_id}")["run_id"] == run_id
