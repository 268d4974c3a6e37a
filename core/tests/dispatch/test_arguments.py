"""How a call's arguments are sorted into operands and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, DTypeError, ShapeError

X = np.array([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])


def x() -> fe.Tensor:
    return fe.tensor(X)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: fe.softmax(x, 1),
        lambda x: fe.softmax(x, -1),
        lambda x: fe.softmax(x, dim=1),
        lambda x: fe.ops.softmax(x, dim=np.int64(1)),
        lambda x: fe.ops.softmax(x, fe.tensor(1)),
        lambda x: fe.softmax(input=x, dim=1),
        lambda x: fe.ops.softmax(dim=1, x=x),
        lambda x: x.softmax(1),
    ],
)
def test_one_call_in_every_spelling(call: Any) -> None:
    expected = np.exp(X) / np.exp(X).sum(1, keepdims=True)
    for _ in range(2):  # the second one may be looked up
        np.testing.assert_allclose(call(x()).numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: fe.exp(input=x), np.exp(X)),
        (lambda x: fe.exp(x=x), np.exp(X)),
        (lambda x: fe.ops.add(x, other=x), X + X),
        (lambda x: fe.ops.add(input=x, other=1.5), X + 1.5),
        (lambda x: fe.ops.sub(other=x, input=1), 1 - X),
        (lambda x: fe.ops.sub(a=x, b=2), X - 2),
        (lambda x: fe.ops.sub(x, b=2), X - 2),
        (lambda x: fe.maximum(input=x, other=fe.tensor(3.0)), np.maximum(X, 3)),
        (lambda x: fe.where(x > 3, x, 0.0), np.where(X > 3, X, 0)),
        (lambda x: fe.sum(input=x, dim=0), X.sum(0)),
        (lambda x: fe.amax(x, (0,), True), X.max(0, keepdims=True)),
        (lambda x: fe.clamp(input=x, min=2, max=4), X.clip(2, 4)),
        (lambda x: fe.clamp(x, max=4), X.clip(None, 4)),
        (lambda x: fe.matmul(input=x, other=x.T), X @ X.T),
    ],
)
def test_pytorchs_names_are_understood(call: Any, expected: Any) -> None:
    for _ in range(2):
        np.testing.assert_allclose(call(x()).numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize("dim", [None, 0, -1, (0,), [1], (0, 1), (-1, 0), (), np.int64(1)], ids=str)
@pytest.mark.parametrize("keepdim", [False, True])
def test_dims_in_every_form(dim: Any, keepdim: bool) -> None:
    axis = tuple(dim) if isinstance(dim, list) else dim
    found = fe.ops.sum(x(), dim, keepdim)
    np.testing.assert_allclose(found.numpy(), X.sum(axis, keepdims=keepdim), rtol=1e-14)


def test_a_kernel_is_never_left_to_work_out_a_size(give_kernel: Any) -> None:
    seen: list[Any] = []

    def reshape(array: Any, *, shape: tuple[int, ...]) -> Any:
        seen.append(shape)
        return array.reshape(shape)

    give_kernel("reshape", reshape)
    y = fe.arange(12.0)
    for shape in ((-1,), (3, -1), (-1, 2, 2), (12, -1)):
        assert y.reshape(shape).numel() == 12
    assert seen == [(12,), (3, 4), (3, 2, 2), (12, 1)]
    assert fe.zeros(0, 3).reshape(-1, 3).shape == (0, 3)
    for shape in ((-1, -1), (5, -1), (0, -1), (-2, 6)):
        with pytest.raises(ShapeError, match="12 elements do not fill the shape"):
            y.reshape(shape)


def test_a_tensor_without_dims_has_the_dim_zero_as_in_pytorch() -> None:
    scalar = fe.tensor(2.0)
    for dim in (0, -1, None, ()):
        assert fe.sum(scalar, dim).item() == 2
    assert fe.softmax(scalar, 0).item() == 1
    assert fe.max(scalar, 0).indices.item() == 0
    with pytest.raises(ShapeError, match=r"dim=1 is out of range.*-1\.\.0"):
        fe.sum(scalar, 1)


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    # what is called, what it raises, and what its text says behind "<op>("
    "dim too large": (lambda x: fe.softmax(x, 2), ShapeError, "dim=2 is out of range; .*-2..1"),
    "dim too small": (lambda x: fe.sum(x, -3), ShapeError, "dim=-3 is out of range"),
    "dim among several": (lambda x: fe.sum(x, (0, 2)), ShapeError, "dim=2 is out of range"),
    "dim twice": (lambda x: fe.sum(x, (0, -2)), ShapeError, "names one dim twice"),
    "dim of another kind": (lambda x: fe.sum(x, "0"), ArgumentError, "dim must be .*not '0'"),
    "dim not whole": (lambda x: fe.ops.softmax(x, 0.5), ArgumentError,
        "dim must be an int, not 0.5"),
    "dim a bool": (lambda x: fe.amin(x, True), ArgumentError, "dim must be .*not True"),
    "dims missing one": (lambda x: fe.permute(x, (0,)), ShapeError, "does not name each"),
    "flag of another kind": (
        lambda x: fe.ops.amax(x, 0, keepdim=2), ArgumentError,
        "keepdim must be True or False, not 2"
    ),
    "flag a float": (lambda x: fe.ops.amax(x, 0, keepdim=1.0), ArgumentError,
        "keepdim must be True"),
    "shape of another kind": (
        lambda x: fe.reshape(x, shape=2.5), ArgumentError, "shape must be a tuple of ints"
    ),
    "shape does not fit": (lambda x: x.reshape(4, 2), ShapeError, "6 elements do not fill"),
    "two sizes unknown": (lambda x: x.reshape(-1, -1), ShapeError, "6 elements do not fill"),
    "size negative": (lambda x: x.reshape(-2, -3), ShapeError, "6 elements do not fill"),
    "unknown dtype": (
        lambda x: fe.ops.cast(x, dtype="float99"), DTypeError, "'float99' is not a dtype"
    ),
    "wrong dtype": (lambda x: fe.bitwise_and(x, x), DTypeError, r"float64 is not among.*\.to"),
    "not a number": (
        lambda x: fe.ops.pad(x, (0, 0), (0, 0), (0, 0), value="1"), ArgumentError,
        "value must be a Python number",
    ),
    "negative padding": (
        lambda x: fe.ops.pad(x, (-1, 0), (0, 0), (0, 0)), ShapeError, "must not be negative"
    ),
    "slice outside": (
        lambda x: fe.ops.slice(x, (0, 0), (3, 3), (1, 1)), ShapeError, "0:3:1 is not a slice"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_attribute_is_named_after_the_call(case: str) -> None:
    call, kind, message = WRONG[case]
    for _ in range(2):
        with pytest.raises(kind, match=message) as caught:
            call(x())
        operation, rest = str(caught.value).split("(", 1)
        assert operation in fe.OPS
        assert rest.startswith("float64[2,3]")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: fe.exp(), "^exp needs 'x'; it takes (x)"),
        (lambda x: fe.ops.add(), "^add needs 'a'; it takes (a, b)"),
        (lambda x: fe.ops.add(x), "^add needs 'b'; it takes (a, b)"),
        (lambda x: fe.ops.add(b=x), "^add needs 'a'"),
        (lambda x: fe.ops.softmax(x), "^softmax needs 'dim'; it takes (x, dim)"),
        (lambda x: fe.exp(x, 1), "^exp takes (x), but got 2 positional"),
        (lambda x: fe.ops.add(x, x, x), "^add takes (a, b), but got 3 positional"),
        (lambda x: fe.exp(x, dim=1), "^exp has no argument 'dim'; it takes (x)"),
        (lambda x: fe.ops.add(x, x, alpha=2), "^add has no argument 'alpha'"),
        (lambda x: fe.ops.amax(x, axis=0), "^amax has no argument 'axis'; it takes (x, dim=None"),
        (lambda x: fe.ops.amax(x, 0, dim=0), "^amax got 'dim' twice, by position and by name"),
        (lambda x: fe.ops.add(x, x, other=x), "^add has no argument 'other'"),
        (lambda x: fe.ops.cat(), "^cat needs at least one tensor"),
        (lambda x: fe.exp([1.0]), "^exp: operand 0 is of type list, not a tensor.*fe.tensor"),
        (lambda x: fe.exp("a"), "^exp: operand 0 is of type str"),
        (lambda x: fe.ops.add(x, np.ones(2)), "^add: operand 1 is of type ndarray"),
        (lambda x: fe.ops.add(x, np.str_("1")), "^add: operand 1 is of type str_"),
        (lambda x: fe.where(x > 0, x, None), "^where: operand 2 is of type NoneType"),
        (lambda x: fe.ops.cat(x, None), "^cat: operand 1 is of type NoneType"),
        (lambda x: fe.zeros("a"), "^zeros: a size must be an int, not 'a'"),
        (lambda x: fe.zeros(2.0), "^zeros: a size must be an int, not 2.0"),
    ],
)
def test_a_wrong_argument_list_is_answered_with_the_right_one(call: Any, message: str) -> None:
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    for _ in range(2):
        with pytest.raises(ArgumentError, match=pattern):
            call(x())


def test_missing_tensors_at_the_ends_of_ops_over_lists() -> None:
    for function in (fe.cat, fe.stack):
        with pytest.raises(ArgumentError, match="at least one tensor"):
            function([])
