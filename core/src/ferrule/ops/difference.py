"""Differences between neighbours, and the derivatives and integrals that they approximate."""

from __future__ import annotations

from ferrule.declare import complexes, composite, everything, floating
from ferrule.errors import OutOfRange, ShapeError
from ferrule.ops.comparison import ne
from ferrule.ops.creation import full
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.scan import cumsum
from ferrule.ops.shape import cat, narrow, reshape
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_


def _neighbours(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """All elements along ``dim`` but the last, and all but the first."""
    n = max(x.shape[dim] - 1, 0)
    start = x.shape[dim] - n
    return narrow(x, dim=dim, start=0, length=n), narrow(x, dim=dim, start=start, length=n)


@composite(
    dtypes=everything,
    ref="ferrule_conformance.statistics_references:diff",
    samples=[
        (of(3, 4), None, None),
        sample(of(3, 4), None, of(2, 4), n=2, dim=0),
        sample(of(2, 3), of(2, 1), of(2, 2)),
        sample(of(2, 3), None, None, n=5),
        sample(of(3), None, None, n=0),
    ],
)
def diff(
    x: Tensor,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    n: int = 1,
    dim: Dim = -1,
) -> Tensor:
    """Each element along ``dim`` minus the one before, ``n`` times over. Of bools, whether the two
    differ.

    Args:
        prepend, append: what to put before and after ``x`` first.
    """
    if not x.ndim:
        raise ShapeError("x must have at least one dim")
    if n < 0:
        raise OutOfRange(f"n must not be negative, and it is {n}")
    if not n:
        return x
    for name, t in (("prepend", prepend), ("append", append)):
        if t is not None and t.ndim != x.ndim:
            raise ShapeError(f"{name} must have as many dims as x, {x.ndim}, and it is {t._type}")
    parts = [t for t in (prepend, x, append) if t is not None]
    x = cat(*parts, dim=dim) if len(parts) > 1 else x
    for _ in range(n):
        early, late = _neighbours(x, dim)
        x = ne(late, early) if x.dtype is bool_ else late - early
    return x


_LINES = [
    (of(3, 4), None),
    sample(of(3, 4), None, dx=0.5, dim=0),
    (of(3, 4), of(4)),
    sample(of(3, 4), of(3, 4), dim=0),
    (of(1), None),
]


@composite(
    dtypes=floating | complexes,
    promote="float",
    ref="ferrule_conformance.statistics_references:trapezoid",
    samples=[*_LINES, (of(0), None)],
    tolerance=4,
)
@in_float32
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1.0, dim: Dim = -1) -> Tensor:
    """The integral along ``dim`` of the line through the points, by the trapezoidal rule.

    Args:
        y: the values.
        x: where they are: of one dim, or of the shape of ``y`` up to broadcasting.
        dx: the distance between them, where there is no ``x``.
    """
    return sum(_areas(y, x, dx, dim), dim=dim)


@composite(
    dtypes=floating | complexes,
    promote="float",
    ref="ferrule_conformance.statistics_references:cumulative_trapezoid",
    samples=_LINES,
    tolerance=4,
)
@in_float32
def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float = 1.0, dim: Dim = -1
) -> Tensor:
    """The integrals from the first point to each other one along ``dim``; otherwise as
    `trapezoid`."""
    return cumsum(_areas(y, x, dx, dim), dim=dim)


def _areas(y: Tensor, x: Tensor | None, dx: float, dim: int) -> Tensor:
    if not y.ndim:
        raise ShapeError("y must have at least one dim")
    early, late = _neighbours(y, dim)
    if x is None:
        return (early + late) * (dx / 2)
    if not 1 <= x.ndim <= y.ndim:
        raise ShapeError(f"x must have one dim, or those of y, and it is {x._type}")
    if x.ndim == 1:
        if x.shape[0] != y.shape[dim]:
            raise ShapeError(
                f"there must be one x for each of the {y.shape[dim]} elements of dim {dim}, and "
                f"there are {x.shape[0]}"
            )
        shape = tuple(x.shape[0] if d == dim else 1 for d in range(y.ndim))
    else:
        shape = (*(1,) * (y.ndim - x.ndim), *x.shape)
    before, after = _neighbours(reshape(x, shape=shape), dim)
    return (early + late) * (after - before) * 0.5


@composite(
    dtypes=floating | complexes,
    promote="float",
    ref="ferrule_conformance.statistics_references:gradient",
    samples=[
        sample(of(3, 4), None, dim=1, spacing=0.5),
        sample(of(4, 2), None, dim=0, edge_order=2),
        sample(of(2), None, dim=0),
    ],
    tolerance=8,
)
@in_float32
def gradient(
    x: Tensor,
    coordinates: Tensor | None = None,
    *,
    spacing: float = 1.0,
    dim: Dim = 0,
    edge_order: int = 1,
) -> Tensor:
    """The derivative along ``dim`` by differences: central ones of second order within, one-sided
    ones of ``edge_order`` at the ends.

    Args:
        coordinates: where the elements are along ``dim``, of one dim.
        spacing: the distance between them, where there are no coordinates.
    """
    if edge_order not in (1, 2):
        raise OutOfRange(f"edge_order must be 1 or 2, and it is {edge_order}")
    n = x.shape[dim] if x.ndim else 0
    if n <= edge_order:
        raise ShapeError(
            f"edge_order={edge_order} needs at least {edge_order + 1} elements along dim {dim}, "
            f"and there are {n}"
        )

    def part(t: Tensor, start: int, length: int = 1) -> Tensor:
        return narrow(t, dim=dim, start=start, length=length)

    along = tuple(n - 1 if d == dim else 1 for d in range(x.ndim))
    if coordinates is None:
        step = full(shape=along, value=spacing, dtype=x.dtype, device=x.device)
    else:
        if coordinates.shape != (n,):
            raise ShapeError(
                f"coordinates must be of shape ({n},), and they are {coordinates._type}"
            )
        early, late = _neighbours(coordinates, 0)
        step = reshape(late - early, shape=along)
    slope = (part(x, 1, n - 1) - part(x, 0, n - 1)) / step
    a, b = part(step, 0, n - 2), part(step, 1, n - 2)
    # each slope counts by the other side's distance, as a parabola through three points has it
    within = (part(slope, 0, n - 2) * b + part(slope, 1, n - 2) * a) / (a + b)
    first, last = part(slope, 0), part(slope, n - 2)
    if edge_order == 2:
        first = first + (first - part(within, 0))
        last = last + (last - part(within, n - 3))
    return cat(first, within, last, dim=dim)
