"""Normalisation over batches, groups and features.

A 16-bit input may come with parameters and statistics of float32: everything is then computed in
float32, and the result is of the input's dtype.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.precision import HALVES
from ferrule.tensor import Tensor
from ferrule_plugins import Shape
from ferrule_plugins.dtypes import float32


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
    x = _wide(input, running_mean, running_var, weight, bias)
    if not training:
        if running_mean is None or running_var is None:
            raise ArgumentError(
                "batch_norm: without training=True it needs running_mean and running_var"
            )
        y = ops.batch_norm(x, running_mean, running_var, weight, bias, eps=eps)
        return y if x is input else y.to(input.dtype)
    count = math.prod(n for d, n in enumerate(input.shape) if d != 1)
    if count < 2:
        raise ShapeError(
            f"batch_norm: {input._type} has {count} values in each channel, which have no "
            "variance; train with more, or call .eval()"
        )
    y, mean, var = ops.batch_norm_training(x, weight, bias, eps=eps)
    _move("batch_norm", running_mean, mean.detach(), momentum)
    _move("batch_norm", running_var, var.detach() * (count / (count - 1)), momentum)
    return y if x is input else y.to(input.dtype)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``(N, C, ...)`` with each channel of each sample brought to mean 0 and variance 1, then
    scaled and shifted.

    Args:
        input: the samples.
        running_mean, running_var: ``(C,)``: averages of what was seen, over the samples too.
        weight, bias: ``(C,)``: scale and shift.
        use_input_stats: use the statistics of each sample, and move the averages that are given;
            otherwise use the averages.
        momentum: how far the averages move.
        eps: keeps the root from 0.

    Raises:
        ShapeError: a channel of a sample has a single value, whose variance is 0.
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ArgumentError(
                "instance_norm: with use_input_stats=False it needs running_mean and running_var"
            )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    count = math.prod(input.shape[2:])
    if count == 1:
        raise ShapeError(
            f"instance_norm: {input._type} has one value in each channel of a sample, which has no "
            "variance; give more"
        )
    x = _wide(input, running_mean, running_var, weight, bias)
    y, mean, var = ops.instance_norm(x, weight, bias, eps=eps)
    if running_mean is not None:
        _move("instance_norm", running_mean, ops.mean(mean.detach(), dim=0), momentum)
    if running_var is not None:
        unbiased = ops.mean(var.detach(), dim=0) * (count / (count - 1))
        _move("instance_norm", running_var, unbiased, momentum)
    return y if x is input else y.to(input.dtype)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(..., *normalized_shape)`` brought to mean 0 and variance 1 over the last dims, then
    scaled and shifted by ``weight`` and ``bias`` of ``normalized_shape``."""
    x = _wide(input, weight, bias)
    shape = _sizes("layer_norm", normalized_shape)
    y = ops.layer_norm(x, weight, bias, normalized_shape=shape, eps=eps)
    return y if x is input else y.to(input.dtype)


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """``(..., *normalized_shape)`` over the root of the mean square of the last dims, then scaled
    by ``weight`` of ``normalized_shape``. ``eps`` is by default that of the dtype that it is
    computed in, which for 16 bits is float32."""
    x = _wide(input, weight)
    shape = _sizes("rms_norm", normalized_shape)
    y = ops.rms_norm(x, weight, normalized_shape=shape, eps=eps)
    return y if x is input else y.to(input.dtype)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(N, C, ...)`` brought to mean 0 and variance 1 in each of ``num_groups`` blocks of the
    channels of each sample, then scaled and shifted by ``weight`` and ``bias``, ``(C,)``.

    Raises:
        ShapeError: ``num_groups`` does not divide C, or a single sample has one value in each.
    """
    if input.ndim > 1 and num_groups > 0 and input.numel() == num_groups:
        raise ShapeError(
            f"group_norm: {input._type} has one value in each of {num_groups} groups, which has no "
            "variance; give more"
        )
    x = _wide(input, weight, bias)
    y = ops.group_norm(x, weight, bias, num_groups=num_groups, eps=eps)
    return y if x is input else y.to(input.dtype)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``(N, C, ...)`` over ``(k + alpha * mean) ** beta``, with the mean of the squares of ``size``
    neighbouring channels."""
    return ops.local_response_norm(input, size=size, alpha=alpha, beta=beta, k=k)


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """``input`` over its p-norm along ``dim``, an int or several, or over ``eps`` where that is
    larger."""
    return ops.normalize(input, p=p, dim=dim, eps=eps)


def _wide(input: Tensor, *others: Tensor | None) -> Tensor:
    """``input``, in float32 where it is of 16 bits and something that belongs to it is not."""
    if input.dtype in HALVES and any(x is not None and x.dtype is float32 for x in others):
        return input.to(float32)
    return input


def _move(name: str, average: Tensor | None, seen: Tensor, momentum: float) -> None:
    """Bring a running average towards what was seen."""
    if average is not None:
        with fe.no_grad():
            average._rebind(name, (average + (seen - average) * momentum).to(average.dtype))


def _sizes(name: str, shape: Any) -> Shape:
    if not isinstance(shape, (tuple, list)):
        raise ArgumentError(f"{name}: normalized_shape must be a tuple of ints, not {shape!r}")
    return tuple(shape)
