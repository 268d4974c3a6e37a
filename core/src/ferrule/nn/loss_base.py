"""What all losses share: their reduction."""

from __future__ import annotations

import warnings
from typing import Any

from ferrule.errors import ArgumentError
from ferrule.nn.module import Module

REDUCTIONS = ("none", "mean", "sum")


class Loss(Module):
    """A loss, whose ``reduction`` is ``"mean"``, ``"sum"``, or ``"none"`` for that of each element
    or sample.

    ``size_average`` and ``reduce`` say the same in the words that PyTorch had before, and gives up:
    ``reduce=False`` is ``"none"``, and ``size_average=False`` is ``"sum"``.
    """

    reductions = REDUCTIONS

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        layer = type(self).__name__
        if size_average is not None or reduce is not None:
            reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
            warnings.warn(
                f"{layer}: size_average and reduce are deprecated; say reduction={reduction!r}",
                DeprecationWarning,
                stacklevel=3,
            )
        if reduction not in self.reductions:
            known = ", ".join(f'"{r}"' for r in self.reductions)
            raise ArgumentError(f"{layer}: reduction must be one of {known}, not {reduction!r}")
        self.reduction: Any = reduction
