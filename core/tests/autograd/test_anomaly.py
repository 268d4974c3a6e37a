"""Anomaly mode: errors and NaN in backward say where the forward pass was."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule as fe
from ferrule import GraphError, Tensor, func, nn
from ferrule.autograd import detect_anomaly, set_detect_anomaly


def x_of(*values: float) -> Tensor:
    return fe.tensor(list(values), dtype=fe.float64, requires_grad=True)


def the_culprit(x: Tensor) -> Tensor:
    return fe.sqrt(x) * 0.0


def test_a_nan_names_op_operand_and_line() -> None:
    with detect_anomaly():
        y = the_culprit(x_of(0.0, 1.0)).sum()
        with pytest.raises(GraphError) as error:
            y.backward()
    text = str(error.value)
    assert "the backward pass of 'sqrt' gave NaN in the gradient of operand 0 (float64[2])" in text
    assert "return fe.sqrt(x) * 0.0" in text
    assert "in the_culprit" in text
    assert "ferrule/op" not in text


def test_it_is_silent_where_all_is_well() -> None:
    x = x_of(0.5, 1.0)
    with detect_anomaly():
        the_culprit(x).sum().backward()
    assert x.grad is not None


def test_without_check_nan_a_nan_passes() -> None:
    x = x_of(0.0)
    with detect_anomaly(check_nan=False):
        assert fe.autograd.anomaly.is_anomaly_enabled()
        assert not fe.autograd.is_anomaly_check_nan_enabled()
        the_culprit(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isnan().all()


def test_backward_alone_under_it_still_finds_the_op() -> None:
    y = the_culprit(x_of(0.0)).sum()
    with detect_anomaly(), pytest.raises(GraphError, match=r"'sqrt' gave NaN.*run it there too"):
        y.backward()


class Root(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return fe.sqrt(x - x) * 0.0


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(2, 2)
        self.root = Root()

    def forward(self, x: Tensor) -> Tensor:
        return self.root(self.linear1(x))


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), Layer()))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def test_the_path_of_the_module_is_named() -> None:
    with detect_anomaly():
        y = Model()(fe.ones(1, 2)).sum()
        with pytest.raises(GraphError, match=r"in layers\.1\.1\.root \(Root\) of Model here"):
            y.backward()


def test_an_error_in_backward_gets_a_note() -> None:
    class Broken(fe.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1.0

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            raise ZeroDivisionError("broken")

    with detect_anomaly():
        y = Broken.apply(x_of(1.0))
        with pytest.raises(ZeroDivisionError, match="broken") as error:
            y.backward()
    (note,) = error.value.__notes__
    assert "in the backward pass of Broken" in note
    assert "y = Broken.apply(x_of(1.0))" in note


def test_it_can_be_turned_on_and_off() -> None:
    switch = set_detect_anomaly(True)
    try:
        assert fe.autograd.is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not fe.autograd.is_anomaly_enabled()
        assert fe.autograd.is_anomaly_enabled()
    finally:
        set_detect_anomaly(False)
    assert not fe.autograd.is_anomaly_enabled()
    assert switch.mode


def test_under_transforms() -> None:
    with detect_anomaly(), pytest.raises(GraphError, match=r"'sqrt' gave NaN(.|\n)*in the_culprit"):
        func.vmap(func.grad(lambda x: the_culprit(x).sum()))(fe.zeros(2, 3))
    with pytest.raises(GraphError, match="gave NaN"), detect_anomaly():
        func.vmap(func.grad(lambda x: the_culprit(x).sum()))(fe.zeros(2, 3))


def test_composites_name_the_line_that_called_them() -> None:
    with detect_anomaly():
        y = fe.rsqrt(x_of(0.0)) * 0.0
        with pytest.raises(GraphError, match=r"gave NaN(.|\n)*y = fe\.rsqrt"):
            y.backward()
