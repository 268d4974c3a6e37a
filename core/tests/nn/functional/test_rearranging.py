"""Pixels, channels and sliding blocks."""

from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F


def ramp(*shape: int) -> fe.Tensor:
    return fe.arange(int(np.prod(shape)), dtype=fe.float64).reshape(shape)


class TestPixels:
    def test_blocks_of_channels_become_squares(self) -> None:
        y = F.pixel_shuffle(ramp(4, 1, 2), 2)
        assert y.tolist() == [[[0, 2, 1, 3], [4, 6, 5, 7]]]

    @pytest.mark.parametrize("lead", [(), (2,), (2, 3), (0,)])
    def test_the_inverse(self, lead: Any) -> None:
        x = ramp(*lead, 18, 2, 5)
        y = F.pixel_shuffle(x, 3)
        assert y.shape == (*lead, 2, 6, 15)
        np.testing.assert_array_equal(F.pixel_unshuffle(y, 3).numpy(), x.numpy())

    def test_channels_are_dealt_out(self) -> None:
        y = F.channel_shuffle(ramp(1, 6, 1), 2)
        assert y.tolist() == [[[0], [3], [1], [4], [2], [5]]]
        assert fe.channel_shuffle(fe.ones(2, 4, 1, 2, dtype=fe.bool), 4).dtype is fe.bool

    @pytest.mark.parametrize(
        ("call", "error", "said"),
        [
            (lambda: F.pixel_shuffle(ramp(4, 4), 2), fe.ShapeError, "at least three dims"),
            (lambda: F.pixel_shuffle(ramp(3, 4, 4), 2), fe.ShapeError, "multiple of"),
            (lambda: F.pixel_shuffle(ramp(4, 1, 1), 0), fe.ArgumentError, "positive"),
            (lambda: F.pixel_unshuffle(ramp(1, 3, 4), 2), fe.ShapeError, "height 3"),
            (lambda: F.channel_shuffle(ramp(4, 4), 2), fe.ShapeError, "more than two dims"),
            (lambda: F.channel_shuffle(ramp(1, 4, 1), 3), fe.ShapeError, "does not divide"),
            (lambda: F.channel_shuffle(ramp(1, 4, 1), 0), fe.ArgumentError, "positive"),
        ],
    )
    def test_what_does_not_fit(self, call: Any, error: Any, said: str) -> None:
        with pytest.raises(error, match=said):
            call()


class TestBlocks:
    def test_a_convolution_is_a_product_with_columns(self) -> None:
        rng = np.random.default_rng(0)
        x, weight = (fe.tensor(rng.standard_normal(s)) for s in ((2, 3, 6, 7), (4, 3, 2, 3)))
        columns = F.unfold(x, (2, 3), dilation=2, padding=1, stride=(1, 2))
        y = (weight.reshape(4, -1) @ columns).reshape(2, 4, 6, 3)
        wanted = F.conv2d(x, weight, None, (1, 2), 1, 2)
        np.testing.assert_allclose(y.numpy(), wanted.numpy(), atol=1e-12)

    def test_fold_counts_how_often_a_pixel_was_seen(self) -> None:
        ones = fe.ones(1, 1, 3, 4)
        found = F.fold(F.unfold(ones, 2), (3, 4), 2)
        assert found[0, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]]

    def test_without_a_batch(self) -> None:
        x = ramp(2, 3, 3)
        columns = F.unfold(x, 2)
        assert columns.shape == (8, 4)
        np.testing.assert_array_equal(columns.numpy(), F.unfold(x[None], 2)[0].numpy())
        assert F.fold(columns, 3, 2).shape == (2, 3, 3)

    def test_gradients(self) -> None:
        rng = np.random.default_rng(0)
        x = fe.tensor(rng.standard_normal((1, 2, 3, 4)), requires_grad=True)
        assert fe.autograd.gradcheck(lambda x: F.unfold(x, 2, padding=1) ** 2, x)
        columns = fe.tensor(rng.standard_normal((1, 8, 6)), requires_grad=True)
        assert fe.autograd.gradcheck(lambda c: F.fold(c, (3, 4), 2) ** 2, columns)

    def test_what_does_not_fit(self) -> None:
        with pytest.raises(fe.ShapeError, match="must have 3 dims"):
            F.unfold(ramp(5, 5), 2)
        with pytest.raises(fe.ShapeError, match="does not fit in an input"):
            F.unfold(ramp(1, 5, 5), 7)
        with pytest.raises(fe.ShapeError, match=r"must be \(N, C \* 4, 16\)"):
            F.fold(ramp(1, 4, 15), 5, 2)
        with pytest.raises(fe.ShapeError, match=r"must be \(N, C \* 4, 16\)"):
            F.fold(ramp(1, 5, 16), 5, 2)
        with pytest.raises(fe.ShapeError, match="with a batch"):
            F.fold(ramp(1, 1, 4, 16), 5, 2)
