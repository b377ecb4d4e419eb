"""Where this computer keeps the certificates that it trusts.

Libraries that come in wheels and bundles look where the computer on which they were built keeps them.
"""

from __future__ import annotations

import os
import ssl

_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # BSD, macOS
)


def system_certificates() -> str | None:
    """The file of the certificates that the whole computer trusts; None where none is found."""
    chosen = ssl.get_default_verify_paths().cafile  # SSL_CERT_FILE, too
    return next((place for place in (chosen, *_PLACES) if place and os.path.isfile(place)), None)
