"""One look at a driver's own UI: by way of our command server, or on the same host as another Livy; bounded in time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from pipeline_gui.pipeline.batch import Batch
from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkUnavailable
from pipeline_gui.spark.address import Address, parse_address
from pipeline_gui.spark.progress_wire import Application
from pipeline_gui.spark.transport import Transport
from pipeline_gui.spark.wire import NotLivys, decode, plain

# Spark's metrics servlet calls its JSON text/json.
_JSON = ("application/json", "text/json")


@dataclass(frozen=True, slots=True)
class DriverUi:
    """Where a driver's UI is asked, and with which right."""

    base: str
    authorization: str | None


def ui_of(batch: Batch, server: Address) -> DriverUi | None:
    """The UI of a batch's driver; None where it has none, or one that we must not ask."""
    if batch.ui_url is None or batch.state.is_terminal:
        return None
    if batch.generation is not None:
        path = quote(batch.name or str(batch.batch_id), safe="")
        return DriverUi(f"{server.url}/batches/{path}/ui", server.authorization)
    try:
        ui = parse_address(batch.ui_url)
    except ConfigurationInvalid:
        return None
    if ui.host != server.host:
        # A server could name any address inside our network; we fetch from none that we were not given.
        return None
    same_origin = (urlsplit(ui.url).scheme, ui.port) == (urlsplit(server.url).scheme, server.port)
    return DriverUi(ui.url, server.authorization if same_origin else None)


class DriverLook:
    """One look at one driver: so many seconds for each request, and for all of them together."""

    def __init__(
        self, transport: Transport, ui: DriverUi, application_id: str | None, request_seconds: float, seconds: float
    ) -> None:
        self.base = ui.base
        self._transport = transport
        self._headers = {"Accept": "application/json", "Authorization": ui.authorization}
        self._known_application = application_id
        self._request_seconds = request_seconds
        self._deadline = time.monotonic() + seconds
        self.out_of_time = False

    def application(self) -> str | None:
        """The id of the application; None: not up yet. Raises SparkUnavailable or NotLivys."""
        if self._known_application is not None:
            return self._known_application
        found = decode(self.get("/api/v1/applications"), list[Application])
        return plain(found[0].id) if found else None

    def get(self, path: str) -> bytes:
        """A page in JSON. Raises SparkUnavailable or NotLivys."""
        seconds = min(self._request_seconds, self._deadline - time.monotonic())
        begun = time.monotonic()
        try:
            answer = self._transport.exchange(
                "GET", f"{self.base}{path}", timeout=max(0.01, seconds), headers=self._headers
            )
        except SparkUnavailable:
            self.out_of_time = time.monotonic() - begun >= seconds
            raise
        if answer.status != 200 or answer.media_type not in _JSON:
            raise NotLivys(f"status {answer.status}")
        return answer.body
