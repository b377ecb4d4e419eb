"""Many ask the same at once: few are asked, and nobody is told what was so before they asked."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack

import pytest

from pipeline_gui.pipeline.run import Run
from pipeline_gui.service.encoded_runs import EncodedRuns
from pipeline_gui.service.shared_answers import SharedAnswers
from tests.service.harness import Service
from tests.service.test_api import NOW, RUNS, STATUS


class Counting:
    """A question whose askings are numbered, and each of which takes until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.gates = [asyncio.Event() for _ in range(5)]

    async def __call__(self) -> int:
        number = self.begun
        self.begun += 1
        await self.gates[number].wait()
        return number


async def until_begun(question: Counting, count: int) -> None:
    """Wait until so many askings have begun."""
    async with asyncio.timeout(5):
        while question.begun < count:
            await asyncio.sleep(0)


def test_who_comes_while_it_is_asked_gets_the_next_answer() -> None:
    async def main() -> None:
        shared: SharedAnswers[int] = SharedAnswers()
        question, another = Counting(), Counting()
        first = asyncio.create_task(shared.ask("k", question))
        await until_begun(question, 1)
        later = [asyncio.create_task(shared.ask("k", question)) for _ in range(10)]
        other = asyncio.create_task(shared.ask("another", another))
        await until_begun(another, 1)
        assert question.begun == 1  # one at a time
        question.gates[0].set()
        assert await first == 0
        await until_begun(question, 2)
        last = asyncio.create_task(shared.ask("k", question))
        for gate in (*question.gates, *another.gates):
            gate.set()
        assert [await task for task in later] == [1] * 10
        assert (await last, await other) == (2, 0)
        assert not any(vars(shared).values())  # of what nobody asks nothing is kept

    asyncio.run(main())


def test_who_leaves_takes_nothing_from_the_others() -> None:
    async def main() -> None:
        shared: SharedAnswers[int] = SharedAnswers()
        question = Counting()
        both = [asyncio.create_task(shared.ask("k", question)) for _ in range(2)]
        await until_begun(question, 1)
        waiting = [asyncio.create_task(shared.ask("k", question)) for _ in range(2)]
        await asyncio.sleep(0)
        both[0].cancel()
        waiting[0].cancel()
        for gate in question.gates:
            gate.set()
        assert (await both[1], await waiting[1]) == (0, 1)
        assert both[0].cancelled()
        assert waiting[0].cancelled()
        assert not any(vars(shared).values())

    asyncio.run(main())


def test_an_error_is_everybodys_and_the_next_asking_is_another() -> None:
    async def main() -> None:
        shared: SharedAnswers[int] = SharedAnswers()

        async def fails() -> int:
            raise ValueError("no")

        both = [asyncio.create_task(shared.ask("k", fails)) for _ in range(2)]
        for task in both:
            with pytest.raises(ValueError, match="no"):
                await task
        question = Counting()
        question.gates[0].set()
        assert await shared.ask("k", question) == 0

    asyncio.run(main())


@pytest.mark.parametrize("path", [STATUS, f"{RUNS}?days=1"])
def test_an_answer_is_never_older_than_its_question(service: Service, path: str) -> None:
    """While others ask the same without end."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            service.get(path)

    with ExitStack() as stack:
        for _ in range(6):
            asking = threading.Thread(target=ask)
            asking.start()
            stack.callback(asking.join, 10)
        stack.callback(over.set)
        for number in range(25):
            service.execute(
                f"INSERT INTO pipeline_runs (run_id, status, start_time) VALUES ('r{number}', 'running', {NOW})"
            )
            assert f'"run_id":"r{number}"' in service.get(path).text
            service.execute("UPDATE pipeline_runs SET status = 'failed' WHERE status = 'running'")
            assert '"status":"running"' not in service.get(path).text


def test_a_tag_changes_with_what_lasts_and_not_with_the_clock() -> None:
    encoded = EncodedRuns()

    def tag(status: str, duration: float, error: str | None = None) -> bytes:
        run = Run("r", None, status, None, None, duration, error, None)
        body, found = encoded.page([run], None)
        assert f'"duration":{duration}'.encode() in body
        return found

    assert tag("running", 1.5) == tag("running", 2.5)
    assert tag("failed", 1.5) != tag("failed", 2.5)
    assert tag("failed", 1.5) != tag("failed", 1.5, "x")
    assert encoded.page([], None)[1] != encoded.page([], "more")[1]


def test_pages_that_are_asked_by_turns_and_at_once_are_right(service: Service) -> None:
    """They push each other out of what is kept."""
    service.execute(
        "INSERT INTO pipeline_runs (run_id, status, start_time) SELECT 'r' || n, "
        f"(ARRAY['completed', 'failed'])[1 + n % 2], {NOW} - n * interval '1 minute' FROM generate_series(1, 40) AS n"
    )
    wanted = {
        f"{RUNS}?limit=40": [f"r{n}" for n in range(1, 41)],
        f"{RUNS}?limit=3": ["r1", "r2", "r3"],
        f"{RUNS}?status=failed&limit=4": ["r1", "r3", "r5", "r7"],
    }
    wrong: list[object] = []

    def ask(path: str) -> None:
        for _ in range(20):
            runs = service.json(path)["runs"]
            if [run["run_id"] for run in runs] != wanted[path]:
                wrong.append(runs)

    threads = [threading.Thread(target=ask, args=(path,)) for path in wanted for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    first = service.get(f"{RUNS}?limit=3").headers["ETag"]
    service.execute("UPDATE pipeline_runs SET error_message = 'late' WHERE run_id = 'r2'")
    changed = service.get(f"{RUNS}?limit=3", headers={"If-None-Match": first})
    assert [run["error_message"] for run in changed.json()["runs"]] == [None, "late", None]
