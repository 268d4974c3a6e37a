"""Finding the first op of which two backends make different things."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule_plugins import Capabilities, dtypes
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

KIT = array_namespace.kernels(np, dtype_of=lambda dtype: dtype.numpy)


def off(function: Any, factor: float = 1.001) -> Any:
    """The kernel, with its last element off."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        y = np.array(function(*arrays, **attrs))
        if y.size:
            y.reshape(-1)[-1] *= factor
        return y

    return kernel


def values(n: int = 6, dtype: Any = fe.float32) -> fe.Tensor:
    return fe.tensor(np.linspace(0.5, 2.0, n), dtype=dtype)


def diff(function: Any, inputs: Any, other: str = "wrong", **options: Any) -> fe.debug.Comparison:
    return fe.debug.diff(function, inputs, ("cpu", other), reproduction=None, **options)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5))
        self.head = nn.Linear(6, 3)

    def forward(self, x: fe.Tensor) -> fe.Tensor:
        return fe.softmax(self.head(self.body(x)), -1)


def test_right_backends_agree(wrong: Any) -> None:
    found = diff(Net(), fe.randn(5, 4), wrong())
    assert found
    assert found.divergence is None
    assert found.compared > 30
    assert {e.name for e in found.end_to_end} >= {"output", "gradient of body.0.weight"}
    assert all(e.units < 100 for e in found.end_to_end if e.name == "output")
    assert not found.failure
    assert "None differs by more than is allowed." in str(found)


def test_the_first_op_of_forward_is_named_with_its_module(wrong: Any) -> None:
    found = diff(Net(), fe.randn(5, 4), wrong(tanh=off(np.tanh)))
    at = found.divergence
    assert not found
    assert at is not None
    assert (at.op, at.kind, at.call) == ("tanh", "values", "tanh(float32[5,6])")
    assert (at.place.path, at.place.module, at.place.gradient_of) == ("body.2", "Tanh", None)
    assert at.gap is not None
    assert at.gap.index == (4, 5)
    assert (at.gap.wrong, at.gap.total) == (1, 30)
    a, b = at.gap.values
    assert b == pytest.approx(a * 1.001)
    binade = 2.0 ** math.floor(math.log2(abs(a)))
    assert at.gap.ulps == pytest.approx(abs(a - b) / (2.0**-23 * binade))
    assert "tanh(float32[5,6]), at body.2 (Tanh)" in str(found)
    assert max(e.relative for e in found.end_to_end) > 1e-5


def test_the_first_op_of_a_gradient_is_named_with_what_it_is_the_gradient_of(wrong: Any) -> None:
    def sum_is_off_in_two_dims(x: Any, **attrs: Any) -> Any:
        y = np.array(KIT["sum"](x, **attrs))
        if x.ndim == 2 and x.shape == (5, 3) and y.shape == (3,):  # that of head.bias
            y[1] += 0.01
        return y

    found = diff(Net(), fe.randn(5, 4), wrong(sum=sum_is_off_in_two_dims))
    at = found.divergence
    assert at is not None
    assert (at.op, at.place.path, at.place.gradient_of) == ("sum", "head", "linear")
    assert at.gap is not None
    assert at.gap.index == (1,)
    assert "in the gradient of linear, at head (Linear)" in str(found)
    by_name = {e.name: e.relative for e in found.end_to_end}
    assert by_name["output"] < 1e-5 < by_name["gradient of head.bias"]
    assert diff(Net(), fe.randn(5, 4), backward=False)


def test_errors_of_predecessors_are_not_blamed_on_an_op(wrong: Any) -> None:
    """Rounding errors that grow: no op is wrong, and the whole differs."""

    def cancelling(x: fe.Tensor) -> fe.Tensor:
        y = fe.exp(x)
        return (y - y.detach().round() + 1e-9) * 1e9

    last = partial(off, factor=1 + 2.0**-23)
    found = diff(cancelling, values(dtype=fe.float32), wrong(exp=last(np.exp)))
    assert found
    assert found.nearest is not None
    assert found.nearest.op == "exp"
    assert 0 < found.nearest.ulps <= 2


def test_a_wrong_op_is_found_in_the_body_of_a_composite(wrong: Any, give_kernel: Any) -> None:
    give_kernel("log_softmax", lambda x, dim: x - np.log(np.exp(x).sum(dim, keepdims=True)))
    found = diff(lambda x: fe.log_softmax(x, -1), values(), wrong(log=off(np.log)))
    at = found.divergence
    assert at is not None
    assert (at.op, at.within) == ("log", ("log_softmax",))
    assert "in the body of log_softmax" in str(found)


def test_a_wrong_kernel_of_a_composite_is_blamed_itself(wrong: Any) -> None:
    found = diff(lambda x: fe.log_softmax(x, -1), values(), wrong(log_softmax=lambda x, dim: x))
    at = found.divergence
    assert at is not None
    assert (at.op, at.within) == ("log_softmax", ())


@pytest.mark.parametrize(
    ("kernel", "kind", "text"),
    [
        (lambda x: x.astype(np.float64), "type", r"float32\[6\], and float64\[6\] on wrong:0"),
        (lambda x: x[:-1], "type", r"float32\[6\], and float32\[5\] on wrong:0"),
        (lambda x: 1 / 0, "error", "wrong:0 raises ZeroDivisionError: division by zero"),
        (lambda x: np.where(x > 1.9, np.nan, np.tanh(x)), "values", "infinitely far apart"),
        (lambda x: np.where(x > 1.9, np.inf, np.tanh(x)), "values", "infinitely far apart"),
        (None, "error", "wrong:0 raises MissingKernel: .*no kernel for the primitive 'tanh'"),
    ],
    ids=["dtype", "shape", "error", "nan", "inf", "missing"],
)
def test_kinds_of_divergence(wrong: Any, kernel: Any, kind: str, text: str) -> None:
    found = diff(fe.tanh, values(), wrong(tanh=kernel))
    at = found.divergence
    assert at is not None
    assert (at.op, at.kind) == ("tanh", kind)
    assert re.search(text, str(found))


def test_an_error_of_the_trusted_backend_is_the_callers(wrong: Any) -> None:
    with pytest.raises(fe.ShapeError, match="matmul"):
        diff(lambda x: x @ x, fe.ones(2, 3), wrong())


def test_nan_and_infinities_that_are_alike_agree(wrong: Any) -> None:
    x = fe.tensor([math.nan, math.inf, -math.inf, -0.0, 1e-42])
    assert diff(lambda x: fe.exp(x) * 2 + fe.maximum(x, x), x, wrong(), backward=False)


@pytest.mark.parametrize("dtype", [fe.bfloat16, fe.float16, fe.float64, fe.complex64], ids=str)
def test_dtypes(install: Any, dtype: Any) -> None:
    kit = ArrayNamespaceBackend("wrong", np)
    kit.kernels = {**array_namespace.kernels(np, dtype_of=lambda d: d.numpy)}
    kit.capabilities = Capabilities(frozenset(dtypes.ALL), features=kit.capabilities.features)
    kit.spec = lambda array: fe.Spec(array.shape, fe.DType.of(array.dtype))
    install(kit)
    x = values(dtype=dtype).requires_grad_()
    assert diff(lambda x: (fe.sin(x) * x).sum(), x)
    kit.kernels = {**kit.kernels, "sin": lambda x: off(np.sin, 1.5)(x).astype(x.dtype)}
    install(kit)
    found = diff(lambda x: (fe.sin(x) * x).sum(), x)
    assert found.divergence is not None
    assert found.divergence.op == "sin"
    assert found.divergence.gap is not None
    assert all(isinstance(v, (float, complex)) for v in found.divergence.gap.values)


def test_integers_and_bools_are_exact(wrong: Any) -> None:
    def one_more(a: Any, b: Any) -> Any:
        return KIT["mul"](a, b) + (np.asarray(a).dtype.kind == "i")

    x = fe.arange(4)
    at = diff(lambda x: x * 3, x, wrong(mul=one_more)).divergence
    assert at is not None
    assert at.gap is not None
    assert (at.gap.values, at.gap.ulps, at.gap.wrong) == ((0, 1), 1.0, 4)
    found = diff(lambda x: x > 1, x, wrong(gt=lambda a, b: np.asarray(a) >= b))
    assert found.divergence is not None
    assert found.divergence.gap is not None
    assert found.divergence.gap.values == (False, True)


def test_several_outputs(wrong: Any) -> None:
    def swapped(x: Any, **attrs: Any) -> Any:
        y, index = KIT["sort"](x, **attrs)
        return y, index[..., ::-1].copy()

    found = diff(lambda x: fe.sort(x).values, fe.tensor([2.0, 1.0, 3.0]), wrong(sort=swapped))
    assert found.divergence is not None
    assert (found.divergence.op, found.divergence.output) == ("sort", 1)
    assert "result 1: 2 of 3 elements differ" in str(found)


def test_results_that_are_not_unique_are_compared_by_what_is(wrong: Any) -> None:
    pytest.importorskip("ferrule_conformance")

    def flipped(x: Any, **attrs: Any) -> Any:
        u, s, v = KIT["svd"](x, **attrs)
        return -u, s, -v

    x = fe.tensor(np.random.default_rng(0).normal(size=(4, 3)), dtype=fe.float64)
    assert diff(lambda x: fe.svd(x).S, x, wrong(svd=flipped), backward=False)
    half = diff(lambda x: fe.svd(x).S, x, wrong(svd=lambda x, **a: (*flipped(x, **a)[:2], x)))
    assert half.divergence is not None


def test_writing_in_place(wrong: Any) -> None:
    def function(x: fe.Tensor) -> fe.Tensor:
        y = x * 1.0
        y[1:3] = y[1:3].exp()
        y += x
        return y.sum()

    x = values().requires_grad_()
    assert diff(function, x, wrong())
    found = diff(function, x, wrong(exp=off(np.exp)))
    assert found.divergence is not None
    assert found.divergence.op == "exp"
    assert x.grad is None


def test_views_are_met_as_views(wrong: Any) -> None:
    """A kernel that reads memory in the wrong order is found, though values are copied."""

    def as_it_lies(x: Any) -> Any:
        return np.exp(np.array(x, order="A").reshape(-1, order="A")).reshape(x.shape)

    wrong(exp=lambda x: np.exp(x) if x.flags.c_contiguous else as_it_lies(x))
    assert diff(lambda x: fe.exp(x).sum(), fe.rand(3, 4))
    found = diff(lambda x: fe.exp(x.T).sum(), fe.rand(3, 4))
    assert found.divergence is not None
    assert found.divergence.op == "exp"


def test_both_draw_the_same_numbers(wrong: Any) -> None:
    fe.manual_seed(5)
    state = fe.default_generator().state.tolist()
    found = diff(lambda x: nn.functional.dropout(x, 0.5) + fe.rand_like(x), values(64), wrong())
    assert found
    assert [e.relative for e in found.end_to_end] == [0.0]
    assert fe.default_generator().state.tolist() == state


def test_the_model_is_left_as_it_was(wrong: Any) -> None:
    model = Net()
    model(fe.ones(5, 4)).sum().backward()
    state = {name: (id(x), x.tolist()) for name, x in model.state_dict(keep_vars=True).items()}
    gradients = [p.grad for p in model.parameters()]
    x = fe.randn(5, 4).requires_grad_()
    assert not diff(model, x, wrong(tanh=off(np.tanh)))
    assert {n: (id(x), x.tolist()) for n, x in model.state_dict(keep_vars=True).items()} == state
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients))
    assert {str(p.device) for p in model.parameters()} == {"cpu:0"}
    assert x.grad is None
    assert model.training


def test_functions_that_call_a_model(wrong: Any) -> None:
    model = Net()

    def loss(x: fe.Tensor, *, target: fe.Tensor) -> fe.Tensor:
        return nn.functional.mse_loss(model(x), target)

    inputs = {"x": fe.randn(5, 4), "target": fe.rand(5, 3)}
    found = diff(loss, inputs, wrong())
    assert found
    assert {e.name for e in found.end_to_end} >= {"output", "gradient of head.bias"}
    found = diff(partial(loss, target=inputs["target"]), inputs["x"], wrong(tanh=off(np.tanh)))
    assert found.divergence is not None
    assert found.divergence.place.path == "body.2"


def test_the_whole_may_fail_where_no_op_does(wrong: Any) -> None:
    elsewhere = fe.ones(6)
    found = diff(lambda x: x + elsewhere, values(), wrong())
    assert found
    assert found.failure.startswith("DeviceError: ")
    assert "wrong alone could not compute the whole: DeviceError" in str(found)


def test_a_whole_that_differs_without_a_culprit_is_noted(wrong: Any) -> None:
    """Here the kernel is wrong on its second call only."""
    calls: list[int] = []

    def moody(x: Any) -> Any:
        calls.append(1)
        return np.exp(x) * (1 if len(calls) == 1 else 1.1)

    found = diff(fe.exp, values(), wrong(exp=moody))
    assert found
    assert "output differs end to end, though no op does" in found.note


def test_a_tolerance_of_ones_own(wrong: Any) -> None:
    name = wrong(tanh=off(np.tanh, 1 + 2.0**-18))
    assert not diff(fe.tanh, values(), name)
    assert diff(fe.tanh, values(), name, tolerance=100)


def test_what_is_wrong_with_the_call() -> None:
    with pytest.raises(fe.ArgumentError, match="diff compares two backends, not 'cpu'"):
        fe.debug.diff(fe.exp, values(), "cpu")
    with pytest.raises(fe.BackendNotInstalled):
        fe.debug.diff(fe.exp, values(), ("cpu", "nonsense"))
    with pytest.raises(fe.ArgumentError, match="there is no op 'expp'"):
        fe.debug.diff_op("expp", values(), backends=("cpu", "cpu"))


def test_one_op(wrong: Any) -> None:
    name = wrong(amax=lambda x, **attrs: KIT["amin"](x, **attrs))
    found = fe.debug.diff_op("amax", values(), backends=("cpu", name), attributes={"dim": (0,)})
    assert not found
    assert fe.debug.diff_op("amin", values(), backends=("cpu", name))
    assert fe.debug.diff_op(
        fe.ops.full,
        backends=("cpu", name),
        attributes={"shape": (2,), "value": 1.5, "dtype": fe.float32},
    )
