"""What Start starts: saved configurations, the samples, and configurations opened from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.window.texts import one_line, tooltip
from pipeline_gui.window.translation import tr

if TYPE_CHECKING:
    from pipeline_gui.configurations.owner import Entry

OPEN_A_FILE = "Open a file…"


class Choice(NamedTuple):
    """A configuration that can be started."""

    name: str
    load: Callable[[], dict[str, Any]]
    """Reads it; may wait for a disk, so it is called in the pool. Raises ConfigurationInvalid."""
    path: Path | None = None
    saved_id: int | None = None
    """Of a saved configuration: it stays through a rename."""


class ConfigurationBox(QComboBox):
    """Lists what can be started; its last entry opens a file."""

    chosen = Signal()
    """Another configuration was chosen."""
    file_wanted = Signal()
    """The last entry was chosen: let the person choose a file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("configurationBox")
        self.setAccessibleName(tr("Configuration to start"))
        self.setToolTip(tr("What Start starts: a saved configuration, a sample, or one in a TOML file"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(16)
        self._last = 0
        self._is_untouched = True
        """Whether what is chosen is what the window began with: nobody wanted it yet."""
        self._is_passing = False
        """Whether a key or the wheel moves through the entries: passing by the last one opens nothing."""
        for name in sample_names():
            self.addItem(name, Choice(name, lambda name=name: sample(name)))  # type: ignore[misc]
        self.insertSeparator(self.count())
        self.addItem(OPEN_A_FILE)
        self.currentIndexChanged.connect(self._changed)
        self.activated.connect(self._touch)

    @property
    def choice(self) -> Choice | None:
        """What is chosen now."""
        data = self.currentData()
        return data if isinstance(data, Choice) else None

    def choose_file(self, path: Path, configuration: dict[str, Any]) -> None:
        """Add a file that was read, or find it, and choose it."""
        self._touch()
        name = one_line(str(configuration.get("name") or path.stem), 60)
        choice = Choice(name, lambda: _read(path), path)
        known = next((i for i in range(self.count()) if self._path(i) == path), None)
        if known is not None:
            self.setItemData(known, choice)
            self.setItemText(known, name)
            self.setCurrentIndex(known)
            return
        self.insertItem(self.count() - 2, name, choice)
        self.setItemData(self.count() - 3, tooltip(str(path)), Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(self.count() - 3)

    def show_saved(self, entries: Sequence[Entry]) -> None:
        """List these saved ones at the front; what is chosen stays, and when somebody deleted it nothing is.

        The first time the first of them is chosen, unless a person chose: samples are for this computer's own servers.
        """
        chosen, was_shown = self.choice, self.currentIndex()
        with QSignalBlocker(self):
            while self.count() and ((first := self.itemData(0)) is None or self._is_saved(first)):
                self.removeItem(0)
            own = [entry for entry in entries if entry.version is not None]
            for position, entry in enumerate(own):
                self.insertItem(position, one_line(entry.name, 60), _saved_choice(entry))
                self.setItemData(position, tooltip(entry.description or entry.name), Qt.ItemDataRole.ToolTipRole)
            if own:
                self.insertSeparator(len(own))
            place = 0 if own and self._is_untouched else self._place_of(chosen)
            self.setCurrentIndex(place if was_shown >= 0 else -1)
        self._touch()
        self._last = self.currentIndex()
        if self.choice != chosen:
            self.chosen.emit()

    def _touch(self) -> None:
        self._is_untouched = False

    @staticmethod
    def _is_saved(data: object) -> bool:
        return isinstance(data, Choice) and data.saved_id is not None

    def _place_of(self, chosen: Choice | None) -> int:
        for index in range(self.count()):
            data = self.itemData(index)
            if not isinstance(data, Choice) or chosen is None:
                continue
            if data is chosen or (data.saved_id is not None and data.saved_id == chosen.saved_id):
                return index
        return -1

    def _path(self, index: int) -> Path | None:
        data = self.itemData(index)
        return data.path if isinstance(data, Choice) else None

    def _changed(self, index: int) -> None:
        if index < 0 or isinstance(self.itemData(index), Choice):
            self._last = index
            self.chosen.emit()
            return
        with QSignalBlocker(self):
            self.setCurrentIndex(self._last)  # until a file was really opened
        if not self._is_passing:
            self.file_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move through what can be started."""
        self._is_passing = True
        super().keyPressEvent(event)
        self._is_passing = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move through what can be started."""
        self._is_passing = True
        super().wheelEvent(event)
        self._is_passing = False


def _read(path: Path) -> dict[str, Any]:
    from pipeline_gui.configurations.files import read_configuration

    return read_configuration(path)


def _saved_choice(entry: Entry) -> Choice:
    """The name is looked up when it is started: what is run is what is saved then."""
    name = entry.name
    saved_id = entry.version.configuration_id if entry.version else None
    return Choice(one_line(name, 60), lambda: {"configuration": name}, saved_id=saved_id)
