"""What is different between two configurations, field by field, and who made it so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from pipeline_gui.pipeline.configuration import KEYS
from pipeline_gui.pipeline.redaction import redact_arguments, redact_conf, redact_text
from pipeline_gui.pipeline.saved import FieldChange, SavedConfiguration

LONGEST_SHOWN = 120


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration's fields, each Spark property one of its own: ``conf.NAME``."""
    fields: dict[str, Any] = {}
    for key in sorted(values, key=_order):
        value = values[key]
        if key == "conf" and isinstance(value, Mapping):
            fields |= {f"conf.{name}": value[name] for name in sorted(value)}
        elif value is not None:
            fields[key] = value
    return fields


def whole(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of which these are the fields."""
    values: dict[str, Any] = {}
    for field, value in fields.items():
        key, dot, name = field.partition(".")
        if dot and key == "conf":
            values.setdefault("conf", {})[name] = value
        else:
            values[field] = value
    return values


def different_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each field that is different, with its values; None: not set."""
    old, new = flat(before), flat(after)
    for field in sorted({**old, **new}, key=_order):
        if old.get(field) != new.get(field):
            yield field, old.get(field), new.get(field)


def changes_since(history: Sequence[SavedConfiguration]) -> list[FieldChange]:
    """What is different between the first and the last of some revisions, and who changed each field last."""
    if not history:
        return []
    who: dict[str, SavedConfiguration] = {}
    for older, newer in pairwise(history):
        who |= {field: newer for field, _, _ in different_fields(older.values, newer.values)}
    first, last = history[0], history[-1]
    return [
        FieldChange(field, before, after, who[field].changed_by, who[field].changed_at)
        for field, before, after in different_fields(first.values, last.values)
    ]


def merged(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Mine, with theirs in every field that I did not touch: so nobody's change is undone unseen."""
    old, own, other = flat(base), flat(mine), flat(theirs)
    fields = dict(other)
    for field in {**old, **own}:
        if own.get(field) != old.get(field):
            fields.pop(field, None)
            if field in own:
                fields[field] = own[field]
    return whole({field: fields[field] for field in sorted(fields, key=_order)})


def shown_value(field: str, value: Any) -> str:
    """A field's value in a sentence or a table: secrets redacted, and not too long."""
    if value is None:
        return "not set"
    key, _, name = field.partition(".")
    if key == "conf" and name:
        text = redact_conf({name: str(value)})[name]
    elif isinstance(value, list | tuple):
        texts = [str(item) for item in value]
        text = "[" + ", ".join(redact_arguments(texts) if key == "args" else map(redact_text, texts)) + "]"
    else:
        text = redact_text(str(value))
    flat_text = " ".join(text.split()) or "empty"
    return flat_text if len(flat_text) <= LONGEST_SHOWN else flat_text[: LONGEST_SHOWN - 1] + "…"


def changes_sentence(changes: Sequence[FieldChange]) -> str:
    """The changes in words, the first few of them."""
    told = [
        f"{change.field} from {shown_value(change.field, change.before)} to {shown_value(change.field, change.after)}"
        for change in changes[:4]
    ]
    rest = f", and {len(changes) - 4} more" if len(changes) > 4 else ""
    return "; ".join(told) + rest


def utc_words(moment: datetime | None) -> str:
    """A moment for a sentence that all faces use."""
    return "at an unknown time" if moment is None else f"at {moment:%Y-%m-%d %H:%M:%S} UTC"


def _order(field: str) -> tuple[int, str]:
    key = field.partition(".")[0]
    return (KEYS.index(key) if key in KEYS else len(KEYS)), field
