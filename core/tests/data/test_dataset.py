"""Data sets: items, batches, subsets and splits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.data import (
    ChainDataset,
    ColumnDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Squares(Dataset[int]):
    """A data set by items alone."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> int:
        return index**2


class Fetched(Squares):
    """A data set that fetches many items at once, as PyTorch's data sets may."""

    def __init__(self) -> None:
        self.fetched: list[list[int]] = []

    def __getitems__(self, indices: Sequence[int]) -> list[int]:
        self.fetched.append(list(indices))
        return [-(i**2) for i in indices]


class TestDataset:
    def test_a_batch_is_its_items_collated(self) -> None:
        assert Squares().batch([3, 0, 2]).tolist() == [9, 0, 4]

    def test_getitems_takes_the_place_of_single_items(self) -> None:
        data = Fetched()
        assert data.batch([1, 3]).tolist() == [-1, -9]
        assert data.fetched == [[1, 3]]

    def test_a_batch_method_of_something_else_is_not_ours(self) -> None:
        class Others:
            def __len__(self) -> int:
                return 2

            def __getitem__(self, index: int) -> int:
                return index

            def batch(self, batch_size: int) -> None:
                raise AssertionError("Hugging Face's data sets have such a method")

        assert next(iter(DataLoader(Others(), 2))).tolist() == [0, 1]

    @pytest.mark.parametrize("use", [len, lambda d: d[0]])
    def test_what_a_subclass_left_out_is_named(self, use: Any) -> None:
        class Empty(Dataset[int]):
            pass

        with pytest.raises(NotImplementedError, match="Empty does not define __"):
            use(Empty())


class TestTensorDataset:
    def test_items_and_batches_are_slices_of_every_tensor(self) -> None:
        x, y = fe.arange(12).reshape(4, 3), fe.arange(4) * 10
        data = TensorDataset(x, y)
        assert len(data) == 4
        assert [t.tolist() for t in data[2]] == [[6, 7, 8], 20]
        assert [t.tolist() for t in data.batch([3, 1, -4])] == [
            [[9, 10, 11], [3, 4, 5], [0, 1, 2]],
            [30, 10, 0],
        ]

    def test_a_batch_costs_one_op_per_tensor_however_large_it_is(self) -> None:
        data = TensorDataset(fe.zeros(100, 2), fe.zeros(100))
        with fe.profiler.count_ops() as few:
            data.batch([0, 1])
        with fe.profiler.count_ops() as many:
            data.batch(range(100))
        assert few.counts == many.counts == Counter(index_select=2)

    @pytest.mark.parametrize("index", [4, -5])
    def test_an_index_out_of_range_is_refused(self, index: int) -> None:
        with pytest.raises(fe.DataError, match=f"index {index} is out of range .* of 4 items"):
            TensorDataset(fe.zeros(4)).batch([0, index])

    @pytest.mark.parametrize(
        ("tensors", "shapes"),
        [
            ((), "none"),
            ((fe.zeros(2), fe.zeros(3, 2)), r"\(2,\), \(3, 2\)"),
            ((fe.tensor(1.0),), r"\(\)"),
        ],
    )
    def test_tensors_without_a_common_first_size_are_refused(
        self, tensors: Any, shapes: str
    ) -> None:
        with pytest.raises(fe.DataError, match=f"shapes are: {shapes}"):
            TensorDataset(*tensors)

    def test_what_a_subclass_does_to_items_is_done_in_batches(self) -> None:
        class Doubled(TensorDataset):
            def __getitem__(self, index: int) -> Any:
                return tuple(t * 2 for t in super().__getitem__(index))

        (batch,) = Doubled(fe.arange(5)).batch([1, 4])
        assert batch.tolist() == [2, 8]


class TestSubset:
    def test_what_a_subclass_does_to_items_is_done_in_batches(self) -> None:
        class Negative(Subset[int]):
            def __getitem__(self, index: int) -> int:
                return -super().__getitem__(index)

        assert Negative(Squares(), [5, 1]).batch([0, 1]).tolist() == [-25, -1]
        assert Negative(Squares(), [5, 1]).__getitems__([1]) == [-1]

    def test_it_maps_items_and_batches(self) -> None:
        part = Subset(Squares(), [5, 1, 3])
        assert len(part) == 3
        assert [part[i] for i in range(3)] == [25, 1, 9]
        assert part.batch([2, 0]).tolist() == [9, 25]

    def test_it_hands_many_indices_on_at_once(self) -> None:
        data = Fetched()
        nested = Subset(Subset(data, [9, 8, 7, 6]), [3, 0])
        assert nested.batch([0, 1]).tolist() == [-36, -81]
        assert nested.__getitems__([1]) == [-81]
        assert data.fetched == [[6, 9], [9]]

    def test_it_works_on_any_sequence(self) -> None:
        assert Subset([10, 20, 30], [2, 1]).batch([0, 1]).tolist() == [30, 20]


class TestRandomSplit:
    def test_sizes(self) -> None:
        first, second = random_split(range(10), [7, 3], generator=fe.Generator(seed=1))
        assert (len(first), len(second)) == (7, 3)
        assert sorted([*first.indices, *second.indices]) == list(range(10))

    def test_the_generator_decides(self) -> None:
        def indices(seed: int) -> list[list[int]]:
            parts = random_split(range(50), [25, 25], generator=fe.Generator(seed=seed))
            return [list(part.indices) for part in parts]

        assert indices(1) == indices(1)
        assert indices(1) != indices(2)
        assert indices(1)[0] != sorted(indices(1)[0])

    def test_the_default_generator_is_used_without_one(self) -> None:
        def indices() -> Sequence[int]:
            fe.manual_seed(3)
            return random_split(range(20), [20])[0].indices

        assert indices() == indices()

    def test_fractions_hand_out_the_remainder_in_turn(self) -> None:
        # PyTorch: random_split(range(10), [.26, .26, .48]) -> 2, 2, 4 and the two left over
        assert [len(s) for s in random_split(range(10), [0.26, 0.26, 0.48])] == [3, 3, 4]

    @given(
        n=st.integers(0, 200),
        weights=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    )
    @pytest.mark.filterwarnings("ignore:random_split")
    def test_fractions_share_out_everything(self, n: int, weights: list[int]) -> None:
        fractions = [w / sum(weights) for w in weights]
        parts = random_split(range(n), fractions)
        assert sorted(i for part in parts for i in part.indices) == list(range(n))
        for part, fraction in zip(parts, fractions):
            assert abs(len(part) - n * fraction) <= 1 + 1e-6

    def test_an_empty_part_is_pointed_out(self) -> None:
        with pytest.warns(UserWarning, match=r"part 1, 0.1 of 3 items, is empty"):
            random_split(range(3), [0.9, 0.1])

    @pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.4], [], [6, 5]])
    def test_lengths_that_do_not_add_up_are_refused(self, lengths: list[float]) -> None:
        with pytest.raises(fe.DataError, match=r"must add up to the data set's 10 items"):
            random_split(range(10), lengths)

    def test_negative_lengths_are_refused(self) -> None:
        with pytest.raises(fe.DataError, match=r"not negative, and these are \[11, -1\]"):
            random_split(range(10), [11, -1])

    def test_a_part_can_be_loaded(self) -> None:
        part, _ = random_split(TensorDataset(fe.arange(8) * 2), [0.5, 0.5])
        (batch,) = next(iter(DataLoader(part, 4)))
        assert batch.tolist() == [2 * i for i in part.indices]


def test_a_data_set_can_be_iterated_over() -> None:
    x = fe.arange(3)
    assert [(int(a), int(b)) for a, b in TensorDataset(x, x * 2)] == [(0, 0), (1, 2), (2, 4)]


class Count(IterableDataset[int]):
    """A stream."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.end))


class Measured(Count):
    """A stream that knows its length."""

    def __len__(self) -> int:
        return self.end - self.start


class TestIterableDataset:
    def test_it_is_iterated_over_and_has_no_numbers(self) -> None:
        assert list(Count(2, 5)) == [2, 3, 4]
        with pytest.raises(NotImplementedError, match="Count is a stream"):
            Count(0, 1)[0]
        with pytest.raises(TypeError, match="Count is a stream and does not define __len__"):
            len(Count(0, 1))

    def test_chains(self) -> None:
        chain = Count(0, 2) + Count(7, 9)
        assert isinstance(chain, ChainDataset)
        assert list(chain) == [0, 1, 7, 8]
        assert len(ChainDataset([Measured(0, 2), Measured(5, 9)])) == 6
        with pytest.raises(fe.DataError, match="Squares is no IterableDataset"):
            list(ChainDataset([Squares()]))


class TestConcatDataset:
    @given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6))
    def test_items_follow_each_other(self, sizes: list[int]) -> None:
        parts = [[(k, i) for i in range(n)] for k, n in enumerate(sizes)]
        whole = [item for part in parts for item in part]
        data = ConcatDataset(parts)
        assert len(data) == len(whole)
        assert list(data) == whole
        assert [data[i - len(whole)] for i in range(len(whole))] == whole
        for index in (len(whole), -len(whole) - 1):
            with pytest.raises(IndexError, match=f"index {index} is out of range"):
                data[index]

    def test_addition(self) -> None:
        assert (Squares() + Squares())[-1] == 81

    @pytest.mark.parametrize(
        ("parts", "message"), [([], "at least one"), ([Count(0, 1)], "Count is a stream")]
    )
    def test_what_cannot_be_joined_is_refused(self, parts: Any, message: str) -> None:
        with pytest.raises(fe.DataError, match=message):
            ConcatDataset(parts)


class TestStackDataset:
    def test_tuples_and_dicts(self) -> None:
        assert StackDataset(Squares(), range(10))[3] == (9, 3)
        assert StackDataset(x=Squares(), y=range(10))[3] == {"x": 9, "y": 3}
        assert len(StackDataset(Squares(), range(10))) == 10

    def test_many_items_are_fetched_at_once(self) -> None:
        data = Fetched()
        assert StackDataset(x=data, y=range(10)).batch([4, 2])["x"].tolist() == [-16, -4]
        assert data.fetched == [[4, 2]]

    @pytest.mark.parametrize(
        ("args", "kwargs", "message"),
        [
            ((), {}, "give data sets"),
            (([1],), {"x": [1]}, "and not both"),
            (([1], [1, 2]), {}, r"lengths must be equal, not \[1, 2\]"),
        ],
    )
    def test_what_cannot_be_stacked_is_refused(self, args: Any, kwargs: Any, message: str) -> None:
        with pytest.raises(fe.DataError, match=message):
            StackDataset(*args, **kwargs)


class TestColumnDataset:
    ROWS = ({"text": "ab", "label": 1, "id": None}, {"text": "c", "label": 0, "id": None})

    def test_tuples_of_columns(self) -> None:
        data = ColumnDataset(self.ROWS, ("label", "text"), {"text": len})
        assert list(data) == [(1, 2), (0, 1)]
        labels, lengths = next(iter(DataLoader(data, 2)))
        assert (labels.tolist(), lengths.tolist()) == ([1, 0], [2, 1])

    def test_one_column(self) -> None:
        assert list(ColumnDataset(self.ROWS, "text")) == ["ab", "c"]

    def test_dicts_are_loaded_without_it(self) -> None:
        rows = [{"x": 1, "name": "a"}, {"x": 2, "name": "b"}]
        batch = next(iter(DataLoader(rows, 2)))
        assert batch["x"].tolist() == [1, 2]
        assert batch["name"] == ["a", "b"]

    def test_what_is_missing_is_named(self) -> None:
        with pytest.raises(
            fe.DataError, match=r"row 1 lacks 'y'; it has \['text', 'label', 'id'\]"
        ):
            ColumnDataset(self.ROWS, "y")[1]
        with pytest.raises(fe.DataError, match="row 0 is no dict but int"):
            ColumnDataset(range(3), "y")[0]
        with pytest.raises(fe.DataError, match=r"transforms are given for \['z'\]"):
            ColumnDataset(self.ROWS, "text", {"z": len})
        with pytest.raises(fe.DataError, match="at least one column"):
            ColumnDataset(self.ROWS, ())


def test_getitems_must_return_one_item_for_each_index() -> None:
    class Short(Squares):
        def __getitems__(self, indices: Sequence[int]) -> list[int]:
            return [1]

    with pytest.raises(fe.DataError, match=r"Short.__getitems__ was asked for 2 items"):
        Short().batch([1, 2])
