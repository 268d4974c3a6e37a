"""Parts of a data set."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ferrule import random
from ferrule.data.dataset import Dataset, Item, batch, items, keeps
from ferrule.errors import DataError


class Subset(Dataset[Item]):
    """The items of another data set at ``indices``, in that order."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Item:
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        if not keeps(self, "__getitem__", Subset):
            return [self[i] for i in indices]
        return items(self.dataset, [self.indices[i] for i in indices])

    def batch(self, indices: Sequence[int]) -> Any:
        if not (keeps(self, "__getitem__", Subset) and keeps(self, "__getitems__", Subset)):
            return super().batch(indices)
        return batch(self.dataset, [self.indices[i] for i in indices])


def random_split(
    dataset: Any, lengths: Sequence[float], generator: random.Generator | None = None
) -> list[Subset[Any]]:
    """Subsets that share out the items at random.

    Args:
        dataset: what to split.
        lengths: sizes that add up to ``len(dataset)``, or fractions that add up to 1. What
            rounding the fractions down leaves over goes to the subsets in turn, one item each.
        generator: draws the order.

    Raises:
        DataError: the lengths do not add up, or one is negative.

    Warns when a fraction leaves a subset without items.
    """
    n = len(dataset)
    sizes = _sizes(lengths, n)
    order = random.randperm(n, generator=generator, device=generator and generator.device)
    indices: list[int] = order.tolist()
    subsets, start = [], 0
    for size in sizes:
        subsets.append(Subset(dataset, indices[start : start + size]))
        start += size
    return subsets


def _sizes(lengths: Sequence[float], n: int) -> list[int]:
    if any(length < 0 for length in lengths):
        raise DataError(f"random_split: lengths are not negative, and these are {list(lengths)}")
    total = sum(lengths)
    if total == n and all(hasattr(length, "__index__") for length in lengths):
        return [int(length) for length in lengths]
    if math.isclose(total, 1.0):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        for i, size in enumerate(sizes):
            if size == 0:
                warnings.warn(
                    f"random_split: part {i}, {lengths[i]} of {n} items, is empty", stacklevel=3
                )
        return sizes
    raise DataError(
        f"random_split: {list(lengths)} add up to {total}; sizes must add up to the data set's "
        f"{n} items, or fractions to 1"
    )
