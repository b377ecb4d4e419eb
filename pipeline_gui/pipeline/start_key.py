"""Starting once: a program that did not hear an answer asks again under the same key, and gets the same run."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_gui.pipeline.errors import ConfigurationInvalid, PipelineError

LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class StartKey:
    """A key as it is recorded: what was asked for under it can be compared, and not read."""

    key_hash: str
    fingerprint: str


class StartedBefore(PipelineError):
    """The key was used: what was asked for under it is recorded already."""


def make_start_key(key: str, config: Mapping[str, Any]) -> StartKey:
    """The key of a request for a configuration. Raises ConfigurationInvalid for what is no key."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable() or key != key.strip():
        raise ConfigurationInvalid(
            f"An idempotency key has 1 to {LONGEST_KEY} printable ASCII characters.", field="Idempotency-Key"
        )
    asked = json.dumps(config, sort_keys=True, ensure_ascii=True, default=str).encode()
    return StartKey(
        key_hash=hashlib.sha256(b"start key\0" + key.encode()).hexdigest(),
        fingerprint=hmac.new(key.encode(), asked, hashlib.sha256).hexdigest(),
    )
