"""A database over TLS, by an authority of one's own and by those that the whole computer trusts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from pipeline_gui import trusted_certificates
from pipeline_gui.pipeline.errors import StoreUnavailable
from pipeline_gui.store.store import open_store
from pipeline_gui.store.target import parse_target
from pipeline_gui.trusted_certificates import system_certificates
from tests.spark.certificates import Certificate, make_certificate_of_authority
from tests.store.tls_front import tls_front


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate_of_authority(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure_database(database: str, certificate: Certificate) -> Iterator[str]:
    """It is reached over TLS alone."""
    with tls_front(database, certificate) as url:
        yield url


def works(url: str, **more: str) -> bool:
    store = open_store(make_conninfo(url, **more), application_name="tests", max_connections=1)
    try:
        return store.installation().is_original
    finally:
        store.close()


def test_the_authority_that_is_named_is_trusted(secure_database: str, certificate: Certificate) -> None:
    assert works(secure_database, sslmode="verify-full", sslrootcert=str(certificate.authority))


def test_what_the_computer_trusts_is_trusted(
    secure_database: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    assert works(secure_database, sslrootcert="system")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        works(secure_database, sslrootcert="system")


def test_a_certificate_for_another_name_is_not_trusted(secure_database: str, certificate: Certificate) -> None:
    with pytest.raises(StoreUnavailable, match="does not match host name"):
        works(
            secure_database,
            host="localhost",
            hostaddr="127.0.0.1",
            sslmode="verify-full",
            sslrootcert=str(certificate.authority),
        )


def test_the_computers_file_is_found_where_libraries_do_not_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "not-there"))
    (tmp_path / "bundle.crt").touch()
    monkeypatch.setattr(trusted_certificates, "_PLACES", (str(tmp_path / "other"), str(tmp_path / "bundle.crt")))
    assert system_certificates() == str(tmp_path / "bundle.crt")
    assert "verify-full" in parse_target("host=db sslrootcert=system", "tests").conninfo
    monkeypatch.setattr(trusted_certificates, "_PLACES", ())
    assert system_certificates() is None
    assert "sslrootcert=system" in parse_target("host=db sslrootcert=system", "tests").conninfo
