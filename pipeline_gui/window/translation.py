"""The texts of the window in the language of its desktop, where a translation is there.

``pyside6-lupdate`` finds what stands in ``tr``; a compiled ``pipeline-gui_LOCALE.qm`` beside the other resources is
loaded at the start. What servers and the record say is shown as they say it.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from pipeline_gui.resources import resource

CONTEXT = ""
"""In which pyside6-lupdate files what it finds in a function of this name."""
_NAME = "pipeline-gui"


def tr(text: str) -> str:
    """A text of the window, translated. Numbers and names are put into it afterwards, by str.format."""
    return QCoreApplication.translate(CONTEXT, text)


def load_translation(application: QCoreApplication) -> bool:
    """Use the translation for this desktop's language, if there is one."""
    translator = QTranslator(application)
    folder = str(resource("icons").parent / "translations")
    return translator.load(QLocale(), _NAME, "_", folder) and application.installTranslator(translator)
