"""Searching an output: every match once, whatever it holds, in pieces of bounded work."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_gui.command_server import search as module
from pipeline_gui.command_server.errors import RequestError
from pipeline_gui.command_server.search import Search, search
from tests.command_server.harness import CommandServer

LINES = st.lists(st.text("ab\té€", max_size=5), max_size=30).map(lambda lines: "\n".join(lines).encode())


def clock(step: float) -> Callable[[], float]:
    ticks = itertools.count()
    return lambda: next(ticks) * step


def forward(path: Path, text: str, **more: Any) -> tuple[list[tuple[int, int]], int]:
    """All matches and their number, asked for in pieces."""
    found, count, begin = [], 0, 0
    while True:
        said = search(path, Search(text, begin=begin, **more), clock(module.SECONDS))
        assert said["begin"] == begin
        found += [(each["offset"], each["length"]) for each in said["found"]]
        count += said["count"]
        if said["end"] >= said["total"]:
            return found, count
        assert said["end"] > begin, "it does not come on"
        begin = said["end"]


def backward(path: Path, text: str, **more: Any) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    end = None
    while True:
        said = search(path, Search(text, end=end, is_backward=True, **more), clock(module.SECONDS))
        found = [(each["offset"], each["length"]) for each in said["found"]] + found
        if said["begin"] == 0:
            return found
        assert end is None or said["begin"] < end, "it does not come on"
        end = said["begin"]


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from(["a", "b+", "^a", "b$", "^$", "a|é", "€b?", "^.*b.*$", r"\ba"]), st.integers(8, 40))
def test_every_match_is_found_once_in_either_direction(
    tmp_path_factory: pytest.TempPathFactory, output: bytes, pattern: str, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("output") / "stdout"
    path.write_bytes(output)
    text = output.decode()
    expected = [
        (len(text[: match.start()].encode()), len(match.group().encode()))
        for match in re.finditer(pattern, text, re.MULTILINE | re.ASCII)
        if match.group()
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        found, count = forward(path, pattern, is_pattern=True, most=1000, counts=True)
        assert found == expected
        assert count == len(expected)
        assert forward(path, pattern, is_pattern=True, most=1)[0] == expected
        assert backward(path, pattern, is_pattern=True, most=1000) == expected
        assert backward(path, pattern, is_pattern=True, most=1) == expected


def test_what_is_counted_beyond_the_most_is_the_same_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stdout"
    path.write_bytes(b"needle in hay, needle\n" * 1000 + b"hay\n" * 100 + b"NEEDLE")
    monkeypatch.setattr(module, "_CHUNK", 333)
    assert forward(path, "needle", most=0, counts=True) == ([], 2000)
    assert forward(path, "needle", most=0, counts=True, ignores_case=True) == ([], 2001)
    assert forward(path, "n.*?e", most=0, counts=True, is_pattern=True)[1] == 2000


def test_the_lines_of_a_match_are_given_once_with_what_belongs_to_them(tmp_path: Path) -> None:
    path = tmp_path / "stderr"
    trace = "ERROR Executor: ERROR in stage\njava.io.IOException: no\n\tat a.b(C.java)\n\t... 3 more\n"
    path.write_text(f"INFO one\n{trace}INFO two\nERROR unfin")
    wanted = Search(r"^.*\bERROR\b.*(?:\n(?:[ \t].*|[\w.$]+Exception\b.*))*", is_pattern=True, most=9, gives_lines=True)
    ended = search(path, wanted)
    growing = search(path, Search(wanted.text, is_pattern=True, most=9, gives_lines=True, is_ended=False))
    assert [each["text"] for each in ended["found"]] == [trace, "ERROR unfin"]
    assert [each["text"] for each in growing["found"]] == [trace]
    assert growing["end"] == growing["total"] - len("ERROR unfin")


def test_a_trace_is_not_cut_where_a_chunk_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stderr"
    trace = "ERROR\n" + "\tat\n" * 20
    path.write_text("INFO 12345678\n" * 3 + trace + "INFO\n")
    monkeypatch.setattr(module, "_CHUNK", 60)
    monkeypatch.setattr(module, "_REST", 8)
    said = search(path, Search(r"^ERROR.*(?:\n\t.*)*", is_pattern=True, most=9, gives_lines=True, begin=42))
    assert "".join(each["text"] for each in said["found"]).startswith("ERROR\n\tat\n\tat\n")
    monkeypatch.setattr(module, "_CHUNK", 100)
    said = search(path, Search(r"^ERROR.*(?:\n\t.*)*", is_pattern=True, most=9, gives_lines=True))
    assert [each["text"] for each in said["found"]] == [trace]


@pytest.mark.parametrize("text", ["", "x" * 1001, "(", "a**", r"(a)\1", "a\ud800"])
def test_what_can_not_be_looked_for_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(RequestError, match="looked for"):
        search(tmp_path / "none", Search(text, is_pattern=True))


def test_an_expression_that_would_take_others_for_ever_takes_no_time(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.write_bytes(b"a" * 30_000 + b"!\n")
    assert forward(path, "^(a+)+$", is_pattern=True) == ([], 0)


def test_bytes_that_are_no_text_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.write_bytes(b"\xff\xfe\x00needle\x00\xff\nneedle")
    assert forward(path, "needle", most=9, counts=True) == ([(3, 6), (12, 6)], 2)


def test_a_server_searches_a_batchs_output(server: CommandServer) -> None:
    batch = server.submit("print('one needle\\ntwo\\nthree needle')", name="searched")
    server.wait_for_state("searched", "success")
    where = f"/batches/{batch['id']}/output/stdout/search"
    assert server.get(f"{where}?text=needle&count=true&most=1").json() == {
        "begin": 0,
        "end": 28,
        "total": 28,
        "count": 2,
        "found": [{"offset": 4, "length": 6}],
    }
    lines = server.get(f"{where}?text=^t.*E&pattern=true&ignore_case=true&lines=true&most=9").json()
    assert [each["text"] for each in lines["found"]] == ["three needle\n"]
    assert server.get(f"{where}?text=needle&backward=true&end=22").json()["found"] == [{"offset": 21, "length": 6}]
    assert server.get(f"{where}?text=(&pattern=true").status_code == 400
    assert server.get(f"{where}?text=a&most=x").status_code == 400
    assert server.get("/batches/searched/output/launch.json/search?text=a").status_code == 404
    assert server.get("/batches/unknown/output/stdout/search?text=a").status_code == 404
