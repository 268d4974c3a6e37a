"""Products with logarithms, with the limits at 0 that entropies need."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.choice import where
from ferrule.ops.exponential import log, log1p
from ferrule.ops.precision import in_float32
from ferrule.ops.special.operands import tensors
from ferrule.samples import of
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:entr",
    samples=[(of(3, 4, low=0.1, high=3.0),), (of(),), (of(0, 2),)],
    tolerance=4,
)
@in_float32
def entr(x: Tensor) -> Tensor:
    """``-x * log(x)``, whose limit at 0 is 0; -inf below."""
    positive = x > 0
    y = -x * log(where(positive, x, 1.0))
    return where(positive, y, where(x < 0, -math.inf, where(x == 0, 0.0, x)))


@entr.vjp
@in_float32
def _(g, x):
    return g * (-1.0 - log(x))


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:xlogy",
    samples=[
        (of(3, 4), of(3, 4, low=0.2, high=4.0)),
        (of(2, 1, 3), of(4, 1, low=0.2, high=4.0)),
        (of(0, 3), of(1, 3, low=0.5)),
    ],
    tolerance=4,
)
@in_float32
def xlogy(a: Tensor, b: Tensor) -> Tensor:
    """``a * log(b)``, and 0 where ``a`` is, unless ``b`` is NaN."""
    a, b = tensors(a, b)
    none = (a == 0) & (b == b)
    return where(none, 0.0, a * log(where(none, 1.0, b)))


@xlogy.vjp
@in_float32
def _(g, a, b):
    a, b = tensors(a, b)
    none = (a == 0) & (b <= 0)
    return lambda: g * where(none, 0.0, log(where(none, 1.0, b))), lambda: g * a / b


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:xlog1py",
    samples=[
        (of(3, 4), of(3, 4, low=-0.8, high=3.0)),
        (of(2, 1, 3), of(4, 1, low=-0.01, high=0.01)),
        (of(0, 3), of(1, 3, low=0.5)),
    ],
    tolerance=4,
)
@in_float32
def xlog1py(a: Tensor, b: Tensor) -> Tensor:
    """``a * log1p(b)``, and 0 where ``a`` is, unless ``b`` is NaN."""
    a, b = tensors(a, b)
    none = (a == 0) & (b == b)
    return where(none, 0.0, a * log1p(where(none, 0.0, b)))


@xlog1py.vjp
@in_float32
def _(g, a, b):
    a, b = tensors(a, b)
    none = (a == 0) & (b <= -1.0)
    return lambda: g * where(none, 0.0, log1p(where(none, 0.0, b))), lambda: g * a / (b + 1.0)
