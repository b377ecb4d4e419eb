"""A person names servers, tests them and saves: on the real page, against a real PostgreSQL and command server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from pipeline_gui.backend import EmbeddedMissing
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.profile import Profile
from pipeline_gui.settings import SYSTEM_FILE, Settings, load_settings
from pipeline_gui.store.migrate import migrate
from pipeline_gui.window.gateway import Gateway
from pipeline_gui.window.opener import Opener
from pipeline_gui.window.settings import page as page_module
from pipeline_gui.window.settings.page import SettingsPage
from tests.command_server.harness import CommandServer, command_server
from tests.postgres import PostgresServer
from tests.spark.certificates import make_certificate_of_authority
from tests.window.conftest import OpenWindow
from tests.window.finding import action, found, text
from tests.window.stand_in import StandInBackend


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked:
            raise RuntimeError("it is locked")
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, own = keyring.get_keyring(), Ring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    with command_server(tmp_path_factory.mktemp("server")) as server:
        yield server


def ring_of(ring: Ring, keys: list[str]) -> dict[str, str]:
    return {key: ring.kept["pipeline-gui", f"p:{key}"] for key in keys if ("pipeline-gui", f"p:{key}") in ring.kept}


def open_page(gateway: Gateway, folder: Path, qtbot: QtBot, **settings: Any) -> SettingsPage:
    page = SettingsPage(Settings(Profile("p", folder, folder, folder), **settings), gateway)
    qtbot.addWidget(page)
    page.resize(800, 700)
    page.show()
    return page


def type_in(page: QWidget, name: str, said: str) -> None:
    editor = found(page, QLineEdit, name)
    editor.clear()
    QTest.keyClicks(editor, said)


def press(page: QWidget, name: str) -> None:
    QTest.mouseClick(found(page, QPushButton, name), Qt.MouseButton.LeftButton)


def said(page: QWidget, name: str) -> str:
    return found(page, QLabel, name).text()


def test_a_database_is_tested_in_words(
    gateway: Gateway, tmp_path: Path, qtbot: QtBot, postgres_server: PostgresServer
) -> None:
    page = open_page(gateway, tmp_path, qtbot)
    press(page, "testDatabaseButton")
    assert said(page, "testDatabaseAnswer") == "Type its address first."
    url = postgres_server.url_of(postgres_server.create_database())
    type_in(page, "database_urlEdit", url)
    press(page, "testDatabaseButton")
    assert said(page, "testDatabaseAnswer") == "It is being asked…"
    qtbot.waitUntil(lambda: "pipeline-gui migrate" in said(page, "testDatabaseAnswer"), timeout=15_000)
    migrate(url, actor=Actor("ana", "ops", "terminal"))
    press(page, "testDatabaseButton")
    qtbot.waitUntil(lambda: "✔ It is prepared" in said(page, "testDatabaseAnswer"), timeout=15_000)
    type_in(page, "database_urlEdit", "postgresql://u@127.0.0.1:9/d")
    press(page, "testDatabaseButton")
    qtbot.waitUntil(lambda: "✖" in said(page, "testDatabaseAnswer"), timeout=15_000)


def test_a_spark_server_is_tested_with_its_token(
    gateway: Gateway, tmp_path: Path, qtbot: QtBot, spark: CommandServer
) -> None:
    page = open_page(gateway, tmp_path, qtbot)
    type_in(page, "spark_urlEdit", spark.url)
    type_in(page, "spark_tokenEdit", "not the token")
    press(page, "testSparkButton")
    qtbot.waitUntil(lambda: "✖" in said(page, "testSparkAnswer"), timeout=15_000)
    type_in(page, "spark_tokenEdit", spark.token)
    press(page, "testSparkButton")
    qtbot.waitUntil(lambda: "is a command server" in said(page, "testSparkAnswer"), timeout=15_000)


def test_an_authority_of_ones_own_is_named_in_a_file(gateway: Gateway, tmp_path: Path, qtbot: QtBot) -> None:
    certificate = make_certificate_of_authority(tmp_path)
    page = open_page(gateway, tmp_path, qtbot)
    with command_server(tmp_path / "server", certificate=certificate) as secure:
        type_in(page, "spark_urlEdit", secure.url)
        type_in(page, "spark_tokenEdit", secure.token)
        press(page, "testSparkButton")
        qtbot.waitUntil(lambda: "can't be trusted" in said(page, "testSparkAnswer"), timeout=15_000)
        type_in(page, "spark_ca_fileEdit", "authority.pem")
        assert "whole path" in said(page, "spark_ca_fileNote")
        type_in(page, "spark_ca_fileEdit", str(tmp_path / "none.pem"))
        press(page, "testSparkButton")
        qtbot.waitUntil(lambda: "can't be read" in said(page, "testSparkAnswer"), timeout=15_000)
        type_in(page, "spark_ca_fileEdit", str(certificate.authority))
        press(page, "testSparkButton")
        qtbot.waitUntil(lambda: "is a command server" in said(page, "testSparkAnswer"), timeout=15_000)


def test_a_person_types_at_once(gateway: Gateway, tmp_path: Path, qtbot: QtBot) -> None:
    page = open_page(gateway, tmp_path, qtbot)
    assert page.focusWidget() is found(page, QLineEdit, "database_urlEdit")
    locked = open_page(
        gateway, tmp_path, qtbot, database_url="service=a", sources={"database_url": "PIPELINE_GUI_DATABASE_URL"}
    )
    assert locked.focusWidget() is found(locked, QLineEdit, "spark_urlEdit")


def test_what_is_wrong_stands_beside_its_field(gateway: Gateway, tmp_path: Path, qtbot: QtBot) -> None:
    page = open_page(gateway, tmp_path, qtbot)
    type_in(page, "database_urlEdit", "mysql://db")
    assert "not a PostgreSQL address" in said(page, "database_urlNote")
    type_in(page, "database_urlEdit", "service=runs")
    assert not found(page, QLabel, "database_urlNote").isVisible()
    assert "Both servers are needed" in said(page, "spark_urlNote")
    type_in(page, "colorEdit", "#12")
    assert "a colour such as" in said(page, "colorNote")
    assert not found(page, QPushButton, "saveSettingsButton").isEnabled()


def test_what_is_saved_is_what_the_next_window_reads(
    gateway: Gateway, tmp_path: Path, qtbot: QtBot, ring: Ring
) -> None:
    page = open_page(gateway, tmp_path, qtbot)
    for name, value in (
        ("database_url", "postgresql://ana@db/runs"),
        ("database_password", "s3cret-d"),
        ("spark_url", "https://spark:8998"),
        ("spark_token", "s3cret-t"),
        ("name", "production"),
        ("color", "red"),
    ):
        type_in(page, f"{name}Edit", value)
    with qtbot.waitSignal(page.saved):
        press(page, "saveSettingsButton")
    assert "s3cret" not in (tmp_path / "settings.toml").read_text()
    assert set(ring.kept.values()) == {"s3cret-d", "s3cret-t"}
    environ = {"PIPELINE_GUI_HOME": str(tmp_path)}

    def ask(_name: str, keys: list[str]) -> dict[str, str]:
        return {key: ring.kept["pipeline-gui", f"p:{key}"] for key in keys}

    read = load_settings(environ=environ, keyring=ask)
    assert (read.database_url, read.database_password) == ("postgresql://ana@db/runs", "s3cret-d")
    assert (read.spark_url, read.spark_token) == ("https://spark:8998", "s3cret-t")
    assert (read.name, read.color) == ("production", "red")


def test_without_a_keyring_the_person_decides_where_secrets_are(
    gateway: Gateway, tmp_path: Path, qtbot: QtBot, ring: Ring
) -> None:
    ring.is_locked = True
    page = open_page(gateway, tmp_path, qtbot)
    for name, value in (
        ("database_url", "postgresql://ana@db/runs"),
        ("database_password", "p w"),
        ("spark_url", "http://spark:8998"),
        ("spark_token", "t0ken"),
    ):
        type_in(page, f"{name}Edit", value)
    press(page, "saveSettingsButton")
    qtbot.waitUntil(lambda: "no keyring of this computer takes" in said(page, "settingsSaid"))
    assert not (tmp_path / "settings.toml").exists()
    found(page, QCheckBox, "secretsInFileBox").setChecked(True)
    with qtbot.waitSignal(page.saved):
        press(page, "saveSettingsButton")
    read = load_settings(environ={"PIPELINE_GUI_HOME": str(tmp_path)}, keyring=lambda _name, _keys: {})
    assert read.spark_token == "t0ken"
    assert read.database_url == "postgresql://ana:p%20w@db/runs"
    again = open_page(gateway, tmp_path, qtbot, database_url=read.database_url, spark_url=read.spark_url)
    assert found(again, QLineEdit, "database_urlEdit").text() == "postgresql://ana@db/runs", "a secret shows"
    assert found(again, QLineEdit, "database_passwordEdit").text() == ""
    type_in(again, "nameEdit", "production")
    with qtbot.waitSignal(again.saved):
        press(again, "saveSettingsButton")
    read = load_settings(environ={"PIPELINE_GUI_HOME": str(tmp_path)}, keyring=lambda _name, _keys: {})
    assert (read.name, read.database_url) == ("production", "postgresql://ana:p%20w@db/runs"), "the password is lost"
    assert (tmp_path / "settings.toml").stat().st_mode & 0o777 == 0o600
    ring.is_locked = False
    type_in(again, "spark_tokenEdit", "another")
    with qtbot.waitSignal(again.saved):
        press(again, "saveSettingsButton")
    read = load_settings(environ={"PIPELINE_GUI_HOME": str(tmp_path)}, keyring=lambda _name, keys: ring_of(ring, keys))
    assert read.spark_token == "another", "the file's older one wins"


def test_what_the_environment_says_is_not_edited_and_not_saved(gateway: Gateway, tmp_path: Path, qtbot: QtBot) -> None:
    sources = {"database_url": "PIPELINE_GUI_DATABASE_URL", "spark_url": "--spark-url", "name": "settings.toml"}
    values = {"database_url": "service=a", "spark_url": "http://s:1", "name": "n"}
    page = open_page(gateway, tmp_path, qtbot, sources=sources, **values)
    assert not found(page, QLineEdit, "database_urlEdit").isEnabled()
    assert found(page, QLineEdit, "database_urlEdit").toolTip() == "Set by PIPELINE_GUI_DATABASE_URL"
    assert found(page, QLineEdit, "nameEdit").isEnabled()
    with qtbot.waitSignal(page.saved):
        press(page, "saveSettingsButton")
    assert (tmp_path / "settings.toml").read_text() == 'name = "n"\n'


def test_what_the_administrator_decides_is_not_edited_and_not_repeated(
    gateway: Gateway, tmp_path: Path, qtbot: QtBot
) -> None:
    theirs = dict.fromkeys(("database_url", "spark_url", "name", "color"), str(SYSTEM_FILE))
    values = {"database_url": "service=a", "spark_url": "http://s:1", "name": "production", "color": "red"}
    locked = frozenset({"database_url", "spark_url"})
    page = open_page(gateway, tmp_path, qtbot, sources=theirs, locked=locked, **values)
    assert found(page, QLineEdit, "spark_urlEdit").toolTip() == f"Set by {SYSTEM_FILE}"
    assert not found(page, QPushButton, "useThisComputerButton").isVisible()
    type_in(page, "nameEdit", "mine")
    with qtbot.waitSignal(page.saved):
        press(page, "saveSettingsButton")
    assert (tmp_path / "settings.toml").read_text() == 'name = "mine"\n'


def test_a_window_without_servers_asks_for_them_on_its_first_page(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "can_use_this_computer", lambda: False)
    window = open_window(None)

    def missing(_say: Any) -> Any:
        raise EmbeddedMissing("No servers are named.")

    opener = Opener(missing, window.opening, window)
    settings = Settings(Profile("p", tmp_path, tmp_path, tmp_path))
    opener.servers_missing.connect(lambda: window.show_settings(settings, opener.gateway, is_first=True))
    opener.open()
    qtbot.waitUntil(lambda: window.findChild(QWidget, "settingsPage") is not None)
    assert text(window, "settingsTitle") == "Where do the pipelines run?"
    qtbot.waitUntil(lambda: window.focusWidget() is found(window, QLineEdit, "database_urlEdit"))
    assert not found(window, QPushButton, "useThisComputerButton").isVisible()
    press(window, "settingsBackButton")
    assert found(window, QPushButton, "connectButton").isVisible()
    assert opener.close(5)


def test_settings_are_opened_from_the_window_and_left_again(
    backend: StandInBackend, open_window: OpenWindow, qtbot: QtBot
) -> None:
    window = open_window(backend)
    action(window, "settingsAction").trigger()
    action(window, "settingsAction").trigger()
    assert len(window.findChildren(SettingsPage)) == 1
    press(window, "settingsBackButton")
    assert window.page.isVisible()
    with qtbot.waitSignal(window.restart_wanted):
        action(window, "settingsAction").trigger()
        found(window, SettingsPage).saved.emit()
    assert isinstance(found(window, QAction, "settingsAction"), QAction)


def test_other_settings_start_the_program_again(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import sys, pathlib\nmarker = pathlib.Path(sys.argv[1])\n"
        "if marker.exists():\n    print('again'); sys.exit(0)\n"
        "marker.touch()\nfrom PySide6.QtCore import QTimer\nfrom pipeline_gui.window import program\n"
        "from pipeline_gui.window.opener import Opener\nfrom pipeline_gui.settings import load_settings\n"
        "Opener.open = lambda self: QTimer.singleShot(0, self.parent().restart_wanted.emit)\n"
        "sys.exit(program.run_window(load_settings(environ={'PIPELINE_GUI_HOME': sys.argv[2]})))\n"
    )
    done = subprocess.run(
        [sys.executable, script, tmp_path / "marker", tmp_path / "home"],
        capture_output=True, text=True, timeout=60, check=False,
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "again\n", "")
