"""In which order the items of a data set are taken.

What a sampler draws at random it draws when an iteration begins, not on the way, so that the order
does not depend on who else draws in between, or on how far ahead workers are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from ferrule import factories, random, runtime
from ferrule.errors import DataError
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes

Index = TypeVar("Index", covariant=True)

_PIECE = 2**16


class Sampler(Generic[Index]):
    """An order of items. Subclasses define ``__iter__``, and ``__len__`` if the number is known."""

    def __init__(self, data_source: Any = None) -> None:
        del data_source  # PyTorch's base class takes it too

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__")


class SequentialSampler(Sampler[int]):
    """The indices of a data set in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices of a data set in a new random order each time.

    Args:
        data_source: the data set.
        replacement: draw each index from all of them, so that one may come again.
        num_samples: how many indices to draw; by default as many as there are. Without
            replacement, more than that are one random order after the other.
        generator: draws them.

    Raises:
        DataError: ``num_samples`` is not positive.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: random.Generator | None = None,
    ) -> None:
        if num_samples is not None:
            _check_count("RandomSampler", num_samples)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """How many indices an iteration gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        where = self.generator and self.generator.device
        if not wanted:
            return iter(())
        if not n:
            raise DataError(f"RandomSampler: {wanted} samples cannot be drawn from no items")
        if self.replacement:
            drawn = random.randint(n, (wanted,), generator=self.generator, device=where)
            return _pieces([drawn])
        orders = [
            random.randperm(n, generator=self.generator, device=where)[: wanted - start]
            for start in range(0, wanted, n)
        ]
        return _pieces(orders)

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Given indices in a new random order each time."""

    def __init__(self, indices: Sequence[int], generator: random.Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        where = self.generator and self.generator.device
        order = random.randperm(len(self.indices), generator=self.generator, device=where)
        return (self.indices[i] for i in _pieces([order]))

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices from 0 to below ``len(weights)``, drawn by weight.

    Args:
        weights: not negative; they need not add up to one.
        num_samples: how many to draw.
        replacement: an index may come more than once.
        generator: draws them.

    Raises:
        DataError: ``num_samples`` is not positive, or the weights are not in one row.
    """

    def __init__(
        self,
        weights: Sequence[float] | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: random.Generator | None = None,
    ) -> None:
        _check_count("WeightedRandomSampler", num_samples)
        device = runtime.device(generator and generator.device)
        precise = dtypes.float64 in runtime.active(device.backend).dtypes
        self.weights = factories.as_tensor(
            weights, dtype=dtypes.float64 if precise else dtypes.float32, device=device
        )
        if self.weights.ndim != 1:
            raise DataError(
                f"WeightedRandomSampler: weights stand in one row, not in {self.weights.shape}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = random.multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        return _pieces([drawn])

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """What another sampler gives, in lists.

    Args:
        sampler: the indices.
        batch_size: how many are in a list.
        drop_last: leave out a last list that is shorter.

    Raises:
        DataError: ``batch_size`` is not a positive int, or ``drop_last`` no bool.
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        check_batch_size("BatchSampler", batch_size)
        if not isinstance(drop_last, bool):
            raise DataError(f"BatchSampler: drop_last is True or False, not {drop_last!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        return self._lists(iter(self.sampler))

    def _lists(self, indices: Iterator[int]) -> Iterator[list[int]]:
        found: list[int] = []
        for index in indices:
            found.append(index)
            if len(found) == self.batch_size:
                yield found
                found = []
        if found and not self.drop_last:
            yield found

    def __len__(self) -> int:
        """The number of lists.

        Raises:
            DataError: the sampler has no length.
        """
        if not isinstance(self.sampler, Sized):
            raise DataError(
                f"{type(self.sampler).__name__} has no length, so the number of batches is not "
                "known; define its __len__"
            )
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)


def check_batch_size(name: str, batch_size: Any) -> None:
    """Refuse what is no number of items; ``name`` is the call."""
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise DataError(f"{name}: batch_size must be an int of 1 or more, not {batch_size!r}")


def _check_count(name: str, count: Any) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise DataError(f"{name}: num_samples must be an int of 1 or more, not {count!r}")


def _pieces(drawn: Sequence[Tensor]) -> Iterator[int]:
    """The indices as ints, made of a piece at a time: ints take four times a tensor's memory."""
    for tensor in drawn:
        for start in range(0, len(tensor), _PIECE):
            yield from tensor[start : start + _PIECE].tolist()
