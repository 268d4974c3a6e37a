"""Batches of a data set, in order or shuffled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any

from ferrule import random
from ferrule.data import dataset as datasets
from ferrule.errors import DataError


class SequentialSampler:
    """The indices of a data set in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler:
    """The indices of a data set in a new random order each time, drawn from ``generator``."""

    def __init__(self, data_source: Sized, *, generator: random.Generator | None = None) -> None:
        self.data_source = data_source
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        where = self.generator and self.generator.device
        order = random.randperm(len(self.data_source), generator=self.generator, device=where)
        return iter(order.tolist())

    def __len__(self) -> int:
        return len(self.data_source)


class DataLoader:
    """Cuts a data set into batches. Each ``for`` loop over it is one epoch.

    Args:
        dataset: anything with ``__len__`` and ``__getitem__``; see `Dataset` for faster ways.
        batch_size: items per batch.
        shuffle: take them in a new random order each epoch.
        sampler: the indices to take, in the place of ``shuffle``.
        collate_fn: makes a batch of a list of items; `default_collate` by default.
        drop_last: leave out a last batch that is smaller than the others.
        generator: draws the order, so that its state tells where the loader stands; without one,
            the default generator.

    Raises:
        DataError: the batch size is not positive, or both ``shuffle`` and ``sampler`` are given.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Iterable[int] | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        *,
        generator: random.Generator | None = None,
    ) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
            raise DataError(
                f"DataLoader: batch_size must be an int of 1 or more, not {batch_size!r}"
            )
        if shuffle and sampler is not None:
            raise DataError(
                "DataLoader: shuffle and sampler both set the order; give one of them "
                "(RandomSampler shuffles)"
            )
        if sampler is None:
            sampler = (
                RandomSampler(dataset, generator=generator)
                if shuffle
                else SequentialSampler(dataset)
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.generator = generator

    def __iter__(self) -> Iterator[Any]:
        for indices in self._batches():
            try:
                yield self._fetch(indices)
            except DataError as error:
                few = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
                error.add_note(f"the batch holds the data set's items {few}")
                raise

    def __len__(self) -> int:
        """The number of batches.

        Raises:
            DataError: the sampler has no length.
        """
        if not isinstance(self.sampler, Sized):
            raise DataError(
                f"DataLoader: {type(self.sampler).__name__} has no length, so the number of "
                "batches is not known; define its __len__"
            )
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def _batches(self) -> Iterator[list[int]]:
        indices: list[int] = []
        for index in self.sampler:
            indices.append(index)
            if len(indices) == self.batch_size:
                yield indices
                indices = []
        if indices and not self.drop_last:
            yield indices

    def _fetch(self, indices: list[int]) -> Any:
        if self.collate_fn is None:
            return datasets.batch(self.dataset, indices)
        return self.collate_fn(datasets.items(self.dataset, indices))
