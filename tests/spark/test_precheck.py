"""Files that are surely not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline_gui.pipeline.configuration import Configuration
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.spark.livy import LivyServer

SERVER = LivyServer("http://127.0.0.1:9", files_are_local=True)


def refused(**keys: object) -> ConfigurationInvalid:
    with pytest.raises(ConfigurationInvalid) as caught:
        SERVER.precheck(Configuration(**{"name": "x", **keys}))  # type: ignore[arg-type]
    return caught.value


@pytest.fixture
def application(tmp_path: Path) -> Path:
    path = tmp_path / "flights job.py"
    path.write_text("print(1)\n")
    return path


def test_files_that_are_there_are_taken(application: Path) -> None:
    file = str(application)
    for given in (file, application.as_uri(), f"file:{file.replace(' ', '%20')}"):
        SERVER.precheck(Configuration(file=given, name="x"))
    SERVER.precheck(
        Configuration(file=file, name="x", files=(f"{file}#renamed",), jars=(f"{application.parent}/*.jar",))
    )


def test_files_elsewhere_are_the_servers_to_judge() -> None:
    SERVER.precheck(Configuration(file="hdfs:///no/such.py", name="x", jars=("s3a://bucket/x.jar",)))


def test_nothing_is_checked_where_the_files_are_not_this_computers() -> None:
    LivyServer("http://127.0.0.1:9").precheck(Configuration(file="/no/such.py", name="x"))


def test_no_such_file_names_a_near_one(application: Path) -> None:
    error = refused(file=str(application.parent / "flight job.py"))
    assert error.field == "file"
    assert str(error).endswith("did you mean flights job.py?")


def test_no_such_file_without_a_near_one(application: Path) -> None:
    assert str(refused(file=str(application.parent / "zzz.jar"))).endswith("zzz.jar.")


def test_no_such_folder_says_what_exists(tmp_path: Path) -> None:
    assert f"only {tmp_path} exists" in str(refused(file=str(tmp_path / "a" / "b" / "c.py")))
    assert "only / exists" in str(refused(file="/no-such-folder-here/c.py"))


def test_a_file_for_a_folder(application: Path) -> None:
    assert "There is no file" in str(refused(file=f"{application}/x.py"))


def test_a_directory(tmp_path: Path) -> None:
    assert "is a directory" in str(refused(file=str(tmp_path)))


def test_a_pipe_would_never_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a regular file" in str(refused(file=str(pipe)))


def test_a_relative_path() -> None:
    assert "not a whole path" in str(refused(file="app.py"))


def test_another_computer() -> None:
    assert "another computer" in str(refused(file="file://opt/app.py"))


def test_a_name_that_is_too_long() -> None:
    assert "too long" in str(refused(file="/" + "x" * 5000))


@pytest.mark.parametrize("key", ["py_files", "jars", "files", "archives"])
def test_every_list_is_checked(key: str, application: Path) -> None:
    error = refused(file=str(application), **{key: (str(application), "/no-such-folder-here/x#y")})
    assert error.field == key
    assert "/no-such-folder-here/x " in str(error)


@contextmanager
def plain_user() -> Iterator[None]:
    """The rights of a plain user, where this one has more."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_an_unreadable_file() -> None:
    # Not tmp_path: no other user may look into that.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        unreadable = Path(folder) / "secret.py"
        unreadable.touch()
        unreadable.chmod(0o000)
        with plain_user():
            assert "can't be read: Permission denied" in str(refused(file=str(unreadable)))


def test_a_folder_without_rights() -> None:
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "inner"
        inner.mkdir(0o000)
        Path(folder).chmod(0o755)
        with plain_user():
            assert "can't be looked at: Permission denied" in str(refused(file=f"{inner}/secret.py"))
