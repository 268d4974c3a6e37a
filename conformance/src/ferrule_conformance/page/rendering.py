"""From a scorecard's document to the page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from ferrule_conformance.page import charts, matrix, speed
from ferrule_conformance.page.card import OUTCOMES, Card
from ferrule_conformance.page.markup import Markup, data, element, text


def render(document: Mapping[str, Any]) -> str:
    """The page of a scorecard, as `Scorecard.as_dict` makes it or as its JSON file holds it.

    It is one file: style, script, charts and data are inside, and nothing is fetched. Documents of
    older versions are shown without what they lack. Text of the document is shown as text.
    """
    card = Card(document)
    script = Markup(_resource("page.js"))
    parts = {
        "title": text(f"Conformance of {card.name}"),
        "policy": text(_policy(script)),
        "style": Markup(_resource("page.css")),
        "script": script,
        "data": data(_for_script(card)),
        "head": _head(card),
        "heading": text("Ops" if len(card.ops) == len(card.rows) else "Ops and modules"),
        "filters": matrix.filters(card),
        "matrix": matrix.table(card),
        "charts": _charts(card),
        "speed": speed.section(card.speed) if card.speed else Markup(""),
        "failures": _failures(card),
        "waivers": _waivers(card),
    }
    # One pass: what is filled in is not searched for further places.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _resource("page.html"))


def _resource(name: str) -> str:
    return files("ferrule_conformance.page").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """The browser is told to run this script and no other, and to fetch nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _for_script(card: Card) -> dict[str, Any]:
    """What the script shows on demand."""
    return {
        "failures": card.failures,
        "waivers": [
            {key: w.get(key, "") for key in ("id", "reason", "link")} for w in card.waivers
        ],
        "speeds": (card.speed or {}).get("ops", {}),
        "ops": {
            row.name: {
                "kind": row.kind,
                "state": row.state,
                "counts": row.counts,
                "cells": {d: {"state": c.state, "counts": c.counts} for d, c in row.cells.items()},
                "failures": row.failures,
                "waivers": row.waivers,
                "seconds": row.seconds,
            }
            for row in card.rows
        },
    }


def _head(card: Card) -> Markup:
    state, sentence = card.verdict
    tests, modules = sum(card.tests.values()), len(card.rows) - len(card.ops)
    return text(
        element(
            "div",
            element("h1", "Conformance of ", element("code", card.name)),
            element("p", matrix.symbol(state), " ", sentence, class_=f"verdict s-{state}"),
            class_="title",
        ),
        element(
            "div",
            _tile(len(card.ops), "ops"),
            _tile(modules, "modules") if modules else None,
            [_tile(n, state, state) for state, n in card.states.items() if n],
            element("span", class_="gap"),
            _tile(tests, "tests"),
            [_tile(n, name, name) for name, n in card.tests.items() if n],
            class_="tiles",
        ),
        element("dl", [_fact(*fact) for fact in _facts(card)], class_="facts"),
    )


def _tile(number: int, name: str, state: str | None = None) -> Markup:
    mark = element("i", matrix.symbol(state), class_=f"s-{state}") if state else None
    return element("div", element("b", f"{number:,}"), element("span", mark, name), class_="tile")


def _fact(name: str, value: str) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _facts(card: Card) -> list[tuple[str, str]]:
    document, backend = card.document, card.backend
    facts = [
        ("date", document.get("date")),
        ("platform", _flat(document.get("platform"))),
        ("device", _flat(document.get("device"))),
        ("versions", _flat(document.get("versions"))),
        ("contract", ".".join(map(str, backend.get("contract", ())))),
        ("features", ", ".join(map(str, backend.get("features", ()))) or "none"),
        ("dtypes not declared", ", ".join(map(str, backend.get("undeclared", ()))) or "none"),
        ("tests not run", document.get("not_run") or None),
        ("fallback", document.get("fallback")),
        ("levels", ", ".join(map(str, document.get("levels") or ()))),
        ("seed", document.get("seed")),
        ("time in tests", _seconds(document.get("seconds"))),
    ]
    return [(name, str(value)) for name, value in facts if value not in (None, "")]


def _flat(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return None if value is None else str(value)


def _seconds(value: Any) -> str | None:
    if not isinstance(value, (int, float)):
        return None
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"


def _charts(card: Card) -> Markup:
    found = []
    if card.rows:
        kinds = Counter((row.kind or "op", row.state) for row in card.rows)
        rows = {
            kind: {s: kinds[kind, s] for s in card.states}
            for kind in dict.fromkeys(k for k, _ in kinds)
        }
        found.append(charts.stacked("Kinds by state", rows, tuple(card.states)))
    if card.dtypes:
        per = {d: Counter(r.cells[d].state for r in card.rows if d in r.cells) for d in card.dtypes}
        found.append(charts.stacked("Dtypes by state", per, matrix.CELL_STATES))
    checks = card.document.get("by_check") or {}
    if checks:
        found.append(charts.stacked("Tests by check", checks, OUTCOMES))
    slow = sorted(
        ((row.name, row.seconds) for row in card.rows if row.seconds), key=lambda x: -x[1]
    )[:30]
    if slow:
        shown = {name: f"{seconds:.2f} s" for name, seconds in slow}
        found.append(charts.bars("Longest tests", dict(slow), shown))
    if not found:
        return Markup("")
    return element(
        "section", element("h2", "Charts"), element("div", found, class_="charts"), id="charts"
    )


def _failures(card: Card) -> Markup:
    if not card.failures:
        return Markup("")
    groups = [(row.name, row.failures) for row in card.rows if row.failures]
    if card.elsewhere:
        groups.append(("the contract, storage and others", card.elsewhere))
    entries = [
        element(
            "details",
            element("summary", element("code", name), f" ({len(found)})"),
            [
                element(
                    "article",
                    element("h3", card.failures[i].get("id", "")),
                    element("pre", card.failures[i].get("message", "")),
                )
                for i in found
            ],
        )
        for name, found in groups
    ]
    return element(
        "section", element("h2", f"Failures ({len(card.failures)})"), entries, id="failures"
    )


def _waivers(card: Card) -> Markup:
    if not card.waivers:
        return Markup("")
    rows = [
        element(
            "tr",
            element("td", element("code", w.get("id", ""))),
            element("td", w.get("reason", "")),
            element("td", _link(str(w.get("link", "")))),
        )
        for w in card.waivers
    ]
    head = element("tr", [element("th", name, scope="col") for name in ("test", "reason", "link")])
    return element(
        "section",
        element("h2", f"Waivers ({len(card.waivers)})"),
        element("table", element("thead", head), element("tbody", rows), class_="plain"),
        id="waivers",
    )


def _link(address: str) -> Markup:
    """A link that can be followed, if it is an address of the web; else its text."""
    if not re.match(r"https?://", address):
        return text(address)
    return element("a", address, href=address, rel="noopener noreferrer")
