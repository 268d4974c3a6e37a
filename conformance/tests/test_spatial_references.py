"""References over spatial dims, against cases worked out by hand or by NumPy's own means."""

from __future__ import annotations

import numpy as np
import pytest

from ferrule_conformance import resampling_references
from ferrule_conformance import spatial_references as references

RNG = np.random.default_rng(0)
PLAIN = {"align_corners": False, "scale_factor": None, "antialias": False}


def test_columns_and_their_transpose() -> None:
    options = {"kernel_size": (2,), "stride": (1,), "padding": (1,), "dilation": (1,)}
    columns = references.im2col(np.array([[[1.0, 2.0]]]), **options)
    assert columns.tolist() == [[[0, 1, 2], [1, 2, 0]]]
    assert references.col2im(columns, output_size=(2,), **options).tolist() == [[[2, 4]]]


def test_convolution_in_one_dim_is_that_of_numpy() -> None:
    x, weight = RNG.normal(size=(1, 1, 7)), RNG.normal(size=(1, 1, 3))
    options = {"stride": (1,), "padding": (0,), "dilation": (1,)}
    y = references.conv(x, weight, None, groups=1, **options)
    np.testing.assert_allclose(y[0, 0], np.convolve(x[0, 0], weight[0, 0, ::-1], "valid"))


def test_adaptive_windows_overlap_where_they_must() -> None:
    x = np.array([[[1.0, 2.0, 6.0, 4.0, 5.0]]])
    assert references.adaptive_avg_pool(x, output_size=(3,)).tolist() == [[[1.5, 4.0, 4.5]]]
    values, indices = references.adaptive_max_pool_with_indices(x, output_size=(3,))
    assert values.tolist() == [[[2, 6, 5]]]
    assert indices.tolist() == [[[1, 2, 4]]]


def test_fractional_windows() -> None:
    x, samples = np.arange(7.0).reshape(1, 1, 7), np.array([[[0.5]]])
    values, _ = references.fractional_max_pool_with_indices(
        x, samples, kernel_size=(2,), output_size=(3,)
    )
    # they begin at floor((i + 0.5) * 2.5) - 1 = 0 and 2, and the last at 5
    assert values.tolist() == [[[1, 3, 6]]]


def test_power_means_and_unpooling() -> None:
    x = np.array([[[3.0, 4.0, 2.0]]])
    y = references.lp_pool(x, norm_type=2.0, kernel_size=(2,), stride=(2,), ceil_mode=True)
    np.testing.assert_allclose(y, [[[5, 8**0.5]]])
    y = references.max_unpool(x, np.array([[[3, 0, 3]]]), output_size=(2, 2))
    assert y.tolist() == [[[[4, 0], [0, 2]]]]


@pytest.mark.parametrize("align_corners", [True, False])
def test_linear_interpolation_is_that_of_numpy(align_corners: bool) -> None:
    x = RNG.normal(size=(1, 1, 5))
    y = resampling_references.interpolate(
        x, size=(8,), mode="linear", **{**PLAIN, "align_corners": align_corners}
    )
    at = np.linspace(0, 4, 8) if align_corners else (np.arange(8) + 0.5) * 5 / 8 - 0.5
    np.testing.assert_allclose(y[0, 0], np.interp(at, np.arange(5), x[0, 0]))


@pytest.mark.parametrize(
    ("mode", "antialias"),
    [("nearest", False), ("nearest-exact", False), ("cubic", False), ("lanczos", True)],
)
def test_interpolation_of_a_constant_and_its_transpose(mode: str, antialias: bool) -> None:
    options = {**PLAIN, "mode": mode, "antialias": antialias}
    ones = resampling_references.interpolate(np.ones((1, 1, 7, 3)), size=(3, 4), **options)
    np.testing.assert_allclose(ones, 1.0)
    x, g = RNG.normal(size=(1, 1, 7, 3)), RNG.normal(size=(1, 1, 3, 4))
    y = resampling_references.interpolate(x, size=(3, 4), **options)
    back = resampling_references.interpolate_input(g, input_size=(7, 3), **options)
    assert np.vdot(y, g) == pytest.approx(np.vdot(x, back))


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("align_corners", [True, False])
def test_the_identity_grid_changes_nothing(mode: str, align_corners: bool) -> None:
    x = RNG.normal(size=(1, 2, 3, 4))
    theta = np.array([[[1.0, 0, 0], [0, 1, 0]]])
    grid = resampling_references.affine_grid(theta, size=(3, 4), align_corners=align_corners)
    options = {"padding_mode": "zeros", "align_corners": align_corners}
    np.testing.assert_allclose(resampling_references.grid_sample(x, grid, mode=mode, **options), x)


def test_reflection_comes_back() -> None:
    x = np.arange(3.0).reshape(1, 1, 1, 3)
    grid = np.array([[[[4 / 3, 0.0]]]])  # one place beyond the last
    options = {"mode": "bilinear", "align_corners": False}
    assert resampling_references.grid_sample(
        x, grid, padding_mode="reflection", **options
    ).item() == (pytest.approx(2.0))
    assert resampling_references.grid_sample(x, grid, padding_mode="zeros", **options).item() == (
        pytest.approx(0.0)
    )
