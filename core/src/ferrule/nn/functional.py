"""Layers as functions, under PyTorch's names: ``import ferrule.nn.functional as F``.

They bring PyTorch's arguments onto the canonical ops of ``ferrule.ops``, where the mathematics is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import ferrule as fe
from ferrule import ops, random
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.modes import current
from ferrule.nn.pair import Pair, pair
from ferrule.ops.window import span
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

Reduction = Literal["none", "mean", "sum"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: ``(..., in)``, ``(out, in)`` and ``(out,)`` give
    ``(..., out)``."""
    return ops.linear(input, weight, bias)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of ``(N, C, H, W)``, or one image ``(C, H, W)``, with a bank of filters.

    Args:
        input: the images.
        weight: ``(O, C / groups, KH, KW)``.
        bias: ``(O,)``.
        stride, dilation: ints or pairs.
        padding: an int, a pair, ``"valid"`` for none, or ``"same"`` for as much as keeps the size
            (with a stride of 1).
        groups: how many blocks the channels form.
    """
    strides, dilations = pair("conv2d", "stride", stride), pair("conv2d", "dilation", dilation)
    if padding == "same":
        if strides != (1, 1):
            raise ArgumentError(
                f'conv2d: padding="same" needs a stride of 1, not {stride}; give numbers'
            )
        room = [span(k, d) - 1 for k, d in zip(weight.shape[2:], dilations)]
        if len(room) == 2 and any(n % 2 for n in room):
            # the odd row or column goes behind, as in PyTorch
            high, wide = room
            around = (wide // 2, wide - wide // 2, high // 2, high - high // 2)
            input, padding = pad(input, around), 0
        else:
            padding = tuple(n // 2 for n in room)  # pyright: ignore[reportAssignmentType]
    elif padding == "valid":
        padding = 0
    paddings = pair("conv2d", "padding", padding, least=0)
    images = input if input.ndim != 3 else fe.unsqueeze(input, 0)
    y = ops.conv2d(
        images, weight, bias,
        stride=strides, padding=paddings, dilation=dilations, groups=groups,
    )  # fmt: skip
    return y if images is input else fe.squeeze(y, 0)


def max_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of ``(N, C, H, W)`` or ``(C, H, W)``.

    Args:
        input: the images.
        kernel_size: an int or a pair, as are ``padding`` and ``dilation``.
        stride: by default ``kernel_size``.
        padding: never chosen; at most half a window.
        dilation: the distance between neighbouring elements of a window.
        ceil_mode: the last window may reach over the edge.
        return_indices: also return where in its image each element stood, as int64.
    """
    name = "max_pool2d"
    kernel = pair(name, "kernel_size", kernel_size)
    images = input if input.ndim != 3 else fe.unsqueeze(input, 0)
    found = ops.max_pool2d_with_indices(
        images,
        kernel_size=kernel,
        stride=kernel if stride is None else pair(name, "stride", stride),
        padding=pair(name, "padding", padding, least=0),
        dilation=pair(name, "dilation", dilation),
        ceil_mode=ceil_mode,
    )
    if images is not input:
        found = tuple(fe.squeeze(y, 0) for y in found)
    return found if return_indices else found[0]


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool2d` with ``return_indices=True``."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def avg_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of ``(N, C, H, W)`` or ``(C, H, W)``.

    Args:
        input, kernel_size, stride, padding, ceil_mode: as in `max_pool2d`; the padding is zeros.
        count_include_pad: whether the padding counts among the elements.
    """
    name = "avg_pool2d"
    kernel = pair(name, "kernel_size", kernel_size)
    images = input if input.ndim != 3 else fe.unsqueeze(input, 0)
    y = ops.avg_pool2d(
        images,
        kernel_size=kernel,
        stride=kernel if stride is None else pair(name, "stride", stride),
        padding=pair(name, "padding", padding, least=0),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return y if images is input else fe.squeeze(y, 0)


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """``value`` around the last dims.

    Args:
        input: of any shape.
        pad: how many before and behind, for the last dim, then for the one before it, ...;
            negative ones crop.
        mode: ``"constant"``.
        value: by default 0.
    """
    if mode != "constant":
        raise ArgumentError(f'pad: mode must be "constant", not {mode!r}')
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(
            f"pad: {input._type} takes pairs for at most {input.ndim} dims, not {tuple(pad)}"
        )
    missing = input.ndim - len(pad) // 2
    before = (0,) * missing + tuple(pad[-2::-2])
    after = (0,) * missing + tuple(pad[::-2])
    if min((*before, *after), default=0) < 0:
        starts = tuple(max(-n, 0) for n in before)
        stops = tuple(n - max(-m, 0) for n, m in zip(input.shape, after))
        input = ops.slice(input, starts=starts, stops=stops, steps=(1,) * input.ndim)
        before, after = (tuple(max(n, 0) for n in counts) for counts in (before, after))
    return ops.pad(input, before=before, after=after, inner=(0,) * input.ndim, value=value or 0)


# Activations.


def _activated(input: Tensor, y: Tensor, name: str, inplace: bool) -> Tensor:
    return input._rebind(name, y) if inplace else y


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``"""
    return _activated(input, ops.relu(input), "relu", inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``"""
    return _activated(input, ops.silu(input), "silu", inplace)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``input`` times the normal distribution function of it; ``approximate="tanh"`` is faster."""
    return ops.gelu(input, approximate=approximate)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(input)


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-input))``"""
    return ops.sigmoid(input)


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Exponentials along ``dim``, scaled to sum to one; computed in ``dtype`` where given."""
    return ops.softmax(input if dtype is None else input.to(dtype), dim=dim)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`."""
    return ops.log_softmax(input if dtype is None else input.to(dtype), dim=dim)


# Regularisation and normalisation.


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
    return _activated(input, y, "dropout", inplace)


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


# Integers.


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of ``weight``, ``(n, d)``, that ``input`` names: ``(*input.shape, d)``.

    Args:
        input: integers within [0, n).
        weight: the table.
        padding_idx: a row that gets no gradient; negative ones count from the end.
    """
    if padding_idx is not None:
        n = weight.shape[0]
        if not -n <= padding_idx < n:
            raise ArgumentError(f"embedding: padding_idx {padding_idx} is not one of {n} rows")
        padding_idx %= n
    _check_range("embedding", "an index", input, weight.shape[0])
    return ops.embedding(weight, input, padding_idx=padding_idx)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """``(*tensor.shape, num_classes)``, int64: 1 where the class is that of ``tensor``, else 0.

    Args:
        tensor: integers within [0, num_classes).
        num_classes: by default one more than the largest.
    """
    if tensor.dtype.category != "integer":
        raise DTypeError(f"one_hot: classes are integers, not {tensor._type}; use .long()")
    if num_classes < 0:
        if not tensor.numel():
            raise ShapeError("one_hot: num_classes cannot be told from no elements; give it")
        num_classes = int(ops.amax(tensor)) + 1
    _check_range("one_hot", "a class", tensor, num_classes)
    classes = fe.arange(num_classes, dtype=tensor.dtype, device=tensor.device)
    return ops.eq(fe.unsqueeze(tensor, -1), classes).to(int64)


def _check_range(
    name: str, what: str, x: Tensor, size: int, ignore_index: int | None = None
) -> None:
    """Refuse integers outside [0, size). Under an interpreter values may not exist as yet."""
    if current().stack or not x.numel() or x.dtype.category != "integer":
        return
    outside = ops.lt(x, 0) | ops.ge(x, size)
    if ignore_index is not None and not 0 <= ignore_index < size:
        outside = outside & ops.ne(x, ignore_index)
    if ops.any(outside):
        array = x.detach().numpy()
        culprit = array[outside.numpy()].flat[0]
        raise ShapeError(f"{name}: {what} is {culprit}, which does not lie in [0, {size})")


# Losses.


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross entropy of the softmax of ``input`` with ``target``.

    Args:
        input: unnormalised log-probabilities: ``(N, C, ...)`` or ``(C,)``.
        target: class indices, ``(N, ...)`` or ``()``; or probabilities, of the shape of ``input``.
        weight: ``(C,)``: what each class counts.
        ignore_index: an index that does not count.
        reduction: ``"mean"`` (weighted, over indices), ``"sum"`` or ``"none"``.
        label_smoothing: the part of each target that is spread evenly over the classes.

    Raises:
        ShapeError: the shapes do not fit, or an index is no class.
    """
    if target.dtype.is_floating_point:
        return ops.soft_cross_entropy(
            input, target, weight, reduction=reduction, **_given(label_smoothing=label_smoothing)
        )
    if input.ndim:
        classes = input.shape[min(input.ndim - 1, 1)]
        _check_range("cross_entropy", "a target", target, classes, ignore_index)
    return ops.cross_entropy(
        input, target, weight,
        ignore_index=ignore_index, reduction=reduction, **_given(label_smoothing=label_smoothing),
    )  # fmt: skip


def _given(**options: float) -> dict[str, float]:
    """Options that are not 0. A call that names 0.0 is not looked up among past calls."""
    return {name: value for name, value in options.items() if value}


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor:
    """The negative log-likelihood of the classes ``target``, given log-probabilities.

    Args and errors are those of `cross_entropy` with class indices.
    """
    if input.ndim:
        classes = input.shape[min(input.ndim - 1, 1)]
        _check_range("nll_loss", "a target", target, classes, ignore_index)
    return ops.nll_loss(input, target, weight, ignore_index=ignore_index, reduction=reduction)


def mse_loss(input: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """The mean of squared differences, their sum, or each of them. Shapes must be equal."""
    return ops.mse_loss(input, target, reduction=reduction)
