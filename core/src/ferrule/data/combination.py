"""Several data sets as one: one after the other, or side by side."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from ferrule.data.dataset import Dataset, IterableDataset, items
from ferrule.errors import DataError


class ConcatDataset(Dataset[Any]):
    """The items of several data sets, one after the other.

    Attributes:
        datasets: the data sets.
        cumulative_sizes: how many items there are up to the end of each.

    Raises:
        DataError: there is none, or one of them is a stream.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise DataError("ConcatDataset: give at least one data set")
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                raise DataError(
                    f"ConcatDataset: {type(dataset).__name__} is a stream, whose items have no "
                    "numbers; use ChainDataset"
                )
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        which, place = self._place(index)
        return self.datasets[which][place]

    def _place(self, index: int) -> tuple[int, int]:
        """The data set and the number in it of item ``index``."""
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range for a data set of {n} items")
        index = index % n
        which = bisect_right(self.cumulative_sizes, index)
        return which, index - (self.cumulative_sizes[which - 1] if which else 0)


class StackDataset(Dataset[Any]):
    """Item ``i`` is the tuple, or for names the dict, of the items ``i`` of several data sets.

    ``StackDataset(images, texts)`` has tuples, ``StackDataset(image=images, text=texts)`` dicts.

    Raises:
        DataError: there is none, tuple and dict are mixed, or their lengths differ.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise DataError(
                "StackDataset: give data sets, or data sets with names, and not both: "
                "StackDataset(a, b) or StackDataset(x=a, y=b)"
            )
        self.datasets: tuple[Any, ...] | dict[str, Any] = args or kwargs
        lengths = [len(dataset) for dataset in self._members()]
        if len(set(lengths)) > 1:
            raise DataError(f"StackDataset: the data sets' lengths must be equal, not {lengths}")

    def _members(self) -> list[Any]:
        found = self.datasets
        return list(found.values()) if isinstance(found, dict) else list(found)

    def __len__(self) -> int:
        return len(self._members()[0])

    def __getitem__(self, index: int) -> Any:
        return self._item([dataset[index] for dataset in self._members()])

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        if type(self).__getitem__ is not StackDataset.__getitem__:
            return [self[i] for i in indices]
        columns = [items(dataset, indices) for dataset in self._members()]
        return [self._item(row) for row in zip(*columns)]

    def _item(self, members: Sequence[Any]) -> Any:
        names = self.datasets
        return dict(zip(names, members)) if isinstance(names, dict) else tuple(members)


class ChainDataset(IterableDataset[Any]):
    """The items of several streams, one stream after the other.

    Raises:
        DataError: while it is iterated over, that one of them is no stream.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            self._check(dataset)
            yield from dataset

    def __len__(self) -> int:
        for dataset in self.datasets:
            self._check(dataset)
        return sum(map(len, self.datasets))

    def _check(self, dataset: Any) -> None:
        if not isinstance(dataset, IterableDataset):
            raise DataError(
                f"ChainDataset: {type(dataset).__name__} is no IterableDataset; use ConcatDataset"
            )
