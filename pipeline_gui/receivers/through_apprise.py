"""Slack, Teams, ntfy and the rest, through Apprise.

It sends by itself; the guard sees each of its connections all the same. It reads what is answered as a whole, so the
size of an answer is bounded only by the time that it may take.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline_gui.pipeline.alert import Letter, NotDelivered, ReceiverName
from pipeline_gui.receivers import failures
from pipeline_gui.receivers.failures import failed, said_text
from pipeline_gui.receivers.guard import Reach, guarded


@dataclass(frozen=True, slots=True)
class ThroughApprise:
    """Receiver behind an Apprise URL."""

    name: ReceiverName
    url: str = field(repr=False)
    reach: Reach

    def send(self, letter: Letter) -> str:
        """Tell it; what is known of its answer. Raises NotDelivered."""
        try:
            import apprise
        except ImportError as error:
            sentence = f"This needs {error.name}, which is not installed: pip install 'pipeline-gui[server]'."
            raise NotDelivered(sentence) from None
        asset = apprise.AppriseAsset(app_id="Pipelines", async_mode=False, secure_logging=True, http_redirects=False)
        plugin = apprise.Apprise.instantiate(self.url, asset=asset, suppress_exceptions=True)
        if plugin is None:
            raise NotDelivered("Apprise can't read this URL; see its documentation for how one is made.")
        plugin.redirects = False  # whatever the URL says
        with _heard() as said, guarded(self.reach, failures.SECONDS) as guard:
            try:
                done = plugin.notify(title=letter.title, body=letter.text)
            except Exception as error:
                raise failed(str(plugin.service_name), error, guard) from error
        if done:
            return f"{plugin.service_name} took it."
        if guard.refusal is not None or guard.is_over:
            raise failed(str(plugin.service_name), OSError(), guard)
        why = said_text(" ".join(said)) or "it does not say why"
        raise NotDelivered(f"{plugin.service_name} did not take it: {why}")


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What Apprise logs in this thread: it has no other way to say what went wrong."""
    said: list[str] = []
    me = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == me and record.levelno >= logging.WARNING:
                said.append(record.getMessage())

    ear, logger = Ear(), logging.getLogger("apprise")
    logger.propagate = False  # what it says goes through our own hands, which know the secrets
    logger.addHandler(ear)
    try:
        yield said
    finally:
        logger.removeHandler(ear)
