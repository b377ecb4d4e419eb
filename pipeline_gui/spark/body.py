"""A configuration as the body of Livy's POST /batches."""

from __future__ import annotations

from typing import Any

from pipeline_gui.pipeline.configuration import Configuration

_KEYS = {
    "file": "file",
    "class_name": "className",
    "args": "args",
    "conf": "conf",
    "py_files": "pyFiles",
    "jars": "jars",
    "files": "files",
    "archives": "archives",
    "driver_memory": "driverMemory",
    "driver_cores": "driverCores",
    "executor_memory": "executorMemory",
    "executor_cores": "executorCores",
    "num_executors": "numExecutors",
    "queue": "queue",
    "proxy_user": "proxyUser",
}


def livy_body(name: str, configuration: Configuration) -> dict[str, Any]:
    """The keys that were given, and the name of the batch; the others (description, grace) are ours alone.

    Livy refuses a key that it does not know, and takes an absent one for its default.
    """
    given = configuration.as_dict()
    body: dict[str, Any] = {_KEYS[key]: value for key, value in given.items() if key in _KEYS}
    if "conf" in body:
        body["conf"] = dict(body["conf"])
    return body | {"name": name}
