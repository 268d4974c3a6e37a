"""One data set shared out among processes that train together."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sized
from typing import Any

from ferrule import random
from ferrule.data.sampler import Sampler
from ferrule.errors import DataError


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index of a data set, in an order that all processes agree on.

    Args:
        dataset: what is shared out.
        num_replicas: how many processes share it; by default the environment's ``WORLD_SIZE``.
        rank: which of them this is, from 0; by default the environment's ``RANK``.
        shuffle: take the items in a random order, which the seed and the epoch decide.
        seed: the same in all processes.
        drop_last: leave out the items that do not go round. Otherwise the first ones come again, so
            that all processes have equally many.

    Attributes:
        num_samples: how many indices this process gets.
        total_size: how many all of them get.
        epoch: what `set_epoch` set.

    Raises:
        DataError: the number of processes or the rank is not given, or is out of range.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.num_replicas = _setting("num_replicas", num_replicas, "WORLD_SIZE")
        self.rank = _setting("rank", rank, "RANK")
        if self.num_replicas < 1 or not 0 <= self.rank < self.num_replicas:
            raise DataError(
                f"DistributedSampler: rank {self.rank} of {self.num_replicas} processes; ranks go "
                f"from 0 to {self.num_replicas - 1}"
            )
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.epoch = 0
        n = len(dataset)
        self.num_samples = n // self.num_replicas if drop_last else -(-n // self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas

    def set_epoch(self, epoch: int) -> None:
        """Shuffle otherwise from the next iteration on. Call it before each epoch; without, the
        order is the same in all of them."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        indices = list(range(n))
        if self.shuffle:
            order = random.randperm(n, generator=random.Generator(seed=self.seed + self.epoch))
            indices = order.tolist()
        if n:
            indices *= math.ceil(self.total_size / n)
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples


def _setting(name: str, given: int | None, variable: str) -> int:
    value: Any = os.environ.get(variable) if given is None else given
    try:
        return int(value)
    except (TypeError, ValueError):
        raise DataError(
            f"DistributedSampler: {name} is {value!r}; give {name}=, or set {variable} in the "
            "environment"
        ) from None
