"""Where settings come from, what is refused, and that no secret is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from pipeline_gui.keychain import account, read_secrets, write_secret
from pipeline_gui.profile import find_profile
from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings import Settings, load_settings, shown_database, shown_spark

DATABASE = "postgresql://ana:s3cret@db.example/pipelines"
SPARK = "http://spark.example:8998"


def no_keyring(profile_name: str, keys: list[str]) -> dict[str, str]:
    return {}


def load(home: Path, text: str | None = None, *, flags: Mapping[str, str] | None = None, **environ: str) -> Settings:
    """Load the settings of a profile with that settings.toml."""
    if text is not None:
        (home / "settings.toml").write_text(text, encoding="utf-8")
    return load_settings(**flags or {}, environ={"PIPELINE_GUI_HOME": str(home), **environ}, keyring=no_keyring)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    text = 'database_url = "service=of_file"\nspark_url = "http://of-file"\nname = "production"\ncolor = "#b00020"\n'
    settings = load(
        tmp_path, text, flags={"database_url": "service=of_flag"},
        PIPELINE_GUI_DATABASE_URL="service=of_environment", PIPELINE_GUI_SPARK_URL="http://of-environment",
    )  # fmt: skip
    assert settings.database_url == "service=of_flag"
    assert settings.spark_url == "http://of-environment"
    assert (settings.name, settings.color) == ("production", "#b00020")
    assert settings.sources["database_url"] == "--database-url"
    assert settings.sources["name"] == str(tmp_path / "settings.toml")


@pytest.fixture
def for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the computer's administrator."""
    path = tmp_path / "etc" / "settings.toml"
    path.parent.mkdir()
    monkeypatch.setattr("pipeline_gui.settings.SYSTEM_FILE", path)
    return path


def test_what_holds_for_all_users_is_overruled_by_each(tmp_path: Path, for_all: Path) -> None:
    for_all.write_text('database_url = "service=all"\nspark_url = "http://of-all"\nname = "production"\n')
    settings = load(tmp_path, 'name = "mine"\n', PIPELINE_GUI_SPARK_URL="http://of-environment")
    assert (settings.database_url, settings.name) == ("service=all", "mine")
    assert settings.spark_url == "http://of-environment"
    assert settings.sources["database_url"] == str(for_all)
    assert settings.locked == frozenset()


def test_what_the_administrator_locks_nobody_changes(tmp_path: Path, for_all: Path) -> None:
    for_all.write_text(
        'database_url = "service=all"\nspark_url = "http://of-all"\nlocked = ["database_url", "spark_url"]\n'
    )
    settings = load(
        tmp_path, 'database_url = "service=mine"\n', flags={"spark_url": "http://of-flag"},
        PIPELINE_GUI_DATABASE_URL="service=of_environment",
    )  # fmt: skip
    assert (settings.database_url, settings.spark_url) == ("service=all", "http://of-all")
    assert settings.sources["spark_url"] == str(for_all)
    assert settings.locked == {"database_url", "spark_url"}


@pytest.mark.parametrize("text", ['locked = ["name"]\n', 'name = "a"\nlocked = "name"\n', "nome = 1\n"])
def test_a_mistake_of_the_administrator_is_said(tmp_path: Path, for_all: Path, text: str) -> None:
    for_all.write_text(text)
    with pytest.raises(SettingsInvalid, match=str(for_all)):
        load(tmp_path)


def test_a_user_can_not_lock(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no setting 'locked'"):
        load(tmp_path, 'name = "a"\nlocked = ["name"]\n')


def test_nothing_set_means_this_computer(tmp_path: Path) -> None:
    settings = load(tmp_path, PIPELINE_GUI_DATABASE_URL="  ")
    assert settings.is_embedded
    settings.require_both_servers()


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"PIPELINE_GUI_DATABASE_URL": DATABASE}, "PIPELINE_GUI_SPARK_URL"),
        ({"PIPELINE_GUI_SPARK_URL": SPARK}, "PIPELINE_GUI_DATABASE_URL"),
    ],
)
def test_one_server_without_the_other_is_refused(tmp_path: Path, environ: dict[str, str], missing: str) -> None:
    settings = load(tmp_path, None, flags=None, **environ)
    with pytest.raises(SettingsInvalid, match=f"missing: set {missing}") as caught:
        settings.require_both_servers()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('databse_url = "service=x"', "did you mean 'database_url'"),
        ('xyzzy = "1"', "the known ones are"),
        ("spark_url = 8998", "spark_url must be text in quotes, not a number"),
        ("[spark_url]", "must be text in quotes, not a table"),
        ('name = "production\nspark_url = ""', "line 1"),
        ('spark_kind = "standalone"', "no names and no list"),
        ('spark_kind = "yarn"', "must be livy"),
        ('spark_url = "spark://master:7077"', "write http://HOST:PORT"),
        ('spark_url = "http://[::1"', "write http://HOST:PORT"),
        ('spark_url = "http://x?token=1"', "write http://HOST:PORT"),
        ('database_url = "mysql://x/y"', "not a PostgreSQL address"),
        ('database_url = "hunter2"', "not a PostgreSQL address"),
        ('color = "url(javascript:1)"', "must be a colour"),
        ('old_rows_timezone = "Mars/Olympus"', "must be a time zone"),
        ('spark_ca_file = "our.pem"', "whole path"),
        ('name = "a\\u001b[2J"', "control character"),
        (f'name = "{"n" * 61}"', "61 characters"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path, text)
    assert sentence in str(caught.value)
    assert str(tmp_path / "settings.toml") in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_settings_file_that_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"name = '\xff\xfe'")
    with pytest.raises(SettingsInvalid, match="not UTF-8 text"):
        load(tmp_path)
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(SettingsInvalid, match="more than"):
        load(tmp_path)
    path.write_text("name = " + "[" * 100_000)
    with pytest.raises(SettingsInvalid, match=r"nests|not valid TOML"):
        load(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsInvalid, match="is a directory"):
        load(tmp_path)


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    settings = load(
        tmp_path, PIPELINE_GUI_DATABASE_URL=DATABASE, PIPELINE_GUI_SPARK_URL=SPARK, PIPELINE_GUI_SPARK_TOKEN="t0ken-x"
    )
    assert settings.spark_token == "t0ken-x"
    assert "s3cret" not in repr(settings)
    assert "t0ken-x" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (DATABASE, "pipelines at db.example"),
        ("postgresql://u:p@h:5433/n?password=s3cret", "n at h:5433"),
        ("postgresql:///n?host=/run/pg&password=s3cret", "n at /run/pg"),
        ("host=h port=5433 dbname=n password='s3 cret'", "n at h:5433"),
        ("service=prod password=s3cret", "the service prod"),
        ("postgresql://[bad", "the database"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert shown_database(url) == shown
    assert shown_spark("https://u:s3cret@h:1/livy") == "https://h:1/livy"


def test_a_home_is_a_profile_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profile = find_profile({"PIPELINE_GUI_HOME": "second"})
    assert profile.settings_file == tmp_path / "second" / "settings.toml"
    assert profile.data == tmp_path / "second"
    assert not (tmp_path / "second").exists()
    assert find_profile({}).name == "default"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that a test owns."""

    priority = 1.0

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.may_answer = threading.Event()
        self.may_answer.set()

    def get_password(self, service: str, username: str) -> str | None:
        self.may_answer.wait(30)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    """The keyring of this process for one test."""
    before: Any = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    memory.may_answer.set()
    keyring.set_keyring(before)


def test_secrets_come_from_the_keyring_by_profile(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    write_secret(str(tmp_path), "spark_token", "t0ken")
    write_secret("default", "database_password", "of another profile")
    environ = {"PIPELINE_GUI_HOME": str(tmp_path), "PIPELINE_GUI_DATABASE_URL": "service=x"}
    settings = load_settings(environ={**environ, "PIPELINE_GUI_SPARK_URL": SPARK})
    assert settings.spark_token == "t0ken"
    assert settings.database_password is None
    assert account("default", "database_password") == "default:database_password"


def test_a_given_secret_is_not_looked_up(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    memory_keyring.may_answer.clear()
    environ = {
        "PIPELINE_GUI_HOME": str(tmp_path), "PIPELINE_GUI_DATABASE_URL": DATABASE,
        "PIPELINE_GUI_SPARK_URL": SPARK, "PIPELINE_GUI_SPARK_TOKEN": "t",
    }  # fmt: skip
    assert load_settings(environ=environ).spark_token == "t"


def test_a_keyring_that_hangs_is_left_behind(memory_keyring: MemoryKeyring) -> None:
    memory_keyring.may_answer.clear()
    assert read_secrets("default", ["spark_token"], deadline_seconds=0.1) == {}


def test_where_no_keyring_is_a_person_is_told_so(memory_keyring: MemoryKeyring) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(LookupError, match="none is running in this session"):
        write_secret("default", "spark_token", "t")
    assert read_secrets("default", ["spark_token"]) == {}


def test_a_keyring_that_fails_is_done_without(memory_keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(service: str, username: str) -> str | None:
        raise RuntimeError("locked")

    monkeypatch.setattr(memory_keyring, "get_password", locked)
    assert read_secrets("default", ["spark_token"]) == {}
