"""What most commands begin with: the settings that the flags give, and a backend on one database connection."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pipeline_gui.settings import Settings, load_settings
from pipeline_gui.terminal.output import Output

if TYPE_CHECKING:
    from pipeline_gui.backend import Backend

FINISH_SECONDS = 15.0
"""How long after Ctrl-C a request that was sent may take to be answered."""

T = TypeVar("T")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings, with the flags over them. Raises SettingsInvalid."""
    return load_settings(
        database_url=arguments.database_url, spark_url=arguments.spark_url, spark_kind=arguments.spark_kind
    )


@contextmanager
def open_session(arguments: argparse.Namespace, output: Output) -> Iterator[Backend]:
    """A backend for one command. Raises PipelineError."""
    settings = settings_of(arguments)
    from pipeline_gui.backend import COMMAND_CONNECTIONS, open_backend

    with open_backend(settings, face="terminal", max_connections=COMMAND_CONNECTIONS, say=output.note) as backend:
        yield backend


def finish_first(call: Callable[[], T], output: Output, sentence: str) -> T:
    """The result of call, which Ctrl-C does not cut in half: its end is waited for, then KeyboardInterrupt is raised.

    Between the record of a start and Spark's answer nobody could say what was started. A second Ctrl-C ends at once.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()  # and no join: one that Ctrl-C interrupted takes the thread for ended

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  (carried over to the caller's thread)
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=work, name="request", daemon=True).start()
    try:
        done.wait()
    except KeyboardInterrupt:
        output.note(sentence)
        done.wait(FINISH_SECONDS)
        for result in results:
            raise InterruptedAfter(result) from None
        raise
    if errors:
        raise errors[0]
    return results[0]


class InterruptedAfter(KeyboardInterrupt):
    """Ctrl-C came while a request was under way; its answer is known."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer
