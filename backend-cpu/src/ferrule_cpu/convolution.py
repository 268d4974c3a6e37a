"""Convolution: columns of taps, and one matrix product for the whole batch.

Work is done with channels outermost, ``(C, N, *size)``, where each tap of the kernel is a plain
strided copy and input, output and both gradients are matrices without rearrangement. Results keep
that memory order and are seen as ``(N, C, *size)``: elementwise kernels preserve it, so the next
convolution finds it again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_cpu.blas import matmul
from ferrule_cpu.windows import Sizes, out_size, taps

Array = np.ndarray[Any, Any]

_EVERY = slice(None)


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    kernel = weight.shape[2:]
    out = out_size(x.shape[2:], kernel, stride, padding, dilation)
    columns = _columns(x, kernel, out, stride, padding, dilation, groups)
    y = matmul(_filter_rows(weight, groups), columns).reshape(weight.shape[0], x.shape[0], *out)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 1))
    return y.swapaxes(0, 1)


def conv_input(
    g: Array,
    weight: Array,
    *,
    input_size: tuple[int, ...],
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    n, c, *size = input_size
    kernel, out = weight.shape[2:], g.shape[2:]
    rows = _filter_rows(weight, groups).transpose(0, 2, 1)
    columns = matmul(rows, _channels_first(g, groups)).reshape(c, *kernel, n, *out)
    padded = np.zeros((c, n, *(s + 2 * p for s, p in zip(size, padding))), dtype=g.dtype)
    for tap, part in taps(kernel, out, stride, dilation):
        padded[(_EVERY, _EVERY, *part)] += columns[(_EVERY, *tap)]
    return padded[_within(size, padding)].swapaxes(0, 1)


def conv_weight(
    g: Array,
    x: Array,
    *,
    weight_size: tuple[int, ...],
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    kernel = weight_size[2:]
    columns = _columns(x, kernel, g.shape[2:], stride, padding, dilation, groups)
    return matmul(_channels_first(g, groups), columns.transpose(0, 2, 1)).reshape(weight_size)


def _filter_rows(weight: Array, groups: int) -> Array:
    """``(groups, O / groups, C / groups * taps)``."""
    return weight.reshape(groups, weight.shape[0] // groups, math.prod(weight.shape[1:]))


def _channels_first(x: Array, groups: int) -> Array:
    """``(groups, C / groups, N * places)``."""
    n, c, *size = x.shape
    return x.swapaxes(0, 1).reshape(groups, c // groups, n * math.prod(size))


def _within(size: Any, padding: Sizes) -> tuple[slice, ...]:
    return (_EVERY, _EVERY, *(slice(p, p + s) for s, p in zip(size, padding)))


def _columns(
    x: Array,
    kernel: Sizes,
    out: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """``(groups, C / groups * taps, N * windows)``: what each output sees of the input."""
    n, c, *size = x.shape
    x = x.swapaxes(0, 1)
    if any(padding):
        padded = np.zeros((c, n, *(s + 2 * p for s, p in zip(size, padding))), dtype=x.dtype)
        padded[_within(size, padding)] = x
        x = padded
    columns = np.empty((c, *kernel, n, *out), dtype=x.dtype)
    for tap, part in taps(kernel, out, stride, dilation):
        columns[(_EVERY, *tap)] = x[(_EVERY, _EVERY, *part)]
    return columns.reshape(groups, c // groups * math.prod(kernel), n * math.prod(out))
