"""Texts of others, made safe to show."""

from __future__ import annotations

import html

from pipeline_gui.window.texts import escaped


def test_a_text_is_escaped_as_pythons_own_html_does_it() -> None:
    every = "".join(map(chr, range(32, 127))) + "„é” &amp; <b>'x'</b>"
    assert escaped(every) == html.escape(every)
