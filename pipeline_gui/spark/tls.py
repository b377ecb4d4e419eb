"""Which certificates are trusted."""

from __future__ import annotations

import os
import ssl

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.trusted_certificates import system_certificates


def make_tls_context(ca_file: str | None) -> ssl.SSLContext:
    """What is trusted: the file given, else the one of the environment, else the system's and the bundled.

    Raises ConfigurationInvalid.
    """
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # not before it is needed: requests takes a while to load

    named = ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    try:
        if named:
            folder = os.path.isdir(named)
            return ssl.create_default_context(cafile=None if folder else named, capath=named if folder else None)
        context = ssl.create_default_context()
        for file in (DEFAULT_CA_BUNDLE_PATH, system_certificates()):
            if file is not None:
                context.load_verify_locations(file)
        return context
    except (OSError, ssl.SSLError):
        sentence = f"The file of trusted certificates {named or DEFAULT_CA_BUNDLE_PATH} can't be read."
        raise ConfigurationInvalid(sentence, field="spark_ca_file") from None
