"""How it may be started, and how not: no token goes over a wire that others can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline_gui import cli
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.retention import Rules
from pipeline_gui.service.options import OptionsInvalid, ServiceOptions, options_from
from pipeline_gui.service.tokens import read_token
from pipeline_gui.terminal.arguments import parse
from tests.service.conftest import OPERATOR_TOKEN, token_files
from tests.service.harness import Service
from tests.service.test_api import RUNS, START, STATUS, code_of
from tests.spark.certificates import make_certificate

TOKEN, CERTIFICATE = Path("/token"), Path("/certificate")


def test_the_defaults_are_for_this_computer_alone() -> None:
    options = options_from(parse(["serve"]))
    assert options == ServiceOptions()
    assert (options.host, options.port, options.is_loopback) == ("127.0.0.1", 8997, True)
    options.check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "ops.example"])
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "needs a token"),
        ({"tls_certificate": CERTIFICATE}, "needs a token"),
        ({"token_file": TOKEN}, "without encryption"),
        ({"token_file": TOKEN, "tls_key": CERTIFICATE}, "without --tls-certificate"),
    ],
)
def test_for_others_it_wants_a_token_and_tls(host: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionsInvalid, match=words):
        ServiceOptions(host=host, **more).check()


@pytest.mark.parametrize("more", [{"tls_certificate": CERTIFICATE}, {"behind_proxy": True}])
def test_for_others_with_both(more: dict[str, Any]) -> None:
    ServiceOptions(host="0.0.0.0", token_file=TOKEN, **more).check()


def test_what_would_make_everybody_an_operator() -> None:
    with pytest.raises(OptionsInvalid, match="viewers would be operators"):
        ServiceOptions(viewer_token_file=TOKEN).check()
    with pytest.raises(OptionsInvalid, match="every request comes from this computer"):
        ServiceOptions(behind_proxy=True).check()


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--port", "65536"], ["--port", "x"], ["--streams-per-client", "0"], ["--log-format", "xml"]):
        with pytest.raises(SystemExit) as ending:
            parse(["serve", *words])
        assert ending.value.code == 2
    capsys.readouterr()


def test_what_keeps_it_from_starting_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "open").write_text(OPERATOR_TOKEN)
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "short").write_text("short")
    (tmp_path / "short").chmod(0o600)
    good = token_files(tmp_path)[1]
    for words, sentence in (
        (["--host", "0.0.0.0"], "needs a token"),
        (["--token-file", str(tmp_path / "open")], "chmod 600"),
        (["--token-file", str(tmp_path / "short")], "16 to 1024"),
        (["--token-file", good, "--viewer-token-file", good], "is the operators' token"),
        (["--token-file", str(tmp_path)], "can't be read"),
        (["--tls-certificate", str(tmp_path / "none")], "can't be used"),
        (["--host", "no.such.invalid", "--token-file", good, "--behind-proxy"], "Can't listen"),
    ):
        assert cli.main(["serve", "--port", "0", *words]) == 1
        said = capsys.readouterr().err
        assert sentence in said
        assert said.count("\n") == 1
        assert OPERATOR_TOKEN not in said


def test_a_token_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token"
    token = read_token(path, make=True)
    assert len(token) > 40
    assert read_token(path, make=True) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    os.unlink(path)
    with pytest.raises(OptionsInvalid, match="can't be read"):
        read_token(path, make=False)


def test_over_tls(begin: Callable[..., Service], tmp_path: Path) -> None:
    pem = str(make_certificate(tmp_path).path)
    service = begin(*token_files(tmp_path), "--tls-certificate", pem)
    assert service.url.startswith("https://")
    assert code_of(service.get(STATUS, verify=pem), 401) == "unauthenticated"
    service.token = OPERATOR_TOKEN
    answer = service.get(STATUS, verify=pem)
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    login = {"data": {"token": OPERATOR_TOKEN}, "verify": pem}
    cookie = service.post("/login", headers={"Origin": service.url}, **login).headers["Set-Cookie"]
    assert cookie.startswith("__Host-pipeline-gui-")
    assert "Secure" in cookie
    plain = service.url.replace("https", "http")
    assert code_of(service.post("/login", headers={"Origin": plain}, **login), 403) == "foreign-origin"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{plain}/healthz", timeout=5)


def test_behind_a_proxy(begin: Callable[..., Service], tmp_path: Path) -> None:
    service = begin(*token_files(tmp_path), "--behind-proxy", "--name", "pipelines.example")
    service.token = OPERATOR_TOKEN
    outside = {"Host": "pipelines.example", "Origin": "https://pipelines.example"}
    for said, recorded in (("10.1.2.3", "10.1.2.3"), ("6.6.6.6, 10.1.2.3", "10.1.2.3"), ("<b>", "127.0.0.1")):
        answer = service.post(START, json=service.config(), headers={**outside, "X-Forwarded-For": said})
        run_id = answer.json()["run_id"]
        events = service.json(f"{RUNS}/{run_id}/events", headers=outside)["events"]
        assert events[0]["actor"] == f"operator@{recorded}"
        service.post("/api/pipeline/stop", json={"grace_seconds": 0}, headers=outside)
    assert (
        code_of(service.get(STATUS, headers={**outside, "Origin": "http://pipelines.example"}), 403) == "foreign-origin"
    )
    assert code_of(service.get(STATUS, headers={"Host": "other.example"}), 421) == "wrong-host"


def test_nobody_is_believed_who_is_no_proxy(service: Service) -> None:
    run_id = service.post(START, json=service.config(), headers={"X-Forwarded-For": "6.6.6.6"}).json()["run_id"]
    events = service.json(f"{RUNS}/{run_id}/events")["events"]
    assert events[0]["actor"].endswith("@127.0.0.1")


def test_rules_of_retention_that_can_not_be_meant_begin_no_service() -> None:
    assert options_from(parse(["serve"])).retention is None
    options = options_from(parse(["serve", "--remove-older-than-days", "30", "--keep-last", "1000"]))
    assert options.retention == Rules(30, 1000)
    with pytest.raises(ConfigurationInvalid, match="36,500"):
        options_from(parse(["serve", "--remove-older-than-days", "99999"])).check()
