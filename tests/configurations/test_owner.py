"""Saved configurations on a real database: shared, unique by name, and never overwritten unseen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pipeline_gui.configurations.owner import NamedConfiguration, Version
from pipeline_gui.configurations.samples import sample, sample_names
from pipeline_gui.pipeline.errors import ConfigurationInvalid, StoreRefused, StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.saved import ConfigurationChanged, NameTaken
from tests.configurations.conftest import Place
from tests.configurations.strategies import configurations
from tests.pipeline.faults import raising
from tests.store.conftest import new_run

NIGHTLY: dict[str, Any] = {"name": "nightly", "file": "/srv/n.py", "args": ["a"], "conf": {"spark.a": "1"}}


def version(found: NamedConfiguration) -> Version:
    """The version of a saved one."""
    assert found.entry.version is not None
    return found.entry.version


def test_what_one_saves_the_other_sees(place: Place) -> None:
    made = place.ana.create({**NIGHTLY, "description": "each night", "num_executors": 3})
    seen = place.ben.show("nightly")
    assert seen == made
    assert seen.values == {**NIGHTLY, "description": "each night", "num_executors": 3}
    assert (seen.entry.changed_by, version(seen).revision) == ("ana@ops-3", 1)
    assert seen.entry.changed_at is not None
    assert place.ben.names() == ["nightly", *sample_names()]
    first = place.ben.entries()[0]
    assert first == seen.entry
    changed = place.ben.save({**NIGHTLY, "args": ["b"]}, version(seen))
    assert (changed.entry.changed_by, version(changed).revision) == ("ben@ops-1", 2)
    assert place.ana.show("nightly").values["args"] == ["b"]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=configurations)
def test_whatever_is_saved_comes_back_as_it_was(place: Place, values: dict[str, Any]) -> None:
    place.execute("DELETE FROM pipeline_configurations")
    try:
        made = place.ana.create(values)
    except NameTaken:
        assert values["name"].casefold() in sample_names()
        return
    assert made.values == place.ben.show(values["name"]).values == values


@pytest.mark.parametrize("other", ["Nightly", "NIGHTLY", " nightly ", "ｎｉｇｈｔｌｙ"])
def test_names_are_one_in_any_case(place: Place, other: str) -> None:
    place.ana.create(NIGHTLY)
    with pytest.raises(NameTaken, match="already"):
        place.ben.create({**NIGHTLY, "name": other})
    assert place.ben.show(other).entry.name == "nightly"
    assert place.ben.names().count("nightly") == 1


def test_a_rename_may_change_the_case_and_not_take_a_name(place: Place) -> None:
    place.ana.create(NIGHTLY)
    place.ana.create({**NIGHTLY, "name": "Straße"})
    assert place.ana.rename("nightly", "Nightly").entry.name == "Nightly"
    with pytest.raises(NameTaken):
        place.ana.rename("Nightly", "STRASSE")
    with pytest.raises(NameTaken, match="name of a sample"):
        place.ana.rename("Nightly", "Flights")
    assert place.ana.rename("Nightly", "weekly").values["name"] == "weekly"
    with pytest.raises(ConfigurationInvalid, match="There is no configuration 'nightly'"):
        place.ben.show("nightly")


def test_the_second_editor_is_told_what_changed(place: Place) -> None:
    seen = version(place.ana.create(NIGHTLY))
    place.ben.save({**NIGHTLY, "args": ["b"], "conf": {"spark.a": "1", "spark.password": "${secret:P}"}}, seen)
    with pytest.raises(ConfigurationChanged) as caught:
        place.ana.save({**NIGHTLY, "driver_memory": "2g"}, seen)
    error = caught.value
    assert "by ben@ops-1 at " in str(error)
    assert "args from [a] to [b]; conf.spark.password from not set to ${secret:P}" in str(error)
    assert [(change.field, change.changed_by) for change in error.changes] == [
        ("args", "ben@ops-1"), ("conf.spark.password", "ben@ops-1"),
    ]  # fmt: skip
    assert error.current is not None
    assert error.current.revision == 2
    assert "driver_memory" not in place.ben.show("nightly").values
    now = Version(seen.configuration_id, 2)
    assert place.ana.save({**error.current.values, "driver_memory": "2g"}, now).values["args"] == ["b"]


def test_a_delete_of_what_was_changed_is_refused_and_a_change_of_what_was_deleted_too(place: Place) -> None:
    seen = version(place.ana.create(NIGHTLY))
    now = version(place.ben.save({**NIGHTLY, "args": []}, seen))
    with pytest.raises(ConfigurationChanged, match=r"args from \[a\] to not set"):
        place.ana.delete(seen)
    place.ben.delete(now)
    for attempt in (lambda: place.ana.save(NIGHTLY, now), lambda: place.ana.delete(now)):
        with pytest.raises(ConfigurationChanged, match="“nightly” was deleted by ben@ops-1") as caught:
            attempt()
        assert caught.value.current is None
    assert place.ana.create(NIGHTLY).entry.version != now  # the name is free again, and it is another one
    with pytest.raises(ConfigurationChanged, match="no such configuration"):
        place.ana.save(NIGHTLY, Version(99_999, 1))


def test_of_many_editors_one_wins_each_revision(place: Place) -> None:
    seen = version(place.ana.create(NIGHTLY))
    outcomes: list[object] = []
    gate = threading.Barrier(8)

    def edit(number: int) -> None:
        gate.wait(10)
        try:
            outcomes.append(place.ben.save({**NIGHTLY, "args": [str(number)]}, seen).values["args"])
        except ConfigurationChanged as error:
            outcomes.append(error)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    won = [outcome for outcome in outcomes if isinstance(outcome, list)]
    assert len(outcomes) == 8
    assert won == [place.ana.show("nightly").values["args"]]
    lost = [outcome for outcome in outcomes if isinstance(outcome, ConfigurationChanged)]
    assert all(error.current is not None and error.current.values["args"] == won[0] for error in lost)


def test_what_another_program_changes_counts_and_is_told(place: Place) -> None:
    seen = version(place.ana.create(NIGHTLY))
    place.execute('UPDATE pipeline_configurations SET configuration = \'{"file": "/other.py"}\', revision = 1')
    with pytest.raises(ConfigurationChanged, match=r"file from /srv/n\.py to /other\.py"):
        place.ana.save(NIGHTLY, seen)


# --- a commit of which no answer came ---------------------------------------------------------------------------------

UNCLEAR = StoreUnclear("The connection was lost while a change was being recorded; it may or may not be recorded.")


def test_an_unclear_commit_that_was_recorded_is_a_success(place: Place) -> None:
    place.faulty.once_after("create", raising(UNCLEAR))
    seen = version(place.ana.create(NIGHTLY))
    assert seen.revision == 1
    place.faulty.once_after("replace", raising(UNCLEAR))
    changed = place.ana.save({**NIGHTLY, "args": ["b"]}, seen)
    assert (version(changed).revision, changed.values["args"]) == (2, ["b"])
    place.faulty.once_after("delete", raising(UNCLEAR))
    place.ana.delete(version(changed))
    assert "nightly" not in place.ben.names()


def test_an_unclear_commit_that_was_not_recorded_says_so(place: Place) -> None:
    place.faulty.once_before("create", raising(UNCLEAR))
    with pytest.raises(StoreUnclear, match="may or may not"):
        place.ana.create(NIGHTLY)
    place.faulty.once_after("create", raising(UNCLEAR))
    place.faulty.once_before("written", raising(StoreUnavailable("away")))
    with pytest.raises(StoreUnclear, match="may or may not"):
        place.ana.create(NIGHTLY)


# --- samples, files, starting -----------------------------------------------------------------------------------------


def test_samples_stay_as_they_are_and_can_be_duplicated(place: Place) -> None:
    found = place.ana.show("FLIGHTS")
    assert found.entry.is_sample
    assert found.values == sample("flights")
    with pytest.raises(ConfigurationInvalid, match="sample and stays"):
        place.ana.rename("flights", "mine")
    with pytest.raises(ConfigurationInvalid, match="sample and stays"):
        place.ana.version_of("flights")
    copy = place.ana.duplicate("flights", "mine")
    assert copy.values == {**sample("flights"), "name": "mine"}


def test_a_saved_one_keeps_its_name_when_a_later_program_brings_such_a_sample(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.ana.create(NIGHTLY)
    monkeypatch.setattr("pipeline_gui.configurations.owner.sample_names", lambda: ["flights", "nightly"])
    assert place.ana.resolve({"configuration": "nightly"}) == NIGHTLY
    assert place.ana.names() == ["nightly", "flights"]


@pytest.mark.parametrize("name", ["flihgts", "", "  ", "../pipelines/flights", 3, False, ["flights"], "x" * 100_000])
def test_what_is_no_configurations_name_is_refused(place: Place, name: object) -> None:
    with pytest.raises(ConfigurationInvalid, match="There is no configuration") as caught:
        place.ana.resolve({"configuration": name})
    assert caught.value.field == "configuration"
    assert len(str(caught.value)) < 200


def test_a_file_comes_in_and_goes_out(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "jobs" / "weekly.toml"
    file.parent.mkdir()
    file.write_text('file = "app.py"\n[conf]\n"spark.a" = 1\n')
    made = place.ana.import_file(file)
    assert made.entry.name == "app"
    assert made.values["file"] == str(file.parent / "app.py")
    assert place.ana.import_file(file, "weekly").entry.name == "weekly"
    out = tmp_path / "out.toml"
    out.write_text(made.toml)
    place.ana.delete(version(made))
    assert place.ben.import_file(out).values == made.values


def test_the_command_line_can_be_pasted_and_shows_no_secret(place: Place) -> None:
    made = place.ana.create({**NIGHTLY, "args": ["it's", "$HOME"], "conf": {"spark.password": "${secret:P}"}})
    assert made.command == (
        "spark-submit --name nightly --conf 'spark.password=${secret:P}' /srv/n.py 'it'\"'\"'s' '$HOME'"
    )


def test_a_plain_secret_is_not_saved(place: Place) -> None:
    with pytest.raises(ConfigurationInvalid, match="secret:NAME") as caught:
        place.ana.create({**NIGHTLY, "conf": {"spark.password": "hunter2"}})
    assert caught.value.field == "conf"
    assert "hunter2" not in str(caught.value)
    assert "nightly" not in place.ben.names()


def test_a_past_run_can_be_run_again_as_it_was(place: Place) -> None:
    as_started = {**NIGHTLY, "conf": {"spark.password": "${secret:P}"}, "grace_seconds": 5.0}
    place.store.insert(new_run("run-1", metadata={"configuration": as_started}), place.ana._actor)
    assert place.ben.resolve({"again": "run-1"}) == as_started
    assert place.ben.of_run("run-1") == (as_started, [])
    for run_id, words in (("run-2", "There is no run"), (3, "must be the id"), ("", "must be the id")):
        with pytest.raises(ConfigurationInvalid, match=words):
            place.ben.resolve({"again": run_id})
    place.execute("INSERT INTO pipeline_runs (run_id, status, metadata) VALUES ('theirs', 'completed', '[1]')")
    place.execute("INSERT INTO pipeline_runs (run_id, status) VALUES ('bare', 'completed')")
    for run_id in ("theirs", "bare"):
        with pytest.raises(ConfigurationInvalid, match="without its configuration"):
            place.ben.resolve({"again": run_id})


def test_a_database_without_them_says_what_to_do(place: Place) -> None:
    place.execute("DROP TABLE pipeline_configurations")
    with pytest.raises(StoreRefused, match="pipeline-gui migrate"):
        place.ana.names()
