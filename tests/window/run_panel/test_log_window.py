"""The window on an output: whatever is read in whatever order, its lines are the output's own, each once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline_gui.pipeline.output import OutputPart
from pipeline_gui.window.run_panel.log_window import CHUNK, LONGEST_LINE, MOST, LogWindow, clean_line


def part(output: bytes, offset: int, length: int) -> OutputPart:
    return OutputPart(offset, len(output), output[offset : offset + length])


@given(st.lists(st.text("ab", max_size=6), max_size=40), st.integers(1, 30), st.booleans())
def test_appended_piece_by_piece_gives_every_line_once(lines: list[str], step: int, is_finished: bool) -> None:
    output = "\n".join(lines).encode() + (b"\n" if is_finished and lines else b"")
    window, got = LogWindow(), []
    for size in [*range(step, len(output), step), len(output), len(output), len(output)]:  # it grows while it is read
        got += window.append(part(output[:size], window.end, CHUNK), is_ended=False)
    expected = output.decode().split("\n")
    assert "\n".join(got) == "\n".join(expected if expected[-1] else expected[:-1])


def test_an_unfinished_line_waits_until_it_is_finished() -> None:
    window = LogWindow()
    assert window.append(OutputPart(0, 9, b"one\ntwo t"), is_ended=False) == ["one"]
    assert window.append(OutputPart(4, 12, b"two tree"), is_ended=False) == []
    assert window.append(OutputPart(4, 13, b"two trees"[:9]), is_ended=False) == []
    assert window.append(OutputPart(4, 13, b"two trees"), is_ended=False) == ["two trees"]  # met twice as it is


def test_of_a_run_that_ended_the_last_line_is_taken_at_once() -> None:
    assert LogWindow().append(OutputPart(0, 7, b"one\ntwo"), is_ended=True) == ["one", "two"]


def test_backwards_gives_the_same_lines_and_never_more_than_the_bound() -> None:
    output = b"".join(b"line %d\n" % number for number in range(200_000))
    window = LogWindow()
    tail = len(output) - CHUNK
    lines = window.replace(part(output, tail, CHUNK), is_ended=True)
    while window.begin > 0:
        begin = max(0, window.begin - CHUNK)
        lines = window.prepend(part(output, begin, window.begin - begin)) + lines
        if dropped := window.trim_end():
            del lines[-dropped:]
        assert window.end - window.begin <= MOST + CHUNK
        assert output[window.begin : window.end].decode().splitlines() == lines
    assert lines[0] == "line 0"
    while not window.is_at_end:
        lines += window.append(part(output, window.end, CHUNK), is_ended=True)
        del lines[: window.trim_begin()]
        assert output[window.begin : window.end].decode().splitlines() == lines
    assert lines[-1] == "line 199999"


def test_what_is_not_the_part_that_follows_is_not_taken() -> None:
    window = LogWindow()
    window.append(OutputPart(0, 8, b"one\ntwo\n"), is_ended=False)
    assert window.append(OutputPart(4, 8, b"two\n"), is_ended=False) == []
    assert window.prepend(OutputPart(2, 8, b"e\n")) == []


def test_a_line_can_not_do_harm() -> None:
    assert clean_line(b"\x1b[31mERROR\x1b[0m \x1b]0;title\x07red\x00\r") == "ERROR red\N{REPLACEMENT CHARACTER}"
    assert clean_line(b"10 %\r20 %\r100 %") == "100 %"
    assert clean_line("gr\u00fc\u202e\u00dfe".encode()) == "gr\u00fc\N{REPLACEMENT CHARACTER}\u00dfe"
    assert clean_line(b"\xff\xfe") == "\N{REPLACEMENT CHARACTER}" * 2
    assert len(clean_line(b"x" * 10_000_000)) == LONGEST_LINE


def test_a_line_longer_than_a_part_does_not_stop_the_reading() -> None:
    output = b"x" * (3 * CHUNK) + b"\nend\n"
    window, lines = LogWindow(), []
    for _ in range(6):
        lines += window.append(part(output, window.end, CHUNK), is_ended=False)
    assert lines[-1] == "end"
    assert window.is_at_end
