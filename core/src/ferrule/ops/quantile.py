"""Quantiles."""

from __future__ import annotations

from collections.abc import Callable

from ferrule.declare import composite
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq
from ferrule.ops.indexing import gather
from ferrule.ops.order import sort
from ferrule.ops.reduction import sum
from ferrule.ops.rounding import ceil, floor, round
from ferrule.ops.shape import expand, permute, reshape
from ferrule.samples import Input, Sample, of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float32, float64, int64


def _fractions(*shape: int) -> Input:
    """Values of ``q`` away from the multiples of ``1 / (n - 1)``, where the slope in it jumps."""
    return of(*shape, low=0.05, high=0.15)


_SAMPLES: list[Sample] = [
    sample(of(3, 5, distinct=True), _fractions(2), dim=1),
    sample(of(4, 2, distinct=True), _fractions(), dim=0, keepdim=True),
    sample(of(2, 3, distinct=True), _fractions(3)),
    sample(of(2, 3, distinct=True), _fractions(3), keepdim=True),
    sample(of(5, distinct=True), _fractions(), dim=0, interpolation="lower"),
    sample(of(5, distinct=True), _fractions(), dim=0, interpolation="higher"),
    sample(of(5, distinct=True), _fractions(), dim=0, interpolation="nearest"),
    sample(of(5, distinct=True), _fractions(), dim=0, interpolation="midpoint"),
    sample(of(distinct=True), _fractions()),
]


@composite(
    dtypes={float32, float64},
    autocast="float32",
    ref="ferrule_conformance.statistics_references:quantile",
    samples=_SAMPLES,
    promote="same",
    tolerance=4,
)
def quantile(
    x: Tensor,
    q: Tensor,
    *,
    dim: Dim | None = None,
    keepdim: bool = False,
    interpolation: str = "linear",
) -> Tensor:
    """The ``q``-th quantiles along ``dim``, or of all elements: the value at the place
    ``q * (n - 1)`` in rising order, and between two of them what ``interpolation`` says. NaN where
    an element is NaN.

    Args:
        q: between 0 and 1; a number, or several, which become the first dim of the result.
        interpolation: ``"linear"``, ``"lower"``, ``"higher"``, ``"nearest"`` (halves to even) or
            ``"midpoint"``.
    """

    def place(q: Tensor, numbers: Tensor, n: int) -> Tensor:
        return where(numbers < n, float(n - 1), q * (n - 1))

    return _quantile(x, q, dim, keepdim, interpolation, place)


@composite(
    dtypes={float32, float64},
    autocast="float32",
    ref="ferrule_conformance.statistics_references:nanquantile",
    samples=_SAMPLES,
    promote="same",
    tolerance=4,
)
def nanquantile(
    x: Tensor,
    q: Tensor,
    *,
    dim: Dim | None = None,
    keepdim: bool = False,
    interpolation: str = "linear",
) -> Tensor:
    """As `quantile`, of what is not NaN; NaN where nothing else is there."""

    def place(q: Tensor, numbers: Tensor, n: int) -> Tensor:
        last = where(numbers > 0, numbers - 1, 0)
        return q * cast(last, dtype=q.dtype)

    return _quantile(x, q, dim, keepdim, interpolation, place)


_Place = Callable[[Tensor, Tensor, int], Tensor]


def _quantile(
    x: Tensor, q: Tensor, dim: int | None, keepdim: bool, interpolation: str, place: _Place
) -> Tensor:
    """Args:
    place: where the quantiles stand in the order, given ``q``, how many elements of each row are
        not NaN, and how many there are.
    """
    if q.ndim > 1:
        raise ShapeError(f"q must be a number or have one dim, and it is {q._type}")
    if not x.numel():
        raise ShapeError(f"there is no quantile of no elements, and x is {x._type}")
    if interpolation not in _INTERPOLATIONS:
        raise ArgumentError(
            f"interpolation must be one of {', '.join(_INTERPOLATIONS)}, not {interpolation!r}"
        )
    if dim is None or not x.ndim:
        rest, ones = (), (1,) * x.ndim
        rows = reshape(x, shape=(1, -1))
    else:
        rest = (*x.shape[:dim], *x.shape[dim + 1 :])
        ones = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
        others = [d for d in range(x.ndim) if d != dim]
        rows = reshape(permute(x, dims=(*others, dim)), shape=(-1, x.shape[dim]))
    count = q.shape[0] if q.ndim else 1
    ranked = sort(rows, dim=1)[0]
    numbers = sum(eq(rows, rows), dim=1, keepdim=True)
    at = expand(reshape(q, shape=(1, count)), shape=(rows.shape[0], count))
    found = _INTERPOLATIONS[interpolation](ranked, place(at, numbers, rows.shape[1]))
    shape = ones if keepdim else rest
    return reshape(permute(found, dims=(1, 0)), shape=(*q.shape, *shape))


def _at(ranked: Tensor, place: Tensor) -> Tensor:
    return gather(ranked, cast(place, dtype=int64), dim=1)


def _between(ranked: Tensor, place: Tensor, weight: Tensor) -> Tensor:
    # from the nearer side, so that nothing is lost at either end
    a, b = _at(ranked, floor(place)), _at(ranked, ceil(place))
    return where(weight < 0.5, a + weight * (b - a), b - (b - a) * (1.0 - weight))


_INTERPOLATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "linear": lambda ranked, place: _between(ranked, place, place - floor(place)),
    "lower": lambda ranked, place: _at(ranked, floor(place)),
    "higher": lambda ranked, place: _at(ranked, ceil(place)),
    "nearest": lambda ranked, place: _at(ranked, round(place)),
    "midpoint": lambda ranked, place: _between(ranked, place, place * 0.0 + 0.5),
}
