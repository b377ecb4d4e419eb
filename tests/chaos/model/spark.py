"""A Spark server in memory: batches that end or die by themselves, the fence, the guard, a state that can be lost.

It can be a plain Livy instead: no generation, no fence, no guard; DELETE forgets the batch, whatever becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipeline_gui.pipeline.configuration import Configuration
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.errors import SparkRefused
from pipeline_gui.pipeline.ports import Batch, BatchState, Contact, Fence, LogPage, ServerIdentity
from tests.chaos.model.time import VirtualTime

PATIENCE_SECONDS = 1.0
"""How long a fence waits for the end before it answers that it is not done."""


FORGETS_SECONDS = 3.0
"""How long a plain Livy shows the end of what was deleted."""


def _is_past(moment: float | None, now: float) -> bool:
    return moment is not None and moment <= now


@dataclass
class MemoryBatch:
    """One batch and its process."""

    batch_id: int
    name: str
    launched_at: float
    dying_seconds: float = 0.1
    """What the driver needs to end by itself after SIGTERM."""
    state: BatchState = BatchState.RUNNING
    exit_code: int | None = None
    signalled_at: float | None = None
    kill_at: float | None = None
    """When SIGKILL follows."""
    ended_at: float | None = None
    deleted: bool = False
    """Whether anybody asked for its end."""
    ends_by_itself: bool = False
    """Whether it ended, or died, before any signal of the server's."""

    @property
    def is_alive(self) -> bool:
        """Whether a process of it lives."""
        return self.ended_at is None


@dataclass
class MemoryServer:
    """The server and its processes; the guard refuses a second batch of an installation."""

    time: VirtualTime
    url: str = "http://spark:8998"
    guard: bool = True
    plain: bool = False
    """A Livy that is not ours."""
    forgets_at_once: bool = False
    """Whether a plain Livy forgets a batch with the DELETE, and not only when it has ended."""
    is_full: bool = False
    """Refuses every launch for now, as on a full disk."""
    generations: int = 1
    batches: list[MemoryBatch] = field(default_factory=list)
    """Every batch that ever was, of every generation."""
    known: dict[str, MemoryBatch] = field(default_factory=dict)
    fenced: set[str] = field(default_factory=set)
    signalled: list[str] = field(default_factory=list)
    """The names to which a signal was sent, in order."""
    dying_seconds: float = 0.1
    """Of the next batch."""

    @property
    def generation(self) -> str | None:
        """The identity of the state directory."""
        return None if self.plain else f"g{self.generations}"

    # --- what happens by itself ---------------------------------------------------------------------------------

    def tick(self) -> None:
        """Let processes that were signalled end, as far as their time has come."""
        for batch in self.batches:
            if batch.is_alive and batch.signalled_at is not None and batch.kill_at is not None:
                end = min(batch.signalled_at + batch.dying_seconds, batch.kill_at)
                if end <= self.time():
                    self._end(batch, BatchState.KILLED, 143, end)
        if self.plain:
            self._forget()

    def end(self, batch: MemoryBatch, exit_code: int) -> None:
        """The driver ends by itself (0), fails (1) or is killed by somebody (137)."""
        if batch.is_alive and batch.signalled_at is None:
            batch.ends_by_itself = True
            self._end(batch, BatchState.DEAD if exit_code else BatchState.SUCCESS, exit_code, self.time())

    def lose_state(self) -> None:
        """The state directory is lost: before it serves again, the server kills what it finds."""
        for batch in self.batches:
            if batch.is_alive:
                self._end(batch, BatchState.KILLED, 137, self.time())
        self.known, self.fenced = {}, set()
        self.generations += 1

    def _end(self, batch: MemoryBatch, state: BatchState, exit_code: int, at: float) -> None:
        batch.state, batch.exit_code, batch.ended_at = state, exit_code, at

    def _forget(self) -> None:
        """A plain Livy forgets what was deleted, some time after its end."""
        for batch in list(self.known.values()):
            if batch.deleted and (self.forgets_at_once or _is_past(batch.ended_at, self.time() - FORGETS_SECONDS)):
                del self.known[batch.name]

    # --- the API ------------------------------------------------------------------------------------------------

    def post(self, name: str) -> MemoryBatch:
        """Launch. Raises SparkRefused."""
        if self.is_full:
            raise SparkRefused("Spark refused to start it: its disk is full.", status_code=400)
        if name in self.known:
            text = f"Spark refused to start it: Duplicate session name: Some({name})."
            raise SparkRefused(text, status_code=400, duplicate_name=True)
        if name in self.fenced:
            raise SparkRefused(f"Spark refused to start it: the name {name} was fenced.", status_code=400)
        installation = name.rpartition(".")[0]
        for other in self.known.values():
            if (
                self.guard
                and not self.plain
                and other.is_alive
                and installation
                and other.name.rpartition(".")[0] == installation
            ):
                text = f"Spark refused to start it: batch {other.name} of the same installation is alive."
                raise SparkRefused(text, status_code=400, busy=True)
        batch = MemoryBatch(len(self.batches), name, self.time(), self.dying_seconds)
        self.batches.append(batch)
        self.known[name] = batch
        return batch

    def delete(self, batch: MemoryBatch, grace_seconds: float) -> None:
        """Begin, or shorten, the ladder of signals."""
        batch.deleted = True
        if not batch.is_alive:
            return
        self.signalled.append(batch.name)
        if batch.signalled_at is None:
            batch.signalled_at = self.time()
        wanted = self.time() + grace_seconds
        batch.kill_at = wanted if batch.kill_at is None else min(batch.kill_at, wanted)
        end = min(batch.signalled_at + batch.dying_seconds, batch.kill_at)
        if end <= self.time() + PATIENCE_SECONDS:
            self._end(batch, BatchState.KILLED, 143, self.time())


class MemorySpark:
    """SparkServer on a server in memory, with an identity that is kept until an answer says another."""

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self._known: ServerIdentity | None = None

    @property
    def url(self) -> str:
        """The server's address."""
        return self.server.url

    def _noticed(self) -> str | None:
        """The server's own answer is being read: what it says of its generation is kept."""
        self.server.tick()
        if self._known is not None:
            self._known = replace(self._known, generation=self.server.generation)
        return self.server.generation

    def identity(self, *, fresh: bool = False) -> ServerIdentity:
        """Which server this is; asked once, then as every later answer says it."""
        if self._known is None or fresh:
            self._known = ServerIdentity(self.url, self.server.generation, "memory")
        return self._known

    def contact(self) -> Contact:
        """It always answers; faults are put in between by whoever wants them."""
        return Contact(True, self.server.time.now(), None)

    def precheck(self, configuration: Configuration) -> None:
        """Anything goes."""

    def submit(self, name: str, configuration: Configuration, timeout: float, generation: str | None = None) -> Batch:
        """Launch under a name, once, on the server of that generation."""
        if self._noticed() != (generation or self.server.generation):
            text = "Spark refused to start it: it was meant for a server of another generation."
            raise SparkRefused(text, status_code=412, other_generation=True)
        return self._shown(self.server.post(name))

    def find(self, name: str) -> Batch | None:
        """The batch of that name."""
        self._noticed()
        batch = self.server.known.get(name)
        return None if batch is None else self._shown(batch)

    def fence(self, name: str, grace_seconds: float) -> Fence:
        """One atomic step. Raises SparkRefused on a plain Livy, with no effect."""
        generation = self._noticed()
        if self.server.plain:
            raise SparkRefused("A plain Livy can't promise that a run never starts.", status_code=0)
        batch = self.server.known.get(name)
        if batch is None:
            self.server.fenced.add(name)
            return Fence(name, generation, True, False, None, False, None, None)
        self.server.delete(batch, grace_seconds)
        ago = None if batch.ended_at is None else self.server.time() - batch.ended_at
        signalled = not batch.ends_by_itself and batch.signalled_at is not None
        return Fence(name, generation, not batch.is_alive, True, batch.state, signalled, batch.exit_code, ago)

    def kill(self, name: str) -> None:
        """Livy's plain DELETE."""
        self._noticed()
        batch = self.server.known.get(name)
        if batch is not None:
            self.server.delete(batch, 10)
            self.server.tick()

    def alive(self, prefix: str) -> list[Batch]:
        """The batches that have not ended and whose names begin with prefix."""
        self._noticed()
        return [self._shown(b) for b in self.server.known.values() if b.is_alive and b.name.startswith(prefix)]

    def log(self, name: str, start: int | None = None, size: int = 100) -> LogPage:
        """No lines."""
        self._noticed()
        if name not in self.server.known:
            raise SparkRefused(f"Spark has no log of {name} (any more).", status_code=404)
        return LogPage(0, 0, ())

    def progress(self, batch: Batch) -> Progress | None:
        """None: drivers in memory say nothing."""
        return None

    def close(self) -> None:
        """Nothing is open."""

    def _shown(self, batch: MemoryBatch) -> Batch:
        ago = None if batch.ended_at is None else self.server.time() - batch.ended_at
        signalled = batch.signalled_at is not None and not batch.ends_by_itself
        return Batch(
            batch_id=batch.batch_id,
            name=batch.name,
            state=batch.state,
            application_id=None,
            ui_url=None,
            log_tail=(),
            generation=self.server.generation,
            exit_code=batch.exit_code,
            signalled=signalled,
            ended_ago=ago,
        )
