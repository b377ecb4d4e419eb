"""Output of any size: ranges, and pages of the log."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipeline_gui.command_server import logs
from pipeline_gui.command_server.batch import Batch
from pipeline_gui.command_server.logs import LogIndex
from tests.command_server.harness import CommandServer


@pytest.fixture(scope="module")
def digits(server: CommandServer) -> int:
    """A batch whose stdout is 0123456789."""
    batch = server.submit("import sys; sys.stdout.write('0123456789')", name="digits")
    server.wait_for_state("digits", "success")
    return int(batch["id"])


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content_range"),
    [
        (None, 200, "0123456789", None),
        ("bytes=0-3", 206, "0123", "bytes 0-3/10"),
        ("bytes=4-", 206, "456789", "bytes 4-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, "89", "bytes 8-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=-0", 416, "", "bytes */10"),
        ("bytes=5-2", 200, "0123456789", None),
        ("bytes=-", 200, "0123456789", None),
        ("lines=1-2", 200, "0123456789", None),
        ("bytes=0-1,3-4", 200, "0123456789", None),
    ],
)
def test_ranges(
    server: CommandServer, digits: int, wanted: str | None, status: int, body: str, content_range: str | None
) -> None:
    answer = server.get(f"/batches/{digits}/output/stdout", headers={"Range": wanted} if wanted else {})

    assert (answer.status_code, answer.text, answer.headers.get("Content-Range")) == (status, body, content_range)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "stream", ["exit.json", "launch.json", "..%2flaunch.json", "stdout%2f..%2flaunch.json", "spark.properties"]
)
def test_only_the_two_outputs_can_be_read(server: CommandServer, digits: int, stream: str) -> None:
    answer = server.get(f"/batches/{digits}/output/{stream}")

    assert answer.status_code == 404
    assert "environment" not in answer.text


def test_output_that_is_not_begun_is_empty(own_server: CommandServer) -> None:
    submit = own_server.folder / "stand-in-spark" / "bin" / "spark-submit"
    submit.unlink()
    batch = own_server.submit()
    own_server.wait_for_state(batch["id"], "dead")
    (own_server.state / "batches" / "0" / "stdout").unlink(missing_ok=True)

    answer = own_server.get("/batches/0/output/stdout")

    assert (answer.status_code, answer.text) == (200, "")
    assert own_server.get("/batches/0/log").json()["log"] == ["stdout: ", "\nstderr: "]


def make_batch(folder: Path, stdout: bytes, stderr: bytes = b"") -> Batch:
    """A batch with a given output."""
    (folder / "stdout").write_bytes(stdout)
    (folder / "stderr").write_bytes(stderr)
    return Batch(0, "n", folder, "m")


def test_a_growing_file_is_counted_on(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    index = LogIndex(path)
    assert index.count() == 0
    path.write_bytes(b"a\nb\nc")
    assert index.count() == 3
    assert index.read(1, 9) == ["b", "c"]
    with path.open("ab") as file:
        file.write(b"c\n\nd\r\n")
    assert index.count() == 5
    assert index.read(2, 9) == ["cc", "", "d"]


def test_lines_are_found_across_the_index_of_a_large_file(tmp_path: Path) -> None:
    lines = [f"line {number} {'x' * (number % 97)}" for number in range(60_000)]
    batch = make_batch(tmp_path, "\n".join(lines).encode() + b"\n", b"end\n")
    assert batch.stdout.count() == len(lines)

    for first in (0, 1, 17_000, 34_567, 59_999):
        assert batch.stdout.read(first, 3) == lines[first : first + 3]
    assert logs.page(batch, None, 3) == (60_000, 60_003, [lines[-1], "\nstderr: ", "end"])
    assert logs.last_lines(batch, 3) == [lines[-1], "\nstderr: ", "end"]


def test_a_page_has_limits_and_can_be_read_on(tmp_path: Path) -> None:
    batch = make_batch(tmp_path, b"x\n" * 25_000)

    first, total, lines = logs.page(batch, 0, -1)
    assert (first, total, len(lines)) == (0, 25_002, logs.MOST_LINES)
    read = 0
    while read < total:
        read += len(logs.page(batch, read, 1_000_000)[2])
    assert read == total


def test_a_page_of_long_lines_ends_early_and_long_lines_are_cut(tmp_path: Path) -> None:
    long = b"y" * (3 * 1024 * 1024)
    batch = make_batch(tmp_path, (long + b"\n") * 3 + b"short\n", b"after\n")

    _, total, lines = logs.page(batch, 0, 100)

    assert total == 7
    assert [len(line) for line in lines[1:4]] == [logs.LONGEST_LINE] * 3
    assert lines[4:] == ["short", "\nstderr: ", "after"]
    many = make_batch(tmp_path, (b"z" * 60_000 + b"\n") * 200)
    assert len(logs.page(many, 0, 200)[2]) < 100
    assert logs.last_lines(many)[-2][:3] == "zzz"


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    batch = make_batch(tmp_path, b"\xff\xfe\x00\x1b[31m\n")

    assert logs.last_lines(batch)[1] == "\ufffd\ufffd\x00\x1b[31m"


def test_the_tail_of_a_huge_log_is_quick(tmp_path: Path) -> None:
    batch = make_batch(tmp_path, b"")
    with (tmp_path / "stdout").open("r+b") as file:
        file.truncate(1024**3)  # sparse: it takes no room
        file.seek(0, 2)
        file.write(b"\nlast\n")

    begun = time.monotonic()
    assert logs.last_lines(batch)[-2:] == ["last", "\nstderr: "]
    assert time.monotonic() - begun < 0.5
