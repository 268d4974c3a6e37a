"""Promotion is PyTorch's. The tables are written out, from PyTorch's documented rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import DType, DTypeError
from ferrule_plugins import dtypes

SHORT = {
    "b1": fe.bool, "u1": fe.uint8, "i1": fe.int8, "i2": fe.int16, "i4": fe.int32, "i8": fe.int64,
    "f2": fe.float16, "bf": fe.bfloat16, "f4": fe.float32, "f8": fe.float64, "c8": fe.complex64,
    "c16": fe.complex128,
}  # fmt: skip
COLUMNS = tuple(SHORT)

# Rows and columns in the order of COLUMNS; both tensors have dims, or neither has.
TENSORS = """
b1   b1  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
u1   u1  u1  i2  i2  i4  i8  f2  bf  f4  f8  c8  c16
i1   i1  i2  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
i2   i2  i2  i2  i2  i4  i8  f2  bf  f4  f8  c8  c16
i4   i4  i4  i4  i4  i4  i8  f2  bf  f4  f8  c8  c16
i8   i8  i8  i8  i8  i8  i8  f2  bf  f4  f8  c8  c16
f2   f2  f2  f2  f2  f2  f2  f2  f4  f4  f8  c8  c16
bf   bf  bf  bf  bf  bf  bf  f4  bf  f4  f8  c8  c16
f4   f4  f4  f4  f4  f4  f4  f4  f4  f4  f8  c8  c16
f8   f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  c16 c16
c8   c8  c8  c8  c8  c8  c8  c8  c8  c8  c16 c8  c16
c16  c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16
"""

# Rows have dims and columns have none. (PyTorch's complex32, for f2 with a complex, is c8 here.)
DIMS_WITH_NONE = """
b1   b1  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
u1   u1  u1  u1  u1  u1  u1  f2  bf  f4  f8  c8  c16
i1   i1  i1  i1  i1  i1  i1  f2  bf  f4  f8  c8  c16
i2   i2  i2  i2  i2  i2  i2  f2  bf  f4  f8  c8  c16
i4   i4  i4  i4  i4  i4  i4  f2  bf  f4  f8  c8  c16
i8   i8  i8  i8  i8  i8  i8  f2  bf  f4  f8  c8  c16
f2   f2  f2  f2  f2  f2  f2  f2  f2  f2  f2  c8  c8
bf   bf  bf  bf  bf  bf  bf  bf  bf  bf  bf  c8  c8
f4   f4  f4  f4  f4  f4  f4  f4  f4  f4  f4  c8  c8
f8   f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  c16 c16
c8   c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c8
c16  c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16
"""

# Rows are Python scalars; columns are tensors, with or without dims.
SCALARS = {
    "float32": """
    True b1  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    1    i8  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    1.5  f4  f4  f4  f4  f4  f4  f2  bf  f4  f8  c8  c16
    1j   c8  c8  c8  c8  c8  c8  c8  c8  c8  c16 c8  c16
    """,
    "float64": """
    True b1  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    1    i8  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
    1.5  f8  f8  f8  f8  f8  f8  f2  bf  f4  f8  c8  c16
    1j   c16 c16 c16 c16 c16 c16 c8  c8  c8  c16 c8  c16
    """,
}


def cells(table: str) -> list[tuple[str, str, str]]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [(row[0], column, cell) for row in rows for column, cell in zip(COLUMNS, row[1:])]


def same(found: DType, expected: str) -> bool:
    return found is SHORT[expected]


@pytest.fixture(params=SCALARS)
def default_dtype(request: pytest.FixtureRequest) -> Iterator[str]:
    before = fe.get_default_dtype()
    fe.set_default_dtype(request.param)
    yield request.param
    fe.set_default_dtype(before)


def test_the_tables_are_whole() -> None:
    assert set(SHORT.values()) == set(dtypes.ALL)
    assert len(cells(TENSORS)) == len(cells(DIMS_WITH_NONE)) == 12 * 12
    assert all(len(cells(table)) == 4 * 12 for table in SCALARS.values())


@pytest.mark.parametrize(("row", "column", "expected"), cells(TENSORS))
def test_two_tensors(row: str, column: str, expected: str) -> None:
    a, b = SHORT[row], SHORT[column]
    assert same(fe.promote_types(a, b), expected)
    for shape in ((2,), ()):
        x, y = fe.ones(shape, dtype=a), fe.ones(shape, dtype=b)
        assert same(fe.result_type(x, y), expected)
        z = x * y
        assert same(z.dtype, expected)
        assert z.tolist() == fe.ones(shape, dtype=z.dtype).tolist()


@pytest.mark.parametrize(("row", "column", "expected"), cells(DIMS_WITH_NONE))
def test_a_tensor_with_dims_and_one_without(row: str, column: str, expected: str) -> None:
    x, y = fe.ones(2, dtype=SHORT[row]), fe.ones((), dtype=SHORT[column])
    assert same(fe.result_type(x, y), expected)
    assert same((x * y).dtype, expected)
    assert same((y * x).dtype, expected)


def test_a_tensor_and_a_python_scalar(default_dtype: str) -> None:
    for row, column, expected in cells(SCALARS[default_dtype]):
        scalar = {"True": True, "1": 1, "1.5": 1.5, "1j": 1j}[row]
        for shape in ((2,), ()):
            x = fe.ones(shape, dtype=SHORT[column])
            assert same(fe.result_type(x, scalar), expected)
            for z in (x * scalar, scalar * x, fe.mul(x, other=scalar)):
                assert same(z.dtype, expected), (row, column, shape)
                assert np.asarray(z).flat[0] == scalar


def test_ops_that_compute_in_floats_take_integers_to_the_default(default_dtype: str) -> None:
    for dtype in dtypes.ALL:
        if dtype.is_complex:
            continue
        expected = dtype if dtype.is_floating_point else DType.of(default_dtype)
        x = fe.ones(2, dtype=dtype)
        found = [fe.exp(x), fe.sqrt(x), fe.sigmoid(x), x / x, x / 2, 1 / x, x / True]
        assert {y.dtype for y in found} == {expected}, dtype


def test_division_of_integers_is_true_division() -> None:
    assert (fe.tensor([7, -7]) / 2).tolist() == [3.5, -3.5]
    assert (fe.tensor([7, -7]) // 2).tolist() == [3, -4]
    assert (fe.tensor([7, -7]) % 3).tolist() == [1, 2]
    assert (fe.tensor([7, -7]) // 2).dtype is fe.int64


@pytest.mark.parametrize("op", [fe.eq, fe.ne, fe.lt, fe.le, fe.gt, fe.ge], ids=lambda op: op.name)
@pytest.mark.parametrize("a", ["b1", "u1", "i8", "bf", "f8"])
@pytest.mark.parametrize("b", ["b1", "i2", "f2", "f4"])
def test_comparisons_promote_and_give_bool(op: Any, a: str, b: str) -> None:
    x, y = fe.tensor([0, 1], dtype=SHORT[a]), fe.tensor([1, 1], dtype=SHORT[b])
    found = op(x, y)
    reference = getattr(np, op.ref.split(":")[1])([0, 1], [1, 1])
    assert found.dtype is fe.bool
    assert found.tolist() == reference.tolist()
    assert op(x, 1).tolist() == found.tolist()


def test_comparisons_do_not_lose_precision_that_promotion_keeps() -> None:
    big = 2**53 + 1
    assert (fe.tensor([big]) == big).tolist() == [True]
    assert (fe.tensor([big]) == big - 1).tolist() == [False]


@pytest.mark.parametrize("dtype", [fe.uint8, fe.int8, fe.int16, fe.int32, fe.int64])
@pytest.mark.parametrize("op", [fe.add, fe.mul, fe.eq, fe.maximum, fe.bitwise_and])
def test_an_integer_scalar_must_fit_the_dtype_that_it_meets(dtype: DType, op: Any) -> None:
    x, info = fe.ones(2, dtype=dtype), fe.iinfo(dtype)
    for fits in (int(info.min), int(info.max)):
        op(x, fits)
        op(fits, x)
    for too_large in (int(info.min) - 1, int(info.max) + 1):
        for call in (lambda v=too_large: op(x, v), lambda v=too_large: op(v, x)):
            with pytest.raises(
                DTypeError, match=rf"^{op.__name__}\(.*does not fit in {dtype.name}"
            ):
                call()


def test_the_bound_is_checked_anew_for_each_value_of_a_call_that_was_seen_before() -> None:
    x = fe.ones(2, dtype=fe.uint8)
    assert (x + 254).tolist() == [255, 255]
    with pytest.raises(DTypeError, match="255000 does not fit"):
        x + 255000
    assert (x + 254).tolist() == [255, 255]


def test_large_integers_meet_floats_without_a_bound_short_of_infinity() -> None:
    assert (fe.ones(1, dtype=fe.float64) * 2**1000).tolist() == [2.0**1000]
    assert (fe.ones(1) * 2**70).tolist() == [2.0**70]
    assert (fe.ones(1) * 2**200).tolist() == [float("inf")]


def test_numpy_scalars_and_enums_count_as_python_scalars() -> None:
    import enum

    number = enum.IntEnum("number", {"two": 2})
    x = fe.ones(2, dtype=fe.float16)
    for scalar in (np.float64(2), np.float32(2), np.int64(2), np.uint8(2), number.two):
        for y in (x * scalar, scalar * x):
            assert (y.dtype, y.tolist()) == (fe.float16, [2, 2])
    assert (x * np.bool_(True)).tolist() == [1, 1]


def test_more_than_two_operands_promote_together() -> None:
    parts = [fe.ones(1, dtype=d) for d in (fe.int8, fe.float16, fe.int64)]
    assert fe.cat(parts).dtype is fe.float16
    condition = fe.tensor([True])
    assert fe.where(condition, parts[0], 2.5).dtype is fe.float32
    assert fe.where(condition, parts[1], 2.5).dtype is fe.float16
    assert fe.where(condition, 1, 2).dtype is fe.int64
    assert fe.clamp(parts[0], 0, 1.5).dtype is fe.float32
    assert fe.clamp(parts[0], 0, 1).dtype is fe.int8


@pytest.mark.parametrize(
    "call",
    [
        lambda u: fe.clamp(u, max=300),
        lambda u: fe.where(u > 0, u, -1),
        lambda u: fe.full((2,), 256, dtype=fe.uint8),
        lambda u: u.fill_(-1),
        lambda u: fe.full_like(u, 1000),
        lambda u: fe.tensor([1, 300], dtype=fe.uint8),
        lambda u: fe.tensor([1.0, float("inf")], dtype=fe.uint8),
        lambda u: fe.ops.pad(u, before=(1,), after=(0,), inner=(0,), value=256),
        lambda u: fe.randint(0, 300, (2,), dtype=fe.uint8),
    ],
    ids=["clamp", "where", "full", "fill_", "full_like", "tensor", "inf", "pad", "randint"],
)
def test_a_number_that_an_integer_dtype_cannot_hold_is_refused_and_not_wrapped(call: Any) -> None:
    with pytest.raises(DTypeError, match="does not fit in uint8"):
        call(fe.ones(2, dtype=fe.uint8))


def test_a_complex_number_does_not_fit_in_a_real_dtype() -> None:
    for call in (
        lambda: fe.tensor(1j, dtype=fe.float32),
        lambda: fe.full((1,), 1j, dtype=fe.int32),
        lambda: fe.tensor([1 + 0j], dtype=fe.float64),
    ):
        with pytest.raises(DTypeError, match="does not fit in"):
            call()


def test_can_cast_never_goes_down_a_category() -> None:
    ladder = [fe.bool, fe.uint8, fe.float16, fe.complex64]
    for i, low in enumerate(ladder):
        for j, high in enumerate(ladder):
            assert fe.can_cast(low, high) == (i <= j)


def test_result_type_needs_something() -> None:
    with pytest.raises(fe.ArgumentError, match="at least one"):
        fe.result_type()
    assert fe.result_type(1, 2.5) is fe.float32


def test_only_floating_dtypes_can_be_the_default() -> None:
    with pytest.raises(DTypeError, match="int32 is not a floating dtype"):
        fe.set_default_dtype(fe.int32)
    assert fe.get_default_dtype() is fe.float32
