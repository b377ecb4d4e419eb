"""Where the embedded pair of a profile keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """The files and folders of one profile's pair; all below one folder that only its owner may enter."""

    home: Path
    """The profile's folder; what PIPELINE_GUI_HOME is in every process of the pair."""

    @property
    def folder(self) -> Path:
        """Everything of the pair."""
        return self.home / "embedded"

    @property
    def users_lock(self) -> Path:
        """Flocked, shared, by every process that uses the pair: the kernel lets go of it also when one is killed."""
        return self.folder / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Flocked by the one process that starts a keeper, until the pair is ready or has failed."""
        return self.folder / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Flocked by the keeper as long as it lives. No number in a file ever says that it does."""
        return self.folder / "keeper.lock"

    @property
    def report(self) -> Path:
        """What the keeper says of the pair; true only while the keeper's lock is held."""
        return self.folder / "pair.json"

    @property
    def keeper_log(self) -> Path:
        """What the keeper did and met."""
        return self.folder / "keeper.log"

    @property
    def postgres(self) -> Path:
        """The PostgreSQL cluster, its password, port and log."""
        return self.folder / "postgres"

    @property
    def spark(self) -> Path:
        """The wrapper of Java, and the command server's log and port."""
        return self.folder / "spark"

    @property
    def server_state(self) -> Path:
        """The command server's state directory: batches, logs, token."""
        return self.folder / "spark-server"
