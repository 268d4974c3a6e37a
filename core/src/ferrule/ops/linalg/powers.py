"""Powers and exponentials of matrices."""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, floating, numeric
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import abs, pow
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import gt, lt
from ferrule.ops.exponential import log
from ferrule.ops.linalg.matrices import (
    adjoint,
    column,
    columns,
    identities,
    in_dtype_of,
    rows,
    square,
    values,
    zeros,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.linalg.triangular import solve
from ferrule.ops.reduction import amax, sum
from ferrule.ops.rounding import ceil
from ferrule.ops.shape import cat
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bfloat16, complex64, float16, float32


@composite(
    dtypes=numeric,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:matrix_power",
    samples=[
        sample(of(3, 3), n=3),
        sample(of(2, 2, 2), n=0),
        sample(of(2, 2), n=1),
        sample(of(2, 2), n=6),
        sample(of(0, 0), n=2),
    ],
    tolerance=32,
)
def matrix_power(x: Tensor, *, n: int) -> Tensor:
    """The product of ``n`` times each matrix, by repeated squaring. ``n`` is not negative."""
    square(x)
    if n < 0:
        raise ShapeError(f"n={n} is negative; invert the matrices first")
    if n == 0:
        return identities(x)
    power = None
    while True:
        if n % 2:
            power = x if power is None else matmul(power, x)
        n //= 2
        if not n:
            assert power is not None
            return power
        x = matmul(x, x)


# Numerators of the diagonal Pade approximants of exp, from the lowest power up, divided by the
# first, and the 1-norms up to which their error is below the rounding of single and of double
# precision. Source: N. J. Higham, "The scaling and squaring method for the matrix exponential
# revisited", SIAM J. Matrix Anal. Appl. 26 (2005), table 2.3 and section 2.
def _pade(degree: int) -> list[float]:
    return [
        math.factorial(2 * degree - j)
        * math.factorial(degree)
        / (math.factorial(2 * degree) * math.factorial(degree - j) * math.factorial(j))
        for j in range(degree + 1)
    ]


_SINGLE = (_pade(7), 3.925724783138660)
_DOUBLE = (_pade(13), 5.371920351148152)


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:matrix_exp",
    samples=[(of(3, 3),), (of(2, 4, 4, low=-4.0, high=4.0),), (of(0, 0),), (of(1, 1),)],
    tolerance=64,
)
def matrix_exp(x: Tensor) -> Tensor:
    """The exponential of each matrix, ``I + x + x @ x / 2 + ...``, by scaling and squaring, each
    matrix as often as its norm asks for. Source: N. J. Higham, SIAM J. Matrix Anal. Appl. 26
    (2005), 1179-1193."""
    square(x)
    if x.dtype in (float16, bfloat16):
        return cast(matrix_exp(cast(x, dtype=float32)), dtype=x.dtype)
    if not x.numel():
        return x
    coefficients, radius = _SINGLE if x.dtype in (float32, complex64) else _DOUBLE
    size = amax(sum(abs(x.detach()), dim=-2), dim=-1)
    scaled = gt(size, radius) & lt(size, math.inf)
    times = where(scaled, ceil(log(size * (1.0 / radius)) * (1.0 / math.log(2.0))), 0.0)
    found = values(times)
    most = 0 if found is None else int(found.max())
    y = _rational(x * column(column(in_dtype_of(pow(2.0, -times), x))), coefficients)
    for i in range(most):
        y = where(gt(column(column(times)), float(i)), matmul(y, y), y)
    return y


def _rational(x: Tensor, coefficients: list[float]) -> Tensor:
    """``q(-x)^-1 q(x)`` for the polynomial of the coefficients."""
    second = matmul(x, x)
    fourth = matmul(second, second)
    powers = [identities(x), second, fourth, matmul(second, fourth)]
    odd = matmul(x, _polynomial(powers, coefficients[1::2]))
    even = _polynomial(powers, coefficients[0::2])
    return solve(even - odd, even + odd)


def _polynomial(powers: list[Tensor], coefficients: list[float]) -> Tensor:
    """The polynomial in ``powers[1]``, with a product for each ``len(powers) - 1`` of its terms."""
    step = len(powers) - 1
    low, high = coefficients[: step + 1], coefficients[step + 1 :]
    total = powers[0] * low[0]
    for power, c in zip(powers[1:], low[1:]):
        total = total + power * c
    if high:
        total = total + matmul(powers[step], _polynomial(powers, [0.0, *high]))
    return total


@matrix_exp.vjp
def _(g, x):
    # The derivative along g is the corner of the exponential of a matrix of blocks.
    # Source: R. Mathias, "A chain rule for matrix functions and applications", SIAM J. Matrix
    # Anal. Appl. 17 (1996), theorem 2.1
    n = x.shape[-1]
    back = adjoint(x)
    above = cat(back, g, dim=-1)
    below = cat(zeros(x.shape, x), back, dim=-1)
    whole = matrix_exp(cat(above, below, dim=-2))
    return rows(columns(whole, n, 2 * n), 0, n)
