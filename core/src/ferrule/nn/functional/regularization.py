"""Dropout and normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import ferrule as fe
from ferrule import ops, random
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.functional.activation import written
from ferrule.tensor import Tensor


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """While training, zeros with probability ``p``, and the rest scaled by ``1 / (1 - p)``.

    Args:
        input: of any shape.
        p: within [0, 1].
        training: without it, ``input`` itself is returned.
        inplace: write the result to ``input``.
        generator: where the random bits come from; by default that of the device.
    """
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"dropout: p must lie in [0, 1], not {p}")
    if not training or p == 0.0:
        return input
    source = random.default_generator(input.device) if generator is None else generator
    y = ops.dropout(input, source.reserve(input.numel()), p=p)
    return written(input, y, "dropout", inplace)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``(N, C, ...)`` with each channel brought to mean 0 and variance 1, then scaled and shifted.

    Args:
        input: the batch.
        running_mean, running_var: ``(C,)``: averages of what was seen. While training they move
            towards the batch's mean and (unbiased) variance; otherwise they are used.
        weight, bias: ``(C,)``: scale and shift.
        training: use the statistics of the batch.
        momentum: how far the averages move.
        eps: keeps the root from 0.

    Raises:
        ShapeError: training with a single value in each channel, whose variance is 0.
    """
    if not training:
        if running_mean is None or running_var is None:
            raise ArgumentError(
                "batch_norm: without training=True it needs running_mean and running_var"
            )
        return ops.batch_norm(input, running_mean, running_var, weight, bias, eps=eps)
    count = math.prod(n for d, n in enumerate(input.shape) if d != 1)
    if count < 2:
        raise ShapeError(
            f"batch_norm: {input._type} has {count} values in each channel, which have no "
            "variance; train with more, or call .eval()"
        )
    y, mean, var = ops.batch_norm_training(input, weight, bias, eps=eps)
    with fe.no_grad():
        if running_mean is not None:
            moved = running_mean + (mean.detach() - running_mean) * momentum
            running_mean._rebind("batch_norm", moved)
        if running_var is not None:
            unbiased = var.detach() * (count / (count - 1))
            moved = running_var + (unbiased - running_var) * momentum
            running_var._rebind("batch_norm", moved)
    return y


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(..., *normalized_shape)`` brought to mean 0 and variance 1 over the last dims, then
    scaled and shifted by ``weight`` and ``bias`` of ``normalized_shape``."""
    shape = tuple(normalized_shape)
    return ops.layer_norm(input, weight, bias, normalized_shape=shape, eps=eps)
