"""The bodies of the answers: Livy's keys, all of them, and this server's own beside them."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Response

from pipeline_gui.command_server import clock, durable, logs
from pipeline_gui.command_server.batch import Batch


def json_response(body: object, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(body), status_code, headers, media_type="application/json")


def batch_body(batch: Batch, generation: str, base_url: str) -> dict[str, Any]:
    """A batch as Livy shows it, with this server's additions. Raises OSError."""
    end = batch.ending or {}
    has_ui = batch.user_interface is not None and not end
    return {
        "id": batch.batch_id,
        "name": batch.name,
        "owner": None,
        "proxyUser": batch.proxy_user,
        "state": batch.state,
        "appId": batch.application_id,
        "appInfo": {
            "driverLogUrl": f"{base_url}/batches/{batch.batch_id}/output/stderr",
            "sparkUiUrl": f"{base_url}/batches/{batch.batch_id}/ui/" if has_ui else None,
            "executorLogUrls": None,
            # For people: their browsers have no token for the way through this server.
            "driverUiPort": batch.user_interface.port if has_ui and batch.user_interface else None,
            "driverUiHost": batch.user_interface.host if has_ui and batch.user_interface else None,
        },
        "log": logs.last_lines(batch),
        "exitCode": end.get("exitCode"),
        "signal": end.get("signal"),
        "signalled": bool(end.get("signalled", False)),
        "startedAgo": batch.started_ago(),
        "endedAgo": batch.ended_ago(),
        "generation": generation,
        "reason": end.get("reason"),
    }


def fence_body(name: str, generation: str, fenced: Batch | durable.Record | None) -> dict[str, Any]:
    """The answer to a fence: the same each time once it is done, but for the seconds."""
    body: dict[str, Any] = {
        "name": name,
        "generation": generation,
        "state": None,
        "started": fenced is not None,
        "signalled": False,
        "exitCode": None,
        "endedAgo": None,
    }
    if fenced is None:
        return body
    end = fenced.ending if isinstance(fenced, Batch) else fenced
    if end is None:
        assert isinstance(fenced, Batch)
        return body | {"state": fenced.state, "signalled": fenced.is_kill_wanted}
    return body | {
        "state": end.get("state"),
        "signalled": bool(end.get("signalled", False)),
        "exitCode": end.get("exitCode"),
        "endedAgo": clock.seconds_since(end.get("ended")),
    }
