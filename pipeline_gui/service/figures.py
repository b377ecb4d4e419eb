"""What the runs of each pipeline come to, and what one run's work amounts to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response

from pipeline_gui.metrics.answers import MetricsAnswer, detail_answer, figures_answer, metrics_answer
from pipeline_gui.pipeline.metrics import MetricsStore
from pipeline_gui.service import models
from pipeline_gui.service.context import Context
from pipeline_gui.service.documentation import NOT_MODIFIED, problems
from pipeline_gui.service.paths import RunId
from pipeline_gui.service.problems import no_run, not_found
from pipeline_gui.service.reading import tagged

_NOT_FOUND = {404: ("not-found", "There is no run 'flights-000000'.")}


def add_figures(app: FastAPI, context: Context) -> None:
    """/api/pipeline/metrics, and the figures of a run."""
    backend, reads = context.backend, context.workers.reads

    @app.get(
        "/api/pipeline/metrics",
        operation_id="getMetricsOfPipelines",
        summary="What the runs of each pipeline come to over days",
        description="Days are UTC, up to now; a run belongs to the day of its end. `before` is the same number of days "
        "before, `trend` the difference. Durations are in seconds, of the runs that completed.",
        response_model=models.PipelineMetrics,
        tags=["pipeline"],
        responses={**NOT_MODIFIED, **problems()},
    )
    async def get_metrics_of_pipelines(
        request: Request,
        days: Annotated[Literal["7", "30", "90"], Query(description="how many days back")] = "30",
        pipeline: Annotated[
            str | None, Query(max_length=200, description="only the one of that name, with its days in by_day")
        ] = None,
    ) -> Response:
        answer = await reads.run(_metrics, backend.metrics, int(days), pipeline)
        return tagged(request, answer, _without_clock_of(answer))

    @app.get(
        "/api/pipeline/runs/{run_id}/figures",
        operation_id="getRunFigures",
        summary="What a run's work amounts to, against what is usual for its pipeline",
        description="As Spark told it while the run ran; null where it told nothing. `usual` is the median of the last "
        "completed runs before it.",
        response_model=models.RunFigures,
        tags=["run"],
        responses={**NOT_MODIFIED, **problems(_NOT_FOUND)},
    )
    async def get_run_figures(request: Request, run_id: RunId) -> Response:
        compared = await reads.run(backend.figures.compared, run_id)
        if compared is None:
            if await reads.run(backend.controller.get_run, run_id) is None:
                raise no_run(run_id)
            raise not_found("Of this run no figures are kept: Spark told none while it ran.")
        answer = figures_answer(compared)
        return tagged(request, answer, answer)


def _metrics(metrics: MetricsStore, days: int, pipeline: str | None) -> MetricsAnswer:
    page = metrics.page(days, pipeline)
    return metrics_answer(page) if pipeline is None else detail_answer(page, metrics.by_day(pipeline, days))


def _without_clock_of(answer: MetricsAnswer) -> dict[str, Any]:
    pipelines = [{**one, "seconds_since_success": None} for one in answer["pipelines"]]
    return {**answer, "pipelines": pipelines}
