"""The speed report on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferrule_conformance.page.charts import scatter
from ferrule_conformance.page.markup import Markup, element
from ferrule_conformance.speed.table import VIEW, duration, percentage, rate, times


def section(speed: Mapping[str, Any]) -> Markup:
    """The device's limits, a chart of all ops, and a row for each."""
    rows = speed.get("ops", {})
    return element(
        "section",
        element("h2", "Speed"),
        element("p", _limits(speed), class_="hint"),
        _chart(rows),
        _table(rows),
        _left_out(speed.get("left_out", {})),
        id="speed",
    )


def _limits(speed: Mapping[str, Any]) -> str:
    roofline = speed.get("roofline", {})
    copy, matmul = roofline.get("bytes_per_second"), roofline.get("operations_per_second")
    parts = [
        f"On {speed.get('device', 'the device')} a copy moves up to "
        f"{'an unknown number of bytes' if copy is None else rate(copy, 'B/s')}, and matmul does "
        f"up to {'an unknown number of operations' if matmul is None else rate(matmul, 'FLOP/s')}"
        f"{'' if matmul is None else ' in ' + str(roofline.get('dtype'))}.",
        "The roofline is the time that the bytes or the operations of an op take at these rates, "
        "whichever is longer.",
        f"The ratio is to {speed.get('reference', 'NumPy')}: above 1 the backend is faster.",
        "Nothing here passes or fails.",
    ]
    return " ".join(parts)


def _chart(rows: Mapping[str, Mapping[str, Any]]) -> Markup | None:
    points = [
        (
            op,
            float(row["fraction"]),
            float(row["ratio"]),
            row["bound"],
            f"{op}: {percentage(row['fraction'])} of the roofline, {times(row['ratio'])} x NumPy",
        )
        for op, row in rows.items()
        if row.get("fraction") and row.get("ratio") and row["fraction"] <= VIEW
    ]
    if not points:
        return None
    return scatter(
        "Ops by their part of the roofline, and their speed against NumPy",
        points, "of the roofline", "times as fast as NumPy",
    )  # fmt: skip


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Markup | None:
    if not rows:
        return None
    head = [
        element(
            "th",
            element("button", name, type="button", data_sort=name),
            scope="col",
            class_=class_,
            aria_sort="ascending" if name == "of roofline" else None,
        )
        for name, class_ in _COLUMNS
    ]
    ranked = sorted(rows.items(), key=lambda item: item[1].get("fraction") or 0.0)
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", head)),
            element("tbody", [_row(op, row, i) for i, (op, row) in enumerate(ranked)]),
            class_="speeds",
        ),
        class_="scroll",
        tabindex="-1",
    )


_COLUMNS = (
    ("op", "text"),
    ("call", "text"),
    ("time", "number"),
    ("moves", "number"),
    ("of roofline", "number"),
    ("", "number"),
    ("bound by", "text"),
    ("x NumPy", "number"),
    ("note", "text"),
)


def _row(op: str, row: Mapping[str, Any], order: int) -> Markup:
    fraction, ratio = row.get("fraction"), row.get("ratio")
    view = fraction is not None and fraction > VIEW
    part = "" if fraction is None else "moves less" if view else percentage(fraction)
    bar = element(
        "svg",
        element("rect", x=0, y=1, width=f"{100 * min(fraction, 1):.1f}", height=10, class_="bar"),
        viewBox="0 0 100 12", preserveAspectRatio="none", aria_hidden="true",
    ) if fraction is not None and not view else None  # fmt: skip
    return element(
        "tr",
        element("th", op, scope="row", title=op),
        element("td", element("code", row.get("call", "")), title=row.get("call", "")),
        _number(duration(row["seconds"]), row["seconds"]),
        _number(rate(row["bytes_per_second"], "B/s"), row["bytes_per_second"]),
        _number(part, fraction),
        element("td", bar, class_="graph", data_value=fraction or 0),
        element("td", row.get("bound", "")),
        _number(times(ratio), ratio),
        element("td", row.get("note", ""), class_="note", title=row.get("note") or None),
        data_op=op,
        data_order=order,
    )


def _number(shown: str, value: float | None) -> Markup:
    return element("td", shown, class_="number", data_value=-1 if value is None else value)


def _left_out(left_out: Mapping[str, str]) -> Markup | None:
    if not left_out:
        return None
    return element(
        "details",
        element("summary", f"Not measured ({len(left_out)})"),
        element("ul", [element("li", element("code", o), f": {r}") for o, r in left_out.items()]),
    )
