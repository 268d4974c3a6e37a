"""Crops, margins, flips, sizes and turns of tensors and of Pillow's images."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.data import transforms as T
from ferrule.data.transforms.interpolation import InterpolationMode
from ferrule.data.transforms.rotation import rotated

Image = pytest.importorskip("PIL.Image")
Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def seeded() -> None:
    fe.manual_seed(0)


def picture(height: int, width: int, channels: int = 3) -> Array:
    """Pixels that are all different, shape (C, H, W)."""
    count = channels * height * width
    return np.arange(count, dtype=np.int32).reshape(channels, height, width)


def both(change: Any, pixels: Array) -> tuple[Array, Array]:
    """The change of a tensor and of one of Pillow's images, from one seed, as (C, H, W)."""
    pixels = pixels.astype(np.uint8)
    fe.manual_seed(3)
    x = change(fe.tensor(pixels)).numpy()
    fe.manual_seed(3)
    y = np.asarray(change(Image.fromarray(pixels.transpose(1, 2, 0)))).transpose(2, 0, 1)
    return x, y


@pytest.mark.parametrize(
    "change",
    [
        T.CenterCrop(4),
        T.CenterCrop((3, 6)),
        T.CenterCrop((12, 5)),
        T.RandomCrop(4),
        T.RandomCrop((5, 3), padding=2, fill=9),
        T.RandomCrop(11, pad_if_needed=True, padding_mode="reflect"),
        T.Pad((1, 2), fill=(1, 2, 3)),
        T.Pad((1, 2, 3, 4), padding_mode="edge"),
        T.Pad(3, padding_mode="symmetric"),
        T.RandomHorizontalFlip(),
        T.RandomVerticalFlip(1.0),
        T.RandomRotation((180, 180)),
        T.Resize((7, 8)),
    ],
    ids=repr,
)
def test_tensors_and_pillows_images_change_alike(change: Any) -> None:
    x, y = both(change, picture(7, 8))
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("size", "shape"), [(3, (3, 3)), ((2, 5), (2, 5)), ((1,), (1, 1)), ((9, 3), (9, 3))]
)
def test_the_middle(size: Any, shape: tuple[int, int]) -> None:
    x = picture(6, 7)
    y = T.CenterCrop(size)(fe.tensor(x)).numpy()
    assert y.shape[1:] == shape
    h, w = shape
    top, left = round((max(6, h) - h) / 2), round((max(7, w) - w) / 2)
    missing = max(h - 6, 0)
    padded = np.pad(x, ((0, 0), (missing // 2, (missing + 1) // 2), (0, 0)))
    np.testing.assert_array_equal(y, padded[:, top : top + h, left : left + w])


@given(
    padding=st.tuples(*[st.integers(0, 4)] * 4),
    mode=st.sampled_from(["constant", "edge", "reflect", "symmetric"]),
)
def test_margins_as_numpy_makes_them(padding: Any, mode: str) -> None:
    x = picture(5, 6, 2)
    left, top, right, bottom = padding
    options: Any = {"constant_values": 7} if mode == "constant" else {}
    wanted = np.pad(x, ((0, 0), (top, bottom), (left, right)), mode=mode, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]  one of NumPy's modes
    found = T.Pad(padding, 7, mode)(fe.tensor(x))
    np.testing.assert_array_equal(found.numpy(), wanted)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int32", "float32", "bool"])
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_margins_of_pillows_images(kind: str, mode: str) -> None:
    x = np.random.default_rng(0).integers(0, 2, (4, 5)).astype(kind)
    fill = 1 if kind == "bool" else 5
    found = np.asarray(T.Pad((1, 2, 3, 1), fill, mode)(Image.fromarray(x)))
    options: Any = {"constant_values": fill} if mode == "constant" else {}
    wanted = np.pad(x, ((2, 1), (1, 3)), mode=mode, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]  one of NumPy's modes
    assert found.dtype == kind
    np.testing.assert_array_equal(found, wanted)


def test_a_random_crop_is_a_part_and_every_part_may_come() -> None:
    x = picture(4, 5, 1)
    corners = set()
    for _ in range(150):
        y = T.RandomCrop((2, 3))(fe.tensor(x)).numpy()
        top, left = divmod(int(y[0, 0, 0]), 5)
        np.testing.assert_array_equal(y, x[:, top : top + 2, left : left + 3])
        corners.add((top, left))
    assert corners == {(i, j) for i in range(3) for j in range(3)}


def test_a_random_resized_crop_keeps_to_its_ranges() -> None:
    change = T.RandomResizedCrop(4, scale=(0.2, 0.5), ratio=(0.5, 2.0))
    for _ in range(100):
        top, left, h, w = change._part(40, 60)
        assert 0 <= top <= 40 - h
        assert 0 <= left <= 60 - w
        assert 0.2 * 0.9 <= h * w / 2400 <= 0.5 * 1.1  # rounding changes a side by half a pixel
        assert 0.5 * 0.9 <= w / h <= 2.0 * 1.1
    assert change(fe.ones(3, 40, 60)).shape == (3, 4, 4)
    # parts of these shapes do not fit, and the middle is taken
    assert change._part(100, 3) == (47, 0, 6, 3)
    assert change._part(3, 100) == (0, 47, 3, 6)


@pytest.mark.parametrize(
    ("change", "dim"), [(T.RandomHorizontalFlip, -1), (T.RandomVerticalFlip, -2)]
)
def test_flips(change: Any, dim: int) -> None:
    x = picture(3, 4)
    np.testing.assert_array_equal(change(1.0)(fe.tensor(x)).numpy(), np.flip(x, dim))
    np.testing.assert_array_equal(change(0.0)(fe.tensor(x)).numpy(), x)
    turned = sum(int(change(0.25)(fe.tensor(x))[0, 0, 0].item() != 0) for _ in range(400))
    assert abs(turned - 100) < 5 * (400 * 0.25 * 0.75) ** 0.5


@pytest.mark.parametrize(
    ("size", "options", "shape"),
    [
        (8, {}, (8, 16)),
        (8, {"max_size": 12}, (6, 12)),
        ([5], {}, (5, 10)),
        ((3, 4), {}, (3, 4)),
    ],
)
def test_sizes(size: Any, options: Any, shape: tuple[int, int]) -> None:
    change = T.Resize(size, **options)
    assert change(fe.ones(2, 3, 10, 20)).shape == (2, 3, *shape)
    upright = shape if isinstance(size, tuple) else shape[::-1]
    assert change(fe.ones(3, 20, 10)).shape == (3, *upright)
    assert change(Image.new("L", (20, 10))).size == shape[::-1]


def test_resizing_weighs_what_a_pixel_stands_for() -> None:
    x = np.random.default_rng(0).random((1, 8, 8)).astype(np.float32)
    found = T.Resize(4)(fe.tensor(x)).numpy()
    # A triangle of twice the width over eight pixels, cut off at the border: Pillow's filter.
    wanted = np.asarray(Image.fromarray(x[0]).resize((4, 4), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5)
    plain = T.Resize(4, antialias=False)(fe.tensor(x)).numpy()
    np.testing.assert_allclose(plain[0, 0, 0], x[0, :2, :2].mean(), rtol=1e-6)


def test_bytes_stay_bytes() -> None:
    x = fe.tensor(picture(6, 6).astype(np.uint8))
    for mode in ("nearest", "bilinear", "bicubic"):
        y = T.Resize(9, InterpolationMode(mode))(x)
        assert y.dtype is fe.uint8
    assert T.RandomRotation(30, InterpolationMode.BILINEAR)(x).dtype is fe.uint8


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("expand", [False, True])
def test_quarter_turns_are_exact(quarters: int, expand: bool) -> None:
    x = picture(6, 6) if not expand else picture(4, 6)
    y = rotated(fe.tensor(x).float(), 90.0 * quarters, InterpolationMode.NEAREST, expand, None, 0)
    np.testing.assert_array_equal(y.numpy(), np.rot90(x, quarters, axes=(1, 2)))


def test_turns_of_any_angle_agree_with_pillow() -> None:
    # Of single pixels the two may differ, for places between pixels are rounded otherwise.
    x = (np.arange(40 * 50).reshape(40, 50) % 251).astype(np.uint8)
    for angle in (-33.0, 12.5, 77.0):
        for expand in (False, True):
            found = rotated(fe.tensor(x[None]), angle, InterpolationMode.NEAREST, expand, None, 5)
            wanted = np.asarray(Image.fromarray(x).rotate(angle, expand=expand, fillcolor=5))
            h, w = min(found.shape[1], wanted.shape[0]), min(found.shape[2], wanted.shape[1])
            assert abs(found.shape[1] - wanted.shape[0]) <= 2
            if not expand:
                assert np.mean(found.numpy()[0, :h, :w] != wanted[:h, :w]) < 0.02


def test_the_centre_stays_in_its_place() -> None:
    x = picture(9, 9, 1).astype(np.float32)
    y = rotated(fe.tensor(x), 90.0, InterpolationMode.NEAREST, False, (2.5, 3.5), -1.0)
    assert y[0, 3, 2].item() == x[0, 3, 2]
    assert y[0, 2, 2].item() == x[0, 3, 3]  # what was at the right is above
    assert (y == -1).any().item()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: T.RandomCrop(9)(fe.ones(1, 4, 4)), fe.ShapeError, "9x9 .* from an image of 4x4"),
        (lambda: T.RandomCrop(0), fe.ArgumentError, "size is one or two positive ints, not 0"),
        (lambda: T.CenterCrop((1, 2, 3)), fe.ArgumentError, "one or two positive ints"),
        (lambda: T.CenterCrop(2)(np.ones((2, 2))), fe.ArgumentError, "not ndarray; ToTensor"),
        (lambda: T.CenterCrop(2)(fe.ones(3)), fe.ShapeError, r"\(\.\.\., C, H, W\)"),
        (lambda: T.Pad(-1), fe.ArgumentError, "ints of 0 or more"),
        (lambda: T.Pad((1, 2, 3)), fe.ArgumentError, "one, two or four"),
        (lambda: T.Pad(1, padding_mode="wrap"), fe.ArgumentError, "not 'wrap'"),
        (lambda: T.Pad(1, fill=(1, 2))(fe.ones(3, 2, 2)), fe.ArgumentError, "2 values for 3 ch"),
        (lambda: T.RandomHorizontalFlip(2), fe.ArgumentError, "p is a probability, not 2"),
        (lambda: T.Resize(0), fe.ArgumentError, "one or two positive ints, not 0"),
        (lambda: T.Resize((3, 4), max_size=9), fe.ArgumentError, "goes with one number"),
        (lambda: T.Resize(8, max_size=8), fe.ArgumentError, "more than the shorter side, 8"),
        (lambda: T.Resize(8, "cubic"), fe.ArgumentError, "interpolation is one of nearest"),
        (lambda: T.Resize(8, 1)(fe.ones(1, 4, 4)), fe.ArgumentError, "'lanczos' is for Pillow"),
        (lambda: T.RandomResizedCrop(8, scale=(1, 0.5)), fe.ArgumentError, "the lesser first"),
        (lambda: T.RandomRotation(-5), fe.ArgumentError, "must not be negative, and is -5"),
        (lambda: T.RandomRotation((1, 2, 3)), fe.ArgumentError, "one or two numbers"),
        (lambda: T.RandomRotation(5, center=(1,)), fe.ArgumentError, r"center is \(x, y\)"),
        (
            lambda: T.RandomRotation(5, InterpolationMode.BICUBIC)(fe.ones(1, 4, 4)),
            fe.ArgumentError,
            "tensors are turned by 'nearest' or 'bilinear'",
        ),
    ],
)
def test_what_is_wrong_is_said(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
