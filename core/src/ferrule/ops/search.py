"""Finding elements: where they are, and where they would stand in a sorted sequence."""

from __future__ import annotations

from ferrule.declare import composite, everything, primitive, real
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import minimum
from ferrule.ops.choice import where
from ferrule.ops.comparison import eq, ne
from ferrule.ops.creation import full
from ferrule.ops.indexing import gather
from ferrule.ops.order import sort
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import bool_, int64


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.statistics_references:nonzero",
    samples=[
        (of(3, 4, low=-1, high=2),),
        (of(9, dtype="bool"),),
        (of(2, 3, 2, dtype="bool"),),
        (of(low=1, high=2),),
        (of(0, 2),),
    ],
    differentiable=False,
    dynamic=True,
)
def nonzero(x: Shaped) -> Spec:
    """The indices of the elements that are not 0, one in each row, in row-major order: int64 of
    shape ``(count, x.ndim)``."""
    return Spec((0, len(x.shape)), int64)


@composite(
    dtypes=real,
    ref="ferrule_conformance.statistics_references:searchsorted",
    samples=[
        (of(6, rising=True), of(4)),
        sample(of(5, rising=True), of(2, 3), right=True),
        (of(2, 3, 5, rising=True), of(2, 3, 4)),
        (of(0), of(4)),
        (of(7, rising=True), of()),
    ],
    differentiable=False,
)
def searchsorted(sequence: Tensor, values: Tensor, *, right: bool = False) -> Tensor:
    """Before which element of a sorted sequence each value would be put in: its index (int64), the
    first possible one, or with ``right`` the last. NaN is larger than all else.

    Args:
        sequence: in rising order along its last dim: ``(n,)``, or ``(..., n)`` with the leading
            sizes of ``values``.
        values: of any shape; ``(..., m)`` with a sequence of several dims.
    """
    if not sequence.ndim:
        raise ShapeError("the sequence must have at least one dim")
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise ShapeError(
            f"a sequence of several dims must have the leading sizes of the values, and it is "
            f"{sequence._type} with values {values._type}"
        )
    shape, dim, n = values.shape, sequence.ndim - 1, sequence.shape[-1]
    if sequence.ndim == 1:
        values = reshape(values, shape=(-1,))
    low = full(shape=values.shape, value=0, dtype=int64, device=values.device)
    high = low + n
    for _ in range(n.bit_length()):  # each halves what lies between the two
        middle = (low + high) // 2
        element = gather(sequence, minimum(middle, n - 1), dim=dim)
        behind = _precedes(element, values, right) & (low < high)
        low, high = where(behind, middle + 1, low), where(behind, high, middle)
    return reshape(low, shape=shape)


def _precedes(a: Tensor, b: Tensor, or_equal: bool) -> Tensor:
    """Whether ``a`` stands before ``b`` in rising order, where NaN is last."""
    before = a <= b if or_equal else a < b
    if not a.dtype.is_floating_point:
        return before
    return before | (ne(b, b) if or_equal else ne(b, b) & eq(a, a))


@composite(
    dtypes=real,
    ref="ferrule_conformance.statistics_references:isin",
    samples=[
        (of(3, 4), of(5)),
        (of(7, dtype="int32", low=0, high=5), of(2, 2, dtype="int32", low=0, high=5)),
        sample(of(7, dtype="int64", low=0, high=5), of(3, dtype="int64", high=5), invert=True),
        (of(4), of(0)),
        (of(), of()),
    ],
    differentiable=False,
)
def isin(
    elements: Tensor, test_elements: Tensor, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Elementwise: it is among ``test_elements``; with ``invert``, it is not. NaN never is. What is
    known of uniqueness changes nothing."""
    tests = reshape(test_elements, shape=(-1,))
    n = tests.shape[0]
    if not n:
        return full(shape=elements.shape, value=invert, dtype=bool_, device=elements.device)
    ranked = sort(tests, dim=0)[0]
    flat = reshape(elements, shape=(-1,))
    nearest = gather(ranked, minimum(searchsorted(ranked, flat), n - 1), dim=0)
    found = ne(nearest, flat) if invert else eq(nearest, flat)
    return reshape(found, shape=elements.shape)
