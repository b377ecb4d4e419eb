"""The command server over TLS, with a certificate of an authority that nobody but its clients knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pipeline_gui.command_server.options import ServerOptions
from pipeline_gui.command_server.server import run_server
from pipeline_gui.pipeline.errors import SparkNotConnected
from pipeline_gui.spark.factory import connect_spark
from tests.command_server.harness import SLEEP, CommandServer, command_server
from tests.spark.certificates import Certificate, make_certificate_of_authority


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate_of_authority(tmp_path)


@pytest.fixture
def secure(tmp_path: Path, certificate: Certificate) -> Iterator[CommandServer]:
    with command_server(tmp_path / "server", certificate=certificate) as server:
        yield server


def test_who_knows_the_authority_launches_and_reads(secure: CommandServer, certificate: Certificate) -> None:
    batch = secure.submit(SLEEP, name="one")
    secure.wait_for_output(batch["id"], "up")
    client = connect_spark("livy", secure.url, secure.token, ca_file=str(certificate.authority))
    try:
        assert client.identity().can_fence
        assert [batch.name for batch in client.alive("")] == ["one"]
    finally:
        client.close()
    assert secure.url.startswith("https://")
    assert f"Spark command server at {secure.url}" in secure.log


def test_who_does_not_sends_nothing(secure: CommandServer) -> None:
    client = connect_spark("livy", secure.url, secure.token)
    try:
        with pytest.raises(SparkNotConnected, match="can't be trusted"):
            client.identity()
    finally:
        client.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{secure.url.replace('https', 'http')}/version", timeout=5)


def test_a_certificate_that_is_none_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for options, words in (
        (ServerOptions(tmp_path / "s", tls_certificate=tmp_path / "none.pem"), "can't be used"),
        (ServerOptions(tmp_path / "s", tls_key=tmp_path / "key.pem"), "without --tls-certificate"),
    ):
        assert run_server(options) == 1
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1
