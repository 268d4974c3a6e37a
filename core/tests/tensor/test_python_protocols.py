"""Tensors as Python sees them: numbers, sequences, keys."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, DTypeError, ShapeError, Tensor


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        (True, fe.bool, True),
        (7, fe.int16, 7),
        (2.5, fe.float64, 2.5),
        (2.5, fe.float16, 2.5),
        (2.5, fe.bfloat16, 2.5),
        ([[3]], fe.uint8, 3),
        (1 + 2j, fe.complex64, 1 + 2j),
    ],
)
def test_item_gives_a_python_number_of_the_right_kind(data: Any, dtype: Any, expected: Any) -> None:
    found = fe.tensor(data, dtype=dtype).item()
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("shape", [(0,), (2,), (1, 2), (3, 0)])
def test_item_needs_exactly_one_element(shape: tuple[int, ...]) -> None:
    x = fe.zeros(shape)
    with pytest.raises(ShapeError, match=rf"item: .* has {x.numel()} elements"):
        x.item()


def test_tolist_nests_as_the_shape_does() -> None:
    assert fe.arange(6).reshape(2, 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert fe.zeros(2, 0).tolist() == [[], []]
    assert fe.tensor(1.5).tolist() == 1.5
    assert fe.tensor([1.5, 2.0], dtype=fe.bfloat16).tolist() == [1.5, 2.0]
    assert all(type(v) is float for v in fe.ones(2, dtype=fe.bfloat16).tolist())
    assert fe.tensor([True]).tolist() == [True]


def test_conversions_to_python_numbers() -> None:
    assert int(fe.tensor(2.9)) == 2
    assert float(fe.tensor([3])) == 3.0
    assert complex(fe.tensor(1j)) == 1j
    assert bool(fe.tensor([[0.5]])) is True
    assert bool(fe.tensor(0)) is False
    x = fe.tensor(2.0, requires_grad=True)
    assert (float(x), int(x), bool(x)) == (2.0, 2, True)


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 3)])
def test_the_truth_of_several_elements_is_ambiguous(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"ambiguous; use \.any\(\) or \.all\(\)"):
        bool(fe.zeros(shape))


def test_only_one_integer_is_an_index() -> None:
    assert ["a", "b", "c"][fe.tensor(1)] == "b"
    assert operator.index(fe.tensor([2], dtype=fe.uint8)) == 2
    assert list(range(fe.tensor(3))) == [0, 1, 2]
    for wrong in (fe.tensor(1.0), fe.tensor(True)):
        with pytest.raises(TypeError, match="only integer tensors can be an index"):
            operator.index(wrong)
    with pytest.raises(ShapeError):
        operator.index(fe.tensor([1, 2]))


def test_length_and_iteration_are_those_of_the_first_dim() -> None:
    x = fe.arange(6).reshape(3, 2)
    assert len(x) == 3
    assert [row.tolist() for row in x] == x.tolist()
    assert [row.tolist() for row in reversed(list(x))] == x.tolist()[::-1]
    a, b = fe.tensor([5, 6])
    assert (a.item(), b.item()) == (5, 6)
    for call in (len, iter, list):
        with pytest.raises(ShapeError, match="without dims"):
            call(fe.tensor(1))


def test_iteration_is_differentiable() -> None:
    x = fe.tensor([1.0, 2.0, 3.0], requires_grad=True)
    total = fe.tensor(0.0)
    for i, element in enumerate(x):
        total = total + element * i
    total.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 2]


def test_membership_asks_for_equal_elements() -> None:
    x = fe.tensor([[1.0, 2.0], [3.0, float("nan")]])
    assert 2 in x
    assert 2.0 in x
    assert fe.tensor(3) in x
    assert 5 not in x
    assert float("nan") not in x


def test_hash_is_by_identity_and_equality_by_element() -> None:
    x, y = fe.ones(2), fe.ones(2)
    assert hash(x) != hash(y)
    assert {x: 1, y: 2}[x] == 1
    assert len({x, y, x}) == 2
    assert (x == y).tolist() == [True, True]
    assert (x != y).tolist() == [False, False]
    x += 1
    assert x in {x: 1}


@pytest.mark.parametrize(
    "other", [None, "a", object(), [1, 2], (1, 2), {}], ids=lambda v: type(v).__name__
)
def test_equality_with_what_is_no_number_is_false(other: Any) -> None:
    x = fe.ones(2)
    assert (x == other) is False
    assert (other == x) is False
    assert (x != other) is True


def test_comparison_with_an_array_is_refused_and_not_silently_false() -> None:
    x, array = fe.ones(2), np.ones(2)
    for call in (lambda: x == array, lambda: array == x, lambda: x < array, lambda: array != x):
        with pytest.raises(ArgumentError, match=r"ndarray, not a tensor.*fe\.tensor"):
            call()


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "matmul", "lt", "and_"])
@pytest.mark.parametrize(
    "other", [None, "a", [1.0], object(), {1: 2}], ids=lambda v: type(v).__name__
)
def test_operators_with_what_is_no_number_say_what_it_is(name: str, other: Any) -> None:
    function = getattr(operator, name)
    for call in (lambda: function(fe.ones(1), other), lambda: function(other, fe.ones(1))):
        with pytest.raises((TypeError, AttributeError, ShapeError)) as caught:
            call()
        assert isinstance(caught.value, fe.FerruleError), caught.value


REFLECTED: dict[str, Any] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv,
    "pow": operator.pow, "mod": operator.mod, "floordiv": operator.floordiv,
}  # fmt: skip


@pytest.mark.parametrize("name", REFLECTED)
def test_a_scalar_may_stand_on_either_side(name: str) -> None:
    function = REFLECTED[name]
    x = np.array([1.5, 2.0, 4.0])
    tensor = fe.tensor(x)
    np.testing.assert_allclose(function(tensor, 3).numpy(), function(x, 3), rtol=1e-15)
    np.testing.assert_allclose(function(3, tensor).numpy(), function(3, x), rtol=1e-15)


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift"])
def test_an_integer_may_stand_on_either_side_of_bits(name: str) -> None:
    function = getattr(operator, name)
    x = np.array([1, 2, 5])
    assert function(fe.tensor(x), 3).tolist() == function(x, 3).tolist()
    assert function(6, fe.tensor(x)).tolist() == function(6, x).tolist()


def test_unary_operators() -> None:
    x = fe.tensor([-2, 3])
    assert (-x).tolist() == [2, -3]
    assert (+x).tolist() == [-2, 3]
    assert abs(x).tolist() == [2, 3]
    assert (~x).tolist() == [1, -4]
    assert (~fe.tensor([True, False])).tolist() == [False, True]
    with pytest.raises(DTypeError, match="bitwise_not"):
        ~fe.ones(1)


def test_sizes() -> None:
    x: Tensor = fe.zeros(2, 3, 4, dtype=fe.float16)
    assert (x.shape, x.size(), x.size(-1), x.ndim, x.dim()) == ((2, 3, 4), (2, 3, 4), 4, 3, 3)
    assert (x.numel(), x.element_size(), x.is_floating_point()) == (24, 2, True)
    assert fe.zeros(()).numel() == 1
    assert fe.zeros(3, 0).numel() == 0


def test_formatting_a_scalar_takes_a_number_format() -> None:
    assert f"{fe.tensor(3.14159):.2f}" == "3.14"
    assert f"{fe.tensor(255):x}" == "ff"
    assert f"{fe.ones(2)}" == str(fe.ones(2))
