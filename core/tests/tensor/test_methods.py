"""Methods are the public functions of their names, and their in-place forms rebind."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, Op, ShapeError
from ferrule.method_table import METHODS
from ferrule.methods import Methods

ROOT = Path(__file__).parents[3]
NAMES = sorted({word.rstrip("_") for word in METHODS})
IN_PLACE = sorted(word for word in METHODS if word.endswith("_"))


def same(a: Any, b: Any) -> None:
    if isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            same(x, y)
    elif isinstance(a, fe.Tensor):
        assert a._type is b._type
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    else:
        assert a == b


def test_no_word_stands_twice() -> None:
    assert len(NAMES) == len(METHODS)


@pytest.mark.parametrize("name", NAMES)
def test_every_word_is_a_public_function_and_a_method(name: str) -> None:
    assert name in fe.__all__
    method = getattr(fe.Tensor, name)
    assert callable(method)
    assert inspect.unwrap(method) is getattr(fe, name)
    assert inspect.getdoc(method)


@pytest.mark.parametrize("word", IN_PLACE)
def test_every_in_place_form_is_there(word: str) -> None:
    method = getattr(fe.Tensor, word)
    assert method.__name__ == word
    assert word.removesuffix("_") in (inspect.getdoc(method) or "")


def _calls() -> list[Any]:
    """Calls of ops that are methods, from the samples of their declarations."""
    found = []
    for name in NAMES:
        op = getattr(fe, name, None)
        if not isinstance(op, Op) or op.schema.variadic:
            continue
        for i, sample in enumerate(op.samples[:2]):
            if not any(x is not None and x.dtype for x in sample.inputs):
                found.append(pytest.param(name, op, sample, id=f"{name}-{i}"))
    return found


@pytest.mark.parametrize(("name", "op", "sample"), _calls())
def test_methods_of_ops_give_what_the_ops_give(name: str, op: Op, sample: Any) -> None:
    dtype = next(d for d in (fe.float32, fe.int32, fe.complex64, fe.bool) if d in op.dtypes)
    roles = [op.schema.role(i) for i in range(len(sample.inputs))]
    kinds = {"value": dtype, "mask": fe.bool, "index": fe.int64}
    operands = [
        None if x is None else fe.full(x.shape, 1, dtype=kinds[role])
        for x, role in zip(sample.inputs, roles)
    ]
    first, *rest = operands
    assert first is not None
    same(getattr(first, name)(*rest, **sample.attrs), op(*operands, **sample.attrs))


def test_arguments_are_taken_by_position_and_by_name() -> None:
    x = fe.tensor([[1.0, 2.0], [3.0, 4.0]])
    same(x.add(other=1), x + 1)
    same(x.sum(0, True), x.sum(dim=0, keepdim=True))
    same(x.pow(exponent=2), x**2)
    same(x.clone().pow_(exponent=2), x**2)
    same(fe.pow(x, exponent=2), fe.pow(input=x, other=2))
    same(x.softmax(1), x.softmax(dim=1))
    same(x.tril(-1), x.tril(diagonal=-1))
    same(x.clamp(0, 2), x.clamp(min=0, max=2))


def test_in_place_forms_take_the_value_and_touch_no_other() -> None:
    x = fe.tensor([[1.0, -2.0], [3.0, 4.0]])
    for write, wanted in [
        (lambda t: t.abs_(), x.abs()),
        (lambda t: t.mul_(x), x * x),
        (lambda t: t.tril_(-1), x.tril(-1)),
        (lambda t: t.clamp_(max=1), x.clamp(max=1)),
        (lambda t: t.cumsum_(1), x.cumsum(1)),
        (lambda t: t.gt_(0), (x > 0).float()),
    ]:
        other = x.clone()
        kept = other.detach()
        assert write(other) is other
        same(other, wanted)
        same(kept, x)


def test_some_in_place_forms_change_the_shape() -> None:
    x = fe.zeros(2, 3)
    assert x.t_() is x
    assert x.shape == (3, 2)
    assert x.unsqueeze_(0).shape == (1, 3, 2)
    assert x.transpose_(1, 2).shape == (1, 2, 3)
    assert x.squeeze_().shape == (2, 3)
    assert x.swapaxes_(0, 1).shape == x.swapdims_(0, 1).swapdims_(0, 1).shape == (3, 2)
    y = fe.ones(2, 3, requires_grad=True) * 2
    y.t_()
    (y * fe.tensor([[1.0, 2.0]])).sum().backward()
    with pytest.raises(ShapeError, match=r"^add_: the result is float32\[2,3\]"):
        fe.zeros(3).add_(fe.zeros(2, 3))


def test_in_place_forms_refuse_leaves_that_ask_for_a_gradient() -> None:
    x = fe.ones(2, 3, requires_grad=True)
    for write in (lambda: x.exp_(), lambda: x.t_(), lambda: x.fill_diagonal_(0)):
        with pytest.raises(GraphError, match="_: a leaf that requires a gradient"):
            write()


def test_signatures_are_those_of_the_functions() -> None:
    assert inspect.signature(fe.Tensor.tril) == inspect.signature(fe.tril)
    assert list(inspect.signature(fe.Tensor.roll).parameters)[1:] == ["shifts", "dims"]


def test_fill_diagonal() -> None:
    x = fe.zeros(7, 3).fill_diagonal_(1, wrap=True).numpy()
    wanted = np.zeros((7, 3))
    np.fill_diagonal(wanted, 1, wrap=True)
    np.testing.assert_array_equal(x, wanted)
    for shape in ((7, 3), (3, 7), (3, 3), (2, 2, 2), (0, 2)):
        x = fe.zeros(shape).fill_diagonal_(2.5).numpy()
        wanted = np.zeros(shape)
        if wanted.size:
            np.fill_diagonal(wanted, 2.5)
        np.testing.assert_array_equal(x, wanted)
    for shape in ((3,), (2, 3, 2)):
        with pytest.raises(ShapeError, match=r"^fill_diagonal_: "):
            fe.zeros(shape).fill_diagonal_(1)


def test_filling_with_a_tensor_passes_its_gradient() -> None:
    value = fe.tensor(2.0, requires_grad=True)
    x = fe.zeros(3).fill_(value)
    x.sum().backward()
    assert value.grad is not None
    assert value.grad.item() == 3
    with pytest.raises(ShapeError, match=r"^fill_: the value must be without dims"):
        fe.zeros(3).fill_(fe.zeros(3))


def test_detach_in_place_and_retained_gradients() -> None:
    x = fe.ones(2, requires_grad=True)
    y = x * 2
    assert not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    assert y.detach_() is y
    assert not y.requires_grad


def test_what_checkers_see_is_current() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "tools/method_stubs.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_the_stub_has_every_method() -> None:
    text = (ROOT / "core/src/ferrule/methods.pyi").read_text()
    for name in vars(Methods):
        if not name.startswith("_"):
            assert f"    def {name}(" in text
