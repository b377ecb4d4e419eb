"""How the service is started: its options, and whether they go together."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from pipeline_gui.command_server.guard import is_loopback
from pipeline_gui.pipeline.errors import PipelineError
from pipeline_gui.pipeline.retention import Rules


class OptionsInvalid(PipelineError):
    """The service can't be started in that way; nothing listens."""

    reason = "invalid"


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Everything that the service is told."""

    host: str = "127.0.0.1"
    port: int = 8997
    """0: a free one, which the first line of the output tells."""
    names: tuple[str, ...] = ()
    """Host names under which people and programs ask, besides its own addresses."""
    token_file: Path | None = None
    """The operators' token, or where one is to be made; None: on loopback, whoever asks is an operator."""
    viewer_token_file: Path | None = None
    """The token of those who may look and do nothing."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    """None: the key is in the certificate's file."""
    behind_proxy: bool = False
    """A proxy does TLS and says in X-Forwarded-For who asks."""
    receivers_file: Path | None = None
    """Whom alerts are sent to; None: receivers.toml beside the profile's settings."""
    streams_per_client: int = 16
    most_streams: int = 2000
    retention: Rules | None = None
    """How long runs are kept; None: for ever."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer can ask."""
        return is_loopback(self.host)

    @property
    def is_secure(self) -> bool:
        """Whether what is between a browser and us is encrypted."""
        return self.behind_proxy or self.tls_certificate is not None

    def check(self) -> None:
        """Raise OptionsInvalid where others could ask without a token, or read it on the way."""
        if self.retention is not None:
            self.retention.check()
        if self.tls_key is not None and self.tls_certificate is None:
            raise OptionsInvalid("--tls-key is given without --tls-certificate.")
        if self.viewer_token_file is not None and self.token_file is None:
            raise OptionsInvalid("--viewer-token-file is given without --token-file: viewers would be operators.")
        if not self.is_loopback and self.token_file is None:
            raise OptionsInvalid(
                f"Listening on {self.host}, where others can ask, needs a token: add --token-file FILE "
                "(a file that is not there is made, with a random token)."
            )
        if self.behind_proxy and self.token_file is None:
            raise OptionsInvalid("Behind a proxy every request comes from this computer: add --token-file FILE.")
        if not self.is_loopback and not self.is_secure:
            raise OptionsInvalid(
                f"Listening on {self.host} without encryption, everybody on the way could read the token: add "
                "--tls-certificate FILE (and --tls-key FILE), or --behind-proxy where a proxy does it."
            )


def options_from(arguments: argparse.Namespace) -> ServiceOptions:
    """The options that a command line gave."""
    return ServiceOptions(
        host=arguments.host,
        port=arguments.port,
        names=tuple(arguments.name),
        token_file=arguments.token_file,
        viewer_token_file=arguments.viewer_token_file,
        tls_certificate=arguments.tls_certificate,
        tls_key=arguments.tls_key,
        behind_proxy=arguments.behind_proxy,
        receivers_file=arguments.receivers_file,
        streams_per_client=arguments.streams_per_client,
        retention=_retention(arguments.older_than_days, arguments.keep_last),
    )


def _retention(older_than_days: int | None, keep_last: int | None) -> Rules | None:
    return None if older_than_days is None and keep_last is None else Rules(older_than_days, keep_last)
