"""Receivers, on a real mail server and a real HTTP one: what arrives, and what is said when it does not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_gui.pipeline.alert import NotDelivered, Receiver
from pipeline_gui.receivers import failures
from pipeline_gui.receivers.file import FileReceivers
from tests.alerts.hooks import Hook, hook
from tests.alerts.letters import letter
from tests.alerts.mail_server import PASSWORD, USER, mail_server
from tests.spark.certificates import make_certificate

ENVIRONMENT = {"PIPELINE_GUI_SECRET_SMTP": PASSWORD, "PIPELINE_GUI_SECRET_HOOK": "t0ken-of-the-hook"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls")).path


@pytest.fixture
def hooked() -> Iterator[Hook]:
    with hook() as running:
        yield running


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Makes a receiver as an administrator does, by a file."""

    def make(lines: str) -> Receiver:
        file = tmp_path / "receivers.toml"
        file.write_text(f"[receivers.ops]\n{lines}\n")
        file.chmod(0o600)
        receivers = FileReceivers(file, ENVIRONMENT)
        assert receivers.trouble is None, receivers.trouble
        return receivers.all()["ops"]

    return make


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "SECONDS", 1.5)
    monkeypatch.setattr(failures, "STEP_SECONDS", 1.0)


def mailing(port: int, certificate: Path, **more: str) -> str:
    values = {
        "kind": "mail", "host": "127.0.0.1", "from": "pipelines@example.org", "to": "ops@example.org",
        "user": USER, "password": "${secret:SMTP}", "ca_file": str(certificate), **more,
    }  # fmt: skip
    return f"port = {port}\n" + "\n".join(f'{key} = "{value}"' for key, value in values.items() if value)


def hooking(url: str, **more: str) -> str:
    lines = {"kind": "webhook", "url": url, "reach": "any", **more}
    return "\n".join(f'{key} = "{value}"' for key, value in lines.items())


# --- mail -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_arrives_over_tls_with_a_key_of_its_own(make: Any, certificate: Path, tls: str) -> None:
    with mail_server(certificate, implicit=tls == "implicit") as server:
        answer = make(mailing(server.port, certificate, tls=tls)).send(letter())
    [arrived] = server.letters
    assert answer == "127.0.0.1 answered 250 queued as 4711."
    assert arrived["Subject"] == "✖ “flights” failed"
    assert arrived["Message-ID"] == "<abc-7@example.org>"
    assert (arrived["From"], arrived["To"]) == ("pipelines@example.org", "ops@example.org")
    assert arrived.get_content().replace("\r\n", "\n") == "It failed.\n.\nSee the log: ö\n"
    assert server.recipients == [["ops@example.org"]]


def test_a_certificate_that_is_not_trusted_is_not_talked_to(make: Any, certificate: Path) -> None:
    with (
        mail_server(certificate) as server,
        pytest.raises(NotDelivered, match=r"certificate of 127.0.0.1 can't be verified: self") as raised,
    ):
        make(mailing(server.port, certificate, ca_file="")).send(letter())
    assert not raised.value.is_refusal
    assert server.letters == []


def test_a_wrong_password_is_told_without_it(make: Any, certificate: Path) -> None:
    with mail_server(certificate) as server, pytest.raises(NotDelivered) as raised:
        make(mailing(server.port, certificate, user="other")).send(letter())
    assert "refused the user or the password: 535" in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert not raised.value.is_refusal


def test_a_server_without_tls_gets_neither_password_nor_letter(make: Any, certificate: Path) -> None:
    with (
        mail_server(certificate, offers_tls=False) as server,
        pytest.raises(NotDelivered, match="offers no TLS"),
    ):
        make(mailing(server.port, certificate)).send(letter())
    assert server.letters == []


def test_what_the_server_says_of_recipients_and_of_the_letter(make: Any, certificate: Path) -> None:
    with mail_server(certificate) as server:
        receiver = make(mailing(server.port, certificate))
        server.refuses = {"RCPT": "550 no such user here"}
        with pytest.raises(NotDelivered, match=r"recipient ops@example.org: 550 no such user here") as raised:
            receiver.send(letter())
        assert raised.value.is_refusal
        server.refuses = {"DATA": "451 try again later"}
        with pytest.raises(NotDelivered, match=r"refused the message: 451 try again later") as raised:
            receiver.send(letter())
        assert not raised.value.is_refusal
        server.refuses = {"RCPT": "550 no such user here"}
        some = make(mailing(server.port, certificate, to="") + '\nto = ["ok@example.org", "gone@example.org"]')
        assert "It refused gone@example.org." in some.send(letter())
    assert server.recipients == [["ok@example.org"]]


def test_a_subject_can_not_smuggle_a_header(make: Any, certificate: Path) -> None:
    with mail_server(certificate) as server:
        make(mailing(server.port, certificate)).send(letter(title="x\r\nBcc: all@example.org"))
    [arrived] = server.letters
    assert (arrived["Subject"], arrived["Bcc"]) == ("x Bcc: all@example.org", None)
    assert server.recipients == [["ops@example.org"]]


def test_nobody_there_no_such_name_and_one_that_says_nothing(make: Any, certificate: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(NotDelivered, match="did not answer within"):
            make(mailing(port, certificate)).send(letter())
    with pytest.raises(NotDelivered, match="nobody listens there"):
        make(mailing(port, certificate)).send(letter())
    with pytest.raises(NotDelivered, match=r"name of nowhere.invalid is not known"):
        make(mailing(port, certificate, host="nowhere.invalid")).send(letter())


# --- webhook --------------------------------------------------------------------------------------------------------


def test_a_webhook_gets_json_a_key_and_its_headers(make: Any, hooked: Hook) -> None:
    receiver = make(hooking(hooked.url) + '\nheaders = {Authorization = "Bearer ${secret:HOOK}"}')
    assert receiver.send(letter()) == "127.0.0.1 answered 200 OK: thanks"
    [arrived] = hooked.received
    assert (arrived.path, arrived.key) == ("/hook/s3cret-path", "abc-7")
    assert arrived.headers["Authorization"] == "Bearer t0ken-of-the-hook"
    assert arrived.body["title"] == "✖ “flights” failed"


def test_over_tls_with_a_certificate_of_ones_own(make: Any, certificate: Path) -> None:
    with hook(certificate) as secure:
        assert "200" in make(hooking(secure.url, ca_file=str(certificate))).send(letter())
        with pytest.raises(NotDelivered, match="can't be verified"):
            make(hooking(secure.url)).send(letter())
        with pytest.raises(NotDelivered, match=r"No TLS|can't be reached|did not answer as"):
            make(hooking(secure.url.replace("https", "http"))).send(letter())
    with hook() as plain, pytest.raises(NotDelivered, match=r"No TLS with 127.0.0.1"):
        make(hooking(plain.url.replace("http", "https"), ca_file=str(certificate))).send(letter())
    assert len(secure.received) == 1


@pytest.mark.parametrize(
    ("mood", "sentence", "is_refusal"),
    [
        ("500", "127.0.0.1 answered 500 Internal Server Error: thanks", False),
        ("429", "answered 429", False),
        ("401", "answered 401", False),
        ("404", "answered 404", True),
        ("redirect", "302, a redirect, which is not followed", True),
        ("hang", "did not answer within", False),
        ("cut", "did not answer as a server of its kind", False),
    ],
)
def test_one_that_fails_hangs_or_redirects(make: Any, hooked: Hook, mood: str, sentence: str, is_refusal: bool) -> None:
    hooked.mood = mood
    with pytest.raises(NotDelivered) as raised:
        make(hooking(hooked.url)).send(letter())
    assert sentence in str(raised.value)
    assert raised.value.is_refusal is is_refusal
    assert hooked.received == []


def test_an_answer_that_drips_is_cut_at_the_deadline(make: Any, hooked: Hook) -> None:
    hooked.mood = "drip"
    began = time.monotonic()
    try:
        make(hooking(hooked.url)).send(letter())
    except NotDelivered as error:
        assert "was given up" in str(error)  # noqa: PT017 - a cut may also look like the end of the answer
    assert time.monotonic() - began < 5


def test_of_a_large_answer_only_the_beginning_is_read(make: Any, hooked: Hook) -> None:
    hooked.mood = "large"
    answer = make(hooking(hooked.url)).send(letter())
    assert len(answer) < 500


def test_what_a_receiver_echoes_shows_no_secret(make: Any, hooked: Hook) -> None:
    hooked.mood = "echo"
    receiver = make(hooking(hooked.url) + '\nheaders = {Authorization = "Token ${secret:HOOK}"}')
    answer = receiver.send(letter())
    assert "redacted" in answer
    for secret in ("t0ken-of-the-hook", "s3cret-path"):
        assert secret not in answer
        assert secret not in repr(receiver)


def test_an_error_that_nobody_foresaw_shows_no_secret(make: Any, hooked: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("never heard of /hook/s3cret-path")

    monkeypatch.setattr("http.client.HTTPConnection.request", fail)
    with pytest.raises(NotDelivered, match="not foreseen, RuntimeError") as raised:
        make(hooking(hooked.url)).send(letter())
    assert "s3cret-path" not in str(raised.value)
    assert raised.value.__cause__ is None


# --- where it may not go --------------------------------------------------------------------------------------------


def test_this_computer_is_out_of_reach_unless_allowed(make: Any, hooked: Hook) -> None:
    receiver = make(hooking(hooked.url, reach="network"))
    with pytest.raises(NotDelivered, match=r"was not asked. 127.0.0.1 is this computer, which this receiver may not"):
        receiver.send(letter())
    assert hooked.received == []


def test_a_name_that_turns_out_to_be_this_computer_is_out_of_reach(
    make: Any, hooked: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that led elsewhere when it was looked at: what counts is where the connection goes."""
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: found("127.0.0.1", *rest, **more))
    receiver = make(hooking(hooked.url.replace("127.0.0.1", "hooks.example.org"), reach="public"))
    with pytest.raises(NotDelivered, match=r"127.0.0.1 is this computer"):
        receiver.send(letter())
    assert hooked.received == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its plugins', all of which it loads
def test_through_apprise_arrives_and_is_out_of_reach_likewise(make: Any, hooked: Hook) -> None:
    url = f"json://127.0.0.1:{hooked.port}/s3cret-path"
    assert make(f'kind = "apprise"\nurl = "{url}"\nreach = "any"').send(letter()) == "JSON took it."
    [arrived] = hooked.received
    assert arrived.body["message"] == letter().text
    with pytest.raises(NotDelivered, match=r"JSON was not asked. 127.0.0.1 is this computer"):
        make(f'kind = "apprise"\nurl = "{url}"').send(letter())
    hooked.mood = "redirect"
    with pytest.raises(NotDelivered, match="JSON did not take it"):
        make(f'kind = "apprise"\nurl = "{url}?redirect=yes"\nreach = "any"').send(letter())
    hooked.mood = "500"
    with pytest.raises(NotDelivered, match="500") as raised:
        make(f'kind = "apprise"\nurl = "{url}"\nreach = "any"').send(letter())
    assert "s3cret-path" not in str(raised.value)
    with pytest.raises(NotDelivered, match="can't read this URL"):
        make('kind = "apprise"\nurl = "nosuch://x/y"').send(letter())
    assert len(hooked.received) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_is_given_up_at_the_deadline_too(make: Any, hooked: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "SECONDS", 1.0)
    hooked.mood = "drip"
    began = time.monotonic()
    try:
        make(f'kind = "apprise"\nurl = "json://127.0.0.1:{hooked.port}/?rto=60"\nreach = "any"').send(letter())
    except NotDelivered as error:
        assert "was given up" in str(error)  # noqa: PT017
    assert time.monotonic() - began < 5


def test_other_threads_go_where_they_like_meanwhile(make: Any, hooked: Hook) -> None:
    hooked.mood = "hang"

    def send() -> None:
        with pytest.raises(NotDelivered):
            make(hooking(hooked.url, reach="network")).send(letter())

    sending = threading.Thread(target=send)
    sending.start()
    with socket.create_connection(("127.0.0.1", hooked.port), 5):
        pass
    hooked.leave.set()
    sending.join(10)


def test_certificates_are_the_systems_where_none_is_named(make: Any) -> None:
    receiver = make('kind = "webhook"\nurl = "https://hooks.example.org/x"')
    context: ssl.SSLContext = receiver._receiver.tls
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
