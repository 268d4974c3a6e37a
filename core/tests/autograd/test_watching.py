"""Interpreters that watch backward go through each node."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule as fe


class Watch(fe.Interpreter):
    watches = True

    def __init__(self, name: str, into: list[tuple[str, str]]) -> None:
        super().__init__()
        self.name = name
        self.into = into

    def process(self, op: Any, operands: Any, attrs: Any) -> Any:
        return op.evaluate(operands, attrs)

    def pull(self, node: Any, pull: Any, g: Any, needed: Any) -> Any:
        self.into.append((self.name, node.name))
        return pull(g, needed)


def test_they_see_the_nodes_the_innermost_first() -> None:
    x, seen = fe.ones(2).requires_grad_(), []
    y = (fe.exp(x) * 2).sum()
    with Watch("outer", seen), Watch("inner", seen):
        y.backward()
    names = ["'sum'", "'mul'", "'exp'", "leaf"]
    assert seen == [(who, name) for name in names for who in ("inner", "outer")]


def test_together_with_detect_anomaly() -> None:
    seen: list[tuple[str, str]] = []
    x = fe.zeros(2).requires_grad_()
    with fe.autograd.detect_anomaly(), Watch("mine", seen):
        y = (fe.sqrt(x) * 0.0).sum()
        with pytest.raises(fe.GraphError, match="backward pass of 'sqrt' gave NaN"):
            y.backward()
    assert ("mine", "'sqrt'") in seen


def test_of_nested_detect_anomalies_the_innermost_counts() -> None:
    x = fe.zeros(2).requires_grad_()
    with fe.autograd.detect_anomaly(), fe.autograd.detect_anomaly(check_nan=False):
        (fe.sqrt(x) * 0.0).sum().backward()
    assert x.grad is not None
    assert x.grad.isnan().all()
