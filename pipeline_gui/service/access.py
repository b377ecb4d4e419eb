"""Who asks: by bearer token, by the cookie of a login, or, on loopback without tokens, whoever sits here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

SESSION_SECONDS = 12 * 3600
_NAME = re.compile(r"[^\W_][\w.\- ]{0,62}")


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as events record it."""

    role: Role
    user: str
    by_cookie: bool = False

    @property
    def may_act(self) -> bool:
        """Whether starts and stops are theirs."""
        return self.role is Role.OPERATOR


def clean_name(given: str) -> str | None:
    """A name that somebody gave for the record; None where it is none."""
    name = given.strip()
    return name if _NAME.fullmatch(name) else None


class Access:
    """Tokens, and sessions that are signed with a key made of them: another token ends them all."""

    def __init__(self, operator_token: str | None, viewer_token: str | None, local_user: str) -> None:
        self._tokens = [
            (hashlib.sha256(token.encode()).digest(), role)
            for token, role in ((operator_token, Role.OPERATOR), (viewer_token, Role.VIEWER))
            if token is not None
        ]
        self._local_user = local_user
        together = json.dumps([operator_token, viewer_token]).encode()
        self._key = hashlib.sha256(b"session\0" + together).digest()
        self._ended: dict[str, float] = {}
        """Sessions that were left before their time, until that."""

    @property
    def is_open(self) -> bool:
        """Whether no token is set."""
        return not self._tokens

    def local(self) -> Identity:
        """Whoever sits at this computer."""
        return Identity(Role.OPERATOR, self._local_user)

    def by_token(self, token: bytes, name: str | None = None) -> Identity | None:
        """Who has a token; every known one is compared, so that the time tells nothing."""
        given = hashlib.sha256(token).digest()
        roles = [role for known, role in self._tokens if hmac.compare_digest(known, given)]
        return Identity(roles[0], name or roles[0].value) if roles else None

    def make_session(self, identity: Identity) -> str:
        """The value of the cookie for somebody who logged in."""
        session = {
            "role": identity.role,
            "user": identity.user,
            "ends": int(time.time()) + SESSION_SECONDS,
            "id": secrets.token_urlsafe(12),
        }
        text = base64.urlsafe_b64encode(json.dumps(session).encode()).decode()
        return f"{text}.{self._sign(text)}"

    def by_session(self, cookie: str) -> Identity | None:
        """Who logged in with this cookie, while it lasts."""
        session = self._read(cookie)
        if session is None or str(session["id"]) in self._ended:
            return None
        return Identity(Role(str(session["role"])), str(session["user"]), by_cookie=True)

    def end_session(self, cookie: str) -> None:
        """Take a cookie for void, wherever a copy of it may be."""
        now = time.time()
        self._ended = {name: ends for name, ends in self._ended.items() if ends > now}
        session = self._read(cookie)
        if session is not None:
            self._ended[str(session["id"])] = float(str(session["ends"]))

    def _read(self, cookie: str) -> dict[str, object] | None:
        text, _, signature = cookie.partition(".")
        if self.is_open or not hmac.compare_digest(signature.encode(), self._sign(text).encode()):
            return None
        try:
            session: dict[str, object] = json.loads(base64.urlsafe_b64decode(text))
        except (ValueError, binascii.Error):
            return None
        return session if float(str(session["ends"])) > time.time() else None

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
