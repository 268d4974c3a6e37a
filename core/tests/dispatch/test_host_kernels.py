"""The kernels that run on the host: for every primitive, in every dtype, bfloat16 included."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import ferrule as fe
from ferrule import host_kernels
from ferrule_plugins import dtypes

BF16 = ml_dtypes.bfloat16


def call(op: str, *arrays: Any, **attrs: Any) -> Any:
    with np.errstate(all="ignore"):
        return host_kernels.table()[op](*arrays, **attrs)


def bits(x: Any) -> list[int]:
    return np.asarray(x).view(np.uint16).ravel().tolist()


def test_there_is_one_for_every_primitive_of_ferrule() -> None:
    ours = {n for n, op in fe.OPS.items() if op.primitive and op.__module__.startswith("ferrule.")}
    assert ours
    assert ours <= set(host_kernels.table())


def test_numbers_are_rounded_to_bfloat16_once() -> None:
    a = np.array([1.0, 3.0, 1e-3]).astype(BF16)
    b = np.array([[256.0], [0.1]]).astype(BF16)
    for op, want in {"add": np.add, "mul": np.multiply, "atan2": np.arctan2}.items():
        y = call(op, a, b)
        assert y.dtype == BF16
        np.testing.assert_array_equal(
            y, want(a.astype(np.float64), b.astype(np.float64)).astype(BF16)
        )


@pytest.mark.parametrize("scalar", [0.1, 3, True])
def test_a_python_scalar_does_not_widen(scalar: Any) -> None:
    x = np.array([1.0, 2.5]).astype(BF16)
    for y in (call("mul", x, scalar), call("mul", scalar, x), call("pow", x, scalar)):
        assert y.dtype == BF16
    assert call("mul", x, scalar)[1] == BF16(2.5 * scalar)


def test_a_sum_of_many_does_not_stop_at_256() -> None:
    ones = np.ones((3, 1000), BF16)
    assert call("sum", ones, dim=(1,), keepdim=False).tolist() == [1000] * 3
    assert call("matmul", ones, ones.T)[0, 0] == 1000


def test_what_moves_moves_bit_by_bit() -> None:
    x = np.array([[1.0, -0.0], [np.inf, 3e-40]]).astype(BF16)
    assert bits(call("permute", x, dims=(1, 0))) == bits(x.T.copy())
    values, order = call("sort", np.array([2.0, -1.0]).astype(BF16), dim=0, descending=False)
    assert (values.dtype, values.tolist(), order.tolist()) == (BF16, [-1.0, 2.0], [1, 0])


def test_conversions_give_the_dtype_that_is_asked_for() -> None:
    x = np.array([1.75, 0.0]).astype(BF16)
    for target in dtypes.ALL:
        y = call("cast", x, dtype=target)
        assert y.dtype == target.numpy
        assert y[1] == 0
    assert call("cast", x, dtype=dtypes.float32).tolist() == [1.75, 0.0]
    assert call("cast", np.array([1.0]), dtype=dtypes.bfloat16).dtype == BF16


@pytest.mark.parametrize("dtype", [np.float16, BF16, np.float32, np.float64])
def test_the_next_number_is_that_of_the_dtype(dtype: Any) -> None:
    a = np.array([1.0, 0.0, -0.0, 0.0]).astype(dtype)
    b = np.array([2.0, -0.0, 0.0, 1.0]).astype(dtype)
    y = call("nextafter", a, b)
    assert y.dtype == dtype
    info = ml_dtypes.finfo(dtype)
    assert y[0] == 1 + info.eps
    # of equal numbers IEEE 754's function gives the second
    assert np.signbit(y[1:3].astype(np.float64)).tolist() == [True, False]
    assert y[3] == info.smallest_subnormal
    assert call("nextafter", a, 2.0).dtype == dtype
