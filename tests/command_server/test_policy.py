"""What may be run."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline_gui.command_server.errors import Rejected
from pipeline_gui.command_server.policy import AllowedPlaces, check_conf, refused_keys
from pipeline_gui.command_server.submission import Submission
from tests.command_server.harness import CommandServer

REFUSED = [
    "spark.driver.extraJavaOptions", "spark.driver.defaultJavaOptions", "spark.driver.extraClassPath",
    "spark.driver.extraLibraryPath", "spark.driver.userClassPathFirst", "spark.executor.extraJavaOptions",
    "spark.executor.extraClassPath", "spark.executor.extraLibraryPath", "spark.plugins", "spark.extraListeners",
    "spark.sql.extensions", "spark.ui.filters", "spark.metrics.conf", "spark.metrics.conf.*.sink.x",
    "spark.pyspark.python", "spark.pyspark.driver.python", "spark.jars", "spark.jars.packages", "spark.jars.ivy",
    "spark.jars.repositories", "spark.files", "spark.archives", "spark.yarn.dist.files", "spark.kerberos.keytab",
    "spark.eventLog.dir", "spark.kubernetes.driver.podTemplateFile",
    "spark.kubernetes.driver.volumes.hostPath.x.options.path",
    "spark.kubernetes.authenticate.driver.serviceAccountName", "spark.master", "spark.remote",
    "spark.submit.deployMode", "spark.submit.pyFiles", "spark.yarn.queue", "spark.yarn.tags",
    "spark.yarn.submit.waitAppCompletion", "spark.kubernetes.submission.waitAppCompletion", "spark.driver.supervise",
    "spark.ui.port", "spark.ui.enabled", "spark.redaction.regex", "SPARK.MASTER", "spark.Driver.ExtraJavaOptions",
    " spark.master",
]  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_a_property_that_gets_around_the_limits_is_refused(key: str) -> None:
    with pytest.raises(Rejected, match="Blacklisted configuration values in session config: "):
        check_conf([key])


def test_ordinary_properties_are_taken() -> None:
    ordinary = [
        "spark.sql.shuffle.partitions", "spark.executor.memory", "spark.executor.cores", "spark.driver.memory",
        "spark.app.name", "spark.files.maxPartitionBytes", "spark.eventLog.enabled", "spark.hadoop.fs.s3a.endpoint",
        "spark.yarn.maxAppAttempts", "spark.local.dir",
    ]  # fmt: skip
    assert refused_keys(ordinary) == []


def test_the_server_refuses_in_livys_words(server: CommandServer) -> None:
    conf = {"spark.ui.port": "1", "spark.x": "y", "spark.master": "yarn"}

    answer = server.post({"file": str(server.app("")), "conf": conf})

    assert answer.status_code == 400
    refused = "Rejected, Reason: Blacklisted configuration values in session config: spark.master, spark.ui.port"
    assert answer.json() == {"msg": refused}


@pytest.fixture
def places(tmp_path: Path) -> AllowedPlaces:
    """One allowed folder and one allowed prefix; secret.py lies outside."""
    (tmp_path / "apps" / "sub").mkdir(parents=True)
    (tmp_path / "apps-beside").mkdir()
    for name in ("apps/ok.py", "apps/sub/deep.py", "apps/-dash.py", "apps-beside/no.py", "secret.py"):
        (tmp_path / name).write_text("pass")
    (tmp_path / "apps" / "link.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "apps" / "inside.py").symlink_to("sub/deep.py")
    (tmp_path / "apps" / "away").symlink_to(tmp_path / "apps-beside")
    os.mkfifo(tmp_path / "apps" / "fifo.py")
    return AllowedPlaces([tmp_path / "apps", "hdfs://namenode/apps"])


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        ("{}/apps/ok.py", "{}/apps/ok.py"),
        ("file:{}/apps/ok.py", "{}/apps/ok.py"),
        ("file://{}/apps/ok.py", "{}/apps/ok.py"),
        ("local:{}/apps/ok.py", "{}/apps/ok.py"),
        ("{}/apps/sub/../ok.py", "{}/apps/ok.py"),
        ("{}/apps/inside.py", "{}/apps/sub/deep.py"),
        ("{}/apps/-dash.py", "{}/apps/-dash.py"),
        ("hdfs://namenode/apps/a/b.py", "hdfs://namenode/apps/a/b.py"),
    ],
)
def test_what_is_allowed_becomes_its_real_path(
    places: AllowedPlaces, tmp_path: Path, given: str, resolved: str
) -> None:
    submission = Submission(given.format(tmp_path), jars=(given.format(tmp_path),))

    result = places.resolve(submission)

    assert result.file == resolved.format(tmp_path)
    assert result.jars == (resolved.format(tmp_path),)


@pytest.mark.parametrize(
    "given",
    [
        "{}/secret.py", "{}/apps/../secret.py", "{}/apps/link.py", "{}/apps/away/no.py", "{}/apps-beside/no.py",
        "file:{}/apps/%2e%2e/secret.py", "file://other{}/apps/ok.py", "file:{}/apps/ok.py?x", "apps/ok.py", "ok.py",
        "../ok.py", "-ok.py", "--help", "@{}/apps/ok.py", "{}/apps", "{}/apps/", "{}/apps/none.py", "{}/apps/fifo.py",
        "{}/apps/*.py", "{}/apps/ok.py,{}/secret.py", "{}/apps/{{ok,x}}.py", "/etc/passwd",
        "/dev/zero", "http://evil.example/a.py", "hdfs://namenode/other/a.py", "hdfs://namenode/apps/../other/a.py",
        "hdfs://namenode/apps-beside/a.py", "hdfs://evil/apps/a.py", "hdfs://namenode/apps/%2e%2e/other/a.py",
        "hdfs://namenode/apps/a.py?x=1", "s3a://bucket/a.py", "FILE:///etc/passwd", "file:relative.py", "data:text,x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["file", "jars", "py_files", "files", "archives"])
def test_what_is_not_allowed_is_refused_wherever_it_is_given(
    places: AllowedPlaces, tmp_path: Path, given: str, key: str
) -> None:
    path = given.format(tmp_path, tmp_path)
    ok = f"{tmp_path}/apps/ok.py"
    changed: dict[str, Any] = {key: path if key == "file" else (ok, path)}
    submission = dataclasses.replace(Submission(ok), **changed)

    with pytest.raises(Rejected) as refusal:
        places.resolve(submission)

    assert str(refusal.value).startswith("requirement failed: ")


def test_files_and_archives_may_have_a_name_after_their_path(places: AllowedPlaces, tmp_path: Path) -> None:
    ok = f"{tmp_path}/apps/ok.py"

    resolved = places.resolve(Submission(ok, files=(f"{tmp_path}/apps/inside.py#data",)))

    assert resolved.files == (f"{tmp_path}/apps/sub/deep.py#data",)
    for other in (Submission(f"{ok}#x"), Submission(ok, jars=(f"{ok}#x",)), Submission(ok, py_files=(f"{ok}#x",))):
        with pytest.raises(Rejected):
            places.resolve(other)
    for alias in ("#../x", "#a/b", "#", "#.."):
        with pytest.raises(Rejected):
            places.resolve(Submission(ok, archives=(ok + alias,)))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("{}/apps/none.py", "No such file"),
        ("{}/apps/sub", "is a directory"),
        ("{}/apps/fifo.py", "not a regular file"),
        ("ok.py", "is not absolute"),
        ("{}/secret.py", "cannot be added to user sessions"),
    ],
)
def test_a_refusal_says_what_is_wrong(places: AllowedPlaces, tmp_path: Path, path: str, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        places.resolve(Submission(path.format(tmp_path)))


def test_without_an_allowed_place_nothing_may_be_run(tmp_path: Path) -> None:
    (tmp_path / "ok.py").touch()

    with pytest.raises(Rejected, match="--allow"):
        AllowedPlaces([]).resolve(Submission(str(tmp_path / "ok.py")))
