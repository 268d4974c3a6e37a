"""Products of matrices and vectors."""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, everything, floating, numeric, primitive
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.complex import conjugate
from ferrule.ops.creation import full
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.linalg.matrices import column, columns, swapped
from ferrule.ops.reduction import sum
from ferrule.ops.shape import cat, expand, narrow
from ferrule.samples import of, sample
from ferrule.schema import Dim, Scalar
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import bfloat16, float16, float32, int64


@primitive(
    dtypes=numeric,
    autocast="lower",
    promote="same",
    ref="numpy:matmul",
    samples=[
        (of(2, 3), of(3, 4)),
        (of(5, 2, 3), of(3, 4)),
        (of(2, 1, 2, 3), of(4, 3, 1)),
        (of(0, 3), of(3, 2)),
        (of(2, 0), of(0, 2)),
    ],
)
def matmul(a: Shaped, b: Shaped) -> Spec:
    """The matrix product over the last two dims; leading dims broadcast."""
    if len(a.shape) < 2 or len(b.shape) < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"the last size of {a.shape} and the last but one of {b.shape} must be equal"
        )
    lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return Spec((*lead, a.shape[-2], b.shape[-1]), a.dtype)


@matmul.vjp
def _(g, a, b):
    return (
        lambda: matmul(g, swapped(conjugate(b))),
        lambda: matmul(swapped(conjugate(a)), g),
    )


@composite(
    dtypes=everything,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.linalg_references:axpby",
    samples=[
        sample(of(3, 4), of(3, 4), beta=2, alpha=3),
        sample(of(4), of(3, 4)),
        sample(of(3, 1), of(3, 4), beta=0),
    ],
    tolerance=2,
)
def axpby(x: Tensor, y: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """``beta * x + alpha * y``, of the shape of ``y``. Where ``beta`` is 0, ``x`` is not looked at:
    its NaNs and infinities do not matter. Integers are scaled by the whole parts of numbers."""
    x = expand(x, shape=y.shape)
    y = _scaled(y, alpha)
    return y if beta == 0 else _scaled(x, beta) + y


def _scaled(x: Tensor, factor: Scalar) -> Tensor:
    if factor == 1:
        return x
    if x.dtype.category == "integer" and isinstance(factor, float):
        factor = math.trunc(factor)
    return x * (bool(factor) if x.dtype.category == "bool" else factor)


@composite(
    dtypes=floating | complexes,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.linalg_references:vecdot",
    samples=[
        sample(of(3, 4), of(3, 4)),
        sample(of(2, 1, 3), of(4, 3), dim=-1),
        sample(of(3, 2), of(3, 1), dim=0),
        sample(of(2, 0), of(2, 0)),
    ],
    tolerance=2,
)
def vecdot(x: Tensor, y: Tensor, *, dim: Dim = -1) -> Tensor:
    """The inner products ``sum(conj(x) * y)`` along ``dim``; the other dims broadcast."""
    dim -= x.ndim  # which is the same dim of both
    if x.dtype in (float16, bfloat16):
        wide = vecdot(cast(x, dtype=float32), cast(y, dtype=float32), dim=dim)
        return cast(wide, dtype=x.dtype)
    if not x.ndim or -dim > y.ndim or x.shape[dim] != y.shape[dim]:
        raise ShapeError(f"{x._type} and {y._type} must be equally long along dim {dim}")
    products = conjugate(x) * y
    return sum(products, dim=products.ndim + dim)


@composite(
    dtypes=numeric,
    autocast="widest",
    promote="same",
    ref="ferrule_conformance.linalg_references:cross",
    samples=[
        sample(of(2, 3), of(2, 3)),
        sample(of(3, 2, 1), of(3, 1, 4), dim=0),
        sample(of(0, 3), of(0, 3)),
    ],
    tolerance=2,
)
def cross(a: Tensor, b: Tensor, *, dim: Dim = -1) -> Tensor:
    """The cross products of vectors of three elements along ``dim``; the other dims broadcast."""
    if a.ndim != b.ndim or not a.ndim or a.shape[dim] != 3 or b.shape[dim] != 3:
        raise ShapeError(f"{a._type} and {b._type} must have as many dims, and size 3 at dim {dim}")

    def turned(x: Tensor, by: int) -> Tensor:
        head = narrow(x, dim=dim, start=by, length=3 - by)
        return cat(head, narrow(x, dim=dim, start=0, length=by), dim=dim)

    return turned(a, 1) * turned(b, 2) - turned(a, 2) * turned(b, 1)


@composite(
    dtypes=numeric,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.linalg_references:multi_dot",
    samples=[
        (of(2, 3), of(3, 4)),
        (of(5, 2), of(2, 6), of(6, 3), of(3, 1)),
        (of(0, 2), of(2, 3), of(3, 2)),
    ],
    tolerance=4,
)
def multi_dot(*matrices: Tensor) -> Tensor:
    """The product of several matrices, in the order of the fewest multiplications.

    Source: Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", section 14.2.
    """
    for i, x in enumerate(matrices):
        if x.ndim != 2 or (i and x.shape[0] != matrices[i - 1].shape[1]):
            shapes = ", ".join(str(m.shape) for m in matrices)
            raise ShapeError(
                f"the shapes {shapes} are not those of matrices that can be multiplied"
            )
    sizes = [matrices[0].shape[0], *(x.shape[1] for x in matrices)]
    split = _cheapest_splits(sizes)

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return matrices[i]
        k = split[i, j]
        return matmul(product(i, k), product(k + 1, j))

    return product(0, len(matrices) - 1)


def _cheapest_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """For matrices ``i`` to ``j``, after which of them to split their product."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], split[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return split


@composite(
    dtypes=numeric,
    ref="ferrule_conformance.linalg_references:vander",
    samples=[sample(of(4), N=4), sample(of(2, 3), N=6), sample(of(0), N=2)],
    tolerance=8,
)
def vander(x: Tensor, *, N: int) -> Tensor:
    """Vandermonde matrices: the powers 0 to ``N - 1`` of each element, along a new last dim.
    Integers multiply in int64."""
    if N < 1 or not x.ndim:
        raise ShapeError(f"{x._type} with N={N}: a vector and at least one power are needed")
    if x.dtype.category == "integer":
        x = cast(x, dtype=int64)
    powers = full(shape=(*x.shape, 1), value=1, dtype=x.dtype, device=x.device)
    factor = column(x)
    while powers.shape[-1] < N:  # twice as many powers in each step
        powers = cat(powers, powers * factor, dim=-1)
        factor = factor * factor
    return columns(powers, 0, N)
