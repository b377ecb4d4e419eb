"""Pages from ``resources/dashboard``: all that they need is inside, under a policy that names it by its hash."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache

from pipeline_gui.resources import resource

ICONS = (
    "completed", "failed", "stopped", "idle", "unknown", "starting", "running", "stopping", "lost_contact", "start",
    "stop", "info",
)  # fmt: skip
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_BARE = {"style", "script", "icons", "rows", "data", "message"}
"""Slots whose content is markup or code of ours, made safe by who made it; any other is text."""


def fill(template: str, values: Mapping[str, str]) -> str:
    """A page: every slot is filled once, so what is filled in is never taken for a slot."""

    def value(slot: re.Match[str]) -> str:
        name = slot[1]
        return values[name] if name in _BARE else html.escape(values[name])

    return _SLOT.sub(value, template)


def embedded_json(value: object) -> str:
    """JSON that can stand within a script element, whatever texts are in it: no bracket, no ampersand, ASCII."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def read(name: str) -> str:
    """A file of ``resources/dashboard``."""
    return resource("dashboard", name).read_text(encoding="utf-8")


@cache
def sprite() -> str:
    """The icons of the statuses, to be referred to by ``#i-NAME``."""
    return "".join(_symbol(name, f"i-{name}") for name in ICONS) + _symbol("pipeline-gui", "i-logo")


@cache
def favicon() -> str:
    """The program's own icon as a data URL."""
    return "data:image/svg+xml;base64," + base64.b64encode(_svg("pipeline-gui").encode()).decode()


def content_policy(*, live: bool) -> str:
    """What a page may load and run: its own style and script, by their hashes; live: and ask its own service."""
    connect = "'self'" if live else "'none'"
    form = "'self'" if live else "'none'"
    return (
        f"default-src 'none'; script-src {_hash('script.js')}; style-src {_hash('style.css')}; img-src data:; "
        f"connect-src {connect}; form-action {form}; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(name: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(read(name).encode()).digest()).decode()}'"


def _svg(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def _symbol(name: str, identifier: str) -> str:
    svg = _svg(name).strip().replace('<svg xmlns="http://www.w3.org/2000/svg"', f'<symbol id="{identifier}"', 1)
    return svg.replace("</svg>", "</symbol>")
