"""Which Spark server answers, kept up to date by every answer."""

from __future__ import annotations

import threading

from pipeline_gui.pipeline.batch import ServerIdentity
from pipeline_gui.spark.wire import plain


class IdentityCache:
    """The identity as it was asked, and as later answers changed it; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._identity: ServerIdentity | None = None

    def get(self) -> ServerIdentity | None:
        """The identity, or None while it has to be asked."""
        with self._lock:
            return self._identity

    def put(self, identity: ServerIdentity) -> None:
        """Keep what was asked."""
        with self._lock:
            self._identity = identity

    def notice(self, header: str | None, *, genuine: bool) -> None:
        """Take the generation of an answer; genuine: the server surely wrote it, so a missing one counts too."""
        generation = plain(header)
        if generation is None and not genuine:
            return
        with self._lock:
            known = self._identity
            if known is None or known.generation == generation:
                return
            # Ours became a plain Livy, or the other way round: its version is another as well.
            both = known.generation is not None and generation is not None
            self._identity = ServerIdentity(known.url, generation, known.version) if both else None
