"""Certificates for tests, and a server with TLS that can fail."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.spark.fault_server import Behaviour, FaultServer


@dataclass(frozen=True)
class Certificate:
    """A file that holds a certificate and its key; and one that holds what it is trusted by."""

    path: Path
    authority: Path


def make_certificate(folder: Path) -> Certificate:
    """A new one for 127.0.0.1, which signs itself, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = folder / "server.pem"
    path.write_bytes(_pem(key) + _signed("a test", key, key, "a test", ("127.0.0.1",), is_authority=True))
    return Certificate(path, path)


def make_certificate_of_authority(folder: Path, *hosts: str) -> Certificate:
    """A new one for some addresses and names, signed by an authority of its own, as a company has one."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = hosts or ("127.0.0.1",)
    path, trusted = folder / "server.pem", folder / "authority.pem"
    path.touch(0o600)
    path.write_bytes(_pem(key) + _signed("a server", key, authority, "an authority", names))
    trusted.write_bytes(_signed("an authority", authority, authority, "an authority", (), is_authority=True))
    return Certificate(path, trusted)


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    issuer: str,
    hosts: Sequence[str],
    *,
    is_authority: bool = False,
) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([*map(_host, hosts)]), critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class TlsFaultServer(FaultServer):
    """A FaultServer that speaks TLS."""

    def __init__(self, behaviour: Behaviour, certificate: Certificate, host: str = "127.0.0.1") -> None:
        super().__init__(behaviour, host)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.path)

    @property
    def url(self) -> str:
        """Its address."""
        return super().url.replace("http:", "https:")

    def wrap(self, raw: socket.socket) -> socket.socket:
        """TLS over the connection. Raises OSError when the client does not want it."""
        return self._context.wrap_socket(raw, server_side=True)
