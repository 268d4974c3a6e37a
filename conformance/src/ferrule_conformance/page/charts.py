"""Charts as SVG, drawn here: bars that add up, bars on a scale, and points on two scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ferrule_conformance.page.markup import Markup, element

WIDTH = 600
ROW = 20
LABEL = 190


def stacked(title: str, rows: Mapping[str, Mapping[str, int]], kinds: Sequence[str]) -> Markup:
    """A bar for each row, made of its counts. All bars share a scale."""
    full = max((sum(counts.values()) for counts in rows.values()), default=0) or 1
    room = WIDTH - LABEL - 56
    shapes: list[Markup] = []
    for i, (name, counts) in enumerate(rows.items()):
        y, x = i * ROW, float(LABEL)
        shapes.append(_label(name, y))
        for kind in kinds:
            count = counts.get(kind, 0)
            if not count:
                continue
            width = max(2.0, room * count / full)  # what is there can be seen
            shapes.append(
                element(
                    "rect",
                    element("title", f"{name}: {count} {kind}"),
                    x=_n(x), y=y + 3, width=_n(width), height=ROW - 6, class_=f"s-{kind}",
                )
            )  # fmt: skip
            x += width
        total = sum(counts.values())
        shapes.append(element("text", total, x=_n(x + 6), y=y + 14, class_="value"))
    return _figure(title, shapes, len(rows) * ROW, [k for k in kinds if _present(rows, k)])


def bars(title: str, values: Mapping[str, float], shown: Mapping[str, str]) -> Markup:
    """A bar for each value, and its text at the end."""
    full = max(values.values(), default=0.0) or 1.0
    room = WIDTH - LABEL - 80
    shapes: list[Markup] = []
    for i, (name, value) in enumerate(values.items()):
        y, width = i * ROW, max(1.0, room * value / full)
        shapes += [
            _label(name, y),
            element("rect", x=LABEL, y=y + 3, width=_n(width), height=ROW - 6, class_="bar"),
            element("text", shown[name], x=_n(LABEL + width + 6), y=y + 14, class_="value"),
        ]
    return _figure(title, shapes, len(values) * ROW, [])


def scatter(
    title: str,
    points: Sequence[tuple[str, float, float, str, str]],
    across: str,
    up: str,
) -> Markup:
    """Points on two logarithmic scales, with a line where each is 1.

    Args:
        points: name, both values, which are positive, a kind for the colour, and the text that
            pointing at it shows.
        across, up: what the scales say.
    """
    width, height, left, below = 900, 420, 64, 46
    xs = _extent([x for _, x, _, _, _ in points])
    ys = _extent([y for _, _, y, _, _ in points])

    def place(value: float, extent: tuple[float, float], size: int) -> float:
        return size * (math.log10(value) - extent[0]) / (extent[1] - extent[0])

    def at_x(value: float) -> float:
        return left + place(value, xs, width - left - 20)

    def at_y(value: float) -> float:
        return height - below - place(value, ys, height - below - 16)

    shapes: list[Markup] = []
    for power in _decades(xs):
        x = at_x(10.0**power)
        shapes.append(_line(x, 16, x, height - below, "one" if power == 0 else "grid"))
        tick = f"{100 * 10.0**power:g} %"
        shapes.append(_text(tick, x, height - below + 18, "middle"))
    for power in _decades(ys):
        y = at_y(10.0**power)
        shapes.append(_line(left, y, width - 20, y, "one" if power == 0 else "grid"))
        shapes.append(_text(f"{10.0**power:g} x", left - 8, y + 4, "end"))
    shapes.append(_text(across, (left + width - 20) / 2, height - 6, "middle", "axis"))
    shapes.append(
        element(
            "text", up, x=0, y=0, text_anchor="middle", class_="axis",
            transform=f"translate(14 {(height - below) / 2:.0f}) rotate(-90)",
        )
    )  # fmt: skip
    for name, x, y, kind, tip in points:
        shapes.append(
            element(
                "circle", element("title", tip), cx=_n(at_x(x)), cy=_n(at_y(y)), r=4.5,
                class_=f"point p-{kind}", data_op=name,
            )
        )  # fmt: skip
    svg = element(
        "svg", shapes, viewBox=f"0 0 {width} {height}", role="img", aria_label=title,
        class_="scatter",
    )  # fmt: skip
    kinds = list(dict.fromkeys(kind for *_, kind, _ in points))
    legend = [element("li", element("i", class_=f"p-{k}"), _BOUND[k]) for k in kinds]
    return element(
        "figure",
        element("figcaption", title),
        svg,
        element("ul", legend, class_="legend"),
        class_="wide",
    )


_BOUND = {
    "memory": "bound by memory",
    "arithmetic": "bound by arithmetic",
}


def _figure(title: str, shapes: list[Markup], height: int, kinds: Sequence[str]) -> Markup:
    svg = element(
        "svg", shapes, viewBox=f"0 0 {WIDTH} {max(height, 1)}", role="img", aria_label=title
    )
    legend = [element("li", element("i", class_=f"s-{k}"), k) for k in kinds]
    return element(
        "figure",
        element("figcaption", title),
        svg,
        element("ul", legend, class_="legend") if legend else None,
    )


def _present(rows: Mapping[str, Mapping[str, int]], kind: str) -> bool:
    return any(counts.get(kind) for counts in rows.values())


def _label(name: str, y: int) -> Markup:
    short = name if len(name) <= 27 else name[:26] + "\N{HORIZONTAL ELLIPSIS}"
    tip = element("title", name) if short != name else None
    return element("text", tip, short, x=LABEL - 8, y=y + 14, text_anchor="end", class_="name")


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=_n(x1), y1=_n(y1), x2=_n(x2), y2=_n(y2), class_=class_)


def _text(text: str, x: float, y: float, anchor: str, class_: str = "value") -> Markup:
    return element("text", text, x=_n(x), y=_n(y), text_anchor=anchor, class_=class_)


def _extent(values: Sequence[float]) -> tuple[float, float]:
    """Logarithms between which the values lie, and 1 too."""
    logs = [math.log10(v) for v in values]
    return min([-1.0, *logs]) - 0.1, max([0.0, *logs]) + 0.15


def _decades(extent: tuple[float, float]) -> range:
    return range(math.ceil(extent[0]), math.floor(extent[1]) + 1)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
