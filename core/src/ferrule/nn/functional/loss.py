"""Losses of classes, and of sequences of them.

In all losses, ``reduction`` is ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each element or
sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import ferrule as fe
from ferrule import ops
from ferrule.errors import DTypeError, ShapeError
from ferrule.modes import current
from ferrule.nn.functional.index import check_range
from ferrule.tensor import Tensor
from ferrule_plugins import Device
from ferrule_plugins.dtypes import int64

Reduction = Literal["none", "mean", "sum"]


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
        check_range("cross_entropy", "a target", target, classes, ignore_index)
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
        check_range("nll_loss", "a target", target, classes, ignore_index)
    return ops.nll_loss(input, target, weight, ignore_index=ignore_index, reduction=reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: Reduction = "mean",
) -> Tensor:
    """``sum(max(0, margin - input[target] + input[j]) ** p) / C`` over the classes ``j`` but
    ``target``.

    Args:
        input: scores: ``(N, C)`` or ``(C,)``.
        target: class indices: ``(N,)``; ``()`` or ``(1,)`` for one sample.
        p: 1 or 2.
        margin: by how much the target should be above all others.
        weight: ``(C,)``: a factor for each target's loss.
        reduction: see above.

    Raises:
        ShapeError: the shapes do not fit, or an index is no class.
    """
    if input.ndim == 0:
        input = ops.reshape(input, shape=(1,))
    if input.ndim == 1 and target.shape == (1,):
        input = fe.unsqueeze(input, 0)
    if target.shape == input.shape[:-1]:
        check_range("multi_margin_loss", "a target", target, input.shape[-1])
    return ops.multi_margin_loss(input, target, weight, p=p, margin=margin, reduction=reduction)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, *, reduction: Reduction = "mean"
) -> Tensor:
    """``sum(max(0, 1 - input[i] + input[j])) / C`` over all targets ``i`` and all classes ``j``
    that are none.

    Args:
        input: scores: ``(N, C)`` or ``(C,)``.
        target: of the same shape: class indices up to the first -1; what follows does not count.
        reduction: see above.

    Raises:
        ShapeError: the shapes do not fit, or a number is neither a class nor -1.
    """
    if input.ndim == 0 and target.ndim == 0:
        input, target = (ops.reshape(x, shape=(1,)) for x in (input, target))
    if target.shape == input.shape and input.ndim:
        check_range("multilabel_margin_loss", "a target", target, input.shape[-1], -1)
    return ops.multilabel_margin_loss(input, target, reduction=reduction)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: Reduction = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The negative log-likelihood of label sequences, summed over all alignments.

    The gradient is that of this function. PyTorch's is the gradient through the `log_softmax` that
    made ``log_probs``; behind one, both are the same.

    Args:
        log_probs: log-probabilities: ``(T, N, C)``, or of one sequence ``(T, C)``.
        targets: labels: ``(N, S)``; or one sequence after the other, ``(sum(target_lengths),)``; of
            one sequence ``(S,)``.
        input_lengths: ``(N,)``: how many times count, at most T; integers.
        target_lengths: ``(N,)``: how many labels count.
        blank: the class that stands for no label.
        reduction: ``"mean"`` divides each loss by the length of its target, or by 1 if that is 0.
        zero_infinity: take infinite losses, of targets that no alignment reaches, as 0.

    Raises:
        ShapeError: the shapes do not fit, or a length or a label is out of range.
    """
    name = "ctc_loss"
    if log_probs.ndim not in (2, 3) or targets.ndim not in (1, 2):
        raise ShapeError(
            f"{name}: log_probs is {log_probs._type} and targets {targets._type}; they must be "
            "(T, N, C) and (N, S) or (sum(target_lengths),), or of one sequence (T, C) and (S,)"
        )
    single = log_probs.ndim == 2
    inputs, labels = (
        _lengths(name, what, given, targets.device)
        for what, given in (("input_lengths", input_lengths), ("target_lengths", target_lengths))
    )
    if single:
        log_probs = fe.unsqueeze(log_probs, 1)
        targets = targets if targets.ndim == 2 else fe.unsqueeze(targets, 0)
    batch = log_probs.shape[1]
    if not batch or labels.shape != (batch,):
        raise ShapeError(
            f"{name}: log_probs is {log_probs._type} and target_lengths {labels._type}; there must "
            "be a length for each sequence, and one sequence or more"
        )
    _check_lengths(name, "input_lengths", inputs, log_probs.shape[0])
    if targets.ndim == 1:
        targets = _rows(name, targets, labels)
    else:
        _check_lengths(name, "target_lengths", labels, targets.shape[1])
    places = fe.arange(targets.shape[1], device=targets.device)
    counted = ops.lt(places, fe.unsqueeze(labels, 1))
    if counted.shape == targets.shape:
        check_range(name, "a label", ops.where(counted, targets, 0), log_probs.shape[2])
    losses = ops.ctc_loss(
        log_probs, targets, inputs, labels,
        blank=blank, reduction=reduction, zero_infinity=zero_infinity,
    )  # fmt: skip
    return fe.squeeze(losses, 0) if single and losses.ndim else losses


def _lengths(name: str, what: str, given: Any, device: Device) -> Tensor:
    """Lengths as a tensor of one dim."""
    if not isinstance(given, Tensor):
        given = fe.tensor(given, dtype=int64 if not given else None, device=device)
    if given.dtype.category != "integer":
        raise DTypeError(f"{name}: {what} must be integers, not {given._type}; use .long()")
    lengths = given.to(int64)
    return lengths if lengths.ndim else fe.unsqueeze(lengths, 0)


def _check_lengths(name: str, what: str, lengths: Tensor, most: int) -> None:
    check_range(name, f"one of {what}", lengths, most + 1)


def _rows(name: str, targets: Tensor, lengths: Tensor) -> Tensor:
    """Concatenated sequences as the rows of a matrix."""
    total = targets.shape[0]
    longest = total
    if not current().stack:  # under an interpreter values may not exist as yet
        sizes = lengths.tolist()
        if min(sizes, default=0) < 0 or sum(sizes) != total:
            raise ShapeError(
                f"{name}: targets is {targets._type}, and target_lengths are {sizes}; their sum "
                f"must be {total}"
            )
        longest = max(sizes, default=0)
    if not longest:
        return ops.reshape(targets, shape=(lengths.shape[0], 0))
    starts = ops.cumsum(lengths, dim=0) - lengths
    places = fe.unsqueeze(starts, 1) + fe.arange(longest, device=targets.device)
    places = ops.minimum(places, total - 1)  # beyond a length anything will do
    rows = ops.index_select(targets, ops.reshape(places, shape=(-1,)), dim=0)
    return ops.reshape(rows, shape=places.shape)
