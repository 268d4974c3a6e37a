"""Interpreters give ops another meaning, one inside another."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule as fe
from ferrule import Interpreter, Op


class Log(Interpreter):
    """Writes down every op, those inside composites' bodies included."""

    def __init__(self, into: list[str], name: str = "") -> None:
        super().__init__()
        self.into = into
        self.name = name

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        self.into.append(self.name + op.name)
        if op.plan(operands, attrs).run is not None:
            return op.evaluate(operands, attrs)
        with self:
            return op.expand(operands, attrs)


class AddForSub(Interpreter):
    """Means ``a + b`` by ``a - b``."""

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if op.name == "sub":
            return fe.add(*operands)
        return op.evaluate(operands, attrs)


class Doubling(Interpreter):
    """Doubles every result, with ops that mean what they mean outside."""

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        return op.evaluate(operands, attrs) * 2


def test_an_op_can_be_replaced() -> None:
    x = fe.ones(2)
    with AddForSub():
        assert (x - 1).tolist() == [2, 2]
        assert fe.sub(input=x, other=3).tolist() == [4, 4]
    assert (x - 1).tolist() == [0, 0]


def test_the_innermost_comes_first_and_hands_on_to_the_next() -> None:
    x, seen = fe.ones(2), []
    with Log(seen, "outer "), AddForSub(), Log(seen, "inner "):
        assert (x - 1).tolist() == [2, 2]
    assert seen == ["inner sub", "outer add"]


def test_ops_called_while_processing_mean_what_they_mean_outside() -> None:
    x = fe.ones(2)
    with Doubling():
        assert (x + 1).tolist() == [4, 4]
        with Doubling():
            assert (x + 1).tolist() == [16, 16]  # the inner multiplication is doubled too


def test_bodies_of_composites_are_seen_by_who_asks_for_it(add_backend: Any) -> None:
    add_backend("kit")
    seen: list[str] = []
    x = fe.ones(2, device="kit")
    with Log(seen):
        fe.rsqrt(x)
    assert seen == ["rsqrt", "sqrt", "div"]


def test_operands_arrive_bound_and_attributes_whole() -> None:
    seen: list[Any] = []

    class Look(Interpreter):
        def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
            seen.append((op.name, operands, attrs))
            return op.evaluate(operands, attrs)

    x = fe.ones(2, 2)
    with Look():
        fe.amax(input=x, keepdim=True)
        fe.softmax(x, -1)
        fe.clamp(x, max=x)
    assert [(name, attrs) for name, _, attrs in seen] == [
        ("amax", {"dim": None, "keepdim": True}),
        ("softmax", {"dim": -1}),
        ("clamp", {}),
    ]
    assert seen[0][1][0] is x
    assert seen[2][1][0] is x
    assert seen[2][1][1] is None
    assert seen[2][1][2] is x


def test_backward_is_interpreted_like_everything_else() -> None:
    x, seen = fe.ones(2).requires_grad_(), []
    y = (x * x).sum()
    with Log(seen):
        y.backward()
    assert "mul" in seen
    assert x.grad is not None
    assert x.grad.tolist() == [2, 2]


def test_results_under_an_interpreter_are_recorded_as_usual() -> None:
    x = fe.ones(2).requires_grad_()
    with Log([]):
        y = fe.softmax(x, 0) * x
    y.sum().backward()
    plain = fe.ones(2).requires_grad_()
    (fe.softmax(plain, 0) * plain).sum().backward()
    assert x.grad is not None
    assert plain.grad is not None
    assert x.grad.tolist() == plain.grad.tolist()


def test_wrong_calls_are_refused_the_same_way() -> None:
    with Log([]):
        with pytest.raises(fe.ShapeError, match=r"^add\(float32\[2\], float32\[3\]\)"):
            fe.ones(2) + fe.ones(3)
        with pytest.raises(fe.ArgumentError, match=r"^exp needs 'x'"):
            fe.exp()
        with pytest.raises(fe.DTypeError, match="does not fit in uint8"):
            fe.ones(2, dtype=fe.uint8) + 300


def test_an_error_in_an_interpreter_leaves_the_stack_as_it_was() -> None:
    class Fails(Interpreter):
        def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
            raise KeyError(op.name)

    x = fe.ones(2)
    with Fails():
        for _ in range(2):
            with pytest.raises(KeyError, match="add"):
                x + 1
    assert (x + 1).tolist() == [2, 2]


def test_an_interpreter_without_process_says_so() -> None:
    x = fe.ones(2)
    with Interpreter(), pytest.raises(NotImplementedError):
        fe.neg(x)
