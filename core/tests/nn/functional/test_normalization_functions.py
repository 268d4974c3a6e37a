"""Running averages, mixed dtypes and arguments; conformance has values and gradients."""

import math

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck

rng = np.random.default_rng(0)


class TestInstanceNorm:
    def test_running_averages_move_towards_the_mean_over_samples(self) -> None:
        x = rng.standard_normal((4, 2, 5))
        mean, var = fe.zeros(2, dtype=fe.float64), fe.ones(2, dtype=fe.float64)
        y = F.instance_norm(fe.tensor(x), mean, var, momentum=0.25, eps=0.0)
        wanted = (x - x.mean(2, keepdims=True)) / x.std(2, keepdims=True)
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-10)
        np.testing.assert_allclose(mean.numpy(), 0.25 * x.mean((0, 2)), rtol=1e-10)
        moved = 0.75 + 0.25 * x.var(2, ddof=1).mean(0)
        np.testing.assert_allclose(var.numpy(), moved, rtol=1e-10)

    def test_given_statistics(self) -> None:
        x, mean, var = fe.tensor(rng.standard_normal((2, 3, 4))), fe.tensor([1.0, 2, 3]), fe.ones(3)
        y = F.instance_norm(x, mean, var, use_input_stats=False, eps=0.0)
        np.testing.assert_allclose(y.numpy(), x.numpy() - mean.numpy()[:, None])

    def test_arguments(self) -> None:
        with pytest.raises(fe.ShapeError, match="one value in each channel"):
            F.instance_norm(fe.ones(2, 3, 1))
        with pytest.raises(fe.ArgumentError, match="needs running_mean"):
            F.instance_norm(fe.ones(2, 3, 2), use_input_stats=False)


class TestGroupNorm:
    @pytest.mark.parametrize("groups", [1, 2, 4])
    def test_is_layer_norm_of_each_group(self, groups: int) -> None:
        x = fe.tensor(rng.standard_normal((3, 4, 2, 5)))
        y = F.group_norm(x, groups)
        rows = F.layer_norm(x.reshape(3, groups, -1), (40 // groups,))
        np.testing.assert_allclose(y.numpy(), rows.numpy().reshape(3, 4, 2, 5), rtol=1e-10)

    def test_arguments(self) -> None:
        with pytest.raises(fe.ShapeError, match="must divide its 3 channels"):
            F.group_norm(fe.ones(2, 3), 2)
        with pytest.raises(fe.ShapeError, match="one value in each"):
            F.group_norm(fe.ones(1, 3), 3)


class TestRmsNorm:
    def test_eps_is_that_of_the_dtype(self) -> None:
        x = np.array([1e-8, 2e-8])
        y = F.rms_norm(fe.tensor(x), (2,))
        wanted = x / np.sqrt((x**2).mean() + np.finfo(np.float64).eps)
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-12)

    def test_sixteen_bits_have_that_of_float32(self) -> None:
        x = np.array([1e-4, 2e-4]).astype(np.float16)
        y = F.rms_norm(fe.tensor(x), (2,))
        wide = x.astype(np.float64)
        wanted = wide / np.sqrt((wide**2).mean() + np.finfo(np.float32).eps)
        np.testing.assert_allclose(y.numpy(), wanted, rtol=2e-3)
        assert y.dtype is fe.float16


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
class TestSixteenBits:
    def test_statistics_do_not_overflow(self, dtype: fe.DType) -> None:
        x = fe.tensor([[300.0, -300.0], [200.0, -200.0]]).to(dtype)  # their squares are too large
        for y in (
            F.layer_norm(x, (2,)),
            F.group_norm(x, 1),
            F.rms_norm(x, (2,)),
            F.normalize(x) * math.sqrt(2),
        ):
            assert y.dtype is dtype
            np.testing.assert_allclose(y.float().numpy(), [[1, -1], [1, -1]], rtol=1e-2)

    def test_parameters_may_be_float32(self, dtype: fe.DType) -> None:
        x, ones = fe.randn(3, 4, 2).to(dtype), fe.ones(4)
        assert F.layer_norm(x, (4, 2), fe.ones(4, 2), fe.zeros(4, 2)).dtype is dtype
        assert F.rms_norm(x, (4, 2), fe.ones(4, 2)).dtype is dtype
        assert F.group_norm(x, 2, ones, ones).dtype is dtype
        assert F.instance_norm(x, None, None, ones, ones).dtype is dtype
        mean, var = fe.zeros(4), fe.ones(4)
        assert F.batch_norm(x, mean, var, ones, ones, training=True).dtype is dtype
        assert mean.dtype is var.dtype is fe.float32
        assert mean.abs().sum() > 0
        assert F.batch_norm(x, mean, var, ones, ones).dtype is dtype

    def test_running_averages_of_sixteen_bits(self, dtype: fe.DType) -> None:
        mean, var = fe.zeros(2, dtype=dtype), fe.ones(2, dtype=dtype)
        F.batch_norm(fe.tensor([[1.0, 2], [3, 4]]).to(dtype), mean, var, training=True, momentum=1)
        assert mean.dtype is dtype
        assert mean.tolist() == [2, 3]
        assert var.tolist() == [2, 2]


class TestLocalResponseNorm:
    @pytest.mark.parametrize("size", [1, 2, 3, 9])
    def test_windows(self, size: int) -> None:
        x = rng.standard_normal((2, 4, 3))
        y = F.local_response_norm(fe.tensor(x), size, 0.5, 0.75, 2.0).numpy()
        for c in range(4):
            first = c - size // 2
            window = x[:, max(first, 0) : first + size] ** 2
            wanted = x[:, c] / (2.0 + 0.5 * window.sum(1) / size) ** 0.75
            np.testing.assert_allclose(y[:, c], wanted, rtol=1e-10)

    def test_arguments(self) -> None:
        with pytest.raises(fe.ShapeError, match="three dims or more"):
            F.local_response_norm(fe.ones(2, 3), 2)
        with pytest.raises(fe.ArgumentError, match="size must be 1 or more"):
            F.local_response_norm(fe.ones(2, 3, 2), 0)


class TestNormalize:
    @pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 2.0, 3.0, math.inf, -1.0])
    def test_norms(self, p: float) -> None:
        x = rng.standard_normal((3, 4))
        norm = np.linalg.norm(x, p, axis=1, keepdims=True)
        np.testing.assert_allclose(F.normalize(fe.tensor(x), p).numpy(), x / norm, rtol=1e-10)

    def test_several_dims(self) -> None:
        assert F.normalize(fe.ones(2, 2), dim=(0, 1)).tolist() == [[0.5, 0.5]] * 2

    @pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0])
    def test_a_vector_of_0(self, p: float) -> None:
        x = fe.zeros(2, 3, requires_grad=True)
        y = F.normalize(x, p, eps=0.5)
        assert not y.any()
        (slope,) = fe.autograd.grad(y.sum(), x)
        assert slope.tolist() == [[2.0] * 3] * 2

    def test_gradients(self) -> None:
        x = fe.tensor(rng.standard_normal((3, 4)), requires_grad=True)
        assert gradcheck(lambda x: F.normalize(x, 3.0, 0), x)


def test_a_shape_is_a_tuple() -> None:
    for function in (F.layer_norm, F.rms_norm):
        with pytest.raises(fe.ArgumentError, match="tuple of ints, not 2"):
            function(fe.ones(2, 2), 2)  # pyright: ignore[reportArgumentType]
