"""The configurations that all operators share: looked through, written, copied, deleted, imported and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSplitter, QVBoxLayout, QWidget

from pipeline_gui.configurations.differences import shown_value
from pipeline_gui.configurations.files import read_configuration
from pipeline_gui.configurations.owner import NamedConfiguration
from pipeline_gui.configurations.toml_text import toml_text
from pipeline_gui.pipeline.saved import ConfigurationChanged
from pipeline_gui.window.configurations.editing import NEW, Owner, edited_of, edited_of_saved, free_name
from pipeline_gui.window.configurations.preview import CommandPreview
from pipeline_gui.window.configurations.reader import ConfigurationsReader
from pipeline_gui.window.dialog_parts import ask_to_delete, plain_button
from pipeline_gui.window.file_dialogs import ask_for_configuration, ask_where_to_save
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr


class ConfigurationsDialog(ConfigurationsReader):
    """Shows the command that a configuration stands for, and who was quicker with a change."""

    def __init__(self, gateway: Gateway, owner: Owner, parent: QWidget | None = None) -> None:
        super().__init__(gateway, owner, parent)
        self._preview = CommandPreview()
        self._change: ConfigurationChanged | None = None
        self._new = plain_button("newButton", tr("&New"), self._start_new, tr("A new configuration"))
        self._copy = plain_button(
            "duplicateButton", tr("&Duplicate"), self._duplicate, tr("A new one like this, also of a sample")
        )
        self._import = plain_button(
            "importButton", tr("&Import…"), self._ask_to_import, tr("A new one from a TOML file")
        )
        self._export = plain_button(
            "exportButton", tr("&Export…"), self._ask_to_export, tr("The TOML file that `start --config` takes")
        )
        self._delete = plain_button(
            "deleteButton", tr("De&lete…"), self._ask_to_delete, tr("Delete it for all operators")
        )
        self._revert = plain_button("revertButton", tr("&Revert"), self._show_edited, tr("Forget what was edited"))
        self._save = plain_button("saveButton", tr("&Save"), self._save_edited, tr("Save it for all operators"))
        self._save.setDefault(True)
        self._lay_out()
        self._form.edited.connect(self._allow)
        self._conflict.theirs_wanted.connect(self._take_theirs)
        self._conflict.merge_wanted.connect(self._merge)
        self.resize(900, 680)
        self._show_edited()
        self.read()

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(10, 10, 4, 10)
        column.addWidget(self._list, 1)
        for pair in ((self._new, self._copy), (self._import, self._export)):
            row = QHBoxLayout()
            for button in pair:
                row.addWidget(button)
            column.addLayout(row)
        area = QScrollArea()
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the focus
        area.setWidget(self._form)
        area.setWidgetResizable(True)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(4, 10, 10, 10)
        column.addWidget(self._conflict)
        column.addWidget(area, 1)
        column.addWidget(self._preview)
        column.addWidget(self._said)
        row = QHBoxLayout()
        row.addWidget(self._delete)
        row.addStretch(1)
        row.addWidget(self._revert)
        row.addWidget(self._save)
        column.addLayout(row)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(left)
        parts.addWidget(right)
        parts.setStretchFactor(1, 1)
        parts.setSizes([240, 660])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)

    def _allow(self) -> None:
        edited, errors = self._form.is_edited, self._form.errors()
        is_own = self._edited.version is not None
        self._save.setEnabled(edited and not errors and not self._is_busy and not self._edited.is_sample)
        self._revert.setEnabled(edited and not self._is_busy)
        self._delete.setEnabled(is_own and not self._is_busy)
        self._copy.setEnabled(bool(self._edited.base) and not self._is_busy)
        self._export.setEnabled(not errors)
        self._preview.show_values(None if errors else self._form.values())

    # --- writing ------------------------------------------------------------------------------------------------

    def _start_new(self) -> None:
        self._if_given_up(lambda: self._edit_new({}))

    def _duplicate(self) -> None:
        taken = {entry.name.casefold() for entry in self._entries}
        values = {**self._edited.base, "name": free_name(str(self._edited.base.get("name", "")), taken)}
        self._if_given_up(lambda: self._edit_new(values))

    def edit_new(self, values: dict[str, Any]) -> None:
        """Offer these values as a new configuration, not saved yet."""
        self._if_given_up(lambda: self._edit_new(values))

    def _edit_new(self, values: dict[str, Any]) -> None:
        self._may_choose_first = False
        self._edit(NEW)
        self._say("")
        self._list.choose_none()
        self._show_edited()
        if values:
            self._form.show_edit(values)
            self._allow()
        self._form.focus_first()

    def _save_edited(self) -> None:
        values, version = self._form.values(), self._edited.version

        def save() -> NamedConfiguration:
            return self._owner.create(values) if version is None else self._owner.save(values, version)

        self._do(tr("Saving…"), save, self._saved)

    def _saved(self, found: NamedConfiguration) -> None:
        self._edit(edited_of(found))
        self._show_edited()
        self._say(tr("Saved “{0}” for all operators.").format(one_line(found.entry.name, 80)))
        self.read(found.entry.name)

    def _ask_to_delete(self) -> None:
        version, name = self._edited.version, one_line(str(self._edited.base.get("name", "")), 80)
        if version is None:
            return
        ask_to_delete(
            self, "deleteQuestion", name, tr("Runs of it stay in the record."),
            lambda: self._do(tr("Saving…"), lambda: self._owner.delete(version), lambda _none: self._deleted(name)),
        )  # fmt: skip

    def _deleted(self, name: str) -> None:
        self._edit(NEW)
        self._show_edited()
        self._say(tr("Deleted “{0}”.").format(name))
        self.read()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ConfigurationChanged):
            self._say("")
            self._change = error
            fields = [
                (one.field, shown_value(one.field, one.before), shown_value(one.field, one.after))
                for one in error.changes
            ]
            self._conflict.show_conflict(str(error), fields, is_gone=error.current is None)
        else:
            self._fail(error)

    # --- somebody was quicker -----------------------------------------------------------------------------------

    def _take_theirs(self) -> None:
        change = self._change
        self._edit(edited_of_saved(change.current) if change is not None and change.current else NEW)
        self._say("")
        self._show_edited()
        self.read()

    def _merge(self) -> None:
        change = self._change
        if change is None:
            return
        mine = self._form.values()
        if change.current is None:  # it was deleted: what I have becomes a new one
            edited, values = NEW, mine
        else:
            edited, values = self._edited.on_top_of(mine, change.current)
        self._edit(edited)
        self._show_edited()
        self._form.show_edit(values)
        self._allow()
        self._say(tr("Look through it, then save."))

    # --- files --------------------------------------------------------------------------------------------------

    def _ask_to_import(self) -> None:
        def chosen(path: Path) -> None:
            self._if_given_up(lambda: self.import_file(path))

        ask_for_configuration(self, "importDialog", tr("Import a configuration"), chosen)

    def import_file(self, path: Path) -> None:
        """Read a file and offer what it holds as a new configuration."""
        self._gateway.run(lambda: read_configuration(path), self._edit_new, self._fail, self)

    def _ask_to_export(self) -> None:
        suggested = f"{self._form.values().get('name') or 'pipeline'}.toml"
        ask_where_to_save(self, "exportDialog", tr("Export the configuration"), suggested, self.export_file)

    def export_file(self, path: Path) -> None:
        """Write what the form holds to a file."""
        text = toml_text(self._form.values())
        self._gateway.run(
            lambda: path.write_text(text, "utf-8"),
            lambda _count: self._say(tr("Exported to {0}.").format(one_line(str(path), 200))),
            self._fail,
            self,
        )
