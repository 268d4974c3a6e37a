"""Loaders: order, sizes, and where batches come from."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.data import DataLoader, RandomSampler, SequentialSampler, TensorDataset


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


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, None])
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
