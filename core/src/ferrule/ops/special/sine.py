"""The normalised sine cardinal."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import where
from ferrule.ops.precision import in_float32
from ferrule.ops.special.gamma import sin_pi
from ferrule.ops.special.polynomial import polynomial
from ferrule.samples import of
from ferrule.tensor import Tensor

_POWERS = [(-math.pi * math.pi) ** k / math.factorial(2 * k + 1) for k in range(12, -1, -1)]


@composite(
    dtypes=floating,
    promote="float",
    ref="numpy:sinc",
    samples=[(of(3, 4),), (of(5, low=-0.1, high=0.1),), (of(5, low=-9.0, high=9.0),), (of(0, 2),)],
    tolerance=8,
)
@in_float32
def sinc(x: Tensor) -> Tensor:
    """``sin(pi * x) / (pi * x)``, and 1 at 0."""
    # a series near 0 has the right derivatives of every order there
    near = abs(x) < 0.5
    small = where(near, x, 0.0)
    large = where(near, 1.0, x)
    return where(near, polynomial(small * small, _POWERS), sin_pi(large) / (large * math.pi))
