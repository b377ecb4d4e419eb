"""The OpenAPI document: it says what the controller answers, and every answer of every route."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from pipeline_gui.alerts.answers import AlertAnswer, ExpectedAnswer, MessageAnswer, ReceiverAnswer
from pipeline_gui.alerts.checks import KEYS as ALERT_KEYS
from pipeline_gui.configurations.answers import ChangeAnswer, ConfigurationAnswer, EntryAnswer
from pipeline_gui.pipeline import answers
from pipeline_gui.pipeline.configuration import KEYS
from pipeline_gui.schedules import checks
from pipeline_gui.schedules.answers import DecidedAnswer, ScheduleAnswer, ScheduleDetailAnswer, ServiceAnswer
from pipeline_gui.service import alert_models, models
from pipeline_gui.service.problems import CODES
from tests.service.harness import Service

PAIRS = [
    (models.Status, answers.StatusAnswer), (models.Run, answers.RunAnswer), (models.Event, answers.EventAnswer),
    (models.Log, answers.LogAnswer), (models.Contact, answers.ContactAnswer),
    (models.Progress, answers.ProgressAnswer), (models.ConfigurationEntry, EntryAnswer),
    (models.Configuration, ConfigurationAnswer), (models.FieldChange, ChangeAnswer), (models.AlwaysOn, ServiceAnswer),
    (models.Schedule, ScheduleAnswer), (models.Decided, DecidedAnswer), (models.ScheduleDetail, ScheduleDetailAnswer),
    (alert_models.Alert, AlertAnswer), (alert_models.Message, MessageAnswer), (alert_models.Expected, ExpectedAnswer),
    (alert_models.ReceiverName, ReceiverAnswer),
]  # fmt: skip


@pytest.mark.parametrize(("model", "answer"), PAIRS)
def test_a_model_has_the_keys_of_the_answer(model: Any, answer: Any) -> None:
    assert set(model.model_fields) == set(get_type_hints(answer))


def test_a_start_takes_the_keys_of_a_configuration() -> None:
    assert set(models.StartBody.model_fields) == {*KEYS, "configuration", "again"}
    assert set(models.ConfigurationBody.model_fields) == set(KEYS)


def test_an_alert_takes_the_keys_of_an_alert() -> None:
    assert set(alert_models.AlertBody.model_fields) == set(ALERT_KEYS)


def test_a_schedule_takes_the_keys_of_one() -> None:
    assert set(models.ScheduleBody.model_fields) == set(checks.KEYS)


@pytest.fixture(scope="module")
def document(open_service: Service) -> dict[str, Any]:
    """The document."""
    found: dict[str, Any] = open_service.json("/openapi.json")
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every operation with its name."""
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_says_every_answer(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["operationId"], name
        assert operation["summary"], name
        statuses = set(operation["responses"])
        if "/healthz" in name or "/readyz" in name:
            assert {"200", "503"} <= statuses
            continue
        assert {"401", "403", "421"} <= statuses, name
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")):
                (kind,) = answer["content"]
                assert kind == "application/problem+json", (name, status)
                assert answer["content"][kind]["example"]["code"] in CODES


def test_what_the_actions_may_answer(document: dict[str, Any]) -> None:
    start = document["paths"]["/api/pipeline/start"]["post"]
    assert {"201", "400", "401", "403", "409", "413", "415", "422", "502", "503"} <= set(start["responses"])
    assert "Location" in start["responses"]["201"]["headers"]
    assert start["responses"]["201"]["content"]["application/json"]["example"]["run_id"]
    assert start["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/StartBody"}
    assert [parameter["name"] for parameter in start["parameters"]] == ["Idempotency-Key"]
    stop = document["paths"]["/api/pipeline/stop"]["post"]
    assert {"200", "202", "409"} <= set(stop["responses"])
    assert "304" in document["paths"]["/api/pipeline/runs"]["get"]["responses"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    schemas = document["components"]["schemas"]
    assert {reference.removeprefix("#/components/schemas/") for reference in references(document)} <= set(schemas)
    assert "HTTPValidationError" not in schemas


def test_the_answers_are_the_controllers_own(service: Service) -> None:
    run_id = service.start_run()
    assert set(service.json("/api/pipeline/status")) == set(models.Status.model_fields)
    assert set(service.json(f"/api/pipeline/runs/{run_id}")) == set(models.Run.model_fields)
