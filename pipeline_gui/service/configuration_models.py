"""The shapes of what is asked and answered of configurations, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline_gui.service.model_fields import MOMENT


class ConfigurationEntry(BaseModel):
    """A configuration in a list."""

    name: str
    sample: bool = Field(description="it came with the program, and nobody changes it")
    description: str | None
    revision: int | None = Field(description="counts the changes; null for a sample")
    changed_by: str | None
    changed_at: str | None = MOMENT


class Configurations(BaseModel):
    """What can be started by name: the saved ones, then the samples."""

    configurations: list[str]
    entries: list[ConfigurationEntry]


class Configuration(ConfigurationEntry):
    """One of them, whole."""

    configuration: dict[str, Any]
    command: str | None = Field(description="as spark-submit, secrets redacted; null: it can't be started as it is")


class FieldChange(BaseModel):
    """What somebody changed in one field."""

    field: str = Field(examples=["driver_memory", "conf.spark.sql.shuffle.partitions"])
    before: str
    after: str
    changed_by: str
    changed_at: str | None = MOMENT


class ConfigurationBody(BaseModel):
    """What to run. A value of conf may refer to a secret that the Spark command server knows: ${secret:NAME}."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"file": "/srv/pipelines/flights.py", "driver_memory": "2g"}]},
    )

    file: str | None = Field(None, description="the application, as the Spark server sees it: a path or a URI")
    name: str | None = Field(None, max_length=200, description="what people call it")
    class_name: str | None = None
    args: list[str | float | int | bool] | None = Field(None, max_length=1000)
    conf: dict[str, str | float | int | bool] | None = Field(None, description="Spark properties")
    py_files: list[str] | None = Field(None, max_length=1000)
    jars: list[str] | None = Field(None, max_length=1000)
    files: list[str] | None = Field(None, max_length=1000)
    archives: list[str] | None = Field(None, max_length=1000)
    driver_memory: str | None = Field(None, examples=["2g"])
    driver_cores: int | None = Field(None, ge=1, le=1_000_000)
    executor_memory: str | None = Field(None, examples=["4g"])
    executor_cores: int | None = Field(None, ge=1, le=1_000_000)
    num_executors: int | None = Field(None, ge=1, le=1_000_000)
    queue: str | None = None
    proxy_user: str | None = None
    description: str | None = None
    grace_seconds: float | None = Field(None, ge=0, le=1800, description="for the driver to end by itself on a stop")
    timeout_seconds: float | None = Field(
        None, ge=1, le=31_536_000, description="how long a run may last; then it is stopped"
    )
