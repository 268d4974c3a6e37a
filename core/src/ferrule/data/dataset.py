"""What a loader loads from: something with items that can be taken by number, or iterated over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from ferrule import factories, selection
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

    def __add__(self, other: Any) -> Any:
        """The items of this data set, then those of another: a `ConcatDataset`."""
        from ferrule.data.combination import ConcatDataset

        return ConcatDataset([self, other])

    def batch(self, indices: Sequence[int]) -> Any:
        """The items at ``indices``, collated as `default_collate` does."""
        return default_collate(items(self, indices))


class IterableDataset(Dataset[Item]):
    """A stream of items. Subclasses define ``__iter__``, and ``__len__`` if the length is known.

    In a loader with workers each worker iterates over a copy of its own, so ``__iter__`` asks
    `get_worker_info` which part of the stream is its part; otherwise every item comes once for
    each worker.
    """

    def __iter__(self) -> Iterator[Item]:
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__")

    def __getitem__(self, index: int) -> Item:
        raise NotImplementedError(
            f"{type(self).__name__} is a stream: iterate over it, its items have no numbers"
        )

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} is a stream and does not define __len__")

    def __add__(self, other: Any) -> Any:
        """The items of this stream, then those of another: a `ChainDataset`."""
        from ferrule.data.combination import ChainDataset

        return ChainDataset([self, other])


def items(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """The items at ``indices``, by ``__getitems__`` where the data set has it.

    Raises:
        DataError: ``__getitems__`` returned another number of items.
    """
    fetch = getattr(dataset, "__getitems__", None)
    if not callable(fetch):
        return [dataset[i] for i in indices]
    found: Any = fetch(indices)
    if len(found) != len(indices):
        raise DataError(
            f"{type(dataset).__name__}.__getitems__ was asked for {len(indices)} items and "
            f"returned {len(found)}; it must return one for each index"
        )
    return found


def batch(dataset: Any, indices: Sequence[int]) -> Any:
    """The items at ``indices``, collated, of anything that has items."""
    if isinstance(dataset, Dataset):
        return dataset.batch(indices)
    return default_collate(items(dataset, indices))


def keeps(dataset: Any, method: str, owner: type) -> bool:
    """Whether a data set's class has the method as ``owner`` defines it. A shortcut around
    ``__getitem__`` would pass by what a subclass does there."""
    return getattr(type(dataset), method) is getattr(owner, method)


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

    def batch(self, indices: Sequence[int]) -> list[Tensor]:
        """Each tensor's slices at ``indices``, shape (len(indices), ...)."""
        if not keeps(self, "__getitem__", TensorDataset):
            return super().batch(indices)
        n = len(self)
        for i in indices:
            if not -n <= i < n:
                raise DataError(f"index {i} is out of range for a data set of {n} items")
        chosen = [int(i) % n for i in indices]
        devices = {t.device for t in self.tensors}
        places = {d: factories.tensor(chosen, dtype=dtypes.int64, device=d) for d in devices}
        return [selection.index_select(t, 0, places[t.device]) for t in self.tensors]
