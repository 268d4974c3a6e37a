"""What was worked out for one call is used for another only where the two mean the same."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from typing import Any

import pytest

import ferrule as fe
from ferrule import DTypeError, MissingKernel, Tensor
from ferrule.declare import floating
from ferrule.op import forget_plans
from ferrule.schema import Scalar
from ferrule_plugins import Shaped


@pytest.fixture(autouse=True)
def _nothing_is_remembered_at_first() -> None:
    forget_plans()


SCALARS = [1, 1.0, True, 1 + 0j]


@pytest.mark.parametrize("order", [SCALARS, SCALARS[::-1]], ids=["up", "down"])
def test_equal_scalars_of_different_kinds_promote_each_in_its_own_way(order: list[Any]) -> None:
    expected = {int: fe.int8, float: fe.float32, bool: fe.int8, complex: fe.complex64}
    x = fe.ones(2, dtype=fe.int8)
    for _ in range(2):
        for scalar in order:
            assert (x * scalar).dtype is expected[type(scalar)]
            assert (scalar * x).dtype is expected[type(scalar)]
            assert fe.where(x > 0, x, scalar).dtype is expected[type(scalar)]


@pytest.fixture
def told(give_kernel: Any) -> Iterator[dict[str, Any]]:
    """Ops that write down the attributes with which their kernels are called."""
    seen: dict[str, Any] = {}

    def note(x: Any, **attrs: Any) -> Any:
        seen.update(attrs)
        return x + 0

    @fe.primitive(dtypes=floating, samples=[])
    def test_scalar(x: Shaped, *, v: Scalar = 0) -> Shaped:
        """Takes any number."""
        return x

    @fe.primitive(dtypes=floating, samples=[])
    def test_float(x: Shaped, *, v: float = 0.0) -> Shaped:
        """Takes a float."""
        return x

    @fe.primitive(dtypes=floating, samples=[])
    def test_tuple(x: Shaped, *, v: tuple[float, ...] = ()) -> Shaped:
        """Takes a tuple of floats."""
        return x

    @fe.primitive(dtypes=floating, samples=[])
    def test_nested(x: Shaped, y: Shaped, *, v: tuple[tuple[float, float], ...] = ()) -> Shaped:
        """Takes tuples of tuples, and two operands."""
        return x

    for op in ("test_scalar", "test_float", "test_tuple"):
        give_kernel(op, note)
    give_kernel("test_nested", lambda x, y, **attrs: note(x, **attrs))
    yield seen


def exact(value: Any) -> str:
    return repr(value)


VALUES: dict[str, list[Any]] = {
    "test_scalar": [
        0,
        0.0,
        -0.0,
        False,
        0j,
        complex(0, -0.0),
        1,
        1.0,
        True,
        complex(1, -0.0),
        1 + 0j,
    ],
    "test_float": [0.0, -0.0, 1.0, math.inf],
    "test_tuple": [(0.0,), (-0.0,), (0,), (1,), (1.0,), (True,), (1, 2.0), (1.0, 2)],
    "test_nested": [((0.0, 1.0),), ((-0.0, 1.0),), ((0, 1),), ((False, True),)],
}


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("op", VALUES)
def test_equal_attributes_that_differ_reach_the_kernel_as_they_are(
    op: str, by_name: bool, told: dict[str, Any]
) -> None:
    function, x = fe.OPS[op], fe.ones(2)
    operands = (x, x) if op == "test_nested" else (x,)
    for _ in range(2):
        for value in (*VALUES[op], *reversed(VALUES[op])):
            if by_name:
                function(*operands, v=value)
            else:
                function(*operands, value)
            assert exact(told["v"]) == exact(value)


@pytest.mark.parametrize("by_name", [True, False])
def test_zero_and_minus_zero_are_two_values(by_name: bool) -> None:
    for value in (0.0, -0.0, 0, 0.0, -0.0):
        options: dict[str, Any] = {"value": value} if by_name else {}
        args = () if by_name else (value,)
        padded = fe.ops.pad(fe.ones(1), (1,), (0,), (0,), *args, **options)
        filled = fe.ops.full((1,), *args, dtype=fe.float32, device="cpu", **options)
        for x in (padded, filled, fe.full((1,), float(value))):
            assert math.copysign(1, x[0].item()) == math.copysign(1, value)


def test_nan_is_a_value_too() -> None:
    for _ in range(3):
        assert math.isnan(fe.full((1,), float("nan")).item())


def test_the_default_dtype_counts_anew_when_it_changes() -> None:
    x = fe.tensor([1, 2])

    def found() -> set[fe.DType]:
        results = [fe.exp(x), x / 2, x * 1.5, fe.zeros(1), fe.tensor(0.5), fe.rand(1)]
        return {y.dtype for y in [*results, fe.where(x > 0, 1.0, 2.0), fe.linspace(0, 1, 2)]}

    try:
        for dtype in (fe.float32, fe.float64, fe.float16, fe.float32):
            fe.set_default_dtype(dtype)
            assert found() == found() == {dtype}
    finally:
        fe.set_default_dtype(fe.float32)


def test_creation_follows_the_selected_backend(add_backend: Any) -> None:
    add_backend("other")
    makers = [
        lambda: fe.zeros(2), lambda: fe.arange(3), lambda: fe.tensor([1.0]), lambda: fe.rand(2),
        lambda: fe.ops.full((2,), 1, fe.int64, device=None),
        lambda: fe.ops.arange(0, 1, 3, fe.int64, None),
    ]  # fmt: skip
    for name in ("cpu", "other", "cpu", "other"):
        with fe.use_backend(name):
            assert {str(make().device) for make in makers} == {f"{name}:0"}
            assert {str(make().device) for make in makers} == {f"{name}:0"}
    fe.set_backend("other")
    assert str(fe.zeros(2).device) == "other:0"
    assert fe.get_backend() == "other"


def test_tensors_of_two_backends_with_one_spec_run_different_kernels(add_backend: Any) -> None:
    other = add_backend("other", extra={"exp": lambda x: x * 0 + 42})
    for _ in range(2):
        assert fe.exp(fe.zeros(2)).tolist() == [1, 1]
        assert fe.exp(fe.zeros(2, device="other")).tolist() == [42, 42]
    assert other.calls["exp"] == 2


def test_a_kernel_given_later_is_used_from_then_on(give_kernel: Any) -> None:
    x = fe.zeros(2)
    assert fe.exp(x).tolist() == [1, 1]
    give_kernel("exp", lambda x: x + 7)
    assert fe.exp(x).tolist() == [7, 7]


def test_a_change_of_fallback_counts_for_calls_seen_before(add_backend: Any) -> None:
    add_backend("poor", without=("exp",))
    x = fe.zeros(2, device="poor")
    for fallback in ("error", "allow", "error"):
        fe.set_backend("poor", fallback=fallback)
        if fallback == "allow":
            assert fe.exp(x).tolist() == [1, 1]
            continue
        with pytest.raises(MissingKernel):
            fe.exp(x)


def test_a_tensor_given_as_an_attribute_is_read_each_time() -> None:
    x, dim = fe.ones(2, 3), fe.tensor(0)
    assert fe.sum(x, dim).shape == (3,)
    dim += 1
    assert fe.sum(x, dim).shape == (2,)


def test_attributes_that_cannot_be_looked_up_work() -> None:
    x = fe.ones(2, 3)
    for _ in range(2):
        assert fe.sum(x, [0, 1]).item() == 6
        assert fe.amax(x, dim=[0]).shape == (3,)
        assert fe.ops.pad(x, [0, 0], [1, 1], [0, 0]).shape == (3, 4)


def test_dtypes_of_one_shape_are_told_apart() -> None:
    for dtype in (fe.float32, fe.float64, fe.float16, fe.int32):
        x = fe.ones(3, dtype=dtype)
        assert (x + x).dtype is dtype
        assert fe.sum(x).dtype is (fe.int64 if dtype is fe.int32 else dtype)


def test_endless_new_shapes_do_not_fill_the_memory() -> None:
    for n in range(5_000):
        fe.neg(fe.zeros(n))
    assert 0 < len(fe.neg.plans) < 5_000


def test_types_that_nobody_uses_any_more_are_forgotten() -> None:
    def interned() -> int:
        return len(type(fe.zeros(1)._type)._interned)

    forget_plans()
    gc.collect()
    before = interned()
    for n in range(200):
        fe.ones(n, 3) + 1
    assert interned() > before + 100
    forget_plans()
    gc.collect()
    assert interned() < before + 20


def test_a_rejected_call_is_rejected_again() -> None:
    x = fe.ones(2)
    for _ in range(3):
        with pytest.raises(DTypeError):
            fe.bitwise_and(x, x)
        assert fe.bitwise_and(fe.tensor([3]), 2).tolist() == [2]


def test_grad_mode_is_no_part_of_what_is_remembered() -> None:
    x: Tensor = fe.ones(2).requires_grad_()
    for recording in (True, False, True, False):
        with fe.set_grad_enabled(recording):
            assert (x * 2).requires_grad == recording
            assert fe.softmax(x, 0).requires_grad == recording
            assert fe.sigmoid(x).requires_grad == recording
