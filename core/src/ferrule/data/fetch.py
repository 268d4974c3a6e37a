"""From indices to a batch, in this process or in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ferrule.data import dataset as datasets
from ferrule.data.collate import default_collate
from ferrule.data.dataset import IterableDataset
from ferrule.errors import DataError


class Exhausted(Exception):
    """A stream has no further batch."""


@dataclass(frozen=True)
class Fetching:
    """How batches are made.

    Attributes:
        dataset: of items with numbers, or a stream.
        collate_fn: makes a batch of a list of items, or converts one where nothing is batched.
        batched: whether items are brought together at all.
        drop_last: of a stream, leave out a last batch that is smaller.
    """

    dataset: Any
    collate_fn: Callable[[Any], Any]
    batched: bool
    drop_last: bool

    def begin(self) -> Callable[[Any], Any]:
        """A function from indices to a batch, for one epoch."""
        if isinstance(self.dataset, IterableDataset):
            return _Stream(self, iter(self.dataset)).next_batch
        return self._numbered

    def _numbered(self, indices: Any) -> Any:
        try:
            if not self.batched:
                return self.collate_fn(self.dataset[indices])
            if self.collate_fn is default_collate:
                return datasets.batch(self.dataset, indices)
            return self.collate_fn(datasets.items(self.dataset, indices))
        except StopIteration as error:  # would end the caller's loop as if all were well
            raise DataError(
                f"{type(self.dataset).__name__} raised StopIteration for an index; raise "
                "IndexError, or make it an IterableDataset"
            ) from error
        except Exception as error:
            error.add_note(_where(indices))
            raise


class _Stream:
    """One iteration over a stream."""

    def __init__(self, how: Fetching, items: Iterator[Any]) -> None:
        self._how = how
        self._items = items
        self._ended = False

    def next_batch(self, places: Any) -> Any:
        """The next batch, of as many items as there are places.

        Raises:
            Exhausted: there is none.
        """
        if not self._how.batched:
            for item in self._items:
                return self._collated(item)
            raise Exhausted
        found = [] if self._ended else list(islice(self._items, len(places)))
        self._ended = len(found) < len(places)
        if not found or (self._ended and self._how.drop_last):
            raise Exhausted
        return self._collated(found)

    def _collated(self, found: Any) -> Any:
        try:
            return self._how.collate_fn(found)
        except StopIteration as error:  # would end the caller's loop as if all were well
            raise DataError(
                "collate_fn raised StopIteration; raise an error that says what is the matter"
            ) from error


def _where(indices: Any) -> str:
    if not isinstance(indices, Sequence):
        return f"it was the data set's item {indices}"
    few = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
    return f"the batch holds the data set's items {few}"
