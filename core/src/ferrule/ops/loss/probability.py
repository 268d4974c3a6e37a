"""Losses of probabilities: of events, each for itself, and of distributions."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.activation import logsigmoid
from ferrule.ops.arithmetic import maximum, neg
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, log, log1p
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.loss.reduction import check_equal, check_reduction, reduced
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import expand
from ferrule.ops.statistics import mean
from ferrule.samples import Input, of, sample
from ferrule.tensor import Tensor


def _inside(*shape: int) -> Input:
    return of(*shape, low=0.1, high=0.9)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:binary_cross_entropy",
    samples=[
        (_inside(3, 4), _inside(3, 4), None),
        sample(_inside(2, 3), _inside(2, 3), of(3), reduction="sum"),
        sample(_inside(5), _inside(5), of(5), reduction="none"),
    ],
    tolerance=8,
)
@in_float32
def binary_cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """``-(target * log(x) + (1 - target) * log(1 - x))``, with logarithms of at least -100.

    Args:
        x: probabilities, within [0, 1].
        target: probabilities, of the same shape.
        weight: a factor for each element, of a shape that broadcasts to theirs.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("binary_cross_entropy", reduction)
    check_equal("binary_cross_entropy", x, target=target)
    yes, no = _logarithms(x)
    losses = neg(target * yes + (1.0 - target) * no)
    return reduced(_weighted("binary_cross_entropy", losses, weight), reduction)


@binary_cross_entropy.vjp
@in_float32
def _(g, x, target, weight, reduction):
    each = expand(g, shape=x.shape) if reduction != "none" else g
    if reduction == "mean":
        each = each / max(x.numel(), 1)
    scaled = each if weight is None else each * weight

    def for_x():
        # where x is 0 or 1 the slope is infinite, and taken to be large
        return scaled * (x - target) / maximum(x * (1.0 - x), 1e-12)

    def for_target():
        yes, no = _logarithms(x)
        return scaled * (no - yes)

    def for_weight():
        yes, no = _logarithms(x)
        return each * neg(target * yes + (1.0 - target) * no)

    return for_x, for_target, for_weight


def _logarithms(x: Tensor) -> tuple[Tensor, Tensor]:
    """Those of ``x`` and ``1 - x``, at least -100."""
    nothing, all_ = x == 0.0, x == 1.0
    yes, no = log(where(nothing, 1.0, x)), log1p(neg(where(all_, 0.0, x)))
    return where(nothing | (yes < -100.0), -100.0, yes), where(all_ | (no < -100.0), -100.0, no)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:binary_cross_entropy_with_logits",
    samples=[
        (of(3, 4), of(3, 4, low=0.0, high=1.0), None, None),
        sample(of(2, 3), of(2, 3), of(3), of(3, low=0.5, high=3.0), reduction="sum"),
        sample(of(5), of(5, low=0.0, high=1.0), of(5), None, reduction="none"),
    ],
    tolerance=8,
)
@in_float32
def binary_cross_entropy_with_logits(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """`binary_cross_entropy` of the sigmoid of ``x``, without overflow or cancellation.

    Args:
        x: log-odds.
        target: probabilities, of the same shape.
        weight: a factor for each element, of a shape that broadcasts to theirs.
        pos_weight: likewise: a factor for the term of ``target``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("binary_cross_entropy_with_logits", reduction)
    check_equal("binary_cross_entropy_with_logits", x, target=target)
    yes = target * logsigmoid(x)
    if pos_weight is not None:
        yes = _weighted("binary_cross_entropy_with_logits", yes, pos_weight)
    losses = neg(yes + (1.0 - target) * logsigmoid(neg(x)))
    return reduced(_weighted("binary_cross_entropy_with_logits", losses, weight), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:soft_margin_loss",
    samples=[
        (of(3, 4), of(3, 4)),
        sample(of(2, 3), of(3), reduction="sum"),
        sample(of(5), of(5), reduction="none"),
    ],
    tolerance=8,
)
@in_float32
def soft_margin_loss(x: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """``log(1 + exp(-target * x))``, without overflow.

    Args:
        x: of any shape.
        target: 1 or -1, of a shape that broadcasts with that of ``x``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("soft_margin_loss", reduction)
    return reduced(neg(logsigmoid(x * target)), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:multilabel_soft_margin_loss",
    samples=[
        (of(3, 4), of(3, 4, low=0.0, high=1.0), None),
        sample(of(2, 3), of(2, 3), of(3), reduction="sum"),
        sample(of(5), of(5, low=0.0, high=1.0), of(5), reduction="none"),
    ],
    tolerance=8,
)
@in_float32
def multilabel_soft_margin_loss(
    x: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """For each sample the mean over the classes of `binary_cross_entropy_with_logits`.

    Args:
        x: log-odds: ``(..., C)``.
        target: whether each class applies, 0 or 1, of the same shape.
        weight: ``(C,)``, or of another shape that broadcasts.
        reduction: ``"mean"`` or ``"sum"`` over the samples, or ``"none"``.
    """
    check_reduction("multilabel_soft_margin_loss", reduction)
    check_equal("multilabel_soft_margin_loss", x, target=target)
    if not x.ndim:
        raise ShapeError("multilabel_soft_margin_loss: x has no dim of classes; give it one")
    losses = binary_cross_entropy_with_logits(x, target, weight, None, reduction="none")
    return reduced(mean(losses, dim=-1), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:kl_div",
    samples=[
        (of(3, 4), _inside(3, 4)),
        sample(of(2, 3), of(2, 3), reduction="batchmean", log_target=True),
        sample(of(5), _inside(5), reduction="none"),
        sample(of(2, 2), _inside(2), reduction="sum"),
    ],
    tolerance=8,
)
@in_float32
def kl_div(
    x: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """``target * (log(target) - x)``: the divergence of Kullback and Leibler of a distribution from
    another.

    Args:
        x: log-probabilities.
        target: probabilities, of a shape that broadcasts with that of ``x``. One that is 0
            contributes 0, and has the gradient ``-x``.
        reduction: ``"mean"`` over all elements, ``"batchmean"``, which is the sum over the size of
            dim 0 of ``x``, ``"sum"`` or ``"none"``.
        log_target: ``target`` are log-probabilities.

    Source: Kullback, Leibler, "On information and sufficiency", 1951.
    """
    if reduction != "batchmean":
        check_reduction("kl_div", reduction)
    if log_target:
        losses = exp(target) * (target - x)
    else:
        some = where(target == 0, 1.0, target)
        losses = target * log(some) - target * x
    if reduction != "batchmean":
        return reduced(losses, reduction)
    total = reduced(losses, "sum")
    return total / x.shape[0] if x.ndim else total


def _weighted(op: str, losses: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return losses
    if broadcast_shapes(losses.shape, weight.shape) != losses.shape:
        raise ShapeError(
            f"{op}: weight is {weight._type}; its shape must broadcast to {losses.shape}"
        )
    return losses * weight
