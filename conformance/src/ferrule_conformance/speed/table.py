"""The speed report in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

VIEW = 5.0
"""Beyond this fraction of the roofline not all bytes can have been moved: it is a view, or lazy."""


def table(speed: Mapping[str, Any], width: int = 100) -> str:
    """What `measure` returned, the op that is farthest from the roofline first."""
    file = StringIO()
    console = Console(file=file, width=width, highlight=False)
    console.print(_limits(speed["roofline"]), markup=False)
    rows = Table(box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    rows.title = f"Speed on {escape(speed['device'])}, against {escape(speed['reference'])}"
    ranked = sorted(speed["ops"].items(), key=lambda item: _key(item[1]["fraction"]))
    cells = [_cells(op, row) for op, row in ranked]
    shown = _COLUMNS if width >= _WIDE else _COLUMNS[:-1]  # notes are the last
    widest = [
        max(len(text) for text in (name, *(row[i] for row in cells)))
        for i, (name, _) in enumerate(_COLUMNS)
    ]
    # names may be cut and notes broken, numbers never
    room = width - sum(widest[1:-1]) - 3 * len(shown)
    for i, (name, justify) in enumerate(shown):
        if name == "note":
            rows.add_column(name)
        elif name == "op":
            rows.add_column(name, no_wrap=True, max_width=max(room, 10))
        else:
            rows.add_column(name, justify=justify, no_wrap=True, min_width=widest[i])
    for row in cells:
        rows.add_row(*map(escape, row[: len(shown)]))
    console.print(rows)
    for op, reason in speed["left_out"].items():
        console.print(f"left out: {op}: {reason}", markup=False)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _cells(op: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        op,
        duration(row["seconds"]),
        rate(row["bytes_per_second"], "B/s"),
        percentage(row["fraction"]),
        row["bound"],
        times(row["ratio"]),
        row["note"],
    )


_WIDE = 110
"""Columns of a terminal that has room for notes."""

_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("op", "left"),
    ("time", "right"),
    ("moves", "right"),
    ("of roofline", "right"),
    ("bound by", "left"),
    ("x NumPy", "right"),
    ("note", "left"),
)


def _key(fraction: float | None) -> float:
    return float("inf") if fraction is None else fraction


def _limits(roofline: Mapping[str, Any]) -> str:
    copy, matmul = roofline["bytes_per_second"], roofline["operations_per_second"]
    return f"Roofline: copies {'not measured' if copy is None else rate(copy, 'B/s')}, matmul " + (
        "not measured" if matmul is None else f"{rate(matmul, 'FLOP/s')} {roofline['dtype']}"
    )


def duration(seconds: float) -> str:
    """``1.5 ms``"""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def rate(per_second: float, unit: str) -> str:
    """``12 GB/s``"""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if per_second >= factor:
            return f"{per_second / factor:.3g} {prefix}{unit}"
    return f"{per_second:.3g} {unit}"


def percentage(fraction: float | None) -> str:
    """``12 %``"""
    if fraction is None:
        return ""
    return f"{100 * fraction:.2g} %" if fraction < 0.0995 else f"{100 * fraction:.0f} %"


def times(ratio: float | None) -> str:
    """``1.25``, ``0.0031``"""
    if ratio is None:
        return ""
    return f"{ratio:.2g}" if ratio < 0.0995 else f"{ratio:.2f}"
