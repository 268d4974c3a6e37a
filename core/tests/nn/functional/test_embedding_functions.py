"""Gradients by decree, rows scaled in place, and bags."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(0)
MODES = ["sum", "mean", "max"]


def table(n: int = 5, d: int = 3) -> fe.Tensor:
    return fe.tensor(rng.standard_normal((n, d)), requires_grad=True)


class TestEmbedding:
    def test_gradients_over_frequencies(self) -> None:
        weight = table(4, 2)
        index = fe.tensor([[0, 1, 1], [1, 3, 3]])
        F.embedding(index, weight, 3, scale_grad_by_freq=True).sum().backward()
        assert weight.grad is not None
        assert weight.grad.tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]

    def test_rows_are_scaled_down_in_place(self) -> None:
        weight = fe.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]], requires_grad=True)
        y = F.embedding(fe.tensor([0, 1, 0]), weight, max_norm=1.0)
        np.testing.assert_allclose(weight.detach().numpy()[0], [0.6, 0.8], rtol=1e-6)
        np.testing.assert_array_equal(
            weight.detach().numpy()[1:], np.array([[0.3, 0.4], [6, 8]], np.float32)
        )
        np.testing.assert_allclose(np.asarray(y)[2], [0.6, 0.8], rtol=1e-6)
        y.sum().backward()
        assert weight.grad is not None
        assert weight.grad.tolist() == [[2, 2], [1, 1], [0, 0]]

    def test_scaling_keeps_a_computed_table_on_the_tape(self) -> None:
        leaf = fe.ones(2, 2, requires_grad=True)
        weight = leaf * 5.0
        F.embedding(fe.tensor([1]), weight, max_norm=1.0, norm_type=1.0).sum().backward()
        assert leaf.grad is not None
        assert leaf.grad.tolist() == [[0, 0], [5, 5]]

    def test_arguments(self) -> None:
        with pytest.raises(fe.ArgumentError, match="no sparse gradients"):
            F.embedding(fe.tensor([0]), table(), sparse=True)
        with pytest.raises(fe.ArgumentError, match="padding_idx 5 is not one of 5 rows"):
            F.embedding(fe.tensor([0]), table(), 5)


def bags_by_hand(
    weight: Any, index: Any, offsets: Any, mode: str, padding: int | None
) -> np.ndarray[Any, Any]:
    bounds = [*offsets, len(index)]
    y = np.zeros((len(offsets), weight.shape[1]))
    for b in range(len(offsets)):
        rows = [weight[i] for i in index[bounds[b] : bounds[b + 1]] if i != padding]
        if rows:
            y[b] = {"sum": np.sum, "mean": np.mean, "max": np.max}[mode](rows, axis=0)
    return y


@pytest.mark.parametrize("mode", MODES)
class TestEmbeddingBag:
    @given(
        sizes=st.lists(st.integers(0, 5), max_size=5),
        padding=st.sampled_from([None, 0, 2]),
        seed=st.integers(0, 2**16),
    )
    def test_bags_of_all_sizes(
        self, mode: str, sizes: list[int], padding: int | None, seed: int
    ) -> None:
        draw = np.random.default_rng(seed)
        weight, index = draw.standard_normal((4, 3)), draw.integers(0, 4, sum(sizes))
        offsets = np.cumsum([0, *sizes])[:-1]
        x, w = fe.tensor(index, dtype=fe.int64), fe.tensor(weight)
        starts = fe.tensor(offsets, dtype=fe.int64)
        y = F.embedding_bag(x, w, starts, mode=mode, padding_idx=padding)
        wanted = bags_by_hand(weight, index, offsets, mode, padding)
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-10, atol=1e-12)
        if sizes:
            ends = fe.tensor([*offsets, len(index)], dtype=fe.int64)
            last = F.embedding_bag(
                x, w, ends, mode=mode, padding_idx=padding, include_last_offset=True
            )
            assert last.tolist() == y.tolist()

    def test_gradients(self, mode: str) -> None:
        weight, index = table(), fe.tensor([1, 4, 2, 2, 1, 3])
        offsets = fe.tensor([0, 2, 2, 5])

        def bags(weight: fe.Tensor) -> fe.Tensor:
            return F.embedding_bag(index, weight, offsets, mode=mode)

        assert gradcheck(bags, weight)
        assert gradgradcheck(bags, weight, fast_mode=True)

    def test_a_row_that_does_not_count(self, mode: str) -> None:
        weight = table()
        y = F.embedding_bag(fe.tensor([[1, 4], [4, 4]]), weight, mode=mode, padding_idx=-1)
        np.testing.assert_allclose(np.asarray(y), [np.asarray(weight)[1], [0, 0, 0]])
        y.sum().backward()
        assert weight.grad is not None
        assert weight.grad.tolist() == [[0] * 3, [1] * 3, [0] * 3, [0] * 3, [0] * 3]

    def test_the_order_of_pytorch(self, mode: str) -> None:
        weight = fe.tensor([[3.0, 4.0], [0.3, 0.4]])
        y = F.embedding_bag(fe.tensor([0, 1]), weight, fe.tensor([0, 1]), 1.0, 2, False, mode)
        np.testing.assert_allclose(y.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)


def test_bags_of_sixteen_bits_are_added_in_float32() -> None:
    weight = fe.tensor([[2048.0], [1.0]]).half()
    y = F.embedding_bag(fe.tensor([[0, 1, 1, 1]]), weight, mode="sum")
    assert y.tolist() == [[2052.0]]  # 2051, to the nearest; one by one they would be lost
    assert y.dtype is fe.float16


def test_weights_of_samples() -> None:
    weight, factors = table(), fe.tensor([[2.0, 3.0]], dtype=fe.float64, requires_grad=True)
    index = fe.tensor([[1, 0]])

    def bags(weight: fe.Tensor, factors: fe.Tensor) -> fe.Tensor:
        return F.embedding_bag(index, weight, mode="sum", per_sample_weights=factors)

    wanted = 2 * np.asarray(weight)[1] + 3 * np.asarray(weight)[0]
    np.testing.assert_allclose(np.asarray(bags(weight, factors))[0], wanted)
    assert gradcheck(bags, [weight, factors])


def test_the_first_maximum_has_the_gradient() -> None:
    weight = fe.ones(3, 1, requires_grad=True)
    F.embedding_bag(fe.tensor([[2, 0, 1]]), weight, mode="max").sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[0], [0], [1]]


def test_arguments_of_bags() -> None:
    weight, one = table(), fe.tensor([1, 2])
    cases: list[tuple[type[Exception], str, Any, dict[str, Any]]] = [
        (fe.ShapeError, "needs offsets", one, {}),
        (fe.ShapeError, "takes none", one.reshape(1, 2), {"offsets": one}),
        (fe.ShapeError, "must be 0, not 1", one, {"offsets": fe.tensor([1])}),
        (fe.ShapeError, "nor be above 2", one, {"offsets": fe.tensor([0, 3])}),
        (fe.ShapeError, "must not decrease", one, {"offsets": fe.tensor([0, 2, 1])}),
        (fe.ArgumentError, '"sum", "mean" or "max"', one.reshape(1, 2), {"mode": "median"}),
        (fe.ArgumentError, "does not exist", one.reshape(1, 2),
         {"mode": "max", "scale_grad_by_freq": True}),
        (fe.ArgumentError, 'need mode="sum"', one.reshape(1, 2),
         {"per_sample_weights": fe.ones(1, 2)}),
        (fe.ShapeError, "that of index", one.reshape(1, 2),
         {"per_sample_weights": fe.ones(2), "mode": "sum"}),
    ]  # fmt: skip
    for error, message, index, options in cases:
        with pytest.raises(error, match=message):
            F.embedding_bag(index, weight, **options)
