"""Samplers: what they give, how often, and who decides."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


def seeded(seed: int = 1) -> fe.Generator:
    return fe.Generator(seed=seed)


class TestRandomSampler:
    @given(n=st.integers(1, 30), wanted=st.integers(1, 90))
    def test_without_replacement_each_comes_equally_often(self, n: int, wanted: int) -> None:
        sampler = RandomSampler(range(n), num_samples=wanted, generator=seeded())
        found = list(sampler)
        assert len(found) == len(sampler) == wanted
        for start in range(0, wanted, n):
            piece = found[start : start + n]
            assert len(set(piece)) == len(piece)

    def test_with_replacement_each_is_drawn_from_all(self) -> None:
        sampler = RandomSampler(range(10), replacement=True, num_samples=4000, generator=seeded())
        counts = np.bincount(list(sampler), minlength=10)
        assert counts.sum() == 4000
        # 400 each, give or take five standard deviations
        assert np.abs(counts - 400).max() < 5 * math.sqrt(4000 * 0.1 * 0.9)

    def test_an_empty_data_set_has_no_order(self) -> None:
        assert list(RandomSampler([])) == []
        with pytest.raises(fe.DataError, match="3 samples cannot be drawn from no items"):
            list(RandomSampler([], replacement=True, num_samples=3))

    @pytest.mark.parametrize("count", [0, -1, 1.5, True])
    def test_a_count_that_is_none_is_refused(self, count: Any) -> None:
        with pytest.raises(fe.DataError, match="num_samples must be an int of 1 or more"):
            RandomSampler(range(3), num_samples=count)


class TestWeightedRandomSampler:
    def test_indices_come_by_weight(self) -> None:
        sampler = WeightedRandomSampler([0.0, 1.0, 3.0], 4000, generator=seeded())
        counts = np.bincount(list(sampler), minlength=3)
        assert len(sampler) == 4000
        assert counts[0] == 0
        assert abs(counts[2] - 3000) < 5 * math.sqrt(4000 * 0.75 * 0.25)

    def test_without_replacement_none_comes_twice(self) -> None:
        found = list(WeightedRandomSampler(fe.ones(6), 6, replacement=False, generator=seeded()))
        assert sorted(found) == list(range(6))

    def test_wrong_arguments_are_refused(self) -> None:
        with pytest.raises(fe.DataError, match="num_samples"):
            WeightedRandomSampler([1.0], 0)
        with pytest.raises(fe.DataError, match="weights stand in one row"):
            WeightedRandomSampler(fe.ones(2, 2), 1)


def test_a_subset_in_random_order() -> None:
    sampler = SubsetRandomSampler([10, 20, 30, 40, 50], generator=seeded())
    first, second = list(sampler), list(sampler)
    assert len(sampler) == 5
    assert sorted(first) == sorted(second) == [10, 20, 30, 40, 50]
    assert first != second
    assert list(SubsetRandomSampler([10, 20, 30, 40, 50], generator=seeded())) == first


class TestBatchSampler:
    @given(n=st.integers(0, 30), size=st.integers(1, 9), drop_last=st.booleans())
    def test_lists(self, n: int, size: int, drop_last: bool) -> None:
        sampler = BatchSampler(range(n), size, drop_last)
        lists = list(sampler)
        assert len(lists) == len(sampler)
        kept = n - n % size if drop_last else n
        assert [i for found in lists for i in found] == list(range(kept))

    def test_wrong_arguments_are_refused(self) -> None:
        drop_last: Any = 1
        with pytest.raises(fe.DataError, match="batch_size must be an int of 1 or more"):
            BatchSampler(range(3), 0, False)
        with pytest.raises(fe.DataError, match="drop_last is True or False, not 1"):
            BatchSampler(range(3), 1, drop_last)


class TestDistributedSampler:
    # What PyTorch 2.13 gives without shuffling: size, replicas, drop_last -> indices by rank.
    TABLE = (
        (10, 4, False, [[0, 4, 8], [1, 5, 9], [2, 6, 0], [3, 7, 1]]),
        (10, 4, True, [[0, 4], [1, 5], [2, 6], [3, 7]]),
        (8, 4, True, [[0, 4], [1, 5], [2, 6], [3, 7]]),
        (2, 5, False, [[0], [1], [0], [1], [0]]),
        (2, 5, True, [[], [], [], [], []]),
        (0, 2, False, [[], []]),
    )

    @pytest.mark.parametrize(("n", "replicas", "drop_last", "shares"), TABLE)
    def test_shares_as_pytorch_has_them(
        self, n: int, replicas: int, drop_last: bool, shares: list[list[int]]
    ) -> None:
        samplers = [
            DistributedSampler(range(n), replicas, rank, shuffle=False, drop_last=drop_last)
            for rank in range(replicas)
        ]
        assert [list(sampler) for sampler in samplers] == shares
        assert all(len(sampler) == len(shares[0]) for sampler in samplers)

    def test_all_processes_agree_on_an_order_that_the_epoch_decides(self) -> None:
        def order(epoch: int, seed: int = 0) -> list[int]:
            shares = []
            for rank in range(3):
                sampler = DistributedSampler(range(30), 3, rank, seed=seed)
                sampler.set_epoch(epoch)
                shares.append(list(sampler))
            return [i for row in zip(*shares) for i in row]

        assert Counter(order(0)) == Counter(range(30))
        assert order(0) == order(0)
        assert len({tuple(order(0)), tuple(order(1)), tuple(order(0, seed=7))}) == 3

    def test_the_environment_tells_rank_and_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WORLD_SIZE", "4")
        monkeypatch.setenv("RANK", "2")
        assert list(DistributedSampler(range(8), shuffle=False)) == [2, 6]
        monkeypatch.delenv("RANK")
        with pytest.raises(fe.DataError, match="rank is None; give rank=, or set RANK"):
            DistributedSampler(range(8))

    def test_a_rank_out_of_range_is_refused(self) -> None:
        with pytest.raises(fe.DataError, match="rank 3 of 3 processes; ranks go from 0 to 2"):
            DistributedSampler(range(8), 3, 3)


def test_what_a_sampler_left_out_is_named() -> None:
    class Empty(Sampler[int]):
        pass

    with pytest.raises(NotImplementedError, match="Empty does not define __iter__"):
        iter(Empty())
