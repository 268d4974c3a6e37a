"""Random numbers of the kinds that others are made of, drawn from a generator's stream.

Bits, uniform numbers, integers and trials are the same on every backend: all arithmetic on the way
is of integers or by powers of two.
"""

from __future__ import annotations

import math
from typing import Any

from ferrule import factories, ops, promotion
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.fixed_point import multiply_high
from ferrule.generator import Generator, chosen
from ferrule.ops.complex import complex as from_parts
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType, Shape, dtypes

_LOW = 0xFFFFFFFF


def words(name: str, shape: Shape, device: Device, generator: Generator | None) -> Tensor:
    """Random words of 32 bits, as int32; ``name`` is the call, for messages."""
    return chosen(name, device, generator).bits(shape)


def integers_62(name: str, shape: Shape, device: Device, generator: Generator | None) -> Tensor:
    """Uniform integers from 0 to below 2**62."""
    high, low = words(name, (2, *shape), device, generator).to(dtypes.int64)
    return ((high & 0x3FFFFFFF) << 32) | (low & _LOW)


def floating(name: str, dtype: Any) -> DType:
    """A floating dtype, the default one for None.

    Raises:
        DTypeError: it is another.
    """
    found = factories.dtype_of(name, dtype)
    if not found.is_floating_point:
        raise DTypeError(
            f"{name}: uniform and normal numbers are floating, not {found.name}; use randint"
        )
    return found


def uniform(
    name: str,
    shape: Shape,
    dtype: DType,
    device: Device,
    generator: Generator | None,
    *,
    open_below: bool = False,
) -> Tensor:
    """Uniform on [0, 1), or on (0, 1], in steps of the dtype's precision."""
    if dtype is dtypes.float64:
        first, second = words(name, (2, *shape), device, generator)
        high = (first >> 5) & 0x7FFFFFF  # 27 bits
        low = (second >> 6) & 0x3FFFFFF  # 26 bits
        steps = high.to(dtype) * 2.0**26 + low.to(dtype)
        bits = 53
    else:
        bits = {dtypes.float16: 11, dtypes.bfloat16: 8}.get(dtype, 24)
        word = words(name, shape, device, generator)
        steps = ((word >> (32 - bits)) & (2**bits - 1)).to(dtype)
    return (steps + 1.0 if open_below else steps) * 2.0**-bits


def wide(dtype: DType) -> DType:
    """The dtype in which numbers of ``dtype`` are computed: float32 for those of 16 bits."""
    return dtypes.float64 if dtype is dtypes.float64 else dtypes.float32


def standard_normal(
    name: str, shape: Shape, dtype: DType, device: Device, generator: Generator | None
) -> Tensor:
    """Normal numbers of mean 0 and variance 1, by the Box-Muller transform."""
    precise = wide(dtype)
    n = math.prod(shape)
    half = -(-n // 2)
    u = uniform(name, (half,), precise, device, generator, open_below=True)
    radius = ops.sqrt(ops.log(u) * -2.0)
    angle = uniform(name, (half,), precise, device, generator) * (2.0 * math.pi)
    both = ops.cat(radius * ops.cos(angle), radius * ops.sin(angle), dim=0)
    return ops.reshape(ops.narrow(both, dim=0, start=0, length=n), shape=shape).to(dtype)


def drawn(name: str, draw: Any, shape: Shape, dtype: Any, device: Any, generator: Any) -> Tensor:
    """What ``draw`` gives in a real dtype or, part by part, in a complex one."""
    found = factories.dtype_of(name, dtype)
    where = factories.device_of(name, device)
    if found.is_complex:
        part = promotion.real_of(found)
        a, b = (draw(name, shape, part, where, generator) for _ in range(2))
        scale = 1.0 if draw is uniform else math.sqrt(0.5)
        return from_parts(a * scale, b * scale)
    return draw(name, shape, floating(name, found), where, generator)


def integers(
    name: str,
    low: Any,
    high: Any,
    shape: Shape,
    dtype: Any,
    device: Device,
    generator: Generator | None,
) -> Tensor:
    """Integers from ``low`` to below ``high``, which ``dtype`` must be able to hold."""
    low, high = whole_number(name, low), whole_number(name, high)
    found = factories.dtype_of(name, dtype)
    if low >= high:
        raise ShapeError(f"{name}: the range from {low} to {high} holds no integer")
    for end in (low, high - 1):
        try:
            promotion.check_fits(end, found)
        except DTypeError as error:
            raise DTypeError(f"{name}: {error}") from None
    return integers_below(name, high - low, low, shape, device, generator).to(found)


def whole_number(name: str, value: Any) -> int:
    """A bound of integers, as an int.

    Raises:
        ArgumentError: it is none.
    """
    value = value.item() if isinstance(value, Tensor) else value
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ArgumentError(f"{name}: a bound must be an int, not {value!r}")
    return value.__index__()


def integers_below(
    name: str, width: int, low: int, shape: Shape, device: Device, generator: Generator | None
) -> Tensor:
    """Integers from ``low`` on, ``width`` different ones, as int64."""
    if width <= 2**32:
        first, second = words(name, (2, *shape), device, generator).to(dtypes.int64)
        # 63 bits, so that the remainder is all but unbiased
        return (((first & 0x7FFFFFFF) << 32) | (second & _LOW)) % width + low
    limbs = tuple(words(name, (4, *shape), device, generator).to(dtypes.int64) & _LOW)
    if width == 2**64:  # every pattern of bits
        return (limbs[0] << 32) | limbs[1]
    # of more than 63 bits, it is the negative number with the same ones, and sums wrap around
    signed = width - 2**64 if width >= 2**63 else width
    factor = ops.full(shape=shape, value=signed, dtype=dtypes.int64, device=device)
    return multiply_high(limbs, factor) + low


def trials(name: str, like: Tensor, p: Any, generator: Generator | None) -> Tensor:
    """A mask of the shape of ``like`` that holds with probability ``p``."""
    if isinstance(p, Tensor):
        if not p.dtype.is_floating_point:
            raise DTypeError(f"{name}: probabilities are floating, not {p.dtype.name}")
        x = p.detach().to(wide(p.dtype))
        x = ops.where(x > 0, x, 0.0)  # which NaN is not
        bound = (ops.where(x < 1, x, 1.0) * 2.0**62).to(dtypes.int64)
        bound = ops.expand(bound, shape=like.shape)
    elif isinstance(p, (int, float)) and 0 <= p <= 1:
        bound = int(p * 2**62)
    else:
        raise ArgumentError(f"{name}: a probability is a number from 0 to 1, not {p!r}")
    return integers_62(name, like.shape, like.device, generator) < bound
