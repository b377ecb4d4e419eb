"""A server with TLS and a certificate that signs itself, for tests."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.spark.fault_server import Behaviour, FaultServer


@dataclass(frozen=True)
class Certificate:
    """A file that holds a certificate for 127.0.0.1 and its key."""

    path: Path


def make_certificate(folder: Path) -> Certificate:
    """A new one, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return Certificate(path)


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
