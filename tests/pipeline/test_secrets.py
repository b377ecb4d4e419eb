"""Secrets are looked up by our own command server; a plain Livy is not even sent a reference to one."""

from __future__ import annotations

from pipeline_gui.pipeline.answers import run_answer
from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.run import Run
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.store.store import open_store
from tests.spark.plain_livy import PlainLivy


def test_a_plain_livy_refuses_before_anything_is_recorded(database: str) -> None:
    store = open_store(database, application_name="tests", max_connections=2)
    with PlainLivy() as livy:
        spark = LivyServer(livy.url)
        controller = PipelineController(store, spark, Actor("ana", "ops-3", "terminal"))
        try:
            conf = {"spark.db.password": "${secret:DB}"}
            answer = controller.start_pipeline({"file": "/srv/a.py", "conf": conf, "args": ["${secret:API}"]})
            assert (answer["success"], answer["reason"], answer["run_id"]) == (False, "invalid", None)
            assert "secrets (API, DB)" in answer["message"]
            assert "plain Livy" in answer["message"]
            assert store.recent(1) == []
            assert livy.batches == {}
        finally:
            controller.close()
            spark.close()
            store.close()


def test_rows_of_other_programs_are_answered_without_the_secrets_in_them() -> None:
    theirs = Run("r1", "etl --password=hunter2", "failed", None, None, None, "no postgresql://a:hunter2@db/x", None)
    answer = run_answer(theirs)
    assert "hunter2" not in f"{answer['command']} {answer['error_message']}"
    assert str(answer["command"]).startswith("etl --password=")
    assert run_answer(theirs._replace(command=None, error_message=None))["command"] is None
    ours = theirs._replace(command="spark-submit", metadata={"started_by": "ana@ops-3"})
    assert run_answer(ours)["command"] is ours.command
