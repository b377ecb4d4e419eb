"""What the doctor compares: the rows of the record with the batches on Spark; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_gui.finding import Finding
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.ports import RunStore, SparkServer
from pipeline_gui.pipeline.run import RunRecord

STARTING_SECONDS = 8.0
"""Until then a starter may be sending its run, and nothing is wrong with a row that has no batch yet."""
_SUBJECT = "rows and batches"


def examine_record(url: str, spark: SparkServer) -> Iterator[Finding]:
    """Batches of ours that have no running row, and a running row that has no living batch; a libpq URL."""
    from pipeline_gui.store.store import open_store

    try:
        store = open_store(url, application_name="pipeline-gui doctor", max_connections=1)
    except PipelineError as error:
        yield Finding(_SUBJECT, False, str(error))
        return
    try:
        findings = [*_compare(store, spark)]
    except PipelineError as error:
        findings = [Finding(_SUBJECT, None, f"They could not be compared: {error}")]
    finally:
        store.close()
    yield from findings


def _compare(store: RunStore, spark: SparkServer) -> Iterator[Finding]:
    installation = store.installation()
    if not installation.is_original:
        return  # the batches of that name are the original's
    prefix = f"{installation.installation_id}."
    alive = spark.alive(prefix)  # the list first, then the rows, as the hunt does
    wrong: list[Finding] = []
    for batch in alive:
        if batch.name:
            wrong += _batch(store, batch.name, batch.name.removeprefix(prefix))
    running = store.running()
    if running is not None and running.engine is not None:
        wrong += _row(running, spark)
    yield from wrong
    if not wrong:
        yield Finding(_SUBJECT, True, "What is recorded as running is what lives on Spark.")


def _batch(store: RunStore, name: str, run_id: str) -> Iterator[Finding]:
    record = store.find(run_id)
    if record is None:
        yield Finding(
            _SUBJECT, False,
            f"The batch {name} is alive on Spark and has no row: the database lost it, or somebody deleted it. "
            "A watcher (a window, the service) kills it after a second look, 10 s later.",
        )  # fmt: skip
    elif not record.run.is_running:
        yield Finding(
            _SUBJECT, False,
            f"The batch {name} is alive on Spark though its row is {record.run.status}: "
            "a watcher (a window, the service) kills it within 30 s, and so does the next start.",
        )  # fmt: skip


def _row(running: RunRecord, spark: SparkServer) -> Iterator[Finding]:
    engine, run = running.engine, running.run
    assert engine is not None
    if engine.batch_id is None and (running.age_seconds or 0.0) < STARTING_SECONDS:
        return
    if spark.identity().generation != engine.generation:
        yield Finding(
            _SUBJECT, False,
            f"{run.run_id} is recorded as running on another Spark server ({engine.spark_url}), or on one that has "
            "lost its records, so nobody can tell from here what became of it.",
        )  # fmt: skip
        return
    batch = spark.find(engine.batch_name)
    if batch is None:
        yield Finding(
            _SUBJECT, False,
            f"{run.run_id} is recorded as running, and Spark has no batch of it: it is settled at the next look "
            "(status, runs, a window); if it stays, look at the cluster, then abandon it.",
        )  # fmt: skip
    elif batch.state.is_terminal:
        yield Finding(
            _SUBJECT, None,
            f"{run.run_id} has ended on Spark ({batch.state}); that is recorded at the next look "
            "(status, runs, a window).",
        )  # fmt: skip
