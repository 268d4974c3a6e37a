"""Initial values: functions that fill a tensor in place and return it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.random import Generator
from ferrule.tensor import Tensor

Nonlinearity = Literal[
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu",
]  # fmt: skip
Mode = Literal["fan_in", "fan_out"]


def _fill(name: str, tensor: Tensor, value: Tensor) -> Tensor:
    with fe.no_grad():
        return tensor._rebind(name, value)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """``val`` everywhere."""
    return _fill("constant_", tensor, fe.full_like(tensor, val))


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1)


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Uniform on [a, b)."""
    values = fe.rand(tensor.shape, dtype=tensor.dtype, device=tensor.device, generator=generator)
    return _fill("uniform_", tensor, values * (b - a) + a)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normal."""
    return _fill("normal_", tensor, _normal(tensor, mean, std, generator))


def _normal(tensor: Tensor, mean: float, std: float, generator: Generator | None) -> Tensor:
    if std < 0:
        raise ArgumentError(f"a standard deviation is not negative, and this one is {std}")
    values = fe.randn(tensor.shape, dtype=tensor.dtype, device=tensor.device, generator=generator)
    return values * std + mean


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal, restricted to [a, b]: what falls outside is drawn again.

    Raises:
        ArgumentError: less than a hundredth of the distribution lies in [a, b].
    """
    root = std * math.sqrt(2.0)
    inside = (math.erf((b - mean) / root) - math.erf((a - mean) / root)) / 2.0
    if not inside >= 0.01:
        raise ArgumentError(
            f"trunc_normal_: only {inside:.2%} of the distribution with mean {mean} and std {std} "
            f"lies in [{a}, {b}]; widen the interval or move the mean"
        )
    values = _normal(tensor, mean, std, generator)
    while (outside := (values < a) | (values > b)).any():
        values = fe.where(outside, _normal(tensor, mean, std, generator), values)
    return _fill("trunc_normal_", tensor, values)


def calculate_gain(nonlinearity: Nonlinearity, param: float | None = None) -> float:
    """By how much a layer's weights grow to make up for what the non-linearity takes away.

    Args:
        nonlinearity: its name.
        param: the negative slope of ``"leaky_relu"``; by default 0.01.
    """
    if nonlinearity == "leaky_relu":
        if isinstance(param, bool) or not isinstance(param, int | float | None):
            raise ArgumentError(f"calculate_gain: a slope is a number, not {param!r}")
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1.0 + slope**2))
    if nonlinearity not in _GAINS:
        raise ArgumentError(
            f"calculate_gain: {nonlinearity!r} is not known; use {', '.join(_GAINS)} or leaky_relu"
        )
    return _GAINS[nonlinearity]


_GAINS: dict[str, float] = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4.0,
}


def fans(name: str, tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output of a weight ``(out, in, ...)`` sees, and how many outputs each
    input reaches."""
    if tensor.ndim < 2:
        raise ShapeError(f"{name}: {tensor._type} has no fan; a weight has two dims or more")
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Uniform with the variance ``gain**2 * 2 / (fan_in + fan_out)``.

    Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    bound = gain * math.sqrt(6.0 / sum(fans("xavier_uniform_", tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with the variance of `xavier_uniform_`."""
    std = gain * math.sqrt(2.0 / sum(fans("xavier_normal_", tensor)))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform with the variance ``gain**2 / fan``.

    Args:
        tensor: a weight ``(out, in, ...)``.
        a: the negative slope of ``"leaky_relu"``.
        mode: ``"fan_in"`` keeps variances going forward, ``"fan_out"`` going backward.
        nonlinearity: what comes behind the layer.
        generator: where the numbers come from; by default that of the device.

    Source: He, Zhang, Ren, Sun, arXiv:1502.01852.
    """
    bound = math.sqrt(3.0) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with the variance of `kaiming_uniform_`."""
    std = _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(
    name: str, tensor: Tensor, a: float, mode: Mode, nonlinearity: Nonlinearity
) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f'{name}: mode must be "fan_in" or "fan_out", not {mode!r}')
    fan_in, fan_out = fans(name, tensor)
    fan = fan_in if mode == "fan_in" else fan_out
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """A matrix ``(out, prod(in, ...))`` whose rows, or columns if they are fewer, are orthonormal,
    times ``gain``. The factorisation runs on the host.

    Source: Saxe, McClelland, Ganguli, arXiv:1312.6120.
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_: {tensor._type} is not a matrix; it needs two dims or more")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    long, short = max(rows, columns), min(rows, columns)
    drawn = fe.randn(long, short, device=tensor.device, generator=generator)
    q, r = np.linalg.qr(drawn.numpy().astype(np.float64))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # uniform over all orthogonal matrices
    matrix = (q if rows >= columns else q.T) * gain
    values = fe.tensor(matrix, dtype=tensor.dtype, device=tensor.device)
    return _fill("orthogonal_", tensor, fe.reshape(values, tensor.shape))


def eye_(tensor: Tensor) -> Tensor:
    """The identity, as far as a matrix that need not be square can be it."""
    if tensor.ndim != 2:
        raise ShapeError(f"eye_: {tensor._type} is not a matrix; it needs two dims")
    return _fill("eye_", tensor, fe.eye(*tensor.shape, dtype=tensor.dtype, device=tensor.device))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution's weight ``(out, in, *size)`` of one to three spatial dims that lets the first
    ``in`` channels of each of the groups of outputs through as they are."""
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(
            f"dirac_: {tensor._type} is not a weight of a convolution; it needs 3 to 5"
        )
    out, inside, *size = tensor.shape
    if groups < 1 or out % groups:
        raise ArgumentError(f"dirac_: groups={groups} does not divide the {out} filters")
    values = np.zeros(tensor.shape)
    centre = tuple(n // 2 for n in size)
    for g in range(groups):
        for i in range(min(out // groups, inside)):
            values[(g * (out // groups) + i, i, *centre)] = 1.0
    return _fill("dirac_", tensor, fe.tensor(values, dtype=tensor.dtype, device=tensor.device))


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """A normal matrix of mean 0, with zeros in the part ``sparsity`` of each column, at random
    places.

    Source: Martens, "Deep learning via Hessian-free optimization", ICML 2010.
    """
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_: {tensor._type} is not a matrix; it needs two dims")
    if not 0.0 <= sparsity <= 1.0:
        raise ArgumentError(f"sparse_: sparsity must lie in [0, 1], not {sparsity}")
    rows = tensor.shape[0]
    values = _normal(tensor, 0.0, std, generator)
    if tensor.numel():
        order = fe.rand(tensor.shape, device=tensor.device, generator=generator)
        rank = fe.argsort(fe.argsort(order, dim=0), dim=0)  # a permutation in each column
        values = fe.where(rank < math.ceil(sparsity * rows), 0.0, values)
    return _fill("sparse_", tensor, values.to(tensor.dtype))


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """`fans`, under the name that PyTorch's users know."""
    return fans("_calculate_fan_in_and_fan_out", tensor)
