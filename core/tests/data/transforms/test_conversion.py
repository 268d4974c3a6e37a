"""Pictures as tensors, and tensors in other ranges."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule.data import transforms as T

Image = pytest.importorskip("PIL.Image")


@given(
    pixels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3))),
    pillow=st.booleans(),
)
def test_bytes_become_floats_from_0_to_1(pixels: np.ndarray[Any, Any], pillow: bool) -> None:
    x = T.ToTensor()(Image.fromarray(pixels) if pillow else pixels)
    assert x.dtype is fe.float32
    np.testing.assert_array_equal(x.numpy(), pixels.transpose(2, 0, 1).astype(np.float32) / 255)


def test_other_arrays_keep_their_values() -> None:
    for dtype in (np.float64, np.int64):
        x = T.ToTensor()(np.full((2, 3), 7, dtype))
        assert (x.shape, x.dtype.name, x.max().item()) == ((1, 2, 3), np.dtype(dtype).name, 7)


# What torchvision 0.28 makes of one pixel of each of Pillow's modes.
MODES = (
    ("1", np.array([[True]]), 1.0, fe.float32, fe.bool),
    ("L", np.array([[51]], np.uint8), 0.2, fe.float32, fe.uint8),
    ("I", np.array([[70_000]], np.int32), 70_000, fe.int32, fe.int32),
    ("F", np.array([[0.5]], np.float32), 0.5, fe.float32, fe.float32),
    ("I;16", np.array([[300]], np.uint16), 300, fe.int16, fe.int32),
)


@pytest.mark.parametrize(("mode", "array", "value", "dtype", "own"), MODES)
def test_pillows_modes(mode: str, array: Any, value: float, dtype: Any, own: Any) -> None:
    picture = Image.fromarray(array)
    assert picture.mode == mode
    x = T.ToTensor()(picture)
    assert (x.dtype, x.shape) == (dtype, (1, 1, 1))
    assert x.item() == pytest.approx(value)
    y = T.PILToTensor()(picture)
    assert y.dtype is own
    assert y.item() == array.item()


@pytest.mark.parametrize(
    ("source", "target", "before", "after"),
    [
        ("uint8", "float32", [0, 51, 255], [0, 0.2, 1]),
        ("float32", "uint8", [0, 0.2, 0.999, 1], [0, 51, 255, 255]),
        ("float32", "float64", [0.5], [0.5]),
        ("uint8", "int16", [0, 255], [0, 255 * 128]),
        ("int16", "uint8", [0, 128, 32767], [0, 1, 255]),
        ("bool", "uint8", [0, 1], [0, 128]),
        ("uint8", "uint8", [3], [3]),
    ],
)
def test_dtypes_and_their_ranges(source: str, target: str, before: Any, after: Any) -> None:
    x = fe.tensor(before, dtype=getattr(fe, source))
    y = T.ConvertImageDtype(getattr(fe, target))(x)
    assert y.dtype.name == target
    assert y.tolist() == pytest.approx(after)


@pytest.mark.parametrize(("source", "target"), [("float32", "int32"), ("float64", "int64")])
def test_dtypes_that_are_too_wide_are_refused(source: str, target: str) -> None:
    with pytest.raises(fe.DTypeError, match=f"{source} is not precise enough for all of {target}"):
        T.ConvertImageDtype(getattr(fe, target))(fe.ones(1, dtype=getattr(fe, source)))


@pytest.mark.parametrize("lead", [(), (2,)])
def test_normalisation(lead: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).random((*lead, 3, 4, 5)).astype(np.float32)
    y = T.Normalize([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])(fe.tensor(x))
    mean, std = np.array([0.1, 0.2, 0.3]), np.array([0.4, 0.5, 0.6])
    np.testing.assert_allclose(
        y.numpy(), (x - mean[:, None, None]) / std[:, None, None], rtol=1e-6, atol=1e-6
    )


NO_TENSOR: Any = np.zeros((1, 2, 2))
NO_FUNCTION: Any = 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: T.ToTensor()("picture"), fe.ArgumentError, "not str"),
        (lambda: T.ToTensor()(np.zeros(3)), fe.ShapeError, r"not \(3,\)"),
        (lambda: T.PILToTensor()(np.zeros((2, 2))), fe.ArgumentError, "not ndarray"),
        (lambda: T.Normalize([0], [1])(NO_TENSOR), fe.ArgumentError, "put ToTensor"),
        (lambda: T.Normalize([0], [1])(fe.ones(1, 2, 2).int()), fe.DTypeError, "must be floating"),
        (lambda: T.Normalize([0], [1])(fe.ones(2, 2)), fe.ShapeError, "float32"),
        (lambda: T.Normalize([0], [0])(fe.ones(1, 2, 2)), fe.ArgumentError, "std is zero"),
        (lambda: T.Lambda(NO_FUNCTION), fe.ArgumentError, "takes a function, not int"),
    ],
)
def test_what_is_wrong_is_said(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_one_after_the_other() -> None:
    change = T.Compose([T.ToTensor(), T.Lambda(lambda x: x * 2), T.Normalize([1.0], [0.5])])
    assert change(np.full((1, 1, 1), 255, np.uint8)).item() == 2.0
    assert repr(change) == (
        "Compose(\n    ToTensor()\n    Lambda()\n    Normalize(mean=[1.0], std=[0.5])\n)"
    )
