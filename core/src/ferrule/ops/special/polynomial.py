"""Polynomials and quotients of them, by Horner's scheme."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.tensor import Tensor

Coefficients = Sequence[float]
"""From the highest power down."""


def polynomial(x: Tensor, coefficients: Coefficients) -> Tensor:
    """The polynomial with these coefficients, at least two, at ``x``."""
    total = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        total = total * x + c
    return total


def rational(x: Tensor, coefficients: tuple[Coefficients, Coefficients]) -> Tensor:
    """The first polynomial at ``x`` over the second."""
    above, below = coefficients
    return polynomial(x, above) / polynomial(x, below)
