"""Loaders: order, sizes, and where batches come from."""

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)


def numbers(loader: DataLoader) -> list[list[int]]:
    return [batch.tolist() for batch in loader]


@given(n=st.integers(0, 40), batch_size=st.integers(1, 15), drop_last=st.booleans())
def test_batches_cover_the_data_in_order(n: int, batch_size: int, drop_last: bool) -> None:
    loader = DataLoader(range(n), batch_size, drop_last=drop_last)
    batches = numbers(loader)
    assert len(batches) == len(loader)
    kept = n - n % batch_size if drop_last else n
    assert [i for batch in batches for i in batch] == list(range(kept))
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_shuffling_takes_every_item_once_in_a_new_order_each_epoch() -> None:
    loader = DataLoader(range(40), 7, shuffle=True, generator=fe.Generator(seed=5))
    first, second = numbers(loader), numbers(loader)
    assert sorted(i for batch in first for i in batch) == list(range(40))
    assert first != second


def test_the_generators_state_is_where_the_loader_stands() -> None:
    def loader() -> DataLoader:
        return DataLoader(range(40), 7, shuffle=True, generator=fe.Generator(seed=5))

    whole, resumed = loader(), loader()
    numbers(whole)
    assert resumed.generator is not None
    assert whole.generator is not None
    resumed.generator.state = whole.generator.state
    assert numbers(resumed) == numbers(whole)


def test_without_a_generator_the_seed_decides() -> None:
    def order() -> list[list[int]]:
        fe.manual_seed(2)
        return numbers(DataLoader(range(30), 30, shuffle=True))

    assert order() == order() != [list(range(30))]


def test_a_sampler_sets_the_order() -> None:
    assert numbers(DataLoader(range(10, 20), 2, sampler=[3, 1, 9])) == [[13, 11], [19]]
    assert len(DataLoader(range(10), 2, sampler=[3, 1, 9])) == 2


def test_samplers() -> None:
    assert list(SequentialSampler(range(3))) == [0, 1, 2]
    sampler = RandomSampler(range(20), generator=fe.Generator(seed=1))
    assert len(sampler) == 20
    assert sorted(sampler) == list(range(20))


def test_tensor_data_sets_are_fetched_batch_by_batch() -> None:
    loader = DataLoader(TensorDataset(fe.arange(10), fe.arange(10) * 2), 4)
    with fe.profiler.count_ops() as ops:
        batches = [(x.tolist(), y.tolist()) for x, y in loader]
    assert batches[2] == ([8, 9], [16, 18])
    assert ops.counts["index_select"] == 2 * 3
    assert ops.counts["cat"] == 0


def test_a_collate_function_is_given_the_items() -> None:
    seen: list[Any] = []
    data = TensorDataset(fe.arange(4))
    for batch in DataLoader(data, 2, collate_fn=lambda items: (seen.append(items), len(items))[1]):
        assert batch == 2
    assert [t.tolist() for items in seen for (t,) in items] == [0, 1, 2, 3]


def test_an_item_that_does_not_fit_is_named_with_its_batch() -> None:
    loader = DataLoader([fe.zeros(1)] * 5 + [fe.zeros(2)], 2, sampler=[4, 5])
    with pytest.raises(fe.DataError, match="item 1 of the batch has shape") as caught:
        list(loader)
    assert caught.value.__notes__ == ["the batch holds the data set's items 4, 5"]


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True])
def test_a_batch_size_that_is_none_is_refused(batch_size: Any) -> None:
    with pytest.raises(fe.DataError, match="batch_size must be an int of 1 or more"):
        DataLoader(range(3), batch_size)


def test_shuffle_and_sampler_exclude_each_other() -> None:
    with pytest.raises(fe.DataError, match="shuffle and sampler both set the order"):
        DataLoader(range(3), shuffle=True, sampler=[0])


def test_the_length_needs_a_sampler_with_a_length() -> None:
    class Endless:
        def __iter__(self) -> Iterator[int]:
            return iter([0, 1])

    loader = DataLoader(range(3), sampler=Endless())
    assert len(numbers(loader)) == 2
    with pytest.raises(fe.DataError, match="Endless has no length"):
        len(loader)


def test_without_a_batch_size_items_are_converted_alone() -> None:
    loader = DataLoader([np.arange(2), np.arange(3)], batch_size=None)
    assert numbers(loader) == [[0, 1], [0, 1, 2]]
    assert len(loader) == 2
    assert [type(item) for item in DataLoader(["a", 1], batch_size=None)] == [str, int]


def test_a_batch_sampler_says_what_is_in_each_batch() -> None:
    loader = DataLoader(range(10), batch_sampler=[[3, 1], [7]])
    assert numbers(loader) == [[3, 1], [7]]
    assert len(loader) == 2
    sampler = BatchSampler(SequentialSampler(range(5)), 2, drop_last=True)
    assert numbers(DataLoader(range(5), batch_sampler=sampler)) == [[0, 1], [2, 3]]


class Stream(IterableDataset[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))


class Announced(Stream):
    def __len__(self) -> int:
        return 5


@pytest.mark.parametrize(
    ("drop_last", "batches"), [(False, [[0, 1], [2, 3], [4]]), (True, [[0, 1], [2, 3]])]
)
def test_streams(drop_last: bool, batches: list[list[int]]) -> None:
    loader = DataLoader(Announced(5), 2, drop_last=drop_last)
    assert numbers(loader) == numbers(loader) == batches
    assert len(loader) == len(batches)
    assert [int(x) for x in DataLoader(Stream(3), batch_size=None)] == [0, 1, 2]
    with pytest.raises(TypeError, match="Stream is a stream"):
        len(DataLoader(Stream(3)))


def test_a_stream_longer_than_it_said_is_pointed_out() -> None:
    with pytest.warns(UserWarning, match="announced a length that makes 3 batches"):
        assert len(list(DataLoader(Announced(8), 2))) == 4


def test_the_order_is_drawn_when_an_iteration_begins() -> None:
    def order(between: bool) -> list[list[int]]:
        fe.manual_seed(1)
        batches = iter(DataLoader(range(20), 4, shuffle=True))
        if between:
            fe.rand(3)
        return [batch.tolist() for batch in batches]

    assert order(between=True) == order(between=False)


def test_a_stop_iteration_from_an_item_does_not_end_the_epoch_quietly() -> None:
    class Faulty(Dataset[int]):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> int:
            return next(iter(()))

    with pytest.raises(fe.DataError, match="Faulty raised StopIteration for an index"):
        list(DataLoader(Faulty()))


def test_after_an_exception_the_iteration_can_go_on() -> None:
    class Gap(Dataset[int]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            if index == 1:
                raise KeyError("one")
            return index

    batches = iter(DataLoader(Gap()))
    assert next(batches).item() == 0
    with pytest.raises(KeyError, match="one"):
        next(batches)
    assert [batch.item() for batch in batches] == [2, 3]


def test_batches_are_brought_to_a_device() -> None:
    rows = [{"x": 1, "pair": (fe.ones(1), "a")}] * 2
    (batch,) = DataLoader(rows, 2, device="cpu")
    assert batch["x"].device is fe.Device("cpu")
    assert batch["pair"][1] == ["a", "a"]


def test_a_loader_can_be_copied() -> None:
    loader = DataLoader(range(4), 2, shuffle=True, generator=fe.Generator(seed=3))
    assert numbers(pickle.loads(pickle.dumps(loader))) == numbers(loader)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler takes the place of batch_size"),
        ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler takes the place"),
        ({"batch_size": None, "drop_last": True}, "drop_last has no meaning without batches"),
        ({"num_workers": -1}, "num_workers must be an int of 0 or more, not -1"),
        ({"num_workers": 1.0}, "num_workers must be"),
        ({"timeout": -1}, "timeout must not be negative"),
        ({"timeout": 5}, "timeout=5 is about workers, and there are none"),
        ({"prefetch_factor": 2}, "prefetch_factor=2 is about workers"),
        ({"prefetch_factor": 0, "num_workers": 1}, "prefetch_factor must be an int of 1 or more"),
        ({"persistent_workers": True}, "persistent_workers=True is about workers"),
        ({"multiprocessing_context": "fork"}, "'fork' is about workers"),
        ({"multiprocessing_context": "thread", "num_workers": 1}, "not 'thread'"),
        ({"multiprocessing_context": 3, "num_workers": 1}, "not 3"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    with pytest.raises(fe.DataError, match=message):
        DataLoader(range(3), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}])
def test_a_stream_has_its_own_order(options: Any) -> None:
    with pytest.raises(fe.DataError, match="sets an order, and an IterableDataset has its own"):
        DataLoader(Stream(3), **options)
