"""`configurations`: those that all operators share, and the samples."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline_gui.configurations.answers import configuration_answer, entry_answer
from pipeline_gui.configurations.files import read_configuration
from pipeline_gui.configurations.owner import Configurations, Entry, NamedConfiguration, Version
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.saved import NameTaken
from pipeline_gui.terminal.exit_codes import DONE
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import open_session
from pipeline_gui.terminal.text import clean, clean_line, cut, full_time

HEADINGS = ("Name", "Revision", "Changed", "By", "Description")
_LONGEST = 80

Action = Callable[[Configurations, argparse.Namespace, Output], None]


def configurations(arguments: argparse.Namespace, output: Output) -> int:
    """Carry out one action."""
    actions: dict[str, Action] = {
        "list": _list, "show": _show, "save": _save, "duplicate": _duplicate, "rename": _rename, "delete": _delete,
        "import": _import, "export": _export,
    }  # fmt: skip
    with open_session(arguments, output) as backend:
        actions[arguments.action or "list"](backend.configurations, arguments, output)
    return DONE


def _list(owner: Configurations, _arguments: argparse.Namespace, output: Output) -> None:
    entries = owner.entries()
    if output.as_json:
        output.write_json([entry_answer(entry) for entry in entries])
        return
    output.say_table([HEADINGS, *(_line(entry) for entry in entries)])


def _line(entry: Entry) -> tuple[str, ...]:
    return (
        cut(clean(entry.name), _LONGEST),
        str(entry.version.revision) if entry.version else "sample",
        full_time(entry.changed_at),
        cut(clean(entry.changed_by or ""), _LONGEST),
        cut(clean(entry.description or ""), _LONGEST),
    )


def _show(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    found = owner.show(arguments.name)
    if output.as_json:
        output.write_json(configuration_answer(found))
        return
    entry = found.entry
    if entry.version:
        output.say(
            f"# revision {entry.version.revision}, by {clean(entry.changed_by or '')} {full_time(entry.changed_at)}"
        )
    else:
        output.say("# a sample")
    _say_lines(found.toml, output)
    answer = configuration_answer(found)
    output.say(f"\n# {clean_line(answer['command'])}" if answer["command"] else "\n# It can't be started as it is.")


def _save(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    values = {**read_configuration(arguments.config), "name": arguments.name}
    if arguments.revision is not None:
        based_on = Version(owner.version_of(arguments.name).configuration_id, arguments.revision)
        _say_saved(owner.save(values, based_on), "Saved", output)
        return
    try:
        _say_saved(owner.create(values), "Saved", output)
    except NameTaken:
        there = owner.show(arguments.name).entry
        if there.version is None:
            raise
        raise NameTaken(
            f"“{there.name}” is there already, at revision {there.version.revision} by {there.changed_by}. Look at it "
            f"(configurations show), then change it with --revision {there.version.revision}, or choose another name."
        ) from None


def _duplicate(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    _say_saved(owner.duplicate(arguments.name, arguments.new_name), "Saved", output)


def _rename(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    based_on = _seen(owner, arguments)
    _say_saved(owner.rename(arguments.name, arguments.new_name, based_on), "Renamed it to", output)


def _delete(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    owner.delete(_seen(owner, arguments))
    output.say_done(f"Deleted “{arguments.name}”.")


def _import(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    saved = [owner.import_file(path) for path in arguments.files]
    if output.as_json:
        output.write_json([configuration_answer(found) for found in saved])
        return
    for found in saved:
        _say_saved(found, "Saved", output)


def _export(owner: Configurations, arguments: argparse.Namespace, output: Output) -> None:
    found = owner.show(arguments.name)
    if arguments.file is not None:
        _write_new(arguments.file, found.toml)
        output.say_done(f"Wrote “{clean(found.entry.name)}” to {arguments.file}.")
    elif output.as_json:
        output.write_json({"name": found.entry.name, "toml": found.toml})
    else:
        output.say(found.toml.rstrip("\n"))


def _seen(owner: Configurations, arguments: argparse.Namespace) -> Version:
    now = owner.version_of(arguments.name)
    return now if arguments.revision is None else Version(now.configuration_id, arguments.revision)


def _say_saved(found: NamedConfiguration, word: str, output: Output) -> None:
    if output.as_json:
        output.write_json(configuration_answer(found))
        return
    version = found.entry.version
    output.say(f"{word} “{clean(found.entry.name)}”, revision {version.revision if version else 0}.")


def _say_lines(text: str, output: Output) -> None:
    for line in text.rstrip("\n").split("\n"):
        output.say(clean_line(line))


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationInvalid(f"{path} is there already and stays as it is; choose another file.") from None
    except OSError as error:
        raise ConfigurationInvalid(f"{path} can't be written: {error.strerror}.") from None
