"""A world without servers: what they would say is set, and what they would hold back is held back."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkUnavailable
from pipeline_gui.pipeline.output import Stream
from tests.window.monkey.world import Truth
from tests.window.stand_in import StandInBackend, StandInConfigurations, away, idle, run, running, unknown
from tests.window.table.making import past_runs


class _Refusing(StandInConfigurations):
    """Whatever is wanted of a configuration is refused in words."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_arguments: Any, **_more: Any) -> Any:
            raise ConfigurationInvalid("Not for monkeys.")

        return refuse


class StandInWorld:
    """Its servers hang, fail and change at once."""

    settle_seconds = 15.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._backend = self._made()

    def backend(self) -> StandInBackend:
        """What a window stands on."""
        self._backend = self._made()
        return self._backend

    def let_go_of(self, backend: Any) -> None:
        """A window is gone."""

    def _made(self) -> StandInBackend:
        backend = StandInBackend(self._folder, name="monkey", color="#335577")
        backend.configurations = _Refusing()
        backend.outputs.data[Stream.STDERR] = b"".join(
            b"26/11/24 09:00:00 %s Task: line %d\n" % (b"ERROR" if number % 900 == 7 else b"INFO", number)
            for number in range(60_000)
        )
        backend.archive.runs = past_runs(5000)
        backend.controller.runs = [run(f"flights-{number}", "completed", ago=600.0 * number) for number in range(1, 40)]
        return backend

    def change(self, dice: random.Random) -> None:
        """What the record and the servers do meanwhile."""
        controller, outputs = self._backend.controller, self._backend.outputs
        match dice.randrange(10):
            case 0:
                controller.status = running("flights-99", dice.random() * 5000)
                controller.runs = [run("flights-99", "running", ago=9.0, duration=9.0), *self._ended(dice)]
            case 1:
                controller.status = idle()
                how = dice.choice(["failed", "stopped", "completed"])
                controller.runs = [run("flights-99", how), *self._ended(dice)]
            case 2:
                controller.status = unknown()
            case 3:
                controller.status = idle(spark=away("http://spark:8998 refused the connection."))
            case 4:
                controller.let_refresh.clear()
            case 5:
                outputs.let_read.clear()
            case 6:
                self._backend.archive.let_read.clear()
            case 7:
                outputs.raises = dice.choice([None, SparkUnavailable("http://spark:8998 does not answer.")])
            case 8:
                outputs.data[Stream.STDERR] += b"26/11/24 09:59:59 WARN Task: more\n" * dice.randrange(3000)
            case 9:
                self.settle()
        self._backend.change()

    def _ended(self, dice: random.Random) -> list[Any]:
        ended = [each for each in self._backend.controller.runs if each["run_id"] != "flights-99"]
        return ended[: dice.randrange(1, 40)]

    def settle(self) -> None:
        """Everything answers."""
        for event in (
            self._backend.controller.let_refresh,
            self._backend.controller.let_act,
            self._backend.outputs.let_read,
            self._backend.archive.let_read,
        ):
            event.set()

    @property
    def is_quiet(self) -> bool:
        """Whether all that happened is over."""
        return True

    def tell(self) -> None:
        """The record says that it changed."""
        self._backend.change()

    def truth(self) -> Truth:
        """What the record says."""
        controller = self._backend.controller
        return Truth(controller.status["is_running"], {each["run_id"] for each in controller.runs})
