"""Batches of a data set: in order or shuffled, made here or by workers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import repeat
from typing import Any

from ferrule import random, runtime
from ferrule.data.collate import default_collate, default_convert
from ferrule.data.dataset import IterableDataset
from ferrule.data.fetch import Exhausted, Fetching
from ferrule.data.placement import placed
from ferrule.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    check_batch_size,
)
from ferrule.data.workers import seeding
from ferrule.data.workers.iteration import WorkersIterator
from ferrule.data.workers.pool import Pool, context_of
from ferrule.data.workers.process import Job
from ferrule.errors import DataError
from ferrule_plugins import Device

_AHEAD = 2


class DataLoader:
    """Cuts a data set into batches. Each ``for`` loop over it is one epoch.

    Args:
        dataset: anything with ``__len__`` and ``__getitem__`` (see `Dataset` for faster ways), or
            an `IterableDataset`.
        batch_size: items per batch; None leaves the items as they are, converted by
            `default_convert`.
        shuffle: take them in a new random order each epoch.
        sampler: the indices to take, in the place of ``shuffle``.
        batch_sampler: lists of indices, one for each batch, in the place of ``batch_size``,
            ``shuffle``, ``sampler`` and ``drop_last``.
        num_workers: how many processes make batches; 0 for this one. The order is the same
            whatever their number.
        collate_fn: makes a batch of a list of items; `default_collate` by default.
        pin_memory, pin_memory_device: taken for PyTorch's sake, and without effect: see ``device``.
        drop_last: leave out a last batch that is smaller than the others.
        timeout: how many seconds to wait for a batch of a worker; 0 for as long as it takes.
        worker_init_fn: called in each worker with its number before the first batch.
        multiprocessing_context: ``"fork"``, ``"spawn"``, ``"forkserver"``, or a context of Python's
            `multiprocessing`; by default as Python starts processes here.
        generator: draws the order and the workers' seeds, so that its state tells where the loader
            stands; without one, the default generator.
        prefetch_factor: how many batches each worker makes ahead; 2 by default.
        persistent_workers: keep the workers between epochs.
        in_order: False gives batches as they come from the workers.
        device: where the tensors of batches go; by default the selected device for those that
            workers make, and where they are for the others. Workers make them on the host, and the
            next batch is brought over before it is asked for.

    In a worker, `get_worker_info` tells which one it is; ferrule's, Python's and NumPy's random
    numbers start from seeds of its own, which are drawn from the generator.

    Raises:
        DataError: arguments exclude each other or are out of range. While iterating: a batch cannot
            be made of items.
        WorkerError: while iterating, a worker died or did not answer in time. Other exceptions of
            a worker are raised here as they are, their traceback there as the cause.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        device: Any = None,
    ) -> None:
        _check_workers(
            num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context
        )
        streams = isinstance(dataset, IterableDataset)
        if streams:
            _check_stream(shuffle, sampler, batch_sampler)
        _check_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        self.dataset = dataset
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = context_of(multiprocessing_context) if num_workers else None
        self.generator = generator
        self.prefetch_factor = (prefetch_factor or _AHEAD) if num_workers else None
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.device = None if device is None else runtime.device(device)
        if sampler is None:
            sampler = _sampler(dataset, bool(shuffle), generator)
        self.sampler = sampler
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        batched = batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._pool: Pool | None = None

    def __iter__(self) -> Iterator[Any]:
        base_seed = seeding.draw_base_seed(self.generator)
        order = self.batch_sampler if self.batch_sampler is not None else self.sampler
        indices = iter(order)
        found = (
            self._with_workers(indices, base_seed)
            if self.num_workers
            else HereIterator(self._fetching().begin(), indices, self.device)
        )
        if isinstance(self.dataset, IterableDataset) and _has_length(self.dataset):
            return _counted(found, len(self), type(self.dataset).__name__)
        return found

    def __len__(self) -> int:
        """The number of batches.

        Raises:
            DataError: the sampler has no length.
            TypeError: the data set is a stream without one.
        """
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        order = self.batch_sampler if self.batch_sampler is not None else self.sampler
        if not isinstance(order, Sized):
            raise DataError(
                f"DataLoader: {type(order).__name__} has no length, so the number of batches is "
                "not known; define its __len__"
            )
        return len(order)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None}  # a copy starts workers of its own

    def _fetching(self) -> Fetching:
        batched = self.batch_sampler is not None
        return Fetching(self.dataset, self.collate_fn, batched, self.drop_last)

    def _with_workers(self, indices: Iterator[Any], base_seed: int) -> WorkersIterator:
        pool = self._pool
        if pool is None or not pool.alive:
            assert self.multiprocessing_context is not None
            job = Job(self._fetching(), self.worker_init_fn)
            pool = Pool(job, self.num_workers, base_seed, self.multiprocessing_context)
        if self.persistent_workers:
            self._pool = pool
        return WorkersIterator(
            pool,
            indices,
            keeps_pool=self.persistent_workers,
            ahead=self.prefetch_factor or _AHEAD,
            in_order=self.in_order,
            timeout=self.timeout or None,
            device=self.device or runtime.device(),
        )


class HereIterator(Iterator[Any]):
    """Batches made in this process, each when it is asked for."""

    def __init__(
        self, fetch: Callable[[Any], Any], indices: Iterator[Any], device: Device | None
    ) -> None:
        self._fetch = fetch
        self._indices = indices
        self._device = device

    def __next__(self) -> Any:
        try:
            batch = self._fetch(next(self._indices))
        except Exhausted:
            raise StopIteration from None
        return batch if self._device is None else placed(batch, self._device)


def _sampler(dataset: Any, shuffle: bool, generator: random.Generator | None) -> Iterable[Any]:
    if isinstance(dataset, IterableDataset):
        return repeat(None)  # a place for each item of an endless stream
    if shuffle:
        return RandomSampler(dataset, generator=generator)
    return SequentialSampler(dataset)


def _has_length(dataset: IterableDataset[Any]) -> bool:
    return type(dataset).__len__ is not IterableDataset.__len__


def _counted(batches: Iterator[Any], announced: int, name: str) -> Iterator[Any]:
    """The batches, with a warning if there are more than were announced."""
    for number, batch in enumerate(batches):
        if number == announced:
            warnings.warn(
                f"{name} announced a length that makes {announced} batches, and gives more. With "
                "workers, each must give its own part only (see get_worker_info)",
                stacklevel=2,
            )
        yield batch


def _check_order(
    batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: Any
) -> None:
    if shuffle and sampler is not None:
        raise DataError(
            "DataLoader: shuffle and sampler both set the order; give one of them "
            "(RandomSampler shuffles)"
        )
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise DataError(
                "DataLoader: batch_sampler takes the place of batch_size, shuffle, sampler and "
                "drop_last; leave those out"
            )
    elif batch_size is not None:
        check_batch_size("DataLoader", batch_size)
    elif drop_last:
        raise DataError("DataLoader: drop_last has no meaning without batches (batch_size=None)")


def _check_stream(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    given = {"shuffle": shuffle, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None and value is not False:
            raise DataError(
                f"DataLoader: {name} sets an order, and an IterableDataset has its own; leave it "
                "out, and order the items in the data set"
            )


def _check_workers(
    num_workers: Any, timeout: Any, prefetch_factor: Any, persistent: Any, context: Any
) -> None:
    if not isinstance(num_workers, int) or isinstance(num_workers, bool) or num_workers < 0:
        raise DataError(f"DataLoader: num_workers must be an int of 0 or more, not {num_workers!r}")
    if timeout < 0:
        raise DataError(f"DataLoader: timeout must not be negative, and is {timeout!r}")
    if prefetch_factor is not None and (
        not isinstance(prefetch_factor, int) or isinstance(prefetch_factor, bool)
        or prefetch_factor < 1
    ):  # fmt: skip
        raise DataError(
            f"DataLoader: prefetch_factor must be an int of 1 or more, not {prefetch_factor!r}"
        )
    if num_workers == 0:
        given = {
            "prefetch_factor": prefetch_factor,
            "persistent_workers": persistent or None,
            "multiprocessing_context": context,
            "timeout": timeout or None,
        }
        for name, value in given.items():
            if value is not None:
                raise DataError(
                    f"DataLoader: {name}={value!r} is about workers, and there are none; set "
                    "num_workers, or leave it out"
                )
