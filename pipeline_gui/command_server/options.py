"""How the server is started: its options, as a program or a command line gives them."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8998
"""Livy's."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Everything that a server is told."""

    state: Path
    """The state directory: records, logs, the token. One server at a time uses it."""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0: a free one, which the file ``address`` in the state directory tells."""
    master: str = "local[*]"
    allow: tuple[Path | str, ...] = ()
    """Folders, or prefixes of URIs, below which applications and their files may lie; none: nothing may be run."""
    spark_home: Path | None = None
    """None: SPARK_HOME, else the pyspark package."""
    java_home: Path | None = None
    """None: JAVA_HOME, else java on the PATH."""
    token: str | None = None
    """None: the token file's."""
    token_file: Path | None = None
    """None: ``token`` in the state directory, made with a random token when it is not there."""
    secrets_file: Path | None = None
    """None: ``secrets.toml`` in the state directory. Read at each launch that refers to a secret."""
    tls_certificate: Path | None = None
    """None: what is asked and answered can be read on the way."""
    tls_key: Path | None = None
    """None: the key is in the certificate's file."""
    secrets_in_args: bool = False
    """Whether arguments may hold secrets, which the list of processes shows to every user of this computer."""


def default_state() -> Path:
    """The state directory where none is named: in the profile, else in the user's state folder."""
    profile = os.environ.get("PIPELINE_GUI_HOME")
    if profile:
        return Path(profile) / "spark-server"
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "pipeline-gui" / "spark-server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the server's options to a command line."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0: a free one (default: %(default)s)")
    parser.add_argument("--master", default="local[*]", help="Spark's master: local[*], spark://…, yarn, k8s://…")
    parser.add_argument(
        "--allow", action="append", metavar="DIR",
        help="folder below which applications and their files may lie, links followed; also a prefix such as "
        "hdfs://namenode/apps; may be given several times (default: the current folder)",
    )  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="DIR", help=f"records and logs (default: {default_state()})")
    parser.add_argument("--spark-home", type=Path, metavar="DIR", help="default: SPARK_HOME, else the pyspark package")
    parser.add_argument("--java-home", type=Path, metavar="DIR", help="default: JAVA_HOME, else java on the PATH")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="default: token in the state folder, made once")
    parser.add_argument("--tls-certificate", type=Path, metavar="FILE", help="serve https: PEM, with its chain")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM (default: in the certificate's file)")
    parser.add_argument(
        "--secrets-file",
        type=Path,
        metavar="FILE",
        help="what is behind ${secret:NAME} in a configuration: TOML, mode 0600 (default: secrets.toml in the state "
        "folder); PIPELINE_GUI_SECRET_NAME in the environment is another place",
    )
    parser.add_argument(
        "--secrets-in-args",
        action="store_true",
        help="let arguments hold secrets too, though every user of this computer can see them in the list of processes",
    )


def options_from(arguments: argparse.Namespace) -> ServerOptions:
    """The options that a command line gave."""
    return ServerOptions(
        state=arguments.state or default_state(),
        host=arguments.host,
        port=arguments.port,
        master=arguments.master,
        allow=tuple(arguments.allow or [Path.cwd()]),
        spark_home=arguments.spark_home,
        java_home=arguments.java_home,
        token_file=arguments.token_file,
        tls_certificate=arguments.tls_certificate,
        tls_key=arguments.tls_key,
        secrets_file=arguments.secrets_file,
        secrets_in_args=arguments.secrets_in_args,
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to 65535")
    return port
