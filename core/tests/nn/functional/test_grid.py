"""Reading images at places that a grid names."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
import ferrule.nn.functional as F

Array = np.ndarray[Any, Any]


def random(*shape: int, requires_grad: bool = False, reach: float = 1.0) -> fe.Tensor:
    rng = np.random.default_rng(sum(shape))
    return fe.tensor(reach * rng.uniform(-1, 1, shape), requires_grad=requires_grad)


def at(x: Array, place: Any) -> float:
    """0 outside."""
    inside = all(0 <= i < n for i, n in zip(place, x.shape))
    return float(x[tuple(int(i) for i in place)]) if inside else 0.0


def bilinear(x: Array, y: float, z: float) -> float:
    i, j = np.floor(y), np.floor(z)
    upper = (j + 1 - z) * at(x, (i, j)) + (z - j) * at(x, (i, j + 1))
    lower = (j + 1 - z) * at(x, (i + 1, j)) + (z - j) * at(x, (i + 1, j + 1))
    return (i + 1 - y) * upper + (y - i) * lower


def brought_inside(c: float, n: int, padding_mode: str, align_corners: bool) -> float:
    if padding_mode == "zeros":
        return c
    low, high = (0, n - 1) if align_corners else (-0.5, n - 0.5)
    while padding_mode == "reflection" and low < high and not low <= c <= high:
        c = 2 * low - c if c < low else 2 * high - c
    return min(max(c, 0), n - 1)


@given(
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding_mode=st.sampled_from(["zeros", "border", "reflection"]),
    align_corners=st.booleans(),
    reach=st.sampled_from([1.0, 3.0]),
)
def test_bilinear_is_its_definition(
    size: Any, padding_mode: str, align_corners: bool, reach: float
) -> None:
    x, grid = random(1, 2, *size), random(1, 3, 2, 2, reach=reach)
    found = F.grid_sample(x, grid, "bilinear", padding_mode, align_corners).numpy()
    for i, j in np.ndindex(3, 2):
        place = []
        for c, n in zip(grid.numpy()[0, i, j][::-1], size):
            c = (c + 1) / 2 * (n - 1) if align_corners else ((c + 1) * n - 1) / 2
            place.append(brought_inside(c, n, padding_mode, align_corners))
        wanted = [bilinear(x.numpy()[0, c], *place) for c in range(2)]
        np.testing.assert_allclose(found[0, :, i, j], wanted, atol=1e-9)


def identity(*size: int, align_corners: bool) -> fe.Tensor:
    d = len(size)
    theta = np.concatenate([np.eye(d), np.zeros((d, 1))], axis=1)
    return F.affine_grid(fe.tensor(theta[None]), (1, 1, *size), align_corners)


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_the_identity_changes_nothing(mode: str, align_corners: bool) -> None:
    x = random(1, 2, 3, 4)
    y = F.grid_sample(x, identity(3, 4, align_corners=align_corners), mode, "border", align_corners)
    np.testing.assert_allclose(y.numpy(), x.numpy(), atol=1e-12)
    if mode != "bicubic":
        x = random(1, 2, 2, 3, 4)
        grid = identity(2, 3, 4, align_corners=align_corners)
        y = F.grid_sample(x, grid, mode, "reflection", align_corners)
        np.testing.assert_allclose(y.numpy(), x.numpy(), atol=1e-12)


def test_a_grid_of_a_larger_image_is_interpolation() -> None:
    x = random(1, 2, 4, 5)
    for mode in ("bilinear", "bicubic"):
        y = F.grid_sample(x, identity(7, 9, align_corners=False), mode, "border", False)
        wanted = F.interpolate(x, (7, 9), mode=mode, align_corners=False)
        np.testing.assert_allclose(y.numpy(), wanted.numpy(), atol=1e-12)


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize(
    ("size", "mode"),
    [((4, 5), "bilinear"), ((4, 5), "nearest"), ((3, 4), "bicubic"), ((2, 3, 2), "bilinear")],
)
def test_gradients(size: Any, mode: str, padding_mode: str) -> None:
    x = random(2, 1, *size, requires_grad=True)
    grid = random(2, *(2,) * len(size), len(size), requires_grad=True, reach=1.7)

    def sampled(x: fe.Tensor, grid: fe.Tensor) -> fe.Tensor:
        return F.grid_sample(x, grid, mode, padding_mode, False)

    assert fe.autograd.gradcheck(sampled, [x, grid])
    assert fe.autograd.gradgradcheck(sampled, [x, grid], fast_mode=True)


def test_at_an_edge_the_border_has_no_slope() -> None:
    """As in PyTorch: a place at or beyond the edge does not move with the grid."""
    x = fe.tensor([[[[1.0, 2.0, 4.0]]]])
    grid = fe.tensor([[[[1.0, 0.0], [0.0, 0.0], [-1.5, 0.0]]]], requires_grad=True)
    F.grid_sample(x, grid, "bilinear", "border", True).sum().backward()
    assert grid.grad is not None
    assert grid.grad[0, 0, :, 0].tolist() == [0, 2, 0]


def test_places_that_are_not_finite() -> None:
    # facts from PyTorch on the CPU
    x = fe.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    grid = fe.tensor([[[[np.nan, 0], [np.inf, 0], [-np.inf, 0], [1e30, 0], [-1e30, 0]]]]).float()

    def found(mode: str, padding_mode: str) -> list[float]:
        return F.grid_sample(x, grid, mode, padding_mode, True).reshape(-1).tolist()

    np.testing.assert_equal(found("bilinear", "zeros"), [np.nan, np.nan, np.nan, 0, 0])
    np.testing.assert_equal(found("nearest", "zeros"), [0, 0, 0, 0, 0])
    np.testing.assert_equal(found("bilinear", "border"), [2, 3, 2, 3, 2])
    np.testing.assert_equal(found("bicubic", "border"), [np.nan, np.nan, np.nan, 3, 2])
    np.testing.assert_equal(found("nearest", "reflection"), [1, 1, 1, 1, 1])


class TestAffineGrid:
    def test_centres_and_corners(self) -> None:
        grid = identity(2, 4, align_corners=True)
        np.testing.assert_allclose(grid[0, 0, :, 0].numpy(), [-1, -1 / 3, 1 / 3, 1])
        np.testing.assert_allclose(grid[0, :, 0, 1].numpy(), [-1, 1])
        grid = identity(2, 4, align_corners=False)
        np.testing.assert_allclose(grid[0, 0, :, 0].numpy(), [-0.75, -0.25, 0.25, 0.75])
        assert identity(1, 1, align_corners=True).tolist() == [[[[0, 0]]]]

    def test_transforms(self) -> None:
        theta = random(2, 3, 4, requires_grad=True)
        grid = F.affine_grid(theta, (2, 5, 2, 3, 4), False)
        base = identity(2, 3, 4, align_corners=False).numpy()[0]
        wanted = np.einsum("nij,dhwj->ndhwi", theta.detach().numpy()[:, :, :3], base)
        wanted += theta.detach().numpy()[:, None, None, None, :, 3]
        np.testing.assert_allclose(grid.detach().numpy(), wanted, atol=1e-12)
        assert fe.autograd.gradcheck(lambda t: F.affine_grid(t, (2, 1, 1, 2, 2)), theta)

    def test_what_does_not_fit(self) -> None:
        with pytest.raises(fe.ShapeError, match="4 or 5 entries"):
            F.affine_grid(random(1, 2, 3), (1, 1, 2))
        with pytest.raises(fe.ShapeError, match="must agree"):
            F.affine_grid(random(1, 2, 3), (2, 1, 2, 2))
        with pytest.raises(fe.ShapeError, match="at least 1"):
            F.affine_grid(random(1, 2, 3), (1, 1, 0, 2))
        with pytest.raises(fe.ShapeError, match=r"theta must be \(N, d, d \+ 1\)"):
            F.affine_grid(random(1, 3, 3), (1, 1, 2, 2))


@pytest.mark.parametrize(
    ("x", "grid", "options", "error", "said"),
    [
        ((1, 1, 3), (1, 2, 1), {}, fe.ShapeError, "4 or 5 dims"),
        ((1, 1, 3, 3), (1, 2, 2), {}, fe.ShapeError, "must be"),
        ((1, 1, 3, 3), (1, 2, 2, 3), {}, fe.ShapeError, "must be"),
        ((1, 1, 3, 3), (2, 2, 2, 2), {}, fe.ShapeError, "the batch"),
        ((1, 1, 0, 3), (1, 2, 2, 2), {}, fe.ShapeError, "no spatial dim may be empty"),
        ((1, 1, 3, 3), (1, 2, 2, 2), {"mode": "cubic"}, fe.ArgumentError, "mode must be one of"),
        ((1, 1, 3, 3), (1, 2, 2, 2), {"padding_mode": "wrap"}, fe.ArgumentError, "padding_mode"),
        ((1, 1, 3, 3, 3), (1, 2, 2, 2, 3), {"mode": "bicubic"}, fe.ArgumentError, "two spatial"),
    ],
)
def test_what_does_not_fit(x: Any, grid: Any, options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        F.grid_sample(fe.zeros(*x), fe.zeros(*grid), **options)


def test_x_and_grid_are_of_one_dtype() -> None:
    with pytest.raises(fe.DTypeError):
        F.grid_sample(fe.zeros(1, 1, 2, 2), fe.zeros(1, 1, 1, 2, dtype=fe.float64))
    y = F.grid_sample(random(0, 1, 2, 2), random(0, 3, 4, 2))
    assert y.shape == (0, 1, 3, 4)
