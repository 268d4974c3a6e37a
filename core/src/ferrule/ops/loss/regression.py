"""Losses of numbers that should be others."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, log
from ferrule.ops.loss.reduction import check_equal, check_reduction, reduced, reduced_by_weight
from ferrule.ops.precision import in_float32
from ferrule.samples import Input, of, sample
from ferrule.tensor import Tensor

_PAIR = (of(3, 4), of(3, 4))
_APART = (of(2, 3, low=-2.0, high=-0.5), of(2, 3, low=0.0, high=1.0))
_NEAR = (of(5, low=0.0, high=0.4), of(5, low=0.0, high=0.4))


def _positive(*shape: int) -> Input:
    return of(*shape, low=0.2, high=1.5)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:mse_loss",
    samples=[
        (*_PAIR, None),
        sample(of(2, 3), of(2, 3), None, reduction="sum"),
        sample(of(5), of(5), None, reduction="none"),
        (of(2, 3), of(2, 3), _positive(2, 3)),
        sample(of(5), of(5), of(5), reduction="sum"),
    ],
    tolerance=2,
)
@in_float32
def mse_loss(
    x: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """Squared differences: their mean, their ``"sum"``, or with ``"none"`` each of them.

    Args:
        x, target: of one shape.
        weight: likewise: what each element counts. The mean is then over the sum of the weights.
        reduction: what to return.
    """
    check_reduction("mse_loss", reduction)
    check_equal("mse_loss", x, target=target, weight=weight)
    difference = x - target
    return reduced_by_weight(difference * difference, weight, reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:l1_loss",
    samples=[
        (*_APART, None),
        sample(*_APART, None, reduction="sum"),
        sample(*_APART, None, reduction="none"),
        (*_APART, _positive(2, 3)),
    ],
    tolerance=2,
)
@in_float32
def l1_loss(
    x: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """Absolute differences; the arguments are those of `mse_loss`."""
    check_reduction("l1_loss", reduction)
    check_equal("l1_loss", x, target=target, weight=weight)
    return reduced_by_weight(abs(x - target), weight, reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:smooth_l1_loss",
    samples=[
        _NEAR,
        sample(*_APART, reduction="sum", beta=0.25),
        sample(*_APART, reduction="none", beta=0.0),
    ],
    tolerance=4,
)
@in_float32
def smooth_l1_loss(
    x: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """``d ** 2 / (2 * beta)`` of differences ``d`` smaller than ``beta``, and ``abs(d) - beta / 2``
    of others.

    Args:
        x, target: of one shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        beta: not negative.

    Source: Girshick, arXiv:1504.08083.
    """
    check_reduction("smooth_l1_loss", reduction)
    check_equal("smooth_l1_loss", x, target=target)
    if not beta >= 0.0:
        raise ArgumentError(f"smooth_l1_loss: beta must not be negative, but is {beta}")
    size = abs(x - target)
    return reduced(_rounded_off(size, beta) / beta if beta else size, reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:huber_loss",
    samples=[
        (*_NEAR, None),
        sample(*_APART, None, reduction="sum", delta=0.25),
        sample(*_APART, of(2, 3), delta=0.5),
        sample(*_NEAR, of(5), reduction="none"),
    ],
    tolerance=4,
)
@in_float32
def huber_loss(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    delta: float = 1.0,
) -> Tensor:
    """``d ** 2 / 2`` of differences ``d`` smaller than ``delta``, and ``delta * (abs(d) - delta /
    2)`` of others.

    Args:
        x, target: of one shape.
        weight: likewise: a factor for each element.
        reduction: ``"mean"``, over the elements, ``"sum"`` or ``"none"``.
        delta: positive.

    Source: Huber, "Robust estimation of a location parameter", 1964.
    """
    check_reduction("huber_loss", reduction)
    check_equal("huber_loss", x, target=target, weight=weight)
    if not delta > 0.0:
        raise ArgumentError(f"huber_loss: delta must be positive, but is {delta}")
    losses = _rounded_off(abs(x - target), delta)
    return reduced(losses if weight is None else losses * weight, reduction)


def _rounded_off(size: Tensor, bound: float) -> Tensor:
    """``size ** 2 / 2`` up to the bound, and its tangent beyond it."""
    inner = where(size < bound, size, bound)
    return inner * (size - inner * 0.5)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:gaussian_nll_loss",
    samples=[
        (*_PAIR, _positive(3, 4)),
        sample(of(2, 3), of(2, 3), _positive(2, 1), full=True, reduction="sum"),
        sample(of(5), of(5), _positive(5), reduction="none"),
    ],
    tolerance=8,
)
@in_float32
def gaussian_nll_loss(
    x: Tensor,
    target: Tensor,
    var: Tensor,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """``(log(var) + (x - target) ** 2 / var) / 2``: the negative log-likelihood of normal numbers
    without its constant.

    Args:
        x: means.
        target: of a shape that broadcasts with that of ``x``.
        var: variances, likewise. The gradient of one below ``eps`` is that at ``eps``.
        full: add the constant, ``log(2 * pi) / 2``.
        eps: what variances are at least taken to be.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Source: Nix, Weigend, ICNN 1994.
    """
    check_reduction("gaussian_nll_loss", reduction)
    var = where(var < eps, var + (eps - var).detach(), var)
    difference = x - target
    losses = (log(var) + difference * difference / var) * 0.5
    return reduced(losses + 0.5 * math.log(2.0 * math.pi) if full else losses, reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:poisson_nll_loss",
    samples=[
        _PAIR,
        sample(_positive(2, 3), of(3), log_input=False, reduction="sum"),
        sample(of(5), of(5, low=1.5, high=4.0), full=True, reduction="none"),
        sample(of(5), of(5, low=0.1, high=0.9), full=True),
    ],
    tolerance=8,
)
@in_float32
def poisson_nll_loss(
    x: Tensor,
    target: Tensor,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """``exp(x) - target * x``: the negative log-likelihood of counts of the Poisson distribution
    without the term of the target alone.

    Args:
        x: logarithms of the expected counts.
        target: counts, of a shape that broadcasts with that of ``x``.
        log_input: if not, ``x`` are the expected counts, and it is ``x - target * log(x + eps)``.
        full: add Stirling's approximation of ``log(target!)`` for targets above 1.
        eps: keeps the logarithm from 0.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("poisson_nll_loss", reduction)
    losses = exp(x) - target * x if log_input else x - target * log(x + eps)
    if full:
        few = target <= 1.0
        n = where(few, 1.0, target)
        stirling = n * log(n) - n + log(n * (2.0 * math.pi)) * 0.5
        losses = losses + where(few, 0.0, stirling)
    return reduced(losses, reduction)
