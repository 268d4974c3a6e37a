"""Making tensors: values, dtypes and errors. Tables are PyTorch's results, written out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import ArgumentError, DTypeError, ShapeError, Tensor

F4, I8 = fe.float32, fe.int64

TABLE: list[tuple[Callable[[], Tensor], fe.DType, Any]] = [
    (lambda: fe.arange(3), I8, [0, 1, 2]),
    (lambda: fe.arange(end=3), I8, [0, 1, 2]),
    (lambda: fe.arange(1, 5, 2), I8, [1, 3]),
    (lambda: fe.arange(2.5), F4, [0, 1, 2]),
    (lambda: fe.arange(0, -5, -2), I8, [0, -2, -4]),
    (lambda: fe.arange(0, 5, 1.5, dtype=I8), I8, [0, 1, 2, 3, 4]),
    (lambda: fe.arange(0, 5, 1.5, dtype=fe.int32), fe.int32, [0, 1, 2, 3]),
    (lambda: fe.arange(-3.7, 3, dtype=I8), I8, [-3, -2, -1, 0, 1, 2]),
    (lambda: fe.arange(fe.tensor(2)), I8, [0, 1]),
    (lambda: fe.arange(3, 3), I8, []),
    (lambda: fe.arange(2**40, 2**40 + 2), I8, [2**40, 2**40 + 1]),
    (lambda: fe.range(1, 4), F4, [1, 2, 3, 4]),
    (lambda: fe.range(4, 1, -1), F4, [4, 3, 2, 1]),
    (lambda: fe.range(0, 1, 0.4), F4, [0, np.float32(0.4), np.float32(0.8)]),
    (lambda: fe.range(5, 5, dtype=I8), I8, [5]),
    (lambda: fe.linspace(0, 1, 5), F4, [0, 0.25, 0.5, 0.75, 1]),
    (lambda: fe.linspace(3, -2, 6), F4, [3, 2, 1, 0, -1, -2]),
    (lambda: fe.linspace(7, 1, 1), F4, [7]),
    (lambda: fe.linspace(0, 1, 0), F4, []),
    (lambda: fe.linspace(fe.tensor(0.0), fe.tensor(2.0), 3), F4, [0, 1, 2]),
    (lambda: fe.linspace(0, 10, 4, dtype=fe.int32), fe.int32, [0, 3, 6, 10]),
    (lambda: fe.linspace(-3, 4, 6, dtype=fe.int8), fe.int8, [-3, -1, 0, 1, 2, 4]),
    (lambda: fe.linspace(5, -7, 9, dtype=fe.int16), fe.int16, [5, 3, 2, 0, -1, -2, -4, -5, -7]),
    (lambda: fe.linspace(0, 1j, 3), fe.complex64, [0, 0.5j, 1j]),
    (lambda: fe.logspace(0, 3, 4), F4, [1, 10, 100, 1000]),
    (lambda: fe.logspace(0, 4, 3, 2), F4, [1, 4, 16]),
    (lambda: fe.logspace(0, 2, 3, dtype=I8), I8, [1, 10, 100]),
    (lambda: fe.full((2,), 1), I8, [1, 1]),
    (lambda: fe.full((2,), True), fe.bool, [True, True]),
    (lambda: fe.full((1,), 1j), fe.complex64, [1j]),
    (lambda: fe.full((1,), 1.7, dtype=fe.int32), fe.int32, [1]),
    (lambda: fe.full_like(fe.zeros(2, dtype=fe.int32), 2.7), fe.int32, [2, 2]),
    (lambda: fe.zeros(size=(2,)), F4, [0, 0]),
    (lambda: fe.ones(2, dtype=fe.int8), fe.int8, [1, 1]),
    (lambda: fe.ones_like(fe.zeros(2), dtype=fe.float64), fe.float64, [1, 1]),
    (lambda: fe.empty_like(fe.ones(2)), F4, [0, 0]),
    (lambda: fe.eye(2, 3, dtype=I8), I8, [[1, 0, 0], [0, 1, 0]]),
    (lambda: fe.eye(0), F4, np.zeros((0, 0))),
    (lambda: fe.tensor([np.float64(1), 2]), fe.float64, [1, 2]),
    (lambda: fe.tensor([[1.0], [np.float32(2)]]), F4, [[1], [2]]),
    (lambda: fe.tensor([np.array([1.0, 2.0])]), fe.float64, [[1, 2]]),
    (lambda: fe.tensor([np.complex128(1)]), fe.complex128, [1]),
    (lambda: fe.tensor([1j, 2.0]), fe.complex64, [1j, 2]),
    (lambda: fe.scalar_tensor(3), F4, 3),
    (lambda: fe.scalar_tensor(3.5, dtype=I8), I8, 3),
    (lambda: fe.asarray([1, 2]), I8, [1, 2]),
    (lambda: fe.asarray(np.arange(2.0)), fe.float64, [0, 1]),
    (lambda: fe.frombuffer(np.arange(6, dtype="i4").tobytes(), dtype=fe.int32, count=2, offset=4),
     fe.int32, [1, 2]),
    (lambda: fe.from_dlpack(np.arange(3)), I8, [0, 1, 2]),
    (lambda: fe.zeros(1).new_tensor([1, 2]), F4, [1, 2]),
    (lambda: fe.zeros(1).new_full((2,), 7), F4, [7, 7]),
    (lambda: fe.zeros(1, dtype=I8).new_zeros(2), I8, [0, 0]),
    (lambda: fe.zeros(1).new_ones((2,), dtype=fe.int32), fe.int32, [1, 1]),
    (lambda: fe.zeros(1).new_empty(1, 2), F4, [[0, 0]]),
]  # fmt: skip


@pytest.mark.parametrize(("call", "dtype", "values"), TABLE, ids=range(len(TABLE)))
def test_values_and_dtypes(call: Any, dtype: fe.DType, values: Any) -> None:
    made = call()
    assert made.dtype is dtype
    np.testing.assert_array_equal(made.numpy(), np.array(values, dtype=dtype.numpy), strict=True)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(2, 60))
def test_linspace_is_rounded_once_and_symmetric(start: float, end: float, steps: int) -> None:
    """Each value is one fused multiply and add of numbers of float32, from the nearer end."""
    found = fe.linspace(start, end, steps).numpy()
    a, b = np.float32(start), np.float32(end)
    step = float(np.float32((b - a) / np.float32(steps - 1)))
    wanted = [
        float(a) + i * step if i < steps // 2 else float(b) - (steps - 1 - i) * step
        for i in range(steps)
    ]
    np.testing.assert_array_equal(found, np.array(wanted, dtype=np.float32))
    mirrored = fe.linspace(end, start, steps).numpy()[::-1]
    if steps % 2 == 0:
        np.testing.assert_array_equal(found, mirrored)
    assert (found[0], found[-1]) == (a, b)


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16, fe.float64], ids=str)
def test_linspace_in_other_dtypes(dtype: fe.DType) -> None:
    found = fe.linspace(-1, 1, 33, dtype=dtype)
    assert found.dtype is dtype
    np.testing.assert_allclose(
        found.double().numpy(), np.linspace(-1, 1, 33), rtol=0, atol=float(fe.finfo(dtype).eps)
    )


@given(st.integers(-50, 50), st.integers(-50, 50), st.sampled_from([-7, -1, 1, 2, 5]))
def test_arange_of_integers_is_pythons_range(start: int, end: int, step: int) -> None:
    if (end - start) * step < 0:
        with pytest.raises(ShapeError, match=r"^arange: a step of"):
            fe.arange(start, end, step)
    else:
        assert fe.arange(start, end, step).tolist() == list(range(start, end, step))


def test_gradients_can_be_asked_for_at_once() -> None:
    like = fe.zeros(2)
    for made in (
        fe.zeros(2, requires_grad=True), fe.ones_like(like, requires_grad=True),
        fe.full((2,), 1.0, requires_grad=True), fe.arange(2.0, requires_grad=True),
        fe.linspace(0, 1, 2, requires_grad=True), fe.eye(2, requires_grad=True),
        fe.rand_like(like, requires_grad=True), like.new_ones(2, requires_grad=True),
        fe.scalar_tensor(1.0, requires_grad=True), fe.asarray([1.0], requires_grad=True),
        fe.empty(2, requires_grad=True), fe.empty_like(like, requires_grad=True),
        fe.frombuffer(bytes(4), dtype=F4, requires_grad=True),
        fe.logspace(0, 1, 2, requires_grad=True),
    ):  # fmt: skip
        assert made.requires_grad
        assert made.is_leaf


def test_asarray_copies_only_what_must_change() -> None:
    x = fe.ones(2, requires_grad=True)
    assert fe.asarray(x) is x
    assert fe.asarray(x, copy=False) is x
    assert fe.asarray(x, copy=True) is not x
    assert fe.asarray(x, dtype=fe.float64).requires_grad
    for wrong in (
        lambda: fe.asarray([1.0], copy=False),
        lambda: fe.asarray(x, dtype=I8, copy=False),
    ):
        with pytest.raises(ArgumentError, match=r"^asarray: a "):
            wrong()


def nope(value: Any) -> Any:
    """An argument of a type that is not asked for."""
    return value


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fe.zeros(dtype=nope("nope")), DTypeError, "^zeros: "),
    (lambda: fe.ones(2, dtype=nope("nope")), DTypeError, "^ones: "),
    (lambda: fe.full((2,), 1, dtype=nope("nope")), DTypeError, "^full: "),
    (lambda: fe.full_like(fe.zeros(1), 1, dtype=nope("nope")), DTypeError, "^full_like: "),
    (lambda: fe.zeros_like(fe.zeros(1), dtype=nope("nope")), DTypeError, "^zeros_like: "),
    (lambda: fe.arange(2, dtype=nope("nope")), DTypeError, "^arange: "),
    (lambda: fe.linspace(0, 1, 2, dtype=nope("nope")), DTypeError, "^linspace: "),
    (lambda: fe.eye(2, dtype=nope("nope")), DTypeError, "^eye: "),
    (lambda: fe.tensor(1, dtype=nope("nope")), DTypeError, "^tensor: "),
    (lambda: fe.rand(2, dtype=nope("nope")), DTypeError, "^rand: "),
    (lambda: fe.frombuffer(b"", dtype=nope("nope")), DTypeError, "^frombuffer: "),
    (lambda: fe.zeros(-1), ShapeError, "^zeros: sizes are not negative, and this one is -1"),
    (lambda: fe.ones(nope(1.5)), ArgumentError, "^ones: a size must be an int"),
    (lambda: fe.empty(2, size=(2,)), ArgumentError, "^empty: got the size twice"),
    (lambda: fe.eye(-1), ShapeError, "^eye: sizes are not negative"),
    (lambda: fe.zeros_like(nope([1])), ArgumentError, "^zeros_like takes a tensor, not list"),
    (lambda: fe.full_like(fe.zeros(1, dtype=I8), math.nan), DTypeError, "^full_like: nan does not"),
    (lambda: fe.arange(0, 3, 0), ShapeError, "^arange: step must not be 0"),
    (lambda: fe.arange(math.inf), ShapeError, "^arange: inf is not a finite"),
    (lambda: fe.arange("a"), ArgumentError, "^arange: 'a' is not a number"),
    (lambda: fe.range(1, 0), ShapeError, "^range: a step of 1 leads away"),
    (lambda: fe.linspace(0, 1, -1), ShapeError, "^linspace: sizes are not negative"),
    (lambda: fe.linspace(0, 1, 2, dtype=fe.bool), DTypeError, "^linspace: bool cannot hold"),
    (lambda: fe.from_numpy(nope([1])), ArgumentError, "^from_numpy takes a NumPy array"),
    (lambda: fe.frombuffer(b"abc", dtype=fe.int32), ArgumentError, "^frombuffer: "),
    (lambda: fe.frombuffer(b"abcd", dtype=fe.int32, count=5), ArgumentError, "^frombuffer: "),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "says"), ERRORS, ids=range(len(ERRORS)))
def test_errors_begin_with_the_call(call: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        call()
