"""Poisson numbers.

Source: W. Hörmann, "The transformed rejection method for generating Poisson random variables",
Insurance: Mathematics and Economics 12 (1993), algorithm PTRS, for rates of 10 and more.
"""

from __future__ import annotations

import math

import ferrule as fe
from ferrule import draws, ops, runtime
from ferrule.errors import ArgumentError, DTypeError
from ferrule.generator import Generator
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float32, float64

_LARGE = 10.0
_STEPS = 64
"""No smaller rate than `_LARGE` has a probability above 1e-25 beyond so many."""


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """How many events happen, where ``input`` are expected, in its shape and dtype.

    The values decide how often is drawn, so the call cannot be traced.

    Raises:
        DTypeError: rates are not floating.
        ArgumentError: a rate is negative.
    """
    if not input.dtype.is_floating_point:
        raise DTypeError(f"poisson: rates are floating, not {input.dtype.name}")
    if bool(ops.any(input.detach() < 0).item()):
        raise ArgumentError("poisson: rates must not be negative")
    offered = runtime.active(input.device.backend).dtypes
    rate = ops.cast(input.detach(), dtype=float64 if float64 in offered else float32)
    large = rate >= _LARGE
    drawn = _by_inversion(ops.where(large, 0.0, rate), generator)
    if bool(ops.any(large).item()):
        drawn = ops.where(large, _by_rejection(ops.where(large, rate, _LARGE), generator), drawn)
    drawn = ops.where(rate == rate, drawn, math.nan)
    return ops.cast(drawn, dtype=input.dtype)


def _by_inversion(rate: Tensor, generator: Generator | None) -> Tensor:
    """The smallest number whose distribution function reaches a uniform one."""
    u = draws.uniform("poisson", rate.shape, rate.dtype, rate.device, generator)
    mass = ops.exp(-rate)
    total, found = mass, rate * 0.0
    for k in range(1, _STEPS):
        mass = mass * rate / float(k)
        further = (u >= total) & (total + mass > total)
        if not bool(ops.any(further).item()):
            break
        found = ops.where(further, float(k), found)
        total = total + mass
    return found


def _by_rejection(rate: Tensor, generator: Generator | None) -> Tensor:
    b = ops.sqrt(rate) * 2.53 + 0.931
    a = b * 0.02483 - 0.059
    inverse_alpha = 1.1328 / (b - 3.4) + 1.1239
    accepts_below = 0.9277 - 3.6224 / (b - 2.0)
    log_rate = ops.log(rate)
    found, pending = rate * 0.0, ops.eq(rate, rate)
    while bool(ops.any(pending).item()):
        u = draws.uniform("poisson", rate.shape, rate.dtype, rate.device, generator) - 0.5
        v = draws.uniform(
            "poisson", rate.shape, rate.dtype, rate.device, generator, open_below=True
        )
        us = ops.maximum(0.5 - ops.abs(u), float(fe.finfo(rate.dtype).tiny))
        k = ops.floor((2.0 * a / us + b) * u + rate + 0.43)
        height = ops.log(v) + ops.log(inverse_alpha) - ops.log(a / (us * us) + b)
        target = k * log_rate - rate - fe.lgamma(ops.maximum(k, 0.0) + 1.0)
        inside = (k >= 0.0) & ((us >= 0.013) | (v <= us))
        accepted = ((us >= 0.07) & (v <= accepts_below)) | (inside & (height <= target))
        found = ops.where(pending & accepted, k, found)
        pending = pending & ~accepted
    return found
