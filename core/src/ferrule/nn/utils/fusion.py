"""A normalisation over the batch, in evaluation, as part of the linear layer before it."""

from __future__ import annotations

import copy
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.nn.module import Module
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """One convolution that computes what ``bn(conv(x))`` does in evaluation.

    Args:
        conv: a convolution, in evaluation mode.
        bn: a normalisation over the batch, in evaluation mode, with running statistics.
        transpose: ``conv`` is a transposed convolution.

    Returns:
        A copy of ``conv``; neither argument is changed.

    Raises:
        ArgumentError: one of the two is in training mode, or ``bn`` has no running statistics.
    """
    _check("fuse_conv_bn_eval", conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the convolution that `fuse_conv_bn_eval` gives, of those of its parts."""
    with fe.no_grad():
        scale, bias = _fused(conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
        ones = (1,) * (conv_w.ndim - 2)
        shape = (1, -1, *ones) if transpose else (-1, 1, *ones)
        weight = (conv_w * ops.reshape(scale, shape=shape)).to(conv_w.dtype)
        bias = bias.to(conv_w.dtype if conv_b is None else conv_b.dtype)
    return Parameter(weight, conv_w.requires_grad), Parameter(
        bias, conv_w.requires_grad if conv_b is None else conv_b.requires_grad
    )


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """One linear layer that computes what ``bn(linear(x))`` does in evaluation. The arguments and
    errors are as those of `fuse_conv_bn_eval`.

    Raises:
        ArgumentError: besides, ``bn`` normalises another number of features than ``linear`` gives,
            and not just one.
    """
    _check("fuse_linear_bn_eval", linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise ArgumentError(
            f"fuse_linear_bn_eval: the linear layer gives {linear.out_features} features, and the "
            f"normalisation takes {bn.num_features}; they must be equal"
        )
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        linear.weight, linear.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the layer that `fuse_linear_bn_eval` gives, of those of its parts."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def _fused(
    b: Tensor | None, mean: Tensor, var: Tensor, eps: float, weight: Tensor | None,
    shift: Tensor | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """What weights are multiplied by, and the new bias."""
    scale = ops.rsqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    bias = (-mean if b is None else b - mean) * scale
    return scale, bias if shift is None else bias + shift


def _check(name: str, layer: Module, bn: Module) -> None:
    if layer.training or bn.training:
        raise ArgumentError(
            f"{name}: both layers must be in evaluation mode, as the statistics of a batch cannot "
            "be part of weights; call .eval() on them"
        )
    if bn.running_mean is None or bn.running_var is None:
        raise ArgumentError(
            f"{name}: the normalisation has no running statistics; build it with "
            "track_running_stats=True"
        )
