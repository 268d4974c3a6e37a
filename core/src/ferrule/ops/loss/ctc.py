"""Connectionist temporal classification: a label sequence against unaligned predictions."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import maximum, neg
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, lt, ne
from ferrule.ops.creation import arange, full
from ferrule.ops.exponential import exp, log
from ferrule.ops.indexing import gather
from ferrule.ops.loss.reduction import check_reduction, reduced
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import expand, narrow, pad, reshape
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def _between(*shape: int, low: int, high: int) -> Input:
    return of(*shape, dtype="int64", low=low, high=high)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:ctc_loss",
    samples=[
        (of(5, 2, 3), _between(2, 2, low=1, high=3), _between(2, low=5, high=6),
         _between(2, low=2, high=3)),
        sample(of(6, 3, 4), _between(3, 2, low=0, high=3), _between(3, low=5, high=7),
               _between(3, low=0, high=3), blank=3, reduction="none"),
        sample(of(3, 2, 2), _between(2, 3, low=1, high=2), _between(2, low=1, high=4),
               _between(2, low=1, high=4), reduction="sum", zero_infinity=True),
        sample(of(2, 1, 3), _between(1, 0, low=1, high=2), _between(1, low=2, high=3),
               _between(1, low=0, high=1)),
    ],
    tolerance=16,
)  # fmt: skip
@in_float32
def ctc_loss(
    log_probs: Tensor,
    targets: Index[Tensor],
    input_lengths: Index[Tensor],
    target_lengths: Index[Tensor],
    *,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The negative log-likelihood of label sequences, summed over all alignments.

    Args:
        log_probs: ``(T, N, C)``: log-probabilities of the classes at each time.
        targets: ``(N, S)``: labels, none of which is ``blank``.
        input_lengths: ``(N,)``: how many times count.
        target_lengths: ``(N,)``: how many labels count.
        blank: the class that stands for no label.
        reduction: ``"none"``: ``(N,)``; ``"sum"``; ``"mean"``: the mean of the losses, each over
            the length of its target, or over 1 if that is 0.
        zero_infinity: take the loss, and the gradient, of a target that no alignment reaches as 0.

    Source: Graves, Fernández, Gomez, Schmidhuber, ICML 2006.
    """
    check_reduction("ctc_loss", reduction)
    _check(log_probs, targets, input_lengths, target_lengths, blank)
    times, batch = log_probs.shape[:2]
    size = targets.shape[1]
    states = 2 * size + 1
    counted = lt(arange(start=0, step=1, length=size, dtype=int64, device=targets.device),
                 reshape(target_lengths, shape=(batch, 1)))  # fmt: skip
    labels = where(counted, cast(targets, dtype=int64), blank)
    # a state for each label, and one of blank before, between and behind them
    path = pad(labels, before=(0, 1), after=(0, 1), inner=(0, 1), value=blank)
    path = path if size else full(
        shape=(batch, 1), value=blank, dtype=int64, device=labels.device)  # fmt: skip
    index = expand(reshape(path, shape=(1, batch, states)), shape=(times, batch, states))
    emitted = gather(log_probs, index, dim=2)
    # a blank between two labels may be skipped if they differ
    earlier = _shifted(path, 2, blank)
    skips = ne(path, blank) & ne(path, earlier)
    lengths = reshape(input_lengths, shape=(batch, 1))
    # before the first time everything is in a state that only leads to the first two
    start = arange(start=0, step=1, length=states, dtype=int64, device=labels.device)
    open_ = where(eq(reshape(start, shape=(1, states)), 0), 0.0, -math.inf)
    alpha = expand(cast(open_, dtype=log_probs.dtype), shape=(batch, states))
    for t in range(times):
        now = reshape(narrow(emitted, dim=0, start=t, length=1), shape=(batch, states))
        if t == 0:
            begins = lt(start, 2)
            moved = where(begins, now, -math.inf)
        else:
            skipped = where(skips, _shifted(alpha, 2, -math.inf), -math.inf)
            moved = _logsumexp(alpha, _shifted(alpha, 1, -math.inf), skipped) + now
        alpha = where(lt(t, lengths), moved, alpha)
    final = reshape(target_lengths, shape=(batch, 1)) * 2
    ends = gather(alpha, cast(final, dtype=int64), dim=1)
    before = gather(alpha, cast(maximum(final - 1, 0), dtype=int64), dim=1)
    before = where(eq(final, 0), -math.inf, before)
    losses = neg(reshape(_logsumexp(ends, before), shape=(batch,)))
    if zero_infinity:
        losses = where(eq(losses, math.inf), 0.0, losses)
    if reduction == "mean":
        losses = losses / cast(maximum(target_lengths, 1), dtype=losses.dtype)
    return reduced(losses, reduction)


def _shifted(x: Tensor, by: int, value: float) -> Tensor:
    """The columns moved to the right, behind others of ``value``."""
    columns = x.shape[1]
    kept = narrow(x, dim=1, start=0, length=max(columns - by, 0))
    return pad(kept, before=(0, min(by, columns)), after=(0, 0), inner=(0, 0), value=value)


def _logsumexp(*terms: Tensor) -> Tensor:
    """The logarithm of the sum of exponentials; of nothing but -infinity, -infinity, whose gradient
    is 0."""
    top = terms[0].detach()
    for x in terms[1:]:
        top = maximum(top, x.detach())
    top = where(eq(top, -math.inf), 0.0, top)
    total = exp(terms[0] - top)
    for x in terms[1:]:
        total = total + exp(x - top)
    none = eq(total, 0.0)
    return where(none, -math.inf, log(where(none, 1.0, total)) + top)


def _check(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int,
) -> None:
    if log_probs.ndim != 3 or targets.ndim != 2 or targets.shape[0] != log_probs.shape[1]:
        raise ShapeError(
            f"ctc_loss: log_probs is {log_probs._type} and targets {targets._type}; they must be "
            "(T, N, C) and (N, S)"
        )
    for name, given in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if given.shape != (log_probs.shape[1],):
            raise ShapeError(
                f"ctc_loss: {name} is {given._type}; its shape must be ({log_probs.shape[1]},)"
            )
    if not 0 <= blank < log_probs.shape[2]:
        raise ArgumentError(
            f"ctc_loss: blank={blank} is not one of the {log_probs.shape[2]} classes"
        )
