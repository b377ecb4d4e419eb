"""Every text of the window can be translated: with a translator that marks what it is asked for, no other is left."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QGroupBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.pipeline.status import RunStatus
from pipeline_gui.window import translation
from pipeline_gui.window.configurations.fields import FIELDS as CONFIGURATION
from pipeline_gui.window.filter_bar import ALL, SPANS
from pipeline_gui.window.looks import IDLE, UNKNOWN, look_of
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.settings.fields import FIELDS as SETTINGS
from pipeline_gui.window.status_panel import StatusPanel
from pipeline_gui.window.table.columns import HEADERS, Column
from pipeline_gui.window.translation import CONTEXT, load_translation, tr
from tests.window.conftest import OpenWindow
from tests.window.finding import action, has_read
from tests.window.stand_in import StandInBackend, run

DATA = {
    "ageLabel", "connectionLabel", "messageLabel", "openingText", "systemBadge", "runPanelNote", "statusLabel",
    "sentenceLabel", "alertDelivery", "factsLabel", "durationLabel", "progressLabel",
}  # fmt: skip
"""Labels of what the record or a server says."""
OF_OTHERS = {"configurationBox", "scheduleConfiguration", "scheduleZone", "alertPipeline", "alertReceiver"}
"""Boxes of what people or others have named."""


class Marking(QTranslator):
    """Translates into itself, between marks."""

    def translate(self, context: str, text: str, *rest: object) -> str:
        return f"«{text}»" if context == CONTEXT else ""

    def isEmpty(self) -> bool:  # noqa: N802
        return False


@pytest.fixture
def marking(qapp: QApplication) -> Iterator[None]:
    translator = Marking(qapp)
    assert qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def texts(window: QWidget) -> list[tuple[str, str]]:
    """What a person reads or hears in a window, with the name of the part that says it."""
    said: list[tuple[str, str]] = []
    for part in window.findChildren(QWidget):
        if part.objectName() in DATA or part.objectName().startswith(("qt_", "fact")):
            continue
        if isinstance(part.parent(), StatusPanel) and isinstance(part, QLabel) and not part.objectName():
            continue  # the sentence of now, as the record gives it
        if isinstance(part, QLabel | QAbstractButton):
            said.append((part.objectName(), part.text()))
        elif isinstance(part, QGroupBox):
            said.append((part.objectName(), part.title()))
        elif isinstance(part, QLineEdit):
            said.append((part.objectName(), part.placeholderText()))
        elif isinstance(part, QComboBox) and part.objectName() not in OF_OTHERS:
            said += [(part.objectName(), part.itemText(number)) for number in range(part.count())]
        said.append((f"name of {part.objectName()}", part.accessibleName()))
    for each in window.findChildren(QAction):
        said.append((each.objectName(), each.text()))
    return said


def untranslated(window: QWidget) -> list[tuple[str, str]]:
    """The texts with words in them that nobody asked a translator for."""
    return sorted({(name, said) for name, said in texts(window) if re.search(r"[A-Za-z]{2}", said) and "«" not in said})


PAGES: dict[str, Callable[[MainWindow], None]] = {
    "runs": lambda window: None,
    "log": lambda window: action(window, "logAction").trigger(),
    "settings": lambda window: action(window, "settingsAction").trigger(),
    "configurations": lambda window: action(window, "configurationsAction").trigger(),
    "schedules": lambda window: action(window, "schedulesAction").trigger(),
    "metrics": lambda window: action(window, "metricsAction").trigger(),
    "alerts": lambda window: action(window, "alertsAction").trigger(),
    "shortcuts": lambda window: action(window, "shortcutsAction").trigger(),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_text_is_asked_for(
    marking: None, backend: StandInBackend, open_window: OpenWindow, qtbot: QtBot, name: str
) -> None:
    backend.controller.runs = [run("flights-1", "completed", ago=9)]
    window = open_window(backend)
    qtbot.waitUntil(lambda: has_read(window))
    PAGES[name](window)
    qtbot.waitUntil(lambda: window.session is not None and window.session.gateway.busy_threads == 0)
    # What Qt's own dialogs say is Qt's to translate.
    own = {"closeButton", "qt_toolbar_ext_button"}
    found = [(part, said) for part, said in untranslated(window) if part not in own]
    for dialog in window.findChildren(QDialog):
        dialog.reject()
    assert found == [], "\n".join(map(str, found))
    model = window.page.model
    assert model.headerData(Column.STARTED, window.page.table.horizontalHeader().orientation()) == "«Started»"
    assert model.index(0, Column.STATUS).data() == "«completed»"


def test_without_a_translation_texts_are_as_they_are(qapp: QApplication) -> None:
    assert tr("Start “{0}”.").format("flights") == "Start “flights”."
    assert load_translation(qapp) is False


def test_the_tools_of_translators_find_the_texts_and_the_window_finds_theirs(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = sorted(Path(translation.__file__).parent.rglob("*.py"))
    tools, work = Path(sys.executable).parent, tmp_path / "translations"
    work.mkdir()
    file = work / "pipeline-gui.ts"
    subprocess.run([tools / "pyside6-lupdate", *sources, "-ts", file], check=True, capture_output=True, timeout=60)
    text = file.read_text("utf-8")
    found = {html.unescape(source) for source in re.findall(r"<source>(.*?)</source>", text, re.DOTALL)}
    known = {*HEADERS.values(), *SPANS, ALL, *(look_of(status).word for status in RunStatus), IDLE.word, UNKNOWN.word}
    known |= {field.label for field in (*CONFIGURATION, *SETTINGS)} | {"History server", "Copy the error"}
    assert known <= found, known - found
    done = re.sub(
        r"<source>Actions</source>\s*<translation[^>]*></translation>",
        "<source>Actions</source><translation>Handlungen</translation>",
        text,
    )
    assert done != text
    file.write_text(done, "utf-8")
    compiled = work / f"pipeline-gui_{QLocale().name()}.qm"
    subprocess.run([tools / "pyside6-lrelease", file, "-qm", compiled], check=True, capture_output=True, timeout=60)
    monkeypatch.setattr(translation, "resource", lambda _name: tmp_path / "icons")
    assert load_translation(qapp)
    try:
        assert tr("Actions") == "Handlungen"
    finally:
        for translator in qapp.findChildren(QTranslator):
            qapp.removeTranslator(translator)
            translator.deleteLater()
