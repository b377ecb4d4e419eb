"""A service of libpq is read here, so that psycopg looks its host up and nothing stands still meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from pipeline_gui.pipeline.errors import StoreRefused
from pipeline_gui.store.store import open_store
from pipeline_gui.store.target import parse_target

FILE = """
# Of the whole team.
[ops]
host=db.ops.example
port=5433
dbname=runs
user=ana
password=hunter2%

[other]
host=elsewhere
"""


@pytest.fixture
def service_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "pg_service.conf"
    file.write_text(FILE)
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path / "none"))
    return file


@pytest.mark.usefixtures("service_file")
def test_the_host_stands_in_the_address_and_what_is_said_beside_counts_more() -> None:
    target = parse_target("service=ops dbname=staging", "tests")
    given = conninfo_to_dict(target.conninfo)
    assert (given["host"], given["port"], given["dbname"], given["user"]) == (
        "db.ops.example",
        "5433",
        "staging",
        "ana",
    )
    assert "service" not in given
    assert (target.place, target.database) == ("service ops", "staging")
    assert "hunter2%" in target.conninfo
    assert "hunter2" not in repr(target)


@pytest.mark.usefixtures("service_file")
def test_a_service_of_the_environment_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "other")
    assert conninfo_to_dict(parse_target("dbname=runs", "tests").conninfo)["host"] == "elsewhere"


@pytest.mark.usefixtures("service_file")
def test_one_that_no_file_has_is_left_to_libpq() -> None:
    assert conninfo_to_dict(parse_target("service=nobody", "tests").conninfo)["service"] == "nobody"


def test_a_file_that_is_none_and_a_key_that_is_none_are_said(service_file: Path) -> None:
    service_file.write_text("[ops]\nhots=db\npassword=hunter2\n")
    with pytest.raises(StoreRefused, match="service ops has a setting") as caught:
        parse_target("service=ops", "tests")
    assert "hunter2" not in str(caught.value)
    service_file.write_text("host=db\npassword=hunter2\n")
    with pytest.raises(StoreRefused, match="can't be read") as caught:
        parse_target("service=ops", "tests")
    assert "hunter2" not in str(caught.value)


def test_a_store_is_opened_by_it(service_file: Path, database: str) -> None:
    lines = [f"{key}={value}" for key, value in conninfo_to_dict(database).items()]
    service_file.write_text("\n".join(["[real]", *lines, ""]))
    store = open_store("service=real", application_name="tests", max_connections=1)
    assert store.installation().is_original
    store.close()
