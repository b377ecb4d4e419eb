"""The client against the real command server: every call of the port, on batches that really run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_gui.pipeline.configuration import Configuration, parse_configuration
from pipeline_gui.pipeline.engine import Progress
from pipeline_gui.pipeline.errors import SparkRefused, SparkUnavailable
from pipeline_gui.pipeline.output import OutputMatch, OutputPart, OutputSearch, OutputSearched, Stream
from pipeline_gui.pipeline.ports import Batch, BatchState, Fence
from pipeline_gui.spark.livy import LivyServer
from tests.command_server.harness import CommandServer, command_server
from tests.waiting import wait_until

WAITS = "import time\nprint('begun', flush=True)\ntime.sleep(120)\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    with command_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def spark(running: CommandServer) -> LivyServer:
    return LivyServer(running.url, running.token, timeout=20, files_are_local=True)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of an installation of its own, so that no other test's batch is in the way."""
    return f"{request.node.name.replace('.', '-')}.run-1"


def application(running: CommandServer, source: str, name: str, **more: object) -> Configuration:
    return parse_configuration({"file": str(running.app(source, f"{name}.py")), **more})


def ended(spark: LivyServer, name: str) -> Batch:
    def look() -> Batch | None:
        batch = spark.find(name)
        return batch if batch is not None and batch.state.is_terminal else None

    found = wait_until(look, 20, f"the end of {name}")
    assert found is not None
    return found


def fenced(spark: LivyServer, name: str, grace: float) -> Fence:
    def step() -> Fence | None:
        answer = spark.fence(name, grace)
        return answer if answer.done else None

    found = wait_until(step, 20, f"the fence of {name}")
    assert found is not None
    return found


def test_identity(spark: LivyServer, running: CommandServer) -> None:
    identity = spark.identity()
    assert (identity.url, identity.generation, identity.can_fence) == (running.url, running.generation, True)


def test_without_the_token_nothing_is_known(running: CommandServer, name: str) -> None:
    for token in (None, "wrong"):
        stranger = LivyServer(running.url, token, timeout=20)
        with pytest.raises(SparkUnavailable, match="token or password"):
            stranger.identity()
        with pytest.raises(SparkUnavailable, match="token or password"):
            stranger.find(name)
        with pytest.raises(SparkRefused) as caught:
            stranger.submit(name, application(running, "", name), 20)
        assert caught.value.status_code == 401
        assert stranger.contact().reachable is False


def test_a_run_to_its_end(spark: LivyServer, running: CommandServer, name: str) -> None:
    configuration = application(
        running, "import sys\nprint('said', sys.argv[1:])\n", name, args=["a b", "$(x)", "-y"], conf={"spark.a": "1"}
    )
    spark.precheck(configuration)
    batch = spark.submit(name, configuration, 20)
    assert (batch.name, batch.generation) == (name, running.generation)
    batch = ended(spark, name)
    assert (batch.state, batch.exit_code, batch.signalled) == (BatchState.SUCCESS, 0, False)
    assert batch.ended_ago is not None
    assert batch.ended_ago < 20
    assert "said ['a b', '$(x)', '-y']" in [line.strip() for line in spark.log(name).lines]
    assert spark.contact().reachable is True


def test_a_run_that_fails(spark: LivyServer, running: CommandServer, name: str) -> None:
    spark.submit(name, application(running, "raise SystemExit(7)", name), 20)
    batch = ended(spark, name)
    assert (batch.state, batch.exit_code, batch.signalled) == (BatchState.DEAD, 7, False)


def test_absent_is_said_by_the_server_and_a_name_is_used_once(
    spark: LivyServer, running: CommandServer, name: str
) -> None:
    assert spark.find(name) is None
    configuration = application(running, "", name)
    spark.submit(name, configuration, 20)
    ended(spark, name)
    with pytest.raises(SparkRefused) as caught:
        spark.submit(name, configuration, 20)
    assert caught.value.duplicate_name


def test_one_installation_has_one_live_batch(spark: LivyServer, running: CommandServer, name: str) -> None:
    configuration = application(running, WAITS, name)
    spark.submit(name, configuration, 20)
    installation = name.rpartition(".")[0]
    assert [batch.name for batch in spark.alive(f"{installation}.")] == [name]
    with pytest.raises(SparkRefused, match=f"batch {name.replace('.', '[.]')}") as caught:
        spark.submit(f"{installation}.run-2", configuration, 20)
    assert caught.value.busy
    assert not caught.value.duplicate_name
    fenced(spark, name, 0)
    assert spark.alive(f"{installation}.") == []


def test_a_fence_before_the_start_holds_for_ever(spark: LivyServer, running: CommandServer, name: str) -> None:
    fence = spark.fence(name, 5)
    assert (fence.name, fence.generation, fence.done, fence.started) == (name, running.generation, True, False)
    with pytest.raises(SparkRefused, match="fenced") as caught:
        spark.submit(name, application(running, "", name), 20)
    assert not caught.value.duplicate_name
    assert not caught.value.busy
    assert spark.fence(name, 5) == fence
    assert spark.find(name) is None


def test_a_fence_of_a_living_batch_ends_it(spark: LivyServer, running: CommandServer, name: str) -> None:
    spark.submit(name, application(running, WAITS, name), 20)
    wait_until(lambda: "begun" in "".join(spark.log(name).lines), 20, "the driver")
    fence = fenced(spark, name, 5)
    assert (fence.started, fence.state, fence.signalled) == (True, BatchState.KILLED, True)
    batch = spark.find(name)
    assert batch is not None
    assert (batch.state, batch.signalled) == (BatchState.KILLED, True)


def test_a_fence_of_an_ended_batch_tells_its_true_end(spark: LivyServer, running: CommandServer, name: str) -> None:
    spark.submit(name, application(running, "", name), 20)
    ended(spark, name)
    fence = spark.fence(name, 5)
    assert (fence.done, fence.started, fence.state) == (True, True, BatchState.SUCCESS)
    assert (fence.signalled, fence.exit_code) == (False, 0)
    assert fence.ended_ago is not None


def test_livys_delete_kills_as_well(spark: LivyServer, running: CommandServer, name: str) -> None:
    spark.submit(name, application(running, WAITS, name), 20)
    spark.kill(name)
    assert ended(spark, name).state is BatchState.KILLED


def test_what_may_not_be_run_is_refused_in_words(spark: LivyServer, running: CommandServer, name: str) -> None:
    for refused, says in (
        (Configuration(file="/etc/passwd", name="x"), "Spark refused to start it"),
        (application(running, "", name, conf={"spark.master": "local"}), r"spark\.master"),
    ):
        with pytest.raises(SparkRefused, match=says) as caught:
            spark.submit(name, refused, 20)
        assert caught.value.status_code == 400
        assert not caught.value.duplicate_name
        assert not caught.value.busy
    assert spark.find(name) is None


def test_pages_of_a_log(spark: LivyServer, running: CommandServer, name: str) -> None:
    spark.submit(name, application(running, "for n in range(300): print('line', n)", name), 20)
    ended(spark, name)
    whole = spark.log(name, 0, 1000)
    assert whole.start == 0
    assert whole.total == len(whole.lines) >= 300
    assert spark.log(name, 100, 3).lines == whole.lines[100:103]
    assert len(spark.log(name).lines) == 100


def test_a_restart_keeps_the_batch_and_the_generation(tmp_path: Path, name: str) -> None:
    with command_server(tmp_path) as server:
        spark = LivyServer(server.url, server.token, timeout=20)
        before = spark.identity()
        spark.submit(name, application(server, WAITS, name), 20)
        server.kill()
        with pytest.raises(SparkUnavailable, match="Nothing listens"):
            spark.find(name)
        assert spark.contact().reachable is False
        server.start()
        batch = spark.find(name)
        assert batch is not None
        assert not batch.state.is_terminal
        assert spark.identity(fresh=True) == before
        assert spark.contact().reachable is True


def test_a_lost_state_directory_is_another_generation(tmp_path: Path, name: str) -> None:
    with command_server(tmp_path) as server:
        before = LivyServer(server.url, server.token, timeout=20).identity()
        server.kill()
        server.lose_state()
        server.start()
        spark = LivyServer(server.url, server.token, timeout=20)
        assert spark.find(name) is None
        assert spark.identity().generation not in (None, before.generation)


WORK_THEN_STREAM = """
import os, sys, time
from pyspark.sql import SparkSession

def work(number):
    while number >= 50 and not os.path.exists(go_on):
        time.sleep(0.05)

go_on = sys.argv[1]
spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setJobDescription("slow work")
spark.sparkContext.parallelize(range(100), 100).foreach(work)
query = spark.readStream.format("rate").option("rowsPerSecond", 50).load().writeStream.queryName("events")
query.format("noop").trigger(processingTime="1 second").start().awaitTermination()
"""


@pytest.mark.spark
def test_progress_of_a_real_driver(tmp_path: Path, name: str) -> None:
    go_on = tmp_path / "go on"
    with command_server(tmp_path, real_spark=True) as server:
        spark = LivyServer(server.url, server.token, timeout=20)
        conf = {"spark.sql.streaming.metricsEnabled": "true"}
        spark.submit(name, application(server, WORK_THEN_STREAM, name, args=[str(go_on)], conf=conf), 20)

        def progress() -> Progress | None:
            batch = spark.find(name)
            assert batch is not None
            assert not batch.state.is_terminal, batch
            return spark.progress(batch)

        def half_done() -> Progress | None:
            now = progress()
            return now if now and now.tasks_completed == 50 else None

        def with_rates() -> Progress | None:
            now = progress()
            return now if now and now.processed_rows_per_second else None

        work = wait_until(half_done, 140, "the progress of a job")
        assert work is not None
        assert (work.job_description, work.sentence()) == ("slow work", "job 0 · 50 of 100 tasks")
        go_on.touch()
        stream = wait_until(with_rates, 140, "the rates of a stream")
        assert stream is not None
        assert stream.job_description == "events"
        assert "rows/s processed" in stream.sentence()
        fenced(spark, name, 0)


def test_an_output_is_read_in_parts(spark: LivyServer, running: CommandServer, name: str) -> None:
    source = "import sys\nprint('0123456789')\nprint('of stderr', file=sys.stderr)\n"
    spark.submit(name, application(running, source, name), 20)
    ended(spark, name)
    assert spark.output(name, Stream.STDOUT, 2, 4) == OutputPart(2, 11, b"2345")
    assert spark.output(name, Stream.STDOUT, 8, 100) == OutputPart(8, 11, b"89\n")
    assert spark.output(name, Stream.STDOUT, None, 3) == OutputPart(8, 11, b"89\n")
    assert spark.output(name, Stream.STDOUT, 11, 100) == OutputPart(11, 11, b"")
    assert b"of stderr\n" in spark.output(name, Stream.STDERR, None, 100_000).data


def test_an_output_is_searched(spark: LivyServer, running: CommandServer, name: str) -> None:
    spark.submit(name, application(running, "print('one needle\\ntwo\\nNeedle & hay')\n", name), 20)
    ended(spark, name)
    found = spark.search_output(name, Stream.STDOUT, OutputSearch("needle", ignores_case=True, most=5, counts=True))
    assert found == OutputSearched(0, 28, 28, 2, (OutputMatch(4, 6), OutputMatch(15, 6)))
    last = OutputSearch("^N.* & ", is_pattern=True, is_backward=True, gives_lines=True)
    assert spark.search_output(name, Stream.STDOUT, last).found == (OutputMatch(15, 13, "Needle & hay\n"),)
    with pytest.raises(SparkRefused, match="not a regular expression"):
        spark.search_output(name, Stream.STDOUT, OutputSearch("(", is_pattern=True))


def test_the_output_of_what_never_was_is_refused(spark: LivyServer, name: str) -> None:
    with pytest.raises(SparkRefused, match="no log"):
        spark.output(name, Stream.STDOUT, 0, 100)
    with pytest.raises(SparkRefused, match="no log"):
        spark.search_output(name, Stream.STDOUT, OutputSearch("a"))
