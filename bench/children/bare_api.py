"""A bare FastAPI with the same queries, as one writes it in an afternoon: what the service is measured against."""

from __future__ import annotations

import os
import socket

import msgspec
import uvicorn
from fastapi import FastAPI, Response
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from bench.children.saying import say
from pipeline_gui.store import queries


def main() -> None:
    """Serve until killed; says its port."""
    pool = ConnectionPool(
        os.environ["PIPELINE_GUI_DATABASE_URL"],
        kwargs={"row_factory": dict_row, "autocommit": True},
        min_size=4,
        max_size=12,
        open=True,
    )
    app = FastAPI()

    # Encoded without FastAPI's detours, so that the floor is no higher than it need be.
    @app.get("/api/pipeline/status")
    def status() -> Response:
        with pool.connection() as connection:
            return _json(connection.execute(queries.RUNNING).fetchone())

    @app.get("/api/pipeline/runs")
    def runs(days: float = 2) -> Response:
        with pool.connection() as connection:
            rows = connection.execute(queries.RECENT, {"seconds": days * 86_400, "limit": 500}).fetchall()
        return _json({"runs": rows, "next": None})

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as when uvicorn makes its socket itself
    say(listener.getsockname()[1])
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


if __name__ == "__main__":
    main()
