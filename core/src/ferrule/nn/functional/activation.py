"""Activation functions. Those that write to their input return it, as all do with ``inplace``."""

from __future__ import annotations

from typing import Any

from ferrule import ops, random
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor


def written(input: Tensor, y: Tensor, name: str, inplace: bool) -> Tensor:
    """``y``, or, in place, ``input`` with its value."""
    return input._rebind(name, y) if inplace else y


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``"""
    return written(input, ops.relu(input), "relu", inplace)


def relu_(input: Tensor) -> Tensor:
    """`relu` in place."""
    return relu(input, True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(input, 0), 6)``"""
    return written(input, ops.hardtanh(input, min_val=0, max_val=6), "relu6", inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """``input`` where it is above ``threshold``, ``value`` elsewhere."""
    y = ops.threshold(input, threshold=threshold, value=value)
    return written(input, y, "threshold", inplace)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold` in place."""
    y = ops.threshold(input, threshold=threshold, value=value)
    return written(input, y, "threshold_", True)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """``input`` brought between ``min_val`` and ``max_val``."""
    y = ops.hardtanh(input, min_val=min_val, max_val=max_val)
    return written(input, y, "hardtanh", inplace)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, True)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``input / 6 + 1 / 2`` brought between 0 and 1."""
    return written(input, ops.hardsigmoid(input), "hardsigmoid", inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * hardsigmoid(input)``"""
    return written(input, ops.hardswish(input), "hardswish", inplace)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """0 within ``lambd`` of 0, ``input`` elsewhere."""
    return ops.hardshrink(input, lambd=lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` moved towards 0 by ``lambd``, and 0 within ``lambd`` of 0."""
    return ops.softshrink(input, lambd=lambd)


def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``"""
    return ops.tanhshrink(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """``input`` where it is positive, ``negative_slope * input`` elsewhere."""
    y = ops.leaky_relu(input, negative_slope=negative_slope)
    return written(input, y, "leaky_relu", inplace)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, True)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``input`` where it is positive, ``weight * input`` elsewhere, with one ``weight`` or one for
    each channel, dim 1 of ``input``. Their dtypes must be equal."""
    return ops.prelu(input, weight)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """`leaky_relu` with a slope that is random, between ``lower`` and ``upper``, for each element
    while training, and otherwise their mean.

    Args:
        input: of any shape.
        lower, upper: the bounds.
        training: draw slopes.
        inplace: write the result to ``input``.
        generator: where the random bits come from; by default that of the device.
    """
    if not lower <= upper:
        raise ArgumentError(f"rrelu: lower={lower} must not be above upper={upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2.0, inplace)
    y = ops.rrelu(input, drawn(input, input.numel(), generator), lower=lower, upper=upper)
    return written(input, y, "rrelu", inplace)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, True)


def drawn(input: Tensor, words: int, generator: random.Generator | None) -> Tensor:
    """The state from which to draw that many words, on the device of ``input``."""
    source = random.default_generator(input.device) if generator is None else generator
    return source.reserve(words)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where it is positive, ``alpha * (exp(input) - 1)`` elsewhere."""
    return written(input, ops.elu(input, alpha=alpha), "elu", inplace)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu` in place."""
    return elu(input, alpha, True)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """A scaled `elu` that keeps mean 0 and variance 1."""
    return written(input, ops.selu(input), "selu", inplace)


def selu_(input: Tensor) -> Tensor:
    """`selu` in place."""
    return selu(input, True)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where it is positive, ``alpha * (exp(input / alpha) - 1)`` elsewhere."""
    return written(input, ops.celu(input, alpha=alpha), "celu", inplace)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu` in place."""
    return celu(input, alpha, True)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``"""
    return written(input, ops.silu(input), "silu", inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * tanh(softplus(input))``"""
    return written(input, ops.mish(input), "mish", inplace)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``input`` times the normal distribution function of it; ``approximate="tanh"`` is faster."""
    return ops.gelu(input, approximate=approximate)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of ``input`` along ``dim`` times the sigmoid of the second."""
    return ops.glu(input, dim=dim)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(input)


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-input))``"""
    return ops.sigmoid(input)


def logsigmoid(input: Tensor) -> Tensor:
    """``log(sigmoid(input))``"""
    return ops.logsigmoid(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``, and ``input`` where ``beta * input`` is above
    ``threshold``."""
    return ops.softplus(input, beta=beta, threshold=threshold)


def softsign(input: Tensor) -> Tensor:
    """``input / (1 + abs(input))``"""
    return ops.softsign(input)


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Exponentials along ``dim``, scaled to sum to one; computed in ``dtype`` where given."""
    if dtype is None:
        return ops.softmax(input, dim=dim)
    return ops.softmax(input.to(dtype=dtype), dim=dim).to(dtype=dtype)


def softmin(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """`softmax` of ``-input``."""
    return softmax(-input, dim, dtype)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`."""
    if dtype is None:
        return ops.log_softmax(input, dim=dim)
    return ops.log_softmax(input.to(dtype=dtype), dim=dim).to(dtype=dtype)


def gumbel_softmax(
    logits: Tensor,
    tau: float = 1,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """A sample of the classes along ``dim``, relaxed so that it has gradients.

    Args:
        logits: unnormalised log-probabilities.
        tau: the temperature.
        hard: give a vector of zeros and a one, with the gradient of the relaxed sample.
        eps: without effect, as in PyTorch.
        dim: the classes.
        generator: where the random bits come from; by default that of the device.
    """
    state = drawn(logits, logits.numel(), generator)
    return ops.gumbel_softmax(logits, state, tau=tau, hard=hard, dim=dim)
