"""What goes into the bundle, and the smaller copies of it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from installers import build_paths as build_paths_module
from installers.build_paths import build_paths, neutral, neutral_configuration
from installers.selection import is_used, made_smaller
from installers.small_icu import NotUnderstood, is_kept, shrink

_QT = "PySide6/Qt/plugins"


@pytest.mark.parametrize(
    ("name", "source", "used"),
    [
        (f"{_QT}/platforms/libqxcb.so", "/v/site-packages/x", True),
        (f"{_QT}/platforms/libqvnc.so", "/v/site-packages/x", False),
        (f"{_QT}/platformthemes/libqgtk3.so", "/v/site-packages/x", False),
        (f"{_QT}/imageformats/libqtiff.so", "/v/site-packages/x", False),
        ("PySide6/plugins/platforms/qwindows.dll", "C:\\v\\site-packages\\x", True),
        ("PySide6/Qt/translations/qt_de.qm", "/v/site-packages/x", False),
        ("PySide6/Qt/lib/libQt6Widgets.so.6", "/v/site-packages/x", True),
        ("PySide6/Qt/lib/libQt6OpenGL.so.6", "/v/site-packages/x", False),
        ("libgtk-3.so.0", "/usr/lib/x86_64-linux-gnu/libgtk-3.so.0", False),
        ("libX11.so.6", "/lib/x86_64-linux-gnu/libX11.so.6", False),
        ("libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", True),
        ("libpython3.11.so.1.0", "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", True),
        ("psycopg_binary.libs/libpq-1.so.5", "/usr/lib/python3/site-packages/psycopg_binary.libs/libpq-1.so.5", True),
        ("resources/icons/stop.svg", "/usr/lib/project/stop.svg", True),
    ],
)
def test_what_is_used(name: str, source: str, used: bool) -> None:
    assert is_used((name, source, "BINARY")) is used


def test_items_without_a_locale_stay() -> None:
    kept = ["root.res", "en.res", "zone/root.res", "coll/ucadata.icu", "brkitr/line.brk", "uts46.nrm", "zoneinfo64.res"]
    dropped = ["de.res", "zone/de.res", "coll/ja.res", "brkitr/thaidict.dict", "ibm-943.cnv", "translit/el.res"]
    assert [item for item in kept + dropped if is_kept(item)] == kept


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ICU is a library of its own on Linux")
def test_icu_reads_its_smaller_data(tmp_path: Path) -> None:
    """Qt's own ICU finds in it a calendar, the rules of words and an order, for locales that are not there."""
    found = importlib.util.find_spec("PySide6")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "Qt" / "lib"
    original = next(folder.glob("libicudata.so.*"))
    version = original.name.rpartition(".")[2]
    small = tmp_path / original.name
    shrink(original, small)
    assert small.stat().st_size < original.stat().st_size / 5

    asked = f"""
import ctypes
ctypes.CDLL({str(small)!r}, mode=ctypes.RTLD_GLOBAL)
uc = ctypes.CDLL({str(folder / f"libicuuc.so.{version}")!r}, mode=ctypes.RTLD_GLOBAL)
i18n = ctypes.CDLL({str(folder / f"libicui18n.so.{version}")!r})
code = ctypes.c_int(0)
text = ctypes.create_string_buffer("Europe/Berlin".encode("utf-16-le") + b"\\0\\0")
open_calendar = i18n.ucal_open_{version}
open_calendar.restype = ctypes.c_void_p
assert open_calendar(text, -1, b"de_DE", 0, ctypes.byref(code)), "no calendar"
assert code.value <= 0, code.value
open_words = uc.ubrk_open_{version}
open_words.restype = ctypes.c_void_p
assert open_words(1, b"ja_JP", None, 0, ctypes.byref(code)), "no break rules"
assert code.value <= 0, code.value
open_order = i18n.ucol_open_{version}
open_order.restype = ctypes.c_void_p
assert open_order(b"sv_SE", ctypes.byref(code)), "no order"
assert code.value <= 0, code.value
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_what_is_no_icu_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(NotUnderstood):
        shrink(Path("/lib/x86_64-linux-gnu/libm.so.6"), tmp_path / "x.so")
    other = tmp_path / "libicudata.so.73"
    other.write_bytes(Path("/lib/x86_64-linux-gnu/libm.so.6").read_bytes())
    entries = [("a/libicudata.so.73", str(other), "BINARY"), ("b/data.txt", "/b/data.txt", "DATA")]
    assert made_smaller(entries, tmp_path / "work") == entries


def test_what_names_the_building_computer_is_overwritten_and_nothing_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_paths_module, "build_paths", lambda: [b"/home/ana/.python/3.11", b"/home/ana"])
    content = b"\0/home/ana/.python/3.11/lib\0/home/ana/x.c\0"
    assert re.fullmatch(rb"\0/usr/+lib\0/usr/+x\.c\0", neutral(content))
    assert len(neutral(content)) == len(content)
    (tmp_path / "record.py").write_bytes(b"build_time_vars = {'prefix': '/home/ana/.python/3.11'}")
    neutral_configuration(tmp_path / "record.py", tmp_path / "copy" / "record.py")
    assert b"ana" not in (tmp_path / "copy" / "record.py").read_bytes()


def test_a_version_that_ends_a_path_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one library PREFIX was “…/3.11.7” and the version its end."""
    monkeypatch.setattr(sys, "base_prefix", "/home/ana/.versions/3.11.7")
    assert b"/home/ana/.versions" in build_paths()
    assert neutral(b"\0/home/ana/.versions/3.11.7\0").endswith(b"/3.11.7\0")


def test_a_python_of_the_system_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prefix", "base_prefix", "exec_prefix"):
        monkeypatch.setattr(sys, name, "/usr")
    monkeypatch.setattr(build_paths_module, "_variable", lambda _name: "/usr")
    assert build_paths() == []
