"""Losses as modules."""

from __future__ import annotations

from ferrule.errors import ArgumentError
from ferrule.nn import functional as F
from ferrule.nn.functional.loss import Reduction
from ferrule.nn.module import Module
from ferrule.tensor import Tensor


class _Loss(Module):
    def __init__(self, reduction: Reduction) -> None:
        super().__init__()
        if reduction not in ("none", "mean", "sum"):
            raise ArgumentError(
                f'{type(self).__name__}: reduction must be "none", "mean" or "sum", not '
                f"{reduction!r}"
            )
        self.reduction: Reduction = reduction


class CrossEntropyLoss(_Loss):
    """The cross entropy of the softmax of the input with a target; see
    `functional.cross_entropy`.

    Attributes:
        weight: ``(C,)``: what each class counts; a buffer, or None.
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        if not 0.0 <= label_smoothing <= 1.0:
            raise ArgumentError(
                f"CrossEntropyLoss: label_smoothing must lie in [0, 1], not {label_smoothing}"
            )
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_Loss):
    """The negative log-likelihood of the right classes; see `functional.nll_loss`.

    Attributes:
        weight: ``(C,)``: what each class counts; a buffer, or None.
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class MSELoss(_Loss):
    """Squared differences: their mean, sum, or each of them."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)
