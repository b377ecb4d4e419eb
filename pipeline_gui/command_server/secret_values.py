"""Secrets that configurations refer to as ``${secret:NAME}``: looked up at each launch, and told to nobody else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline_gui.command_server.errors import Rejected
from pipeline_gui.command_server.submission import LONGEST_ITEM, Submission
from pipeline_gui.private_file import NotUsable, read_private_toml

SECRETS_FILE = "secrets.toml"
"""In the state directory, unless another file is named."""
VARIABLE = "PIPELINE_GUI_SECRET_"
"""What the name of a secret in the server's own environment begins with. No batch inherits it."""
_BEGINNING = "${secret:"
_REFERENCE = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_.\-]{0,99})\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A submission with its secrets in it, and where they are."""

    submission: Submission
    secret_conf: tuple[str, ...] = ()
    """The properties whose values hold one."""
    in_arguments: bool = False

    @property
    def has_secrets(self) -> bool:
        """Whether there is one at all."""
        return bool(self.secret_conf) or self.in_arguments


class SecretValues:
    """What the administrator of this server has entrusted to it: a file of its own, and its environment."""

    def __init__(self, file: Path, *, allow_in_arguments: bool = False) -> None:
        self._file = file
        self._allow_in_arguments = allow_in_arguments

    def fill(self, submission: Submission) -> Filled:
        """Put the secrets in the place of their references. Raises Rejected, with no secret in its words."""
        secret_conf = tuple(key for key, value in submission.conf.items() if _BEGINNING in value)
        in_arguments = any(_BEGINNING in argument for argument in submission.args)
        if not secret_conf and not in_arguments:
            return Filled(submission)
        if in_arguments and not self._allow_in_arguments:
            raise Rejected(
                "an argument refers to a secret, and every user of this computer could read it in the list of "
                "processes. Give it as a value of conf and read it there, spark.conf.get(NAME); or let the server be "
                "started with --secrets-in-args."
            )
        known = self._read_file()
        filled = replace(
            submission,
            conf={key: self._filled(f"conf {key}", value, known) for key, value in submission.conf.items()},
            args=tuple(self._filled("an argument", argument, known) for argument in submission.args),
        )
        return Filled(filled, secret_conf, in_arguments)

    def _filled(self, where: str, text: str, known: Mapping[str, object]) -> str:
        if _BEGINNING in _REFERENCE.sub("", text):
            raise Rejected(f"{where[:200]} holds a reference to a secret that is not of the form ${{secret:NAME}}.")
        filled = _REFERENCE.sub(lambda match: self._value(match[1], known), text)
        if "\0" in filled or len(filled.encode("utf-8", "surrogatepass")) > LONGEST_ITEM:
            raise Rejected(f"{where[:200]} with its secrets has a NUL in it or over {LONGEST_ITEM:,} bytes.")
        return filled

    def _value(self, name: str, known: Mapping[str, object]) -> str:
        value = known.get(name, os.environ.get(VARIABLE + name))
        if value is None:
            raise Rejected(
                f"the secret {name} is not known to this server; its administrator adds it to {self._file} "
                f"(mode 0600), or to the server's environment as {VARIABLE}{name}."
            )
        if not isinstance(value, str):
            raise Rejected(f"the secret {name} in {self._file} must be text in quotes.")
        return value

    def _read_file(self) -> dict[str, object]:
        """The file as it is now, so that a change of it needs no restart; empty where there is none."""
        try:
            return read_private_toml(self._file, "file of secrets", 'NAME = "VALUE"')
        except FileNotFoundError:
            return {}
        except NotUsable as error:
            raise Rejected(str(error)) from error


def redaction_pattern(filled: Filled, defaults: str | None) -> str | None:
    """What Spark's UI, event log and REST API must redact besides: each property that holds a secret, by its name."""
    if not filled.has_secrets:
        return None
    names = set(filled.secret_conf)
    # Spark shows these a second time, under the names that Hadoop and Hive have for them.
    names |= {key.removeprefix("spark.hadoop.") for key in filled.secret_conf}
    names |= {key.removeprefix("spark.") for key in filled.secret_conf if key.startswith("spark.hive.")}
    if filled.in_arguments:
        names.add("sun.java.command")
    own = "|".join("\\Q" + name.replace("\\E", "\\E\\\\E\\Q") + "\\E" for name in sorted(names))
    return f"(?:{defaults or SPARK_REDACTS})|^(?:{own})$"


SPARK_REDACTS = "(?i)secret|password|token|access[.]?key|credential"
"""The default of spark.redaction.regex."""
