"""Figures over HTTP, and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline_gui.pipeline.metrics import MetricsPage, Period, PipelineMetrics
from pipeline_gui.service.metrics import OTHERS, PIPELINES, Metrics
from tests.service.harness import Service
from tests.service.test_api import RUNS, code_of
from tests.service.test_operations import metrics_of
from tests.store.test_metrics import INSERT

METRICS = "/api/pipeline/metrics"


@pytest.fixture
def history(open_service: Service) -> Iterator[None]:
    """Runs of a pipeline of nobody else."""
    for number, (days_ago, seconds, status) in enumerate(
        [(0, 60, "completed"), (2, 90, "failed"), (9, 50, "completed")]
    ):
        open_service.execute(INSERT, f"m{number}", status, seconds, seconds, "Zählung", "ana@ops-3", days_ago)
    yield
    open_service.execute("DELETE FROM pipeline_runs WHERE run_id LIKE 'm%'")


def test_what_the_runs_of_a_pipeline_come_to(service: Service, history: None) -> None:
    answer = service.json(f"{METRICS}?days=7&pipeline=Z%C3%A4hlung")
    [found] = answer["pipelines"]
    assert (found["runs"], found["success_rate"], found["p50"], found["longest_run"]) == (2, 0.5, 60, "m1")
    assert (found["before"]["runs"], found["trend"]["runs"], found["trend"]["success_rate"]) == (1, 1, -0.5)
    assert [day["runs"] for day in answer["by_day"]] == [1, 1]
    assert "Zählung" in [one["pipeline"] for one in service.json(METRICS)["pipelines"]]
    assert "by_day" not in service.json(METRICS)
    etag = service.get(METRICS).headers["ETag"]
    assert service.get(METRICS, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("query", ["days=8", "days=x", "pipeline=" + "x" * 300])
def test_what_can_not_be_asked(service: Service, query: str) -> None:
    assert code_of(service.get(f"{METRICS}?{query}"), 422) == "invalid"


def test_the_figures_of_a_run(service: Service, history: None) -> None:
    assert code_of(service.get(f"{RUNS}/nope/figures"), 404) == "not-found"
    assert "told none" in service.get(f"{RUNS}/m0/figures").json()["detail"]
    service.execute(
        "INSERT INTO pipeline_run_figures (run_id, pipeline, figures) VALUES ('m0', 'Zählung', '{\"input_bytes\": 5}')"
    )
    answer = service.json(f"{RUNS}/m0/figures")
    assert (answer["figures"]["input_bytes"], answer["figures"]["executors"], answer["usual_of"]) == (5, None, 0)
    service.execute("DELETE FROM pipeline_run_figures")


def test_prometheus_has_each_pipeline(service: Service, history: None) -> None:
    found = metrics_of(service)
    assert found["pipeline_gui_pipeline_runs Zählung completed"] == 1
    assert found["pipeline_gui_pipeline_runs Zählung failed"] == 1
    assert found["pipeline_gui_pipeline_duration_seconds Zählung 0.95"] == 60
    assert found["pipeline_gui_pipeline_seconds_since_last_success Zählung"] >= 0


def test_of_very_many_pipelines_there_are_few_series() -> None:
    pipelines = tuple(
        PipelineMetrics(f'p{n}"\n', Period(completed=2, p50=1.0, p95=2.0), Period(), 1.0, "r", None, 5.0, ())
        for n in range(200)
    )
    text = Metrics().text({}, MetricsPage(7, pipelines, 0, 0)).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    runs = [sample for sample in samples if sample.name == "pipeline_gui_pipeline_runs"]
    assert len(runs) == 3 * (PIPELINES + 1)
    assert [one.value for one in runs if one.labels == {"pipeline": OTHERS, "status": "completed"}] == [300]
