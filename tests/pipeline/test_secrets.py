"""Secrets are looked up by our own command server; a plain Livy is not even sent a reference to one."""

from __future__ import annotations

from pipeline_gui.pipeline.controller import PipelineController
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.store import open_store
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
