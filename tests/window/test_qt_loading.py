"""Qt is loaded without PySide's support for programmers, which is there once it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys

LOADED = "from pipeline_gui.window.qt_loading import load_qt\nload_qt()\n"
WRONG_CALLS = """
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([])
label = QLabel("x")
for wrong in (
    lambda: label.setText(QObject()), lambda: QLabel(QObject, 3), lambda: QLabel("x", nope=3),
    lambda: QTimer.singleShot("soon", print), lambda: label.resize(1, 2, 3), lambda: label.setText(),
):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
print(QLabel.setText.__doc__, QLabel.__doc__, label.setText.__doc__)
import PySide6.support.signature.lib.enum_sig as enum_sig
print(enum_sig.HintingEnumerator(enum_sig.SimplifyingEnumerator).__class__)
"""


def output_of(code: str) -> str:
    """What a Python of its own prints."""
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    words = [sys.executable, "-c", code]
    return subprocess.run(words, env=environ, check=True, timeout=60, capture_output=True, text=True).stdout


def test_a_wrong_call_is_told_as_ever() -> None:
    told = output_of(LOADED + WRONG_CALLS)
    assert "PySide6.QtWidgets.QLabel.setText(arg__1: str, /)" in told
    assert told == output_of(WRONG_CALLS)


def test_what_only_programmers_need_is_not_run() -> None:
    code = (
        "import pipeline_gui.window.program, sys\n"
        "print([name for name in ('loader', 'mapping', 'parser', 'layout', 'errorhandler', 'lib.pyi_generator')\n"
        "    if len(vars(sys.modules[f'shibokensupport.signature.{name}'])) > 12])\n"
        "print(sys.meta_path)"
    )
    plain = output_of("import PySide6.QtCore\n" + code)
    assert "'parser', 'layout'" in plain
    run, finders = output_of(LOADED + code).splitlines()
    assert run == "['loader']"
    assert "_SupportFinder" not in finders


def test_the_bundle_takes_no_plugins_of_another_qt() -> None:
    code = (
        "import os, sys\nfrom pipeline_gui.window.qt_loading import load_qt\n"
        "os.environ['QT_PLUGIN_PATH'] = '/usr/lib/qt6'\n{0}load_qt()\nprint(os.environ.get('QT_PLUGIN_PATH'))"
    )
    assert output_of(code.format("")) == "/usr/lib/qt6\n"
    assert output_of(code.format("sys.frozen = True\n")) == "None\n"
