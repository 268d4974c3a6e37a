"""Arithmetic on int64 tensors that comes out the same, bit by bit, on every backend.

Logarithms are fixed-point numbers in units of ``2**-FRACTION``.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import cache

from ferrule import factories, ops
from ferrule.tensor import Tensor
from ferrule_plugins import Device
from ferrule_plugins.dtypes import float32, float64, int64

FRACTION = 40
_INDEX = 10
_MANTISSA = 30
_LOW = 0xFFFFFFFF

_PRECISE = Context(prec=40)
_LN2 = _PRECISE.ln(2)


@cache
def _table() -> tuple[int, ...]:
    """``log2(1 + i / 2**_INDEX)``. Decimal logarithms are correctly rounded by definition."""
    size = 2**_INDEX
    logs = (_PRECISE.ln(Decimal(size + i) / size) / _LN2 for i in range(size))
    return tuple(round(log * 2**FRACTION) for log in logs)


@cache
def _table_on(device: Device) -> Tensor:
    return factories.tensor(_table(), dtype=int64, device=device)


_PER_LN2 = round(2**_MANTISSA / _LN2)


def normalised(x: Tensor) -> tuple[Tensor, Tensor]:
    """Positive integers as ``m`` and ``e`` with ``x`` about ``m * 2**e`` and
    ``2**30 <= m < 2**31``: what does not fit in 31 bits is cut off."""
    exponent = x * 0
    for step in (16, 8, 4, 2, 1):  # what is too large
        large = (x >> (_MANTISSA + step)) > 0
        x = ops.where(large, x >> step, x)
        exponent = ops.where(large, exponent + step, exponent)
    large = (x >> (_MANTISSA + 1)) > 0
    x, exponent = ops.where(large, x >> 1, x), ops.where(large, exponent + 1, exponent)
    for step in (16, 8, 4, 2, 1):  # what is too small
        small = (x >> (_MANTISSA + 1 - step)) == 0
        x = ops.where(small, x << step, x)
        exponent = ops.where(small, exponent - step, exponent)
    return x, exponent


def log2(x: Tensor) -> Tensor:
    """The binary logarithm of positive integers, of which the first 31 bits count.

    The first bits after the leading one choose an entry of a table, and a series of three terms
    covers what is left.
    """
    m, exponent = normalised(x)
    shift = _MANTISSA - _INDEX
    index = (m >> shift) - 2**_INDEX
    base = (m >> shift) << shift
    r = ((m - base) << FRACTION) // base  # below 2**-10
    square = (r * r) >> FRACTION
    cube = (square * r) >> FRACTION
    ln = r - (square >> 1) + cube // 3
    flat = ops.reshape(index, shape=(-1,))
    entry = ops.reshape(ops.index_select(_table_on(x.device), flat, dim=0), shape=x.shape)
    return entry + per_ln2(ln) + ((exponent + _MANTISSA) << FRACTION)


def per_ln2(x: Tensor) -> Tensor:
    """``x / ln(2)`` of fixed-point numbers below 2**-9: natural logarithms become binary ones."""
    return (x * _PER_LN2) >> _MANTISSA


def scaled(x: Tensor, unit: Tensor) -> tuple[Tensor, Tensor]:
    """Floats multiplied by powers of two that bring those of ``unit`` into [1, 2), and the
    exponents of these powers; zeros stay."""
    wide = float64 if x.dtype is float64 else float32
    x, unit = x.to(wide), unit.to(wide)
    exponent = factories.zeros_like(unit, dtype=int64)
    steps = tuple(2**i for i in range(9 if wide is float64 else 6, -1, -1))
    for step in steps:
        large = unit >= 2.0**step
        unit, x = (ops.where(large, v * 2.0**-step, v) for v in (unit, x))
        exponent = ops.where(large, exponent - step, exponent)
    for step in (steps[0], *steps):  # twice, as denormals reach further down
        small = (unit < 2.0 ** (1 - step)) & (unit > 0)
        unit, x = (ops.where(small, v * 2.0**step, v) for v in (unit, x))
        exponent = ops.where(small, exponent + step, exponent)
    return x, exponent


def multiply_high(limbs: tuple[Tensor, ...], factor: Tensor) -> Tensor:
    """``floor(u * factor / 2**(32 * n))`` of an unsigned ``u`` of ``n`` words of 32 bits, the
    lowest first, each in an int64, and an unsigned factor of 64 bits: an even spread of ``u`` over
    the integers below the factor."""
    f0, f1 = factor & _LOW, (factor >> 32) & _LOW
    carry = high = factor * 0  # of the columns so far, and of their upper parts
    for u in limbs:
        high0, low0 = _product(u, f0)
        high1, low1 = _product(u, f1)
        column = low0 + carry
        carry = (column >> 32) + high0 + low1 + high
        high = high1
    # the two words that are left: carry, which has overflown, and high
    return (carry & _LOW) + ((high + (carry >> 32)) << 32)


def _product(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Upper and lower 32 bits of a product of unsigned 32-bit numbers, with no step beyond 63."""
    low = a * (b & 0xFFFF)
    high = a * (b >> 16) + (low >> 16)
    return high >> 16, ((high & 0xFFFF) << 16) | (low & 0xFFFF)
