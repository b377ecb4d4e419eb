"""One request and its whole answer: deadlines, bounds, and what may have been delivered."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid, SparkNotConnected, SparkUnavailable
from pipeline_gui.spark.tls import make_tls_context
from pipeline_gui.spark.transport import Answer, Transport
from tests.spark.certificates import Certificate, TlsFaultServer, make_certificate
from tests.spark.fault_server import (
    Behaviour,
    FaultServer,
    answer,
    close,
    cut,
    drip,
    endless,
    hang,
    html_answer,
    json_answer,
    raw_answer,
    read_request,
    reset,
)
from tests.waiting import wait_until

DEADLINE = 0.4
SOON = 10.0
"""Far below what any of the faults would last, far above what a busy computer needs."""


def ask(
    url: str, timeout: float = 10.0, connect_timeout: float = 3.0, tls: ssl.SSLContext | None = None, **options: Any
) -> Answer:
    transport = Transport(connect_timeout, tls)
    begun = time.monotonic()
    try:
        return transport.exchange("GET", url, timeout=timeout, **options)
    finally:
        assert time.monotonic() - begun < timeout + SOON, "the deadline of the whole request was not kept"
        transport.close()


def test_a_whole_answer(faulty: FaultServer) -> None:
    faulty.behaviour = json_answer({"a": 1}, 201, {"X-Pipeline-Generation": "g"})
    got = ask(faulty.url + "/x?y=1", headers={"X-One": "1"})
    assert (got.status, got.media_type, got.generation, got.body) == (201, "application/json", "g", b'{"a": 1}')
    request = faulty.requests[0]
    assert (request.method, request.path, request.headers["x-one"]) == ("GET", "/x?y=1", "1")
    assert request.headers["connection"] == "close"


@pytest.mark.parametrize(
    "behaviour",
    [
        hang,
        drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500),
        drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n" + b" " * 900),
        drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 900),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    ],
    ids=["hang", "slow headers", "slow body", "slow body without a length", "continue for ever"],
)
def test_the_deadline_is_for_the_whole_answer(faulty: FaultServer, behaviour: Behaviour) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnavailable, match=r"did not answer within 0\.4 s") as caught:
        ask(faulty.url, timeout=DEADLINE)
    assert not isinstance(caught.value, SparkNotConnected)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (close, "broke before its answer was whole"),
        (reset, "broke before its answer was whole"),
        (cut(), "broke before its answer was whole"),
        (raw_answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nabc"), "broke before its answer"),
        (raw_answer(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "broke before its answer was whole"),
        (raw_answer(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), "broke before its answer was whole"),
        (raw_answer(b"SSH-2.0-OpenSSH\r\n"), "not HTTP"),
        (raw_answer(b"\x15\x03\x01\x00\x02\x02\x16"), "not HTTP"),
        (endless(), "longer than 8,192 KB"),
        (
            endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65_536 + b"\r\n"),
            "longer",
        ),
        (answer(200, gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}), "compressed"),
    ],
)
def test_an_answer_that_is_none_is_not_known(faulty: FaultServer, behaviour: Behaviour, says: str) -> None:
    faulty.behaviour = behaviour
    with pytest.raises(SparkUnavailable, match=says) as caught:
        ask(faulty.url)
    assert not isinstance(caught.value, SparkNotConnected)


def test_the_bound_on_a_body_can_be_another(faulty: FaultServer) -> None:
    faulty.behaviour = answer(200, b"x" * 1000)
    assert len(ask(faulty.url, largest=1000).body) == 1000
    with pytest.raises(SparkUnavailable, match="longer"):
        ask(faulty.url, largest=999)


def test_a_redirect_is_not_followed(faulty: FaultServer) -> None:
    faulty.behaviour = answer(307, headers={"Location": f"{faulty.url}/elsewhere"})
    assert ask(faulty.url).status == 307
    assert faulty.connections == 1


def test_a_connection_is_never_used_twice_nor_a_request_repeated(faulty: FaultServer) -> None:
    faulty.behaviour = answer(200, headers={"Connection": "keep-alive"})
    transport = Transport(3, None)
    for _ in range(3):
        transport.exchange("GET", faulty.url, timeout=10)
    assert faulty.connections == 3
    faulty.behaviour = close
    with pytest.raises(SparkUnavailable):
        transport.exchange("GET", faulty.url, timeout=10)
    assert faulty.connections == 4


def test_no_cookie_is_kept(faulty: FaultServer) -> None:
    faulty.behaviour = answer(200, headers={"Set-Cookie": "a=b; Path=/"})
    transport = Transport(3, None)
    for _ in range(2):
        transport.exchange("GET", faulty.url, timeout=10)
    assert "cookie" not in faulty.requests[1].headers


# --- no connection at all -------------------------------------------------------------------------------------------


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SparkNotConnected, match=f"Nothing listens at 127.0.0.1:{port}"):
        ask(f"http://127.0.0.1:{port}")


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SparkNotConnected, match=r"The name spark\.example is not known"):
        ask("http://spark.example:8998")


def test_a_look_up_that_hangs_is_not_waited_for_and_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    begun: list[str] = []
    real = socket.getaddrinfo

    def hanging(host: str, port: int, family: int, kind: int, protocol: int, flags: int) -> object:
        if flags == 0:
            begun.append(host)
            release.wait(30)
        return real("127.0.0.1" if flags == 0 else host, port, family, kind, protocol, flags)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    transport = Transport(0.2, None)
    try:
        for _ in range(3):
            with pytest.raises(SparkNotConnected, match=r"came about within 0\.2 s"):
                transport.exchange("GET", "http://spark.example:8998", timeout=5)
        assert begun == ["spark.example"]
    finally:
        release.set()
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "resolver"])


def test_a_server_that_takes_no_connection() -> None:
    with socket.socket() as listener, socket.socket() as filling:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filling.setblocking(False)
        filling.connect_ex(listener.getsockname())
        with pytest.raises(SparkNotConnected, match=r"came about within 0\.3 s"):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5, connect_timeout=0.3)


def test_no_time_left_means_nothing_is_sent(faulty: FaultServer) -> None:
    with pytest.raises(SparkNotConnected):
        ask(faulty.url, timeout=0)
    assert faulty.requests == []


@pytest.mark.parametrize("first", ["refuses", "hangs"])
def test_a_second_address_is_tried_when_the_first_is_dead(
    faulty: FaultServer, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    faulty.behaviour = answer(200)
    with socket.socket() as listener, socket.socket() as filling:
        listener.bind(("127.0.0.2", faulty.port))
        if first == "hangs":
            listener.listen(0)
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
        both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, faulty.port)) for host in ("127.0.0.2", "127.0.0.1")]

        def two(_host: str, _port: int, _family: int, _kind: int, _protocol: int, flags: int) -> object:
            if flags:
                raise socket.gaierror(socket.EAI_NONAME, "not a number")
            return both

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert ask("http://spark.example", timeout=5, connect_timeout=1).status == 200


# --- proxies and the environment ------------------------------------------------------------------------------------


def test_proxies_are_not_asked_for_this_computer(faulty: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    faulty.behaviour = answer(200)
    assert ask(faulty.url).status == 200


def test_proxies_are_used_for_others(faulty: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", faulty.url)
    faulty.behaviour = html_answer(502)
    assert ask("http://spark.example:8998/batches").status == 502
    assert faulty.requests[0].path == "http://spark.example:8998/batches"


def test_a_proxy_that_is_not_there_delivered_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(SparkNotConnected, match=r"Nothing listens at 127\.0\.0\.1:1\b"):
        ask("http://spark.example:8998")


def test_a_proxy_that_can_not_go_on_delivered_nothing(
    faulty: FaultServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", faulty.url)
    faulty.behaviour = raw_answer(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(SparkNotConnected, match=r"proxy.*did not connect.*503"):
        ask("https://spark.example:8998", tls=make_tls_context(str(certificate.path)))
    assert faulty.requests[0].method == "CONNECT"


def test_a_netrc_does_not_replace_the_token(
    faulty: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    faulty.behaviour = answer(200)
    ask(faulty.url, headers={"Authorization": "Bearer ours"})
    assert faulty.requests[0].headers["authorization"] == "Bearer ours"


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure(certificate: Certificate) -> Iterator[TlsFaultServer]:
    with TlsFaultServer(json_answer({}), certificate) as server:
        yield server


def test_a_certificate_that_is_named_is_trusted(secure: TlsFaultServer, certificate: Certificate) -> None:
    assert ask(secure.url, tls=make_tls_context(str(certificate.path))).status == 200


def test_the_environments_certificates_are_trusted(
    secure: TlsFaultServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.path))
    assert ask(secure.url, tls=make_tls_context(None)).status == 200


def test_another_certificate_is_not_trusted_and_nothing_is_sent(secure: TlsFaultServer) -> None:
    with pytest.raises(SparkNotConnected, match=r"certificate of 127\.0\.0\.1:.* can't be trusted: self"):
        ask(secure.url, tls=make_tls_context(None))
    assert secure.requests == []


def test_a_certificate_of_another_host_is_not_trusted(certificate: Certificate) -> None:
    with TlsFaultServer(json_answer({}), certificate, host="127.0.0.2") as other:
        with pytest.raises(SparkNotConnected, match="can't be trusted: IP address mismatch"):
            ask(other.url, tls=make_tls_context(str(certificate.path)))
        assert other.requests == []


def test_a_server_without_tls(certificate: Certificate) -> None:
    raw = socket.create_server(("127.0.0.1", 0))

    def speak_plainly() -> None:
        connection, _ = raw.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    speaker = threading.Thread(target=speak_plainly)
    speaker.start()
    with raw, pytest.raises(SparkNotConnected, match=r"does not speak TLS.*http://"):
        ask(f"https://127.0.0.1:{raw.getsockname()[1]}", tls=make_tls_context(str(certificate.path)))
    speaker.join(5)


def test_a_handshake_that_hangs_delivered_nothing(certificate: Certificate) -> None:
    tls = make_tls_context(str(certificate.path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SparkNotConnected, match="came about within"):
            ask(url, timeout=DEADLINE, tls=tls)


def test_a_slow_answer_over_tls_is_cut(secure: TlsFaultServer, certificate: Certificate) -> None:
    secure.behaviour = drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500)
    with pytest.raises(SparkUnavailable, match="did not answer within 2 s") as caught:
        ask(secure.url, tls=make_tls_context(str(certificate.path)), timeout=2)
    assert not isinstance(caught.value, SparkNotConnected)


def test_certificates_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "not.pem").write_text("no certificate")
    for path in (tmp_path / "none.pem", tmp_path / "not.pem"):
        with pytest.raises(ConfigurationInvalid, match=path.name):
            make_tls_context(str(path))


def test_the_fault_server_reads_a_request_that_ends_early() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")
        ours.shutdown(socket.SHUT_WR)
        assert read_request(theirs) is None
