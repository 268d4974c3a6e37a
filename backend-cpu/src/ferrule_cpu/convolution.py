"""Convolution of images: columns of taps, and one matrix product for the whole batch.

Work is done with channels outermost, ``(C, N, H, W)``, where each tap of the kernel is a plain
strided copy and input, output and both gradients are matrices without rearrangement. Results keep
that memory order and are seen as ``(N, C, H, W)``: elementwise kernels preserve it, so the next
convolution finds it again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule_cpu.blas import matmul
from ferrule_cpu.windows import Pair, out_size, taps

Array = np.ndarray[Any, Any]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Array:
    kernel = weight.shape[2:]
    out = out_size(x.shape[2:], kernel, stride, padding, dilation)
    columns = _columns(x, kernel, out, stride, padding, dilation, groups)
    matrix = weight.reshape(groups, weight.shape[0] // groups, -1)
    y = matmul(matrix, columns).reshape(weight.shape[0], x.shape[0], *out)
    if bias is not None:
        y += bias[:, None, None, None]
    return y.transpose(1, 0, 2, 3)


def conv2d_input(
    g: Array,
    weight: Array,
    *,
    input_size: tuple[int, ...],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Array:
    n, c, h, w = input_size
    kernel, out = weight.shape[2:], g.shape[2:]
    matrix = weight.reshape(groups, weight.shape[0] // groups, -1)
    columns = matmul(matrix.transpose(0, 2, 1), _channels_first(g, groups))
    seen = columns.reshape(c, *kernel, n, *out)
    padded = np.zeros((c, n, h + 2 * padding[0], w + 2 * padding[1]), dtype=g.dtype)
    for i, j, rows, cols in taps(kernel, out, stride, dilation):
        padded[:, :, rows, cols] += seen[:, i, j]
    x = padded[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w]
    return x.transpose(1, 0, 2, 3)


def conv2d_weight(
    g: Array,
    x: Array,
    *,
    weight_size: tuple[int, ...],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Array:
    kernel = weight_size[2:]
    columns = _columns(x, kernel, g.shape[2:], stride, padding, dilation, groups)
    return matmul(_channels_first(g, groups), columns.transpose(0, 2, 1)).reshape(weight_size)


def _channels_first(x: Array, groups: int) -> Array:
    """``(groups, C / groups, N * H * W)``."""
    return x.transpose(1, 0, 2, 3).reshape(groups, x.shape[1] // groups, -1)


def _columns(
    x: Array, kernel: Any, out: Any, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    """``(groups, C / groups * taps, N * H_out * W_out)``: what each output sees of the input."""
    n, c, h, w = x.shape
    x = x.transpose(1, 0, 2, 3)
    if padding != (0, 0):
        padded = np.zeros((c, n, h + 2 * padding[0], w + 2 * padding[1]), dtype=x.dtype)
        padded[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w] = x
        x = padded
    columns = np.empty((c, *kernel, n, *out), dtype=x.dtype)
    for i, j, rows, cols in taps(kernel, out, stride, dilation):
        columns[:, i, j] = x[:, :, rows, cols]
    return columns.reshape(groups, c // groups * kernel[0] * kernel[1], -1)
