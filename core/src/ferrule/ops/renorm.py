"""Bounding the norms of slices."""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, floating
from ferrule.errors import OutOfRange, ShapeError
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import where
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import amax, sum
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor

_MARGIN = 1e-7


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    ref="ferrule_conformance.statistics_references:renorm",
    samples=[
        sample(of(3, 4, distinct=True), p=2.0, dim=0, maxnorm=1.0),
        sample(of(2, 3, 2, distinct=True), p=1.0, dim=-1, maxnorm=5.0),
        sample(of(2, 3, distinct=True), p=3.5, dim=1, maxnorm=1.0),
        sample(of(3, 4, distinct=True), p=math.inf, dim=0, maxnorm=1.0),
    ],
    tolerance=16,
)
@in_float32
def renorm(x: Tensor, *, p: float, dim: Dim, maxnorm: float) -> Tensor:
    """The slices along ``dim``, each scaled so that its ``p``-norm is at most ``maxnorm``; those
    within it stay as they are."""
    if not p > 0:
        raise OutOfRange(f"p must be positive, and it is {p}")
    if not maxnorm >= 0:
        raise OutOfRange(f"maxnorm must not be negative, and it is {maxnorm}")
    if x.ndim < 2:
        raise ShapeError(f"x must have at least two dims, and it is {x._type}")
    if not x.numel():
        return x
    rest = tuple(d for d in range(x.ndim) if d != dim)
    size = abs(x)
    if p == math.inf:
        norm = amax(size, dim=rest, keepdim=True)
    else:
        # 0 has no slope where p is below 1, and a norm of 0 none at all
        some = size > 0
        powers = where(some, where(some, size, 1.0) ** p, 0.0)
        total = sum(powers, dim=rest, keepdim=True)
        empty = total == 0
        norm = where(empty, 0.0, where(empty, 1.0, total) ** (1.0 / p))
    return x * where(norm > maxnorm, maxnorm / (norm + _MARGIN), 1.0)
