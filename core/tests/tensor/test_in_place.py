"""In-place methods give the tensor another value and another place on the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import DTypeError, GraphError, ShapeError, Tensor


def iadd(x: Any, v: Any) -> Any:
    x += v
    return x


def isub(x: Any, v: Any) -> Any:
    x -= v
    return x


def imul(x: Any, v: Any) -> Any:
    x *= v
    return x


def idiv(x: Any, v: Any) -> Any:
    x /= v
    return x


def ipow(x: Any, v: Any) -> Any:
    x **= v
    return x


def imod(x: Any, v: Any) -> Any:
    x %= v
    return x


OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "+=": (iadd, lambda x, v: x + v),
    "-=": (isub, lambda x, v: x - v),
    "*=": (imul, lambda x, v: x * v),
    "/=": (idiv, lambda x, v: x / v),
    "**=": (ipow, lambda x, v: x**v),
    "%=": (imod, lambda x, v: x % v),
}
UNARY = (
    "neg", "abs", "sign", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "square",
    "sin", "cos", "tanh", "floor", "ceil", "round", "sigmoid", "relu", "erf",
)  # fmt: skip
BINARY = ("add", "sub", "mul", "div", "pow", "remainder", "floor_divide")


def leaf(*values: float) -> Tensor:
    return fe.tensor(list(values or (0.5, 1.5)), dtype=fe.float64, requires_grad=True)


def listed(x: Tensor | None) -> Any:
    return None if x is None else x.tolist()


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("value", [2.0, "tensor"])
def test_operators_write_what_their_binary_forms_compute(operator: str, value: Any) -> None:
    in_place, out_of_place = OPERATORS[operator]
    gradients = []
    for function in (in_place, out_of_place):
        x, other = leaf(), leaf(2.0, 3.0)
        h = x * 1
        y = function(h, other if value == "tensor" else value)
        assert (y is h) == (function is in_place)
        (y * fe.tensor([1.0, 10.0], dtype=fe.float64)).sum().backward()
        gradients.append([y.tolist(), *map(listed, (x.grad, other.grad))])
    assert gradients[0] == gradients[1]


@pytest.mark.parametrize("name", UNARY)
def test_unary_methods_write_what_their_namesakes_compute(name: str) -> None:
    results = []
    for method in (name, f"{name}_"):
        x = leaf()
        h = x * 1
        y = getattr(h, method)()
        assert (y is h) == (method != name)
        gradient = None
        if y.requires_grad:
            (gradient,) = fe.autograd.grad(y.sum(), x, materialize_grads=True)
        results.append((y.tolist(), gradient.tolist() if gradient is not None else None))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", BINARY)
def test_binary_methods_write_what_their_namesakes_compute(name: str) -> None:
    x, y = leaf() * 1, leaf() * 1
    assert getattr(x, f"{name}_")(2.0) is x
    assert x.tolist() == getattr(y, name)(2.0).tolist()


@pytest.mark.parametrize("operator", ["&=", "|=", "^=", "<<=", ">>=", "//="])
def test_integer_operators(operator: str) -> None:
    names: dict[str, Any] = {"x": fe.tensor([13, 6]), "y": [13, 6]}
    exec(f"x {operator} 2\ny = [eval(f'{{v}} {operator[:-1]} 2') for v in y]", names)
    assert names["x"].tolist() == names["y"]


def test_the_old_value_keeps_its_gradient_where_it_was_used_before() -> None:
    x = leaf(3.0)
    h = x * 1
    before = h * h  # saved h = 3
    h += 100
    after = h * h
    before.sum().backward(retain_graph=True)
    assert x.grad is not None
    assert x.grad.tolist() == [6]
    after.sum().backward()
    assert x.grad.tolist() == [6 + 2 * 103]


def test_a_tensor_that_asked_for_nothing_takes_the_gradient_of_what_it_is_given() -> None:
    total, w = fe.zeros(2, dtype=fe.float64), leaf(1.0, 2.0)
    for _ in range(3):
        total += w * w
    assert total.requires_grad
    total.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [6, 12]


WRITES: dict[str, Callable[[Any], Any]] = {
    "+=": lambda x: iadd(x, 1),
    "add_": lambda x: x.add_(1),
    "zero_": lambda x: x.zero_(),
    "fill_": lambda x: x.fill_(2),
    "copy_": lambda x: x.copy_(fe.ones(2)),
    "clamp_": lambda x: x.clamp_(max=1.0),
    "[...] =": lambda x: x.__setitem__(0, 5.0),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_leaf_that_asks_for_a_gradient_is_not_written_to_while_recording(
    write: Callable[[Any], Any],
) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match=r"a leaf that requires.*no_grad.*y = x \+ 1"):
        write(x)
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_under_no_grad_a_leaf_takes_the_value_and_stays_the_same_leaf(
    write: Callable[[Any], Any],
) -> None:
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    recorded = (x * x).sum()
    with fe.no_grad():
        write(x)
    assert x.tolist() != [1, 2]
    assert x.is_leaf
    assert x.requires_grad
    assert x.dtype is fe.float64
    recorded.backward()  # with the value that x had
    assert x.grad is not None
    assert x.grad.tolist() == [3 + 2, 3 + 4]


def test_a_training_step_by_hand() -> None:
    x = leaf(5.0, -3.0)
    for _ in range(100):
        (x * x).sum().backward()
        assert x.grad is not None
        with fe.no_grad():
            x -= x.grad * 0.1
        x.grad = None
    assert max(map(abs, x.tolist())) < 1e-8


@pytest.mark.parametrize(
    ("dtype", "write"),
    [
        (fe.int32, lambda x: iadd(x, 1.5)),
        (fe.int32, lambda x: idiv(x, 2)),
        (fe.int32, lambda x: x.exp_()),
        (fe.int64, lambda x: x.mul_(fe.ones(2))),
        (fe.bool, lambda x: iadd(x, 1)),
        (fe.float32, lambda x: iadd(x, 1j)),
    ],
    ids=["int += float", "int /= int", "exp_", "int mul_ float", "bool += int", "float += complex"],
)
def test_a_result_of_a_higher_category_cannot_be_written(dtype: fe.DType, write: Any) -> None:
    x = fe.ones(2, dtype=dtype)
    with pytest.raises(DTypeError, match=rf"cannot be written to {dtype.name}\[2\]"):
        write(x)
    assert x.tolist() == fe.ones(2, dtype=dtype).tolist()


@pytest.mark.parametrize(
    ("dtype", "other", "expected"),
    [
        (fe.float32, fe.tensor([1.0, 2.0], dtype=fe.float64), [2, 3]),
        (fe.int8, fe.tensor([1, 2], dtype=fe.int64), [2, 3]),
        (fe.float16, fe.tensor([1, 2]), [2, 3]),
        (fe.int32, True, [2, 2]),
    ],
)
def test_a_result_of_the_same_category_is_converted_back(
    dtype: fe.DType, other: Any, expected: list[float]
) -> None:
    x = fe.ones(2, dtype=dtype)
    x += other
    assert (x.dtype, x.tolist()) == (dtype, expected)


def test_the_shape_never_changes() -> None:
    x = fe.ones(3)
    with pytest.raises(ShapeError, match=r"__iadd__.*float32\[2,3\].*float32\[3\]"):
        x += fe.ones(2, 3)
    assert x.shape == (3,)
    x += fe.ones(1)
    assert x.tolist() == [2, 2, 2]


def test_fill_zero_and_copy() -> None:
    x = fe.tensor([1, 2], dtype=fe.int16)
    assert x.fill_(7).tolist() == [7, 7]
    assert x.copy_(fe.tensor([2.9])).tolist() == [2, 2]
    assert x.zero_().tolist() == [0, 0]
    assert x.dtype is fe.int16
    with pytest.raises(ShapeError, match="broadcast"):
        x.copy_(fe.ones(3))


def test_copy_carries_the_gradient_of_its_source() -> None:
    source, x = leaf(1.0, 2.0), fe.zeros(2)
    x.copy_(source * source)
    (x * 3).sum().backward()
    assert source.grad is not None
    assert source.grad.tolist() == [6, 12]


def test_methods_return_the_tensor_so_that_they_chain() -> None:
    x = fe.ones(2)
    assert x.add_(1).mul_(3).neg_() is x
    assert x.tolist() == [-6, -6]
