"""``.to`` and its short forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError
from ferrule_plugins import BackendNotInstalled, BackendUnavailable, dtypes

SHORT = {
    "bool": fe.bool, "int": fe.int32, "long": fe.int64, "half": fe.float16,
    "bfloat16": fe.bfloat16, "float": fe.float32, "double": fe.float64,
}  # fmt: skip


@pytest.mark.parametrize("name", SHORT)
def test_short_forms(name: str) -> None:
    for dtype in dtypes.ALL:
        x = fe.tensor([0, 1], dtype=dtype)
        y = getattr(x, name)()
        assert y.dtype is SHORT[name]
        assert y.tolist() == [0, 1]


@pytest.mark.parametrize(
    "args",
    [
        ((fe.float64,), {}),
        ((), {"dtype": fe.float64}),
        ((), {"dtype": "float64"}),
        ((np.float64,), {}),
        ((np.dtype("f8"),), {}),
        (("cpu", fe.float64), {}),
        (("cpu:0",), {"dtype": fe.float64}),
        ((fe.Device("cpu"), fe.float64), {}),
        ((fe.zeros(1, dtype=fe.float64, device="cpu"),), {}),
        ((), {"device": "cpu", "dtype": float}),
    ],
    ids=str,
)
@pytest.mark.usefixtures("on_cpu")
def test_every_spelling(args: Any) -> None:
    positional, named = args
    y = fe.ones(2, dtype=fe.int16).to(*positional, **named)
    assert (y.dtype, y.device, y.tolist()) == (fe.float64, fe.Device("cpu"), [1, 1])


@pytest.mark.usefixtures("on_cpu")
def test_nothing_to_convert_gives_the_tensor_itself() -> None:
    x = fe.ones(2)
    assert x.to(fe.float32) is x
    assert x.to("cpu") is x
    assert x.cpu() is x
    assert x.to() is x
    assert x.type_as(fe.zeros(1)) is x


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
@pytest.mark.parametrize("target", dtypes.ALL, ids=lambda d: d.name)
def test_every_dtype_converts_to_every_other_as_numpy_does(
    dtype: fe.DType, target: fe.DType
) -> None:
    x = fe.tensor([0, 1, 3, 100], dtype=dtype)
    reference = x.numpy()
    if dtype.is_complex and not target.is_complex and target is not fe.bool:
        reference = reference.real  # without the warning that NumPy gives
    assert x.to(target).tolist() == fe.tensor(reference.astype(target.numpy)).tolist()


def test_fractions_are_cut_off_towards_zero() -> None:
    assert fe.tensor([2.9, -2.9]).int().tolist() == [2, -2]
    assert fe.tensor([0.1, 0.0, float("nan")]).bool().tolist() == [True, False, True]


def test_gradients_come_back_through_conversions() -> None:
    x = fe.tensor([1.0, 2.0], requires_grad=True)
    (x.double() * fe.tensor([3.0, 4.0], dtype=fe.float64)).sum().backward()
    assert x.grad is not None
    assert (x.grad.dtype, x.grad.tolist()) == (fe.float32, [3, 4])


@pytest.mark.parametrize("wrong", [1, None, [1], fe], ids=lambda v: type(v).__name__)
def test_what_is_neither_device_nor_dtype_is_refused(wrong: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"^to: .* is neither a device nor a dtype nor a tensor"
    ):
        fe.ones(1).to(wrong)


def test_a_device_that_does_not_exist_is_refused_wherever_it_is_named() -> None:
    x = fe.ones(1)
    for call in (
        lambda: x.to("cpu:7"),
        lambda: fe.zeros(1, device="cpu:7"),
        lambda: fe.tensor(1, device="cpu:7"),
        lambda: fe.rand(1, device="cpu:7"),
        lambda: fe.arange(3, device="cpu:7"),
    ):
        with pytest.raises(BackendUnavailable, match=r"cpu:7 is asked for.*choose cpu:0"):
            call()
    with pytest.raises(BackendNotInstalled, match="nonesuch"):
        x.to("nonesuch")


def test_as_tensor_copies_only_what_must_change() -> None:
    x = fe.ones(2)
    assert fe.as_tensor(x) is x
    assert fe.as_tensor(x, dtype=fe.float64).dtype is fe.float64
    assert fe.as_tensor([1, 2]).tolist() == [1, 2]


def test_creation_takes_numpy_numbers_for_python_numbers() -> None:
    assert fe.full((2,), np.int64(3)).dtype is fe.int64
    assert fe.full((2,), np.float32(3)).dtype is fe.float32
    assert fe.full((2,), fe.tensor(3.5)).tolist() == [3.5, 3.5]
    assert fe.arange(np.int64(3)).dtype is fe.int64
    assert fe.arange(np.float64(0.5), 2).tolist() == [0.5, 1.5]
    assert fe.zeros(np.int64(2), np.int64(0)).shape == (2, 0)


@pytest.mark.parametrize("args", [(5,), (2, 7), (2, 7, 2), (7, 2, -2), (0,), (0.5, 2.0, 0.25)])
def test_arange_counts_as_numpy_does(args: tuple[Any, ...]) -> None:
    assert fe.arange(*args).tolist() == np.arange(*args).tolist()


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 101])
def test_linspace_meets_both_ends_exactly(steps: int) -> None:
    found = fe.linspace(-1.1, 3.3, steps, dtype=fe.float64).tolist()
    np.testing.assert_allclose(found, np.linspace(-1.1, 3.3, steps), rtol=1e-14)
    assert found[-1:] == ([3.3] if steps > 1 else [-1.1] if steps else [])
    assert found[:1] == [-1.1][:steps]


def test_eye() -> None:
    for n, m in ((3, None), (2, 4), (4, 2), (0, 3)):
        assert fe.eye(n, m).tolist() == np.eye(n, m).tolist()
