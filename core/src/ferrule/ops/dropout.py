"""Dropout."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import where
from ferrule.ops.noise import STATE, survivors
from ferrule.ops.precision import in_float32
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shape

_SAMPLES = [
    sample(of(4, 5), STATE, p=0.5),
    sample(of(7, 2), STATE, p=0.1),
    sample(of(3, 2), STATE, p=0.0),
    sample(of(3, 1), STATE, p=1.0),
    sample(of(2, 3, 2), STATE, p=0.5),
    sample(of(0, 2), STATE, p=0.5),
]


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:dropout",
    samples=[*_SAMPLES, sample(of(7), STATE, p=0.1)],
)
@in_float32
def dropout(x: Tensor, state: Index[Tensor], *, p: float = 0.5) -> Tensor:
    """Each element becomes 0 with probability ``p``; the others are scaled by ``1 / (1 - p)``.

    Element ``i``, in row-major order, becomes 0 if word ``i`` of `random_bits` from ``state``,
    which is a signed number, is below ``p * 2**32 - 2**31``.

    Args:
        x: of any shape.
        state: int64[2], as of `random_bits`.
        p: within [0, 1].

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15 (2014).
    """
    _check_probability("dropout", p)
    return _dropped(x, survivors(state, x.shape, p), p)


@composite(
    dtypes=floating, ref="ferrule_conformance.nn_references:feature_dropout", samples=_SAMPLES
)
@in_float32
def feature_dropout(x: Tensor, state: Index[Tensor], *, p: float = 0.5) -> Tensor:
    """`dropout` of whole channels: one word decides for ``x[i, j]``.

    Args:
        x: ``(N, C, ...)``.
        state, p: as of `dropout`.

    Source: Tompson et al., arXiv:1411.4280.
    """
    _check_probability("feature_dropout", p)
    return _dropped(x, survivors(state, _channels("feature_dropout", x), p), p)


# What SELU tends to for small inputs.
_FLOOR = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:alpha_dropout",
    samples=[*_SAMPLES, sample(of(7), STATE, p=0.1)],
    tolerance=2,
)
@in_float32
def alpha_dropout(x: Tensor, state: Index[Tensor], *, p: float = 0.5) -> Tensor:
    """Each element takes the least value of `selu` with probability ``p``; all are then scaled and
    shifted so that mean 0 and variance 1 stay. With ``p`` of 1 all are 0.

    Args:
        x, state, p: as of `dropout`.

    Source: Klambauer et al., arXiv:1706.02515.
    """
    _check_probability("alpha_dropout", p)
    return _floored(x, survivors(state, x.shape, p), p)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:feature_alpha_dropout",
    samples=_SAMPLES,
    tolerance=2,
)
@in_float32
def feature_alpha_dropout(x: Tensor, state: Index[Tensor], *, p: float = 0.5) -> Tensor:
    """`alpha_dropout` of whole channels: one word decides for ``x[i, j]``.

    Args:
        x: ``(N, C, ...)``.
        state, p: as of `dropout`.
    """
    _check_probability("feature_alpha_dropout", p)
    return _floored(x, survivors(state, _channels("feature_alpha_dropout", x), p), p)


def _dropped(x: Tensor, kept: Tensor, p: float) -> Tensor:
    return where(kept, x * (1.0 / (1.0 - p) if p < 1.0 else 0.0), 0.0)


def _floored(x: Tensor, kept: Tensor, p: float) -> Tensor:
    scale = 1.0 / math.sqrt((_FLOOR**2 * p + 1.0) * (1.0 - p)) if p < 1.0 else 0.0
    shift = -_FLOOR * p * scale
    return where(kept, x * scale + shift, _FLOOR * scale + shift)


def _channels(op: str, x: Tensor) -> Shape:
    if x.ndim < 2:
        raise ShapeError(f"{op}: x is {x._type}; it must have two dims or more, (N, C, ...)")
    return (*x.shape[:2], *(1,) * (x.ndim - 2))


def _check_probability(op: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"{op}: p must lie in [0, 1], not {p}")
