"""The list of configurations, and the one that is chosen in it, as they are read again and again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from pipeline_gui.configurations.owner import Entry, NamedConfiguration, Version
from pipeline_gui.window.configurations.editing import NEW, Edited, Owner, edited_of
from pipeline_gui.window.configurations.form import ConfigurationForm
from pipeline_gui.window.conflict_note import ConflictNote
from pipeline_gui.window.gateway import Gateway, Lane
from pipeline_gui.window.shared_dialog import SharedDialog
from pipeline_gui.window.shared_list import Row
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr


class ConfigurationsReader(SharedDialog):
    """What somebody else changes is seen, and what is typed here stays."""

    _form: ConfigurationForm

    def __init__(self, gateway: Gateway, owner: Owner, parent: QWidget | None) -> None:
        super().__init__(gateway, "configuration", tr("Configurations"), parent)
        self._owner = owner
        self._entries: list[Entry] = []
        self._edited: Edited = NEW
        self._asked = 0
        self._wanted: str | None = None
        self._may_choose_first = True
        """Nothing was chosen, read or begun yet."""
        self._form = ConfigurationForm(is_shared=True)
        self._conflict = ConflictNote()
        self._list.chosen.connect(self._choose)

    def read(self, choose: str | None = None) -> None:
        """Read the list anew, since somebody may have changed it, and choose one by its name."""
        self._wanted = choose or self._wanted
        self._gateway.run(self._owner.entries, self._show_entries, self._fail, self, Lane.VIEWS)

    def _show_entries(self, entries: list[Entry]) -> None:
        self._entries = entries
        before, wanted = self._edited.version, self._wanted
        if self._may_choose_first and entries and not wanted and not self._form.is_edited:
            wanted = self._wanted = entries[0].name
        self._may_choose_first = False
        chosen = self._list.show_rows(self._row(entry, before) for entry in entries)
        self._wanted = None
        if wanted is not None or not self._form.is_edited:
            if chosen is None and self._edited is not NEW and before is not None:
                self._edit(NEW)  # somebody deleted it
                self._show_edited()
            elif chosen is not None:
                self._read_chosen(chosen)
        self._allow()

    def _row(self, entry: Entry, before: Version | None) -> Row:
        is_shown = bool(before and entry.version and entry.version.configuration_id == before.configuration_id)
        who = tr("changed by {0}").format(entry.changed_by) if entry.changed_by else tr("comes with the program")
        title = one_line(entry.name, 80)
        return Row(
            entry,
            tr("{0} (sample)").format(title) if entry.is_sample else title,
            f"{entry.description}\n{who}" if entry.description else who,
            entry.name == self._wanted or (is_shown and not self._wanted),
        )

    def _choose(self, entry: Entry, stay: Callable[[], None]) -> None:
        def read() -> None:
            self._say("")
            self._form.show_values(self._edited.base)
            self._read_chosen(entry)

        self._if_given_up(read, stay)

    def _read_chosen(self, entry: Entry) -> None:
        self._asked += 1
        asked = self._asked

        def shown(found: NamedConfiguration) -> None:
            # Typed since it was asked for: what was read shows itself when this is saved.
            if asked == self._asked and not self._form.is_edited:
                self._edit(edited_of(found))
                self._show_edited()

        def failed(error: Exception) -> None:
            if asked == self._asked:
                self._fail(error)

        self._gateway.run(lambda: self._owner.show(entry.name), shown, failed, self, Lane.VIEWS)

    def _edit(self, edited: Edited) -> None:
        """Go on with this one; what was asked about another comes too late."""
        self._edited = edited
        self._asked += 1

    def _show_edited(self) -> None:
        self._conflict.hide()
        if self._edited.is_sample:
            self._say(tr("A sample: duplicate it to change it."))
        self._form.show_values(self._edited.base, is_read_only=self._edited.is_sample)
        self._allow()
