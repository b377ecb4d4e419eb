"""Licences (SPDX) of what says none itself, or says it in words; and what the native libraries belong to."""

from __future__ import annotations

_QT = "LGPL-3.0-only"

DISTRIBUTIONS = {
    "google-re2": "BSD-3-Clause AND Apache-2.0",  # the wheel holds RE2 and what it needs of Abseil
    "attrs": "MIT",
    "backports-tarfile": "MIT",
    "certifi": "MPL-2.0",
    "cffi": "MIT-0",
    "charset-normalizer": "MIT",
    "cronsim": "BSD-3-Clause",
    "cryptography": "Apache-2.0 OR BSD-3-Clause",
    "idna": "BSD-3-Clause",
    "importlib-metadata": "Apache-2.0",
    "jaraco-classes": "MIT",
    "jaraco-context": "MIT",
    "jaraco-functools": "MIT",
    "jeepney": "MIT",
    "keyring": "MIT",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "more-itertools": "MIT",
    "msgspec": "BSD-3-Clause",
    "platformdirs": "MIT",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "psycopg-pool": "LGPL-3.0-only",
    "pycparser": "BSD-3-Clause",
    "pygments": "BSD-2-Clause",
    "pyside6-essentials": _QT,
    "requests": "Apache-2.0",
    "rich": "MIT",
    "secretstorage": "BSD-3-Clause",
    "shiboken6": _QT,
    "typing-extensions": "PSF-2.0",
    "tzdata": "Apache-2.0 AND LicenseRef-public-domain",  # the wheel's code, and IANA's data
    "urllib3": "MIT",
    "zipp": "MIT",
}
"""By the normalized name on the Python Package Index."""

LIBRARIES = {
    "libQt6Core": ("Qt", _QT),
    "libicu": ("ICU", "Unicode-3.0"),
    "libpq": ("PostgreSQL libpq", "PostgreSQL"),
    "libssl": ("OpenSSL", "Apache-2.0"),
    "libcrypto": ("OpenSSL", "Apache-2.0"),
    "libkrb5": ("MIT Kerberos", "MIT"),
    "libldap": ("OpenLDAP", "OLDAP-2.8"),
    "libsasl2": ("Cyrus SASL", "BSD-3-Clause-Attribution"),
    "libkeyutils": ("keyutils", "LGPL-2.1-or-later"),
    "libcrypt-": ("libxcrypt", "LGPL-2.1-or-later"),
    "libselinux": ("SELinux", "LicenseRef-public-domain"),
    "libpcre": ("PCRE", "BSD-3-Clause"),
    "libffi": ("libffi", "MIT"),
    "libbz2": ("bzip2", "bzip2-1.0.6"),
    "liblzma": ("XZ Utils", "0BSD"),
    "libexpat": ("Expat", "MIT"),
    "libuuid": ("util-linux libuuid", "BSD-3-Clause"),
    "libreadline": ("GNU readline", "GPL-3.0-or-later"),
}
"""By the beginning of the file's name: what it belongs to, and its licence."""
