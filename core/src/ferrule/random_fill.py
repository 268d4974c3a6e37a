"""Filling tensors with random numbers in place: methods of tensors alone."""

from __future__ import annotations

import math
from typing import Any

from ferrule import draws, ops
from ferrule.errors import ArgumentError, DTypeError
from ferrule.generator import Generator
from ferrule.tensor import Tensor
from ferrule_plugins import DType, dtypes


def _filled(name: str, input: Tensor, values: Tensor) -> Tensor:
    return input._rebind(name, values.to(input.dtype))


def _real(name: str, input: Tensor) -> DType:
    if not input.dtype.is_floating_point:
        raise DTypeError(f"{name}: {input._type} is not floating; convert it with .float()")
    return draws.wide(input.dtype)


def _positive(name: str, what: str, value: Any, *, or_zero: bool = False) -> None:
    if not (value > 0 or (or_zero and value == 0)):
        kind = "not be negative" if or_zero else "be positive"
        raise ArgumentError(f"{name}: {what} must {kind}, and is {value}")


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """In place: one with probability ``p``, a number or a tensor, and zero otherwise."""
    return _filled("bernoulli_", input, draws.trials("bernoulli_", input, p, generator))


def uniform_(
    input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """In place: uniform numbers from ``from_`` to below ``to``, up to rounding."""
    _real("uniform_", input)
    if not from_ <= to:
        raise ArgumentError(f"uniform_: the range from {from_} to {to} is empty")
    u = draws.uniform("uniform_", input.shape, input.dtype, input.device, generator)
    return _filled("uniform_", input, u * (to - from_) + from_)


def normal_(
    input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """In place: normal numbers."""
    _positive("normal_", "std", std, or_zero=True)
    y = draws.drawn(
        "normal_", draws.standard_normal, input.shape, input.dtype, input.device, generator
    )
    return _filled("normal_", input, y * std + mean)


def log_normal_(
    input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """In place: exponentials of normal numbers of that mean and standard deviation."""
    _positive("log_normal_", "std", std)
    precise = _real("log_normal_", input)
    z = draws.standard_normal("log_normal_", input.shape, precise, input.device, generator)
    return _filled("log_normal_", input, ops.exp(z * std + mean))


def exponential_(
    input: Tensor, lambd: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """In place: waiting times between events that happen ``lambd`` times in a unit of time."""
    _positive("exponential_", "lambd", lambd)
    u = _opened("exponential_", input, generator)
    return _filled("exponential_", input, (0.0 - ops.log(u)) / lambd)  # never -0.0


def _opened(name: str, input: Tensor, generator: Generator | None) -> Tensor:
    """Uniform on (0, 1]."""
    precise = _real(name, input)
    return draws.uniform(name, input.shape, precise, input.device, generator, open_below=True)


def cauchy_(
    input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """In place: numbers of the Cauchy distribution of that median, of which half lie within
    ``sigma`` of it."""
    _positive("cauchy_", "sigma", sigma, or_zero=True)
    angle = (_opened("cauchy_", input, generator) - 0.5) * math.pi
    return _filled("cauchy_", input, ops.sin(angle) / ops.cos(angle) * sigma + median)


def geometric_(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """In place: how many trials it takes to succeed, if each does with probability ``p``."""
    if not 0 < p < 1:
        raise ArgumentError(f"geometric_: p must be between 0 and 1, and is {p}")
    precise = draws.wide(input.dtype)
    u = draws.uniform("geometric_", input.shape, precise, input.device, generator, open_below=True)
    trials = ops.ceil(ops.log(u) / math.log1p(-p))
    return _filled("geometric_", input, ops.maximum(trials, 1.0))


def random_(
    input: Tensor, from_: Any = None, to: Any = None, *, generator: Generator | None = None
) -> Tensor:
    """In place: uniform integers: ``x.random_(10)`` below 10, ``x.random_(1, 7)`` from 1 to below
    7, ``x.random_()`` from 0 to the largest of the dtype, or for floats to the largest up to which
    they hold every integer."""
    dtype = input.dtype
    if from_ is None and to is None:
        low, high = 0, _holds_all_below(dtype)
    else:
        low, high = (0, from_) if to is None else (from_ or 0, to)
    y = draws.integers("random_", low, high, input.shape, dtype, input.device, generator)
    return _filled("random_", input, y)


def _holds_all_below(dtype: DType) -> int:
    if dtype.category == "bool":
        return 2
    if dtype.category == "integer":
        return int(dtypes.iinfo(dtype).max) + 1
    if dtype.is_complex:
        raise DTypeError(f"random_: integers are real, not {dtype.name}")
    return int(2 / float(dtypes.finfo(dtype).eps)) + 1
