"""A step length that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ferrule.tensor import Tensor


class Point(NamedTuple):
    """A place on the line: how far out, the loss, its gradient, and the slope along the line."""

    t: float
    loss: float
    gradient: Tensor
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point],
    start: Point,
    t: float,
    length: float,
    *,
    sufficient: float = 1e-4,
    curvature: float = 0.9,
    tolerance_change: float = 1e-9,
    max_iterations: int = 25,
) -> tuple[Point, int]:
    """Search along a descent direction for a point where the loss has fallen enough and the slope
    is small enough.

    Args:
        evaluate: the point at a distance.
        start: the point at the distance 0.
        t: the distance to try first.
        length: the largest element of the direction; a bracket of less than ``tolerance_change`` is
            not divided further.
        sufficient: the part of the first slope by which the loss must fall.
        curvature: the part of the first slope that may remain.

    Returns:
        The best point found, and how often the loss was evaluated.

    Source: Nocedal, Wright, "Numerical optimization", algorithms 3.5 and 3.6, with the safeguards
    of Schmidt's minFunc.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + sufficient * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -curvature * start.slope

    # Go further out until a minimum lies in between.
    before, point = start, evaluate(t)
    evaluations, iterations = 1, 0
    while iterations < max_iterations:
        if too_high(point) or (iterations > 1 and point.loss >= before.loss):
            break
        if flat(point):
            return point, evaluations
        if point.slope >= 0:
            break
        nearest = point.t + 0.01 * (point.t - before.t)
        t = _cubic_minimum(before, point, (nearest, point.t * 10))
        before, point = point, evaluate(t)
        evaluations, iterations = evaluations + 1, iterations + 1
    else:
        before = start

    # Divide the bracket.
    ends = [before, point]
    low = 0 if ends[0].loss <= ends[1].loss else 1
    stalled = False
    while iterations < max_iterations:
        least, most = sorted(end.t for end in ends)
        if (most - least) * length < tolerance_change:
            break
        t = _cubic_minimum(ends[0], ends[1], (least, most))
        margin = 0.1 * (most - least)
        near = min(most - t, t - least) < margin
        if near and (stalled or not least < t < most):
            t = most - margin if abs(t - most) < abs(t - least) else least + margin
            stalled = False
        else:
            stalled = near
        point = evaluate(t)
        evaluations, iterations = evaluations + 1, iterations + 1
        if too_high(point) or point.loss >= ends[low].loss:
            ends[1 - low] = point
            low = 0 if ends[0].loss <= ends[1].loss else 1
            continue
        if not flat(point) and point.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = point
        if flat(point):
            break
    return ends[low], evaluations


def _cubic_minimum(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic polynomial through two points with their slopes is least, within bounds; the
    middle of these where it has no minimum."""
    first, second = (a, b) if a.t <= b.t else (b, a)
    middle = (bounds[0] + bounds[1]) / 2
    distance = second.t - first.t
    if not distance:
        return middle
    d1 = first.slope + second.slope - 3 * (second.loss - first.loss) / distance
    square = d1 * d1 - first.slope * second.slope
    if not square >= 0:
        return middle
    d2 = math.sqrt(square)
    divisor = second.slope - first.slope + 2 * d2
    if not divisor:
        return middle
    t = second.t - distance * ((second.slope + d2 - d1) / divisor)
    return min(max(t, bounds[0]), bounds[1])
