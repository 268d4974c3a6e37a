"""Means over many batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor


class Figures:
    """Means of named figures, each batch counting as much as it has items.

    Attributes:
        items: how many items were seen.
    """

    def __init__(self) -> None:
        self.items = 0
        self._sums: dict[str, tuple[float, float]] = {}

    def add(self, figures: Mapping[str, Any], items: int) -> None:
        """Count a batch. A figure is the mean over its items, or a pair: a sum and what it is to be
        divided by. Values may be tensors of one element, which are waited for."""
        self.items += items
        for name, value in figures.items():
            total, count = value if isinstance(value, tuple) else (_number(value) * items, items)
            before = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = before[0] + _number(total), before[1] + _number(count)

    def means(self) -> dict[str, float]:
        """The means so far; NaN of nothing."""
        return {
            name: total / count if count else float("nan")
            for name, (total, count) in self._sums.items()
        }

    def state_dict(self) -> dict[str, Any]:
        return {"items": self.items, "sums": dict(self._sums)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.items = state_dict["items"]
        self._sums = {name: tuple(pair) for name, pair in state_dict["sums"].items()}


class Accuracy:
    """The part of the targets that is the most likely class.

    Called with outputs ``(N, C, ...)`` and targets of class indices ``(N, ...)``, it returns the
    number of right ones and the number of targets.

    Args:
        ignore_index: a target that does not count.
    """

    def __init__(self, ignore_index: int = -100) -> None:
        self.ignore_index = ignore_index

    def __call__(self, outputs: Tensor, targets: Tensor) -> tuple[int, int]:
        if outputs.ndim != targets.ndim + 1:
            raise ArgumentError(
                f"Accuracy: outputs are {outputs._type} and targets {targets._type}; they must be "
                "(N, C, ...) and class indices (N, ...)"
            )
        counts = targets != self.ignore_index
        right = (outputs.detach().argmax(1) == targets) & counts
        return int(right.sum().item()), int(counts.sum().item())


def _number(value: Any) -> float:
    return value.item() if isinstance(value, Tensor) else value
