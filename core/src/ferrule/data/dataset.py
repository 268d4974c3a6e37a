"""What a loader loads from: anything with a length whose items can be taken by number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from ferrule import factories, random, selection
from ferrule.data.collate import default_collate
from ferrule.errors import DataError
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes

Item = TypeVar("Item", covariant=True)


class Dataset(Generic[Item]):
    """A finite sequence of items. Subclasses define ``__len__`` and ``__getitem__``.

    One that can fetch many items at once faster than one by one defines ``__getitems__(indices)``,
    which returns a list of items, or `batch`, which returns them collated.
    """

    def __getitem__(self, index: int) -> Item:
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define __len__")

    def __iter__(self) -> Iterator[Item]:
        return (self[i] for i in range(len(self)))

    def batch(self, indices: Sequence[int]) -> Any:
        """The items at ``indices``, collated as `default_collate` does."""
        return default_collate(items(self, indices))


def items(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """The items at ``indices``, by ``__getitems__`` where the data set has it."""
    fetch = getattr(dataset, "__getitems__", None)
    return [dataset[i] for i in indices] if fetch is None else fetch(indices)


def batch(dataset: Any, indices: Sequence[int]) -> Any:
    """The items at ``indices``, collated, of anything that has items."""
    if isinstance(dataset, Dataset):
        return dataset.batch(indices)
    return default_collate(items(dataset, indices))


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Item ``i`` is the tuple of each tensor's slice ``i``. A batch costs one op per tensor.

    Args:
        tensors: at least one, all of shape (N, ...).

    Raises:
        DataError: there is none, or their first sizes differ.
    """

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [t.shape[0] if t.ndim else None for t in tensors]
        if not sizes or None in sizes or len(set(sizes)) > 1:
            shapes = ", ".join(str(t.shape) for t in tensors) or "none"
            raise DataError(
                f"TensorDataset: the tensors must have one first size in common, and their shapes "
                f"are: {shapes}"
            )
        self.tensors = tensors

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, ...]:
        """Each tensor's slices at ``indices``, shape (len(indices), ...)."""
        n = len(self)
        for i in indices:
            if not -n <= i < n:
                raise DataError(f"index {i} is out of range for a data set of {n} items")
        chosen = [i % n for i in indices]
        devices = {t.device for t in self.tensors}
        places = {d: factories.tensor(chosen, dtype=dtypes.int64, device=d) for d in devices}
        return tuple(selection.index_select(t, 0, places[t.device]) for t in self.tensors)


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
        return items(self.dataset, [self.indices[i] for i in indices])

    def batch(self, indices: Sequence[int]) -> Any:
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
    if all(isinstance(length, int) for length in lengths) and total == n:
        return [int(length) for length in lengths]
    if math.isclose(total, 1.0):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        return sizes
    raise DataError(
        f"random_split: {list(lengths)} add up to {total}; sizes must add up to the data set's "
        f"{n} items, or fractions to 1"
    )
