"""HTML that cannot be broken by what it shows: text is escaped unless it is markup already."""

from __future__ import annotations

import json
import math
from html import escape
from typing import Any


class Markup(str):
    """HTML, as opposed to text."""

    __slots__ = ()


def element(tag: str, *children: Any, **attributes: Any) -> Markup:
    """``<tag attribute="...">children</tag>``.

    Args:
        children: text, markup, or lists of both; None is nothing.
        attributes: an underscore at the end is dropped, others become hyphens. True is an attribute
            without a value; None and False are none at all.
    """
    written = [tag]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        written.append(name if value is True else f'{name}="{escape(str(value), quote=True)}"')
    opening = f"<{' '.join(written)}>"
    return Markup(opening if tag in _VOID else f"{opening}{text(*children)}</{tag}>")


def text(*children: Any) -> Markup:
    """Children, one after the other."""
    parts = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, (list, tuple)):
            parts.append(text(*child))
        else:
            parts.append(escape(str(child), quote=True))
    return Markup("".join(parts))


def data(value: Any) -> Markup:
    """JSON for the inside of a ``<script type="application/json">``: nothing in it can end the
    script, whatever the strings say. Numbers that JSON lacks become null."""
    written = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Markup(written)


_VOID = frozenset({"br", "col", "input", "meta", "hr"})


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value
