"""Loaders with workers give what loaders without give."""

import gc
import os
import random
import threading
from collections.abc import Iterator
from multiprocessing import active_children, forkserver
from pathlib import Path
from typing import Any, NamedTuple

import array_api_strict
import numpy as np
import pytest

import ferrule as fe
from ferrule.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    TensorDataset,
    get_worker_info,
)
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend


class Pair(NamedTuple):
    image: Any
    name: str


class Mixed(Dataset[Any]):
    """Items of many kinds, small and large."""

    def __len__(self) -> int:
        return 21

    def __getitem__(self, index: int) -> Any:
        return {
            "large": fe.full((60, 50), float(index)),
            "array": np.arange(index, index + 6, dtype=np.int16).reshape(2, 3).T,
            "half": fe.tensor([index, 0.5], dtype=fe.bfloat16),
            "pair": Pair(np.zeros((0, 3)), f"item {index}"),
            "number": index / 2,
        }


class Share(IterableDataset[int]):
    """A stream of which each worker gives its share."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(first, self.n, step))


def plain(batch: Any) -> Any:
    """A batch as Python's own objects, its dtypes included."""
    if isinstance(batch, fe.Tensor):
        return batch.dtype.name, batch.shape, batch.tolist()
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    if isinstance(batch, Pair):
        return Pair(plain(batch.image), batch.name)
    return batch


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(autouse=True)
def nothing_stays_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No process, no descriptor and no memory remains of a test's loaders."""
    if "method" in request.fixturenames:
        forkserver.ensure_running()  # which Python keeps, and its tracker of resources
    gc.collect()
    before = open_files() if Path("/proc/self/fd").is_dir() else 0
    yield
    gc.collect()
    assert active_children() == []
    if Path("/proc/self/fd").is_dir():
        assert open_files() == before
        assert "ferrule batch" not in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_batches_are_the_same_whatever_the_number_of_workers(workers: int) -> None:
    def epochs(n: int) -> list[Any]:
        loader = DataLoader(Mixed(), 4, shuffle=True, num_workers=n, generator=fe.Generator(seed=1))
        return [plain(batch) for _ in range(2) for batch in loader]

    assert epochs(workers) == epochs(0)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_that_are_not_forked_get_the_data_too(method: str) -> None:
    x = fe.randn(40, 500)  # too large to go in a message
    data = TensorDataset(x, x[:, ::7].to(fe.bfloat16))
    loader = DataLoader(data, 8, num_workers=1, multiprocessing_context=method)
    wanted = [[plain(t) for t in batch] for batch in DataLoader(data, 8)]
    assert [[plain(t) for t in batch] for batch in loader] == wanted


def test_what_cannot_be_sent_is_refused_before_anything_starts() -> None:
    loader = DataLoader(
        range(3), num_workers=1, multiprocessing_context="spawn", collate_fn=lambda items: items
    )
    with pytest.raises(fe.DataError, match=r"cannot be sent to a worker .* 'spawn'.*<lambda>"):
        iter(loader)


@pytest.mark.parametrize("options", [{}, {"drop_last": True}, {"batch_size": None}])
def test_settings_mean_the_same_with_workers(options: Any) -> None:
    options = {"batch_size": 4, **options}
    data = np.arange(10)
    here = [batch.tolist() for batch in DataLoader(data, **options)]
    assert [batch.tolist() for batch in DataLoader(data, num_workers=2, **options)] == here


def test_other_ways_to_say_what_is_in_a_batch() -> None:
    sampler = BatchSampler(SequentialSampler(range(7)), 3, drop_last=False)
    loader = DataLoader(
        range(7), batch_sampler=sampler, num_workers=2, collate_fn=sum, prefetch_factor=1
    )
    assert list(loader) == [3, 12, 6]
    assert list(DataLoader(range(3), sampler=[2, 0], num_workers=1, collate_fn=sum)) == [2, 0]


def test_streams_take_turns_until_all_have_ended() -> None:
    loader = DataLoader(Share(11), 2, num_workers=3, persistent_workers=True)
    batches = [[0, 3], [1, 4], [2, 5], [6, 9], [7, 10], [8]]
    for _ in range(2):
        assert [batch.tolist() for batch in loader] == batches
    ended = DataLoader(Share(11), 2, num_workers=3, drop_last=True)
    assert [batch.tolist() for batch in ended] == batches[:-1]


def test_a_stream_without_batches() -> None:
    found = [int(x) for x in DataLoader(Share(7), batch_size=None, num_workers=2)]
    assert found == list(range(7))


def test_in_any_order_all_batches_come() -> None:
    loader = DataLoader(range(30), 2, num_workers=2, in_order=False)
    assert sorted(i for batch in loader for i in batch.tolist()) == list(range(30))


def test_batches_may_be_kept_and_written_to() -> None:
    loader = DataLoader([np.zeros(20_000)] * 6, num_workers=2, collate_fn=lambda items: items[0])
    batches = list(loader)
    for i, batch in enumerate(batches):
        batch += i
    assert [batch.sum() for batch in batches] == [20_000 * i for i in range(6)]


def test_more_batches_may_be_kept_than_files_may_be_open() -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = open_files()
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 40, hard))
    try:
        batches = list(DataLoader([fe.ones(20_000)] * 80, num_workers=1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(batches) == 80


class Drawn(Dataset[Any]):
    """Items that are drawn at random from three streams."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        return fe.rand(()).item(), np.random.random(), random.random()


def seeds_of_workers(seed: int, **options: Any) -> list[Any]:
    loader = DataLoader(
        Drawn(), 2, num_workers=2, generator=fe.Generator(seed=seed), collate_fn=list, **options
    )
    return [batch for _ in range(2) for batch in loader]


def test_random_items_depend_on_the_seed_alone() -> None:
    first = seeds_of_workers(1)
    assert first == seeds_of_workers(1)
    assert first != seeds_of_workers(2)
    for stream in range(3):
        numbers = [item[stream] for batch in first for item in batch]
        assert len(set(numbers)) == len(numbers)  # workers and epochs have streams of their own
    assert len({tuple(batch) for batch in seeds_of_workers(1, persistent_workers=True)}) == 12


def test_workers_have_pytorchs_seeds() -> None:
    def report(items: list[int]) -> Any:
        info = get_worker_info()
        assert info is not None
        return info.id, info.num_workers, info.seed, fe.initial_seed(), len(info.dataset)

    found = list(DataLoader(range(4), num_workers=2, collate_fn=report))
    base = found[0][2]
    assert found[:2] == [(0, 2, base, base, 4), (1, 2, base + 1, base + 1, 4)]
    assert get_worker_info() is None


def test_numpys_seed_is_pytorchs() -> None:
    def key(state: Any) -> list[int]:
        return state[1].tolist()

    from ferrule.data.workers.seeding import seed_worker

    before, python, ours = np.random.get_state(), random.getstate(), fe.get_rng_state()
    try:
        seed_worker(2**62 + 12345, 3)
        found = key(np.random.get_state())
    finally:
        np.random.set_state(before)
        random.setstate(python)
        fe.set_rng_state(ours)
    # by torch.utils.data._utils.worker._generate_state of PyTorch 2.13
    words = np.array([212656591, 1714744770, 3137660178, 3498849195], np.uint32)
    assert found == key(np.random.RandomState(words).get_state())


def test_each_worker_is_initialised_once() -> None:
    numbers = [0]

    def init(worker: int) -> None:
        numbers[0] += worker + 10

    loader = DataLoader(
        range(4),
        num_workers=2,
        worker_init_fn=init,
        collate_fn=lambda items: numbers[0],
        persistent_workers=True,
    )
    assert [list(loader) for _ in range(2)] == [[10, 11, 10, 11]] * 2
    assert numbers == [0]


def test_persistent_workers_are_the_same_processes() -> None:
    def processes(**options: Any) -> set[int]:
        loader = DataLoader(
            range(4), num_workers=2, collate_fn=lambda items: os.getpid(), **options
        )
        return {pid for _ in range(2) for pid in loader}

    assert len(processes(persistent_workers=True)) == 2
    assert len(processes()) == 4


def test_a_second_iteration_of_persistent_workers_ends_the_first() -> None:
    loader = DataLoader(range(6), num_workers=2, persistent_workers=True)
    first = iter(loader)
    assert next(first).item() == 0
    assert [batch.item() for batch in loader] == list(range(6))
    with pytest.raises(fe.DataError, match="have begun another iteration, which ended this one"):
        next(first)


def test_iterations_of_one_loader_may_be_nested() -> None:
    loader = DataLoader(range(3), num_workers=2)
    assert [(a.item(), b.item()) for a in loader for b in loader] == [
        (i, j) for i in range(3) for j in range(3)
    ]


class Outer(Dataset[int]):
    """Items that are made by workers of their own."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> int:
        return index + sum(int(x) for x in DataLoader(range(4), 2, num_workers=1, collate_fn=sum))


def test_a_worker_may_have_workers() -> None:
    assert [batch.tolist() for batch in DataLoader(Outer(), num_workers=1)] == [[6], [7]]


def test_an_iteration_may_be_left_half_way() -> None:
    for persistent in (False, True):
        loader = DataLoader(Mixed(), num_workers=2, persistent_workers=persistent)
        for _batch in loader:
            break
        batches = iter(loader)
        next(batches)
        del batches, loader


def test_an_exception_in_the_loop_leaves_nothing_behind() -> None:
    def train() -> None:
        for _ in DataLoader(Mixed(), num_workers=2):
            raise KeyError("in the loop")

    with pytest.raises(KeyError, match="in the loop"):
        train()


def test_a_loader_in_a_cycle_is_collected() -> None:
    loader: Any = DataLoader(range(4), num_workers=1)
    loader.itself, loader.batches = loader, iter(loader)
    del loader


def test_another_threads_locks_do_not_stop_a_worker() -> None:
    """A thread computes and makes new shapes, dtypes and random numbers while processes fork."""
    enough = threading.Event()
    rounds = [0]

    def compute() -> None:
        while not enough.is_set():
            rounds[0] += 1
            fe.rand(1 + rounds[0] % 997, 3).sum()

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        for _ in range(20):
            batches = [b.shape for b in DataLoader([fe.ones(7)] * 6, 2, num_workers=2)]
            assert batches == [(2, 7)] * 3
    finally:
        enough.set()
        thread.join()
    assert rounds[0] > 0


def test_a_loader_may_be_used_in_a_thread() -> None:
    found: list[int] = []
    thread = threading.Thread(
        target=lambda: found.extend(int(b) for b in DataLoader(range(5), num_workers=2))
    )
    thread.start()
    thread.join()
    assert found == list(range(5))


def test_modes_in_force_do_not_reach_workers() -> None:
    class Asked(Dataset[bool]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> bool:
            return fe.is_grad_enabled()

    with fe.no_grad():
        (batch,) = DataLoader(Asked(), num_workers=1)
    assert batch.tolist() == [True]


def test_indices_larger_than_a_sockets_buffer_do_not_hold_up_anyone() -> None:
    n = 300_000
    order = [list(range(n))] * 6
    loader = DataLoader(
        range(n),
        batch_sampler=order,
        num_workers=1,
        prefetch_factor=6,
        collate_fn=lambda items: bytes(60_000),
    )
    assert [len(batch) for batch in loader] == [60_000] * 6


def test_a_sampler_that_fails_does_so_after_the_batches_before() -> None:
    def indices() -> Iterator[int]:
        yield from range(3)
        raise KeyError("no more")

    class Failing:
        def __iter__(self) -> Iterator[int]:
            return indices()

    batches = iter(DataLoader(range(9), sampler=Failing(), batch_size=None, num_workers=2))
    assert [next(batches) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError, match="no more"):
        next(batches)
    assert list(batches) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_tensors_arrive_on_the_device_asked_for(workers: int) -> None:
    kernels = array_namespace.kernels(array_api_strict)
    fe.runtime.install(ArrayNamespaceBackend("elsewhere", array_api_strict, kernels))
    rows = [{"x": fe.full((20_000,), float(i)), "name": str(i)} for i in range(4)]
    batches = list(DataLoader(rows, 2, num_workers=workers, device="elsewhere"))
    assert [batch["x"].device for batch in batches] == [fe.Device("elsewhere")] * 2
    assert [batch["x"][:, 0].tolist() for batch in batches] == [[0, 1], [2, 3]]
    assert [batch["name"] for batch in batches] == [["0", "1"], ["2", "3"]]
