"""Every tone is readable, on light and on dark, on the plain ground and on its own tint."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import QCoreApplication, QSize
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from pipeline_gui.pipeline.run import Phase
from pipeline_gui.window.icons import application_icon, look_icon
from pipeline_gui.window.labels import ToneLabel
from pipeline_gui.window.looks import Tone, look_of
from pipeline_gui.window.theme import is_dark, quiet_text, tint, tone_color
from tests.window.screenshots import dark_palette

READABLE = 4.5
"""WCAG 2, level AA, for text of normal size."""


def luminance(color: QColor) -> float:
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=["light", "dark"])
def palette(qapp: QApplication, request: pytest.FixtureRequest) -> QPalette:
    return QPalette(qapp.palette()) if request.param == "light" else dark_palette()


@pytest.mark.parametrize("tone", list(Tone))
def test_a_tone_is_readable(palette: QPalette, tone: Tone) -> None:
    color = tone_color(tone, palette)
    assert contrast(color, palette.color(QPalette.ColorRole.Base)) >= READABLE
    assert contrast(color, palette.color(QPalette.ColorRole.Window)) >= READABLE
    assert contrast(color, tint(tone, palette)) >= READABLE


def test_text_of_less_weight_is_readable(palette: QPalette) -> None:
    for ground in (palette.color(QPalette.ColorRole.Window), tint(Tone.ACTIVE, palette), tint(Tone.WARNING, palette)):
        assert contrast(quiet_text(palette), ground) >= READABLE


def test_dark_and_light_are_told_apart(qapp: QApplication) -> None:
    assert is_dark(dark_palette())
    assert not is_dark(QPalette(qapp.palette()))


def test_no_two_statuses_look_the_same(palette: QPalette) -> None:
    looks = [look_of("running", phase) for phase in Phase]
    looks += [look_of(status) for status in ("completed", "failed", "stopped", "archived")]
    images = [look_icon(look, palette).pixmap(32, 32).toImage() for look in looks]
    same = [(looks[i].word, looks[j].word) for i in range(len(looks)) for j in range(i) if images[i] == images[j]]
    assert same == []
    assert len({look.word for look in looks}) == len(looks)


def test_an_icon_is_crisp_at_twice_the_scale(palette: QPalette) -> None:
    pixmap = look_icon(look_of("completed"), palette).pixmap(QSize(24, 24), 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (48, 2.0)
    assert not application_icon().isNull()


def test_a_label_keeps_its_tone_through_a_change_of_theme(qapp: QApplication) -> None:
    before = QPalette(qapp.palette())
    label = ToneLabel()
    label.show_text("It was refused.", Tone.BAD)
    try:
        qapp.setPalette(dark_palette())
        QCoreApplication.processEvents()
        assert label.palette().windowText().color() == tone_color(Tone.BAD, dark_palette())
        label.show_text("It was saved.")
        assert label.palette().windowText().color() == dark_palette().windowText().color()
    finally:
        qapp.setPalette(before)


def test_a_copy_of_an_icon_that_goes_its_own_way_can_be_drawn() -> None:
    """What a copy is made of is Python's, and stays while Qt draws with it; in a process of its own, which it ended."""
    code = (
        "from PySide6.QtGui import QGuiApplication, QIcon\nfrom pipeline_gui.window.icons import application_icon\n"
        "a = QGuiApplication([])\nicon = QIcon(application_icon())\nicon.setIsMask(True)\n"
        "assert not icon.pixmap(16, 16).isNull()\n"
    )
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    assert subprocess.run([sys.executable, "-c", code], env=environ, timeout=60, check=False).returncode == 0
