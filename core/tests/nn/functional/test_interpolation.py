"""Interpolation against NumPy's own, and against definitions in float64."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
import ferrule.nn.functional as F

Array = np.ndarray[Any, Any]


def random(*shape: int, requires_grad: bool = False) -> fe.Tensor:
    rng = np.random.default_rng(sum(shape))
    return fe.tensor(rng.standard_normal(shape), requires_grad=requires_grad)


def ramp(*shape: int) -> fe.Tensor:
    return fe.arange(int(np.prod(shape)), dtype=fe.float64).reshape(shape)


def centres(old: int, new: int, align_corners: bool) -> Array:
    if align_corners:
        return np.linspace(0, old - 1, new) if new > 1 else np.zeros(1)
    return (np.arange(new) + 0.5) * old / new - 0.5


sizes = st.integers(1, 9)


@given(sizes, sizes, st.booleans())
def test_linear_is_that_of_numpy(old: int, new: int, align_corners: bool) -> None:
    x = random(1, 2, old)
    y = F.interpolate(x, new, mode="linear", align_corners=align_corners)
    for c in range(2):
        wanted = np.interp(centres(old, new, align_corners), np.arange(old), x.numpy()[0, c])
        np.testing.assert_allclose(y.numpy()[0, c], wanted, atol=1e-12)


@given(sizes, sizes, st.booleans())
def test_cubic_of_a_straight_line(old: int, new: int, align_corners: bool) -> None:
    """The kernel of Keys with ``a`` is off by ``2 * (a + 0.5) * t * (1 - t) * (1 - 2 * t)`` times
    the slope, at ``t`` behind a place; PyTorch's ``a`` is -0.75."""
    y = F.interpolate(
        3 * ramp(1, 1, 1, old) - 1, (1, new), mode="bicubic", align_corners=align_corners
    )
    at = centres(old, new, align_corners)
    at, found = (v[(at >= 1) & (at <= old - 2)] for v in (at, y.numpy()[0, 0, 0]))
    t = at - np.floor(at)
    off = 3 * 2 * (-0.75 + 0.5) * t * (1 - t) * (1 - 2 * t)
    np.testing.assert_allclose(found, 3 * at - 1 - off, atol=1e-12)


def test_nearest_takes_the_place_below_and_exact_the_nearest() -> None:
    x = ramp(1, 1, 5)
    assert F.interpolate(x, 3).tolist() == [[[0, 1, 3]]]
    assert F.interpolate(x, 3, mode="nearest-exact").tolist() == [[[0, 2, 4]]]
    assert F.interpolate(x, scale_factor=2).tolist() == [[[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]]]


@pytest.mark.parametrize(
    ("dtype", "mode", "old", "new", "wanted"),
    [
        # facts from PyTorch: halfway between two places, the last bit decides
        (fe.float32, "nearest", 2, 82, 0),
        (fe.float64, "nearest", 2, 82, 1),
        (fe.float32, "nearest-exact", 12, 37, 5),
        (fe.float64, "nearest-exact", 12, 37, 6),
    ],
)
def test_nearest_rounds_as_pytorch_does(
    dtype: Any, mode: str, old: int, new: int, wanted: int
) -> None:
    x = fe.arange(old, dtype=dtype).reshape(1, 1, old)
    assert F.interpolate(x, new, mode=mode)[0, 0, new // 2].item() == wanted


def test_dims_are_interpolated_one_after_the_other() -> None:
    x = random(2, 2, 3, 4, 5)
    y = F.interpolate(x, (4, 2, 7), mode="trilinear")
    z = x.numpy()
    for axis, new in ((2, 4), (3, 2), (4, 7)):
        old = z.shape[axis]
        at = centres(old, new, False)
        z = np.apply_along_axis(lambda v, at=at, old=old: np.interp(at, np.arange(old), v), axis, z)
    np.testing.assert_allclose(y.numpy(), z, atol=1e-12)


class TestFactors:
    def test_sizes_are_rounded_down(self) -> None:
        assert F.interpolate(random(1, 1, 5, 7), scale_factor=(0.5, 1.5)).shape == (1, 1, 2, 10)

    def test_the_factor_counts_unless_it_is_computed_again(self) -> None:
        x = ramp(1, 1, 5)
        y = F.interpolate(x, scale_factor=1.3, mode="linear")
        at = np.clip((np.arange(6) + 0.5) / 1.3 - 0.5, 0, 4)
        np.testing.assert_allclose(y.numpy()[0, 0], at)
        y = F.interpolate(x, scale_factor=1.3, mode="linear", recompute_scale_factor=True)
        np.testing.assert_allclose(y.numpy(), F.interpolate(x, 6, mode="linear").numpy())

    def test_area_is_adaptive_pooling(self) -> None:
        x = random(1, 2, 5, 6)
        y = F.interpolate(x, scale_factor=0.5, mode="area")
        np.testing.assert_array_equal(y.numpy(), F.adaptive_avg_pool2d(x, (2, 3)).numpy())


class TestAntialias:
    @pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
    def test_a_constant_stays(self, mode: str) -> None:
        y = F.interpolate(fe.ones(1, 1, 9, 5), (4, 7), mode=mode, antialias=True)
        np.testing.assert_allclose(y.numpy(), np.ones((1, 1, 4, 7)), rtol=1e-6)

    def test_triangles_average(self) -> None:
        """A triangle two old places wide to each side of the middle between two of them."""
        x = random(1, 1, 1, 8)
        y = F.interpolate(x, (1, 4), mode="bilinear", antialias=True).numpy()[0, 0, 0]
        v = x.numpy()[0, 0, 0]
        np.testing.assert_allclose(y[1], np.dot(v[1:5], [1, 3, 3, 1]) / 8)
        np.testing.assert_allclose(y[0], np.dot(v[:3], [3, 3, 1]) / 7)

    def test_facts_from_pytorch(self) -> None:
        x = (ramp(1, 1, 2, 5) ** 2) / 8
        y = F.interpolate(x, (2, 2), mode="bicubic", antialias=True)
        wanted = [
            [0.14189176261425018, 1.285114049911499],
            [4.337863922119141, 8.339141845703125],
        ]
        np.testing.assert_allclose(y.numpy()[0, 0], wanted, rtol=1e-5)


class TestGradients:
    @pytest.mark.parametrize(
        ("shape", "options"),
        [
            ((1, 2, 3, 4), {"size": (5, 3), "mode": "bilinear"}),
            ((1, 1, 4, 3), {"scale_factor": 1.4, "mode": "bicubic"}),
            ((1, 1, 6, 3), {"size": (3, 4), "mode": "bicubic", "antialias": True}),
            ((1, 1, 5), {"size": 3, "mode": "nearest"}),
            ((1, 1, 2, 2, 3), {"size": (3, 1, 2), "mode": "trilinear", "align_corners": True}),
        ],
    )
    def test_of_first_and_second_order(self, shape: Any, options: Any) -> None:
        x = random(*shape, requires_grad=True)

        def function(x: fe.Tensor) -> fe.Tensor:
            return F.interpolate(x, **options) ** 2

        assert fe.autograd.gradcheck(function, x)
        assert fe.autograd.gradgradcheck(function, x, fast_mode=True)

    def test_infinity_stays_where_it_is(self) -> None:
        """Places that are left out by nearest get a gradient of 0, whatever the others get."""
        x = random(1, 1, 4, requires_grad=True)
        y = F.interpolate(x, 2)
        y.backward(fe.tensor([[[np.inf, 1.0]]]))
        assert x.grad is not None
        assert x.grad.tolist() == [[[np.inf, 0, 1, 0]]]


def test_16_bits_are_computed_in_float32() -> None:
    x = random(1, 2, 7, 6).to(fe.bfloat16)
    y = F.interpolate(x, (11, 4), mode="bicubic")
    assert y.dtype is fe.bfloat16
    exact = F.interpolate(x.to(fe.float64), (11, 4), mode="bicubic").numpy()
    eps = fe.finfo(fe.bfloat16).eps
    np.testing.assert_allclose(y.to(fe.float64).numpy(), exact, rtol=0.51 * float(eps), atol=1e-6)


def test_bytes_are_rounded_and_stay_bytes() -> None:
    x = fe.tensor([[[[0, 255, 0, 255]]]], dtype=fe.uint8)
    y = F.interpolate(x, (1, 7), mode="bicubic")
    assert y.dtype is fe.uint8
    # facts from PyTorch
    assert y.tolist() == [[[[0, 103, 252, 128, 3, 152, 255]]]]
    assert F.interpolate(x, (2, 4)).tolist() == [[[[0, 255, 0, 255]] * 2]]


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (
            {"mode": "linear", "size": 2},
            fe.ArgumentError,
            "takes nearest, nearest-exact, area, bil",
        ),
        ({"mode": "cubic", "size": 2}, fe.ArgumentError, "mode 'cubic' does not fit"),
        ({"size": 2, "align_corners": True}, fe.ArgumentError, "align_corners has no meaning"),
        ({"size": 2, "antialias": True}, fe.ArgumentError, "antialias has no meaning"),
        ({"size": 2, "mode": "lanczos"}, fe.ArgumentError, "needs antialias=True"),
        ({}, fe.ArgumentError, "either size or scale_factor"),
        ({"size": 2, "scale_factor": 2.0}, fe.ArgumentError, "either size or scale_factor"),
        ({"size": 2, "recompute_scale_factor": True}, fe.ArgumentError, "no meaning with a size"),
        ({"size": (2,)}, fe.ShapeError, "one number or 2"),
        ({"size": 2.5}, fe.ArgumentError, "size must be an int or 2 ints"),
        ({"size": 0}, fe.ShapeError, "must be >0"),
        ({"scale_factor": 0.1}, fe.ShapeError, "must be >0"),
    ],
)
def test_what_does_not_fit(arguments: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        F.interpolate(fe.ones(1, 1, 4, 5), **arguments)
    with pytest.raises(fe.ArgumentError, match="must have 3 to 5 dims"):
        F.interpolate(fe.ones(4, 5), 2)
