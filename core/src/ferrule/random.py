"""Random tensors. One seed gives the same bits on every backend, and so the same uniform numbers,
integers, permutations and choices, which are made of them by exact arithmetic alone."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule import draws, factories, ops, promotion
from ferrule.errors import ArgumentError, DTypeError
from ferrule.generator import (
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from ferrule.multinomial import multinomial
from ferrule.poisson import poisson
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1). Complex ones have such real and imaginary parts."""
    shape = factories.shape_of("rand", size)
    return draws.drawn("rand", draws.uniform, shape, dtype, device, generator).requires_grad_(
        requires_grad
    )


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1, by the Box-Muller transform. The parts of complex
    ones have the variance 1/2 each.

    They are computed in float32 for dtypes of 16 bits.
    """
    shape = factories.shape_of("randn", size)
    y = draws.drawn("randn", draws.standard_normal, shape, dtype, device, generator)
    return y.requires_grad_(requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """As `rand`, in the shape, dtype and device of ``input``."""
    dtype, device = dtype or input.dtype, device or input.device
    y = draws.drawn("rand_like", draws.uniform, input.shape, dtype, device, generator)
    return y.requires_grad_(requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """As `randn`, in the shape, dtype and device of ``input``."""
    dtype, device = dtype or input.dtype, device or input.device
    y = draws.drawn("randn_like", draws.standard_normal, input.shape, dtype, device, generator)
    return y.requires_grad_(requires_grad)


def randint(
    low: int = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = dtypes.int64,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers from ``low`` (0 if left out) to below ``high``: ``randint(10, (3,))``,
    ``randint(1, 7, (2, 2))``. Their probabilities differ by less than 2**-31 of one.

    Raises:
        ShapeError: the range is empty.
        DTypeError: ``dtype`` cannot hold the whole range.
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None:
        raise ArgumentError("randint needs high and size: randint(10, (3,))")
    shape = factories.shape_of("randint", (size,))
    where = factories.device_of("randint", device)
    y = draws.integers("randint", low, high, shape, dtype or dtypes.int64, where, generator)
    return y.requires_grad_(requires_grad)


def randint_like(
    input: Tensor,
    low: Any = 0,
    high: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """As `randint`, in the shape, dtype and device of ``input``: ``randint_like(x, 10)``,
    ``randint_like(x, 1, 7)``."""
    low, high = (0, low) if high is None else (low, high)
    where = factories.device_of("randint_like", device or input.device)
    y = draws.integers(
        "randint_like", low, high, input.shape, dtype or input.dtype, where, generator
    )
    return y.requires_grad_(requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = dtypes.int64,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The integers below ``n`` in random order."""
    shape = factories.shape_of("randperm", (n,))
    found = factories.dtype_of("randperm", dtype or dtypes.int64)
    if shape[0]:
        try:
            promotion.check_fits(shape[0] - 1, found)
        except DTypeError as error:
            raise DTypeError(f"randperm: {error}") from None
    where = factories.device_of("randperm", device)
    drawn = draws.words("randperm", (2, *shape), where, generator).to(dtypes.int64)
    keys = ((drawn[0] & 0x7FFFFFFF) << 32) | (drawn[1] & 0xFFFFFFFF)
    return ops.sort(keys, dim=0)[1].to(found).requires_grad_(requires_grad)


def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Ones and zeros in the shape and dtype of ``input``: one with the probability that ``input``
    holds there or, if it is given, with probability ``p``.

    A probability is met to 2**-62, and compared with integers, so that one seed gives the same
    result on every backend. A tensor's numbers below 0 count as 0, above 1 as 1, and NaN as 0.

    Args:
        p: a number from 0 to 1, or a tensor of such.

    Raises:
        ArgumentError: the number ``p`` is none from 0 to 1.
        DTypeError: probabilities are not floating.
    """
    probability = input.detach() if p is None else p
    return draws.trials("bernoulli", input, probability, generator).to(input.dtype)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers of given means and standard deviations: ``normal(mean, std)`` in the common
    shape of tensors, ``normal(0.0, 2.0, (3, 4))`` in that of ``size``. No gradient flows to them.

    Args:
        mean, std: numbers, or floating tensors.
        size, dtype, device: of the result, if neither is a tensor.

    Raises:
        ArgumentError: ``std`` is negative, or nothing tells the shape.
    """
    given = [x.detach() for x in (mean, std) if isinstance(x, Tensor)]
    if not isinstance(std, Tensor) and not std >= 0:
        raise ArgumentError(f"normal: std must not be negative, and is {std}")
    if not given:
        if size is None:
            raise ArgumentError("normal: give size=, or a tensor as mean or std")
        shape = factories.shape_of("normal", (size,))
        y = draws.drawn("normal", draws.standard_normal, shape, dtype, device, generator)
        return (y * std + mean).requires_grad_(requires_grad)
    if size is not None:
        raise ArgumentError("normal: size is that of the tensors; leave size= out")
    common = draws.floating("normal", promotion.result_type([x._type for x in given]))
    shape = fe.broadcast_shapes(*(x.shape for x in given))
    z = draws.standard_normal("normal", shape, common, given[0].device, generator)
    mean, std = (x.detach() if isinstance(x, Tensor) else x for x in (mean, std))
    return z * std + mean


__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
]
