"""The matrix of ops and dtypes, and what filters it."""

from __future__ import annotations

from ferrule_conformance.page.card import OUTCOMES, STATES, Card, Cell, Row
from ferrule_conformance.page.markup import Markup, element, text

CELL_STATES = ("native", "decomposed", "host", "passed", "waived", "failed", "skipped")

_SYMBOLS = {
    "native": "\N{CHECK MARK}",
    "decomposed": "\N{WHITE DIAMOND}",
    "host": "H",
    "passed": "\N{BULLET}",
    "waived": "w",
    "failed": "\N{MULTIPLICATION X}",
    "skipped": "\N{EN DASH}",
}

MEANINGS = {
    "native": "passes, with a kernel of the backend",
    "decomposed": "passes, by the op's body",
    "host": "passes, but runs on the host",
    "passed": "passes",
    "waived": "fails, as a waiver says",
    "failed": "fails",
    "skipped": "no test had anything to say",
}


def symbol(state: str) -> str:
    """What tells a state from the others without colour."""
    return _SYMBOLS.get(state, "?")


def filters(card: Card) -> Markup:
    """The controls above the matrix."""
    chips = [
        element(
            "button",
            element("i", symbol(state), class_=f"s-{state}"),
            f" {state} ",
            element("b", count),
            type="button", class_="chip", data_state=state, aria_pressed="false",
            disabled=not count,
        )
        for state, count in card.states.items()
    ]  # fmt: skip
    options = [element("option", "all dtypes", value="")]
    options += [element("option", d, value=d) for d in card.dtypes]
    kinds = [element("option", "all kinds", value="")]
    kinds += [
        element("option", f"{kind}s", value=kind)
        for kind in dict.fromkeys(row.kind for row in card.rows if row.kind)
    ]
    return element(
        "form",
        element(
            "input", type="search", id="search", placeholder="find  (/)",
            aria_label="Find by name", autocomplete="off", spellcheck="false",
        ),
        element("select", options, id="dtype", aria_label="Dtype") if card.dtypes else None,
        element("select", kinds, id="kind", aria_label="Kind"),
        element("div", chips, class_="chips", role="group", aria_label="States"),
        element(
            "label", element("input", type="checkbox", id="failures-only"), " failures only"
        ),
        element("button", "reset", type="reset", class_="plain"),
        element("output", _shown(len(card.rows)), id="shown", aria_live="polite"),
        id="filters", role="search",
    )  # fmt: skip


def _shown(count: int) -> str:
    return f"{count} of {count}"


def table(card: Card) -> Markup:
    """One row an op or module, one column a dtype."""
    if not card.rows:
        return element("p", "The run tested no op.", class_="hint")
    columns = [_sortable("name", "name"), _sortable("kind", "kind"), _sortable("state", "state")]
    columns += [
        element("th", element("span", d), scope="col", class_="dtype", data_dtype=d)
        for d in card.dtypes
    ]
    columns += [_sortable(name, name, "number") for name in OUTCOMES]
    timed = any(row.seconds is not None for row in card.rows)
    if timed:
        columns.append(_sortable("seconds", "s", "number"))
    widths = [14.0, 5.8, 7.6, *[2.5] * len(card.dtypes), *[4.9] * (5 if timed else 4)]
    legend = [
        element("li", element("i", symbol(s), class_=f"s-{s}"), f" {MEANINGS[s]}")
        for s in CELL_STATES
        if any(s in (row.state, *(c.state for c in row.cells.values())) for row in card.rows)
    ]
    return text(
        element(
            "div",
            element(
                "table",
                element("colgroup", [element("col", style=f"width: {w}rem") for w in widths]),
                element("thead", element("tr", columns)),
                element("tbody", [_row(i, r, card.dtypes, timed) for i, r in enumerate(card.rows)]),
                id="matrix", role="grid", aria_label="Ops and dtypes",
                style=f"min-width: {sum(widths):.1f}rem",
            ),
            class_="scroll", tabindex="-1",
            # As high as all rows are, also while some are hidden.
            style=f"height: {8 + 1.75 * len(card.rows):g}rem",
        ),
        element("ul", legend, class_="legend"),
        None if card.dtypes else element(
            "p", "This document does not tell dtypes apart: it is of an older version.",
            class_="hint",
        ),
    )  # fmt: skip


def _sortable(key: str, name: str, class_: str = "text") -> Markup:
    return element(
        "th", element("button", name, type="button", data_sort=key), scope="col", class_=class_
    )


def _row(number: int, row: Row, dtypes: tuple[str, ...], timed: bool) -> Markup:
    cells = [
        element("th", row.name, scope="row", class_="cell", tabindex="-1", title=row.name),
        element("td", row.kind, class_="kind"),
        element(
            "td", element("i", symbol(row.state), class_=f"s-{row.state}"), f" {row.state}",
            class_="state", data_value=STATES.index(row.state) if row.state in STATES else 9,
        ),
        *(_cell(dtype, row.cells.get(dtype)) for dtype in dtypes),
        *(
            element("td", row.counts[name] or "", class_="number", data_value=row.counts[name])
            for name in OUTCOMES
        ),
    ]  # fmt: skip
    if timed:
        seconds = row.seconds or 0.0
        cells.append(element("td", f"{seconds:.2f}", class_="number", data_value=seconds))
    return element(
        "tr", cells, data_op=row.name, data_state=row.state, data_kind=row.kind, data_order=number
    )


def _cell(dtype: str, cell: Cell | None) -> Markup:
    if cell is None:
        return element("td", class_="none", data_dtype=dtype)
    said = ", ".join(f"{n} {outcome}" for outcome, n in cell.counts.items() if n)
    failed = cell.counts["failed"]
    return element(
        "td",
        symbol(cell.state),
        element("sub", failed) if failed else None,
        class_=f"cell s-{cell.state}",
        data_dtype=dtype,
        data_state=cell.state,
        tabindex="-1",
        title=f"{dtype}: {cell.state}: {said}",
    )
