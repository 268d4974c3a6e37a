"""Pooling under PyTorch's names."""

from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F


def ramp(*shape: int) -> fe.Tensor:
    return fe.arange(int(np.prod(shape)), dtype=fe.float64).reshape(shape)


def random(*shape: int, requires_grad: bool = False) -> fe.Tensor:
    rng = np.random.default_rng(sum(shape))
    return fe.tensor(rng.standard_normal(shape), requires_grad=requires_grad)


class TestWindows:
    def test_the_stride_is_the_window(self) -> None:
        x = ramp(1, 1, 4, 4)
        assert F.max_pool2d(x, 2).tolist() == [[[[5, 7], [13, 15]]]]
        assert F.avg_pool2d(x, 2).tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
        assert F.max_pool2d(x, 2, stride=[]).tolist() == [[[[5, 7], [13, 15]]]]

    def test_indices(self) -> None:
        x = ramp(1, 1, 4, 4)
        values, indices = F.max_pool2d_with_indices(x, 3, 1)
        assert values.tolist() == indices.tolist() == [[[[10, 11], [14, 15]]]]
        values, indices = F.max_pool3d(ramp(1, 2, 3, 4), 2, return_indices=True)
        assert values.tolist() == indices.tolist() == [[[[17, 19]]]]
        values, indices = F.max_pool1d(ramp(1, 5), 2, ceil_mode=True, return_indices=True)
        assert values.tolist() == indices.tolist() == [[1, 3, 4]]

    def test_without_a_batch(self) -> None:
        assert F.avg_pool2d(ramp(1, 4, 4), (1, 4)).shape == (1, 4, 1)
        assert F.max_pool1d(ramp(2, 6), 3).tolist() == [[2, 5], [8, 11]]
        assert F.lp_pool3d(ramp(2, 2, 2, 2), 1, 2).tolist() == [[[[28]]], [[[92]]]]
        with pytest.raises(fe.ShapeError, match="must have 2 dims"):
            F.max_pool1d(ramp(5), 2)

    def test_dilation_makes_room_for_padding(self) -> None:
        """Half of what a window spans may be padding, not half of its size."""
        x = ramp(1, 1, 6)
        assert F.max_pool1d(x, 2, 1, padding=2, dilation=3).tolist() == [[[1, 2, 3, 4, 5, 3, 4]]]
        with pytest.raises(fe.ShapeError, match="more than half"):
            F.max_pool1d(x, 2, 1, padding=2)

    def test_what_counts(self) -> None:
        x = fe.ones(1, 1, 3)
        assert F.avg_pool1d(x, 2, 2, 1).tolist() == [[[0.5, 1.0]]]
        assert F.avg_pool1d(x, 2, 2, 1, count_include_pad=False).tolist() == [[[1, 1]]]
        assert F.avg_pool3d(fe.ones(1, 2, 2, 2), 2, divisor_override=2).tolist() == [[[[4]]]]

    def test_power_means(self) -> None:
        x = fe.tensor([[[3.0, 4.0, 6.0, 8.0]]])
        assert F.lp_pool1d(x, 2, 2).tolist() == [[[5, 10]]]
        assert F.lp_pool2d(x[None], 1.0, (1, 4)).tolist() == [[[[21]]]]
        assert F.lp_pool1d(fe.tensor([[1, 1]]), 1, 2).dtype is fe.float32

    @pytest.mark.parametrize("size", [(2, 2, 2), "2", 0, (2, -1), True])
    def test_windows_that_are_none(self, size: Any) -> None:
        with pytest.raises(fe.ArgumentError, match="kernel_size must be"):
            F.max_pool2d(ramp(1, 4, 4), size)


def bounds(i: int, size: int, count: int) -> slice:
    return slice(int(np.floor(i * size / count)), int(np.ceil((i + 1) * size / count)))


class TestAdaptive:
    @pytest.mark.parametrize(
        ("shape", "size"), [((5, 7), (3, 4)), ((4, 6), (2, 3)), ((2, 3), (5, 1))]
    )
    def test_windows_cover_the_input_evenly(self, shape: Any, size: Any) -> None:
        x = random(2, 1, *shape)
        means = F.adaptive_avg_pool2d(x, size).numpy()
        values, indices = F.adaptive_max_pool2d(x, size, return_indices=True)
        for i, j in np.ndindex(*size):
            part = x.numpy()[:, 0, bounds(i, shape[0], size[0]), bounds(j, shape[1], size[1])]
            np.testing.assert_allclose(means[:, 0, i, j], part.mean(axis=(1, 2)))
            np.testing.assert_array_equal(values.numpy()[:, 0, i, j], part.max(axis=(1, 2)))
        flat = x.numpy().reshape(2, -1)
        at = np.take_along_axis(flat, indices.numpy().reshape(2, -1), 1)
        np.testing.assert_array_equal(at, values.numpy().reshape(2, -1))

    def test_none_keeps_a_size(self) -> None:
        x = random(1, 2, 3, 4, 5)
        assert F.adaptive_avg_pool3d(x, (None, 2, None)).shape == (1, 2, 3, 2, 5)
        assert F.adaptive_max_pool2d(x[0], (1, None)).shape == (2, 3, 1, 5)
        np.testing.assert_array_equal(F.adaptive_avg_pool2d(x[0], None).numpy(), x[0].numpy())
        assert F.adaptive_avg_pool1d(x[0, 0], 0).shape == (3, 4, 0)

    def test_equals_and_nan(self) -> None:
        x = fe.tensor([[[1.0, np.nan, np.nan, 3.0, 2.0, 2.0]]])
        _, indices = F.adaptive_max_pool1d_with_indices(x, 2)
        assert indices.tolist() == [[[1, 3]]]
        _, indices = F.adaptive_max_pool1d_with_indices(fe.full((1, 1, 5), -np.inf), 2)
        assert indices.tolist() == [[[0, 2]]]

    def test_infinity_stays_in_its_window(self) -> None:
        y = F.adaptive_avg_pool1d(fe.tensor([[[np.inf, 1.0, 2.0, 3.0]]]), 2)
        assert y.tolist() == [[[np.inf, 2.5]]]

    @pytest.mark.parametrize("pool", [F.adaptive_avg_pool2d, F.adaptive_max_pool2d])
    def test_gradients(self, pool: Any) -> None:
        x = random(2, 2, 4, 5, requires_grad=True)
        assert fe.autograd.gradcheck(lambda x: pool(x, (3, 2)), x)
        assert fe.autograd.gradgradcheck(lambda x: pool(x, (3, 2)), x, fast_mode=True)

    def test_what_does_not_fit(self) -> None:
        with pytest.raises(fe.ArgumentError, match="output_size must be"):
            F.adaptive_avg_pool2d(ramp(1, 4, 4), (2, 2, 2))
        with pytest.raises(fe.ShapeError, match="empty"):
            F.adaptive_avg_pool1d(fe.zeros(1, 1, 0), 2)


class TestFractional:
    def test_windows_of_given_samples(self) -> None:
        # facts from PyTorch: the first sample is for the width, in two dims
        x = ramp(1, 1, 7, 9)
        samples = fe.tensor([[[0.7, 0.2]]], dtype=fe.float64)
        y, indices = F.fractional_max_pool2d(
            x, 2, (3, 4), return_indices=True, _random_samples=samples
        )
        assert y.tolist() == indices.tolist()
        rows, columns = [1, 4, 6], [1, 3, 6, 8]
        assert indices.tolist() == [[[[9 * i + j for j in columns] for i in rows]]]

    def test_random_windows(self) -> None:
        fe.manual_seed(0)
        x = random(2, 3, 8, 9, 7)
        values, indices = F.fractional_max_pool3d(
            x, (2, 3, 2), output_ratio=0.5, return_indices=True
        )
        assert values.shape == (2, 3, 4, 4, 3)
        flat = x.numpy().reshape(2, 3, -1)
        at = np.take_along_axis(flat, indices.numpy().reshape(2, 3, -1), 2)
        np.testing.assert_array_equal(at, values.numpy().reshape(2, 3, -1))
        assert F.fractional_max_pool2d(x[0], 2, 3).shape == (3, 8, 3, 3)

    def test_gradients(self) -> None:
        x = random(1, 2, 5, 5, requires_grad=True)
        samples = fe.tensor(np.full((1, 2, 2), 0.4))

        def pooled(x: fe.Tensor) -> fe.Tensor:
            return F.fractional_max_pool2d(x, 2, 3, _random_samples=samples)

        assert fe.autograd.gradcheck(pooled, x)

    def test_what_does_not_fit(self) -> None:
        x = random(1, 2, 5, 5)
        with pytest.raises(fe.ArgumentError, match="either output_size or output_ratio"):
            F.fractional_max_pool2d(x, 2)
        with pytest.raises(fe.ArgumentError, match="between 0 and 1"):
            F.fractional_max_pool2d(x, 2, output_ratio=1.5)
        with pytest.raises(fe.ShapeError, match="do not fit in 5 places"):
            F.fractional_max_pool2d(x, 3, 4)
        with pytest.raises(fe.ShapeError, match=r"it must be \(1, 2, 2\)"):
            F.fractional_max_pool2d(x, 2, 2, _random_samples=random(1, 2, 3))


class TestUnpooling:
    @pytest.mark.parametrize(
        ("pool", "unpool", "shape"),
        [
            (F.max_pool1d, F.max_unpool1d, (2, 3, 6)),
            (F.max_pool2d, F.max_unpool2d, (3, 4, 6)),
            (F.max_pool3d, F.max_unpool3d, (1, 2, 4, 2, 6)),
        ],
    )
    def test_what_was_pooled_comes_back(self, pool: Any, unpool: Any, shape: Any) -> None:
        x = random(*shape)
        y, indices = pool(x, 2, return_indices=True)
        back = unpool(y, indices, 2)
        assert back.shape == x.shape
        kept = back.numpy() != 0
        assert kept.sum() == y.numel()
        np.testing.assert_array_equal(back.numpy()[kept], x.numpy()[kept])

    def test_a_size_that_pooling_maps_to_the_same(self) -> None:
        y, indices = F.max_pool2d(random(1, 1, 5, 4), 2, return_indices=True)
        assert F.max_unpool2d(y, indices, 2).shape == (1, 1, 4, 4)
        assert F.max_unpool2d(y, indices, 2, output_size=(5, 4)).shape == (1, 1, 5, 4)
        assert F.max_unpool2d(y, indices, 2, output_size=(1, 1, 5, 4)).shape == (1, 1, 5, 4)
        with pytest.raises(fe.ShapeError, match=r"between \[3, 3\] and \[5, 5\]"):
            F.max_unpool2d(y, indices, 2, output_size=(6, 4))

    def test_the_last_of_several_counts_and_all_get_its_gradient(self) -> None:
        # facts from PyTorch
        x = fe.tensor([[[1.0, 2.0, 3.0]]], requires_grad=True)
        y = F.max_unpool1d(x, fe.tensor([[[1, 1, 1]]]), 2)
        assert y.tolist() == [[[0, 3, 0, 0, 0, 0]]]
        y.sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [[[1, 1, 1]]]

    def test_indices_that_lie_outside(self) -> None:
        with pytest.raises(fe.OutOfRange):
            F.max_unpool1d(fe.ones(1, 1, 2), fe.tensor([[[0, 4]]]), 2)
        with pytest.raises(fe.ShapeError, match="shapes must agree"):
            F.max_unpool1d(fe.ones(1, 1, 2), fe.tensor([[[0]]]), 2)
