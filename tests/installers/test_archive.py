"""An archive depends on what is in it, and on nothing else."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from installers import needs
from installers.archive import write_archive
from installers.needs import UnknownLibrary, needed_libraries, needed_packages


def folder_with(place: Path, order: list[str]) -> Path:
    bundle = place / "pipeline-gui"
    for name in order:
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (bundle / "program").chmod(0o755)
    (bundle / "link").symlink_to("program")
    return bundle


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    names = ["program", "b/two", "a/one"]
    one, two = (tmp_path / name for name in ("one", "two"))
    first, second = folder_with(one, names), folder_with(two, names[::-1])
    os.utime(second / "program", (1, 1))
    (second / "a" / "one").chmod(0o600)
    write_archive(first, tmp_path / "first.tar.gz", 1_700_000_000)
    write_archive(second, tmp_path / "second.tar.gz", 1_700_000_000)
    assert (tmp_path / "first.tar.gz").read_bytes() == (tmp_path / "second.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "first.tar.gz") as archive:
        found = {member.name: (member.mode, member.uid, member.mtime) for member in archive}
        assert archive.getmember("pipeline-gui/link").linkname == "program"
    assert found["pipeline-gui/program"] == (0o755, 0, 1_700_000_000)
    assert found["pipeline-gui/a/one"] == (0o644, 0, 1_700_000_000)
    (second / "b" / "two").write_text("other")
    write_archive(second, tmp_path / "second.tar.gz", 1_700_000_000)
    assert (tmp_path / "first.tar.gz").read_bytes() != (tmp_path / "second.tar.gz").read_bytes()


def test_a_library_without_a_known_package_is_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "pipeline-gui"
    bundle.mkdir()
    (bundle / "libm.so.6").write_bytes(Path("/lib/x86_64-linux-gnu/libm.so.6").read_bytes())
    (bundle / "text").write_text("no library")
    assert needed_libraries(bundle) - {"ld-linux-x86-64.so.2"} == {"libc.so.6"}
    assert needed_packages(bundle) == ["libc6"]
    monkeypatch.setattr(needs, "PACKAGES", {})
    with pytest.raises(UnknownLibrary, match=r"libc\.so\.6"):
        needed_packages(bundle)
