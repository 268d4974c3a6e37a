"""What would become of a model on a backend, without running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.nn.check import Row
from ferrule_plugins import BackendNotInstalled, DType
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend


class Untouched(ArrayNamespaceBackend):
    """A backend that counts, and of which only what it declares is to be read."""

    def __init__(self, without: tuple[str, ...] = (), less: tuple[DType, ...] = ()) -> None:
        super().__init__("other", np)
        self.calls = 0
        self.kernels = {op: self._counted for op in self.kernels if op not in without}
        declared = self.capabilities.dtypes - set(less)
        self.capabilities = replace(self.capabilities, dtypes=declared)

    def _counted(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1

    def from_host(self, array: Any, device: Any) -> Any:
        self.calls += 1
        return super().from_host(array, device)


@pytest.fixture
def other(install: Callable[[Any], Any]) -> Callable[..., Untouched]:
    return lambda **options: install(Untouched(**options))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5))
        self.head = nn.Linear(6, 3)

    def forward(self, x: fe.Tensor) -> fe.Tensor:
        return fe.softmax(self.head(self.body(x)), -1)


def of(rows: list[Row]) -> dict[tuple[str, str, str | None], Row]:
    return {(row.path, row.op, row.gradient_of): row for row in rows}


def test_rows_say_where_and_how(other: Any) -> None:
    backend = other(without=("exp",))
    found = Net().check("other", (5, 4))
    assert backend.calls == 0
    rows = of(found.rows)
    assert rows["body.0", "linear", None].support.how == "decomposed"
    assert rows["body.0", "linear", None].module == "Linear"
    assert (
        rows["body.0", "linear", None].example == "linear(float32[5,4], float32[6,4], float32[6])"
    )
    assert rows["", "softmax", None].support.how == "host"
    assert rows["", "softmax", None].support.missing == ("exp",)
    assert rows["head", "matmul", "linear"].calls == 2
    assert rows["body.1", "sum", "batch_norm_training"].support.how == "native"
    assert not found
    assert [row.op for row in found.failing] == ["softmax"]
    assert found.failing == found.on_host
    text = str(found)
    assert "no kernel for exp" in text
    assert 'To mend it: run it on the host: fe.set_backend("other", fallback="warn")' in text


def test_the_rows_are_what_runs(install: Any) -> None:
    """Held against the kernels that a real run counts."""
    install(ArrayNamespaceBackend("kit", np))
    model = Net()
    found = model.check("kit", (5, 4))
    assert found
    model.to("kit")
    with fe.profiler.count_ops() as counted:
        y = model(fe.ones(5, 4, device="kit"))
    with fe.profiler.count_ops() as gradient:
        fe.autograd.grad(y, list(model.parameters()), fe.ones(5, 3, device="kit"))
    for rows, ran in (
        ([r for r in found.rows if r.gradient_of is None], counted),
        ([r for r in found.rows if r.gradient_of is not None], gradient),
    ):
        native = {row.op for row in rows if row.support.how == "native"}
        assert native <= set(ran.counts)
        assert {row.op for row in rows if row.support.how == "decomposed"} <= set(ran.decomposed)
    matmuls = sum(row.calls for row in found.rows if row.op == "matmul" and row.gradient_of)
    assert matmuls == gradient.counts["matmul"]


def test_the_model_and_the_generator_are_as_before(other: Any) -> None:
    other()
    model = Net()
    hooked: list[Any] = []
    model.head.register_forward_hook(lambda *args: hooked.append(args))
    model(fe.ones(5, 4)).sum().backward()
    state = {name: (id(x), x.tolist()) for name, x in model.state_dict(keep_vars=True).items()}
    gradients = [p.grad for p in model.parameters()]
    drawn = fe.default_generator().state.tolist()
    assert model.check("other", (5, 4))
    assert {n: (id(x), x.tolist()) for n, x in model.state_dict(keep_vars=True).items()} == state
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients))
    assert fe.default_generator().state.tolist() == drawn
    assert model.training
    model(fe.ones(5, 4))


def test_lazy_layers_stay_lazy(other: Any) -> None:
    other()
    model = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    assert model.check("other", (5, 4))
    assert isinstance(model[0], nn.LazyLinear)
    assert model[0].has_uninitialized_params()
    assert model(fe.ones(2, 7)).shape == (2, 3)


def test_dtypes_that_the_backend_lacks(other: Any) -> None:
    other(less=(fe.float64,))
    model = nn.Linear(2, 3).double()
    found = model.check("other", (4, 2))
    assert not found
    assert [(r.path, r.op) for r in found.rows[:3]] == [
        ("weight", ""),
        ("bias", ""),
        ("", "linear"),
    ]
    assert all(r.support.reason == "the backend has no float64" for r in found.rows)
    assert "convert with .to(dtype)" in str(found)
    assert nn.Linear(2, 3).check("other", (4, 2))


@pytest.mark.parametrize(
    "index",
    [
        fe.zeros(2, 3, dtype=fe.int64),
        fe.Spec((2, 3), fe.int64),
        ((2, 3), "int64"),
        np.zeros((2, 3), np.int64),
    ],
    ids=["tensor", "spec", "pair", "array"],
)
def test_what_inputs_may_be(other: Any, index: Any) -> None:
    backend = other()
    found = nn.Embedding(10, 4).check("other", index)
    assert found
    assert found.rows[0].example.startswith("embedding(float32[10,4], int64[2,3]")
    assert backend.calls == 0


def test_keywords_and_nested_inputs_and_outputs(other: Any) -> None:
    other()
    model = nn.LSTM(3, 5)
    found = model.check("other", (2, 4, 3), ((1, 4, 5), (1, 4, 5)))
    assert found
    assert any(row.gradient_of for row in found.rows)
    attention = nn.MultiheadAttention(4, 2)
    shape = (3, 1, 4)
    assert attention.check("other", shape, shape, shape, need_weights=False)


def test_forward_alone(other: Any) -> None:
    other()
    rows = Net().check("other", (5, 4), backward=False).rows
    assert rows
    assert all(row.gradient_of is None for row in rows)


def test_gradients_of_inputs_alone(other: Any) -> None:
    other()
    model = nn.Sigmoid()
    assert not any(r.gradient_of for r in model.check("other", fe.ones(3)).rows)
    found = model.check("other", fe.ones(3).requires_grad_())
    assert any(r.gradient_of == "sigmoid" for r in found.rows)


def test_shapes_that_depend_on_values(other: Any) -> None:
    other(without=("nonzero",))

    class Positive(nn.Linear):
        def forward(self, input: fe.Tensor) -> fe.Tensor:
            y = super().forward(input)
            return y[y > 0].sum()

    found = Positive(2, 3).check("other", (4, 2))
    assert found.dynamic == "nonzero"
    assert of(found.rows)["", "nonzero", None].support.how == "host"
    assert "The shape of what nonzero gives depends on values" in str(found)


def test_what_depends_on_values_is_unfinished_and_says_why(other: Any) -> None:
    other()

    class Branching(nn.Linear):
        def forward(self, input: fe.Tensor) -> fe.Tensor:
            y = super().forward(input)
            return y.exp() if y.sum() > 0 else y

    found = Branching(2, 3).check("other", (4, 2))
    assert not found
    assert [row.op for row in found.rows] == ["linear", "sum", "gt"]
    assert "has no values here" in found.unfinished
    assert "The rest could not be looked at" in str(found)


def test_a_call_that_is_wrong_anywhere_is_an_error(other: Any) -> None:
    other()
    with pytest.raises(fe.ShapeError, match=r"in body\.0 \(Linear\) of Net"):
        Net().check("other", (5, 3))


def test_a_backend_that_cannot_run_here(other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other()

    def refuse(name: str) -> Any:
        raise fe.BackendUnavailable(name, "there is no such chip", remedy="buy one")

    monkeypatch.setattr("ferrule.nn.check.discovery.load", refuse)
    found = Net().check("other", (5, 4))
    assert found
    assert "'other' cannot run here: there is no such chip; to mend it: buy one" in str(found)


def test_a_backend_that_is_not_installed() -> None:
    with pytest.raises(BackendNotInstalled):
        Net().check("nonsense", (5, 4))


def test_models_of_the_zoo(other: Any) -> None:
    other()
    for model, inputs in (
        (fe.models.LeNet5(), (2, 1, 28, 28)),
        (fe.models.resnet18(num_classes=3), (2, 3, 32, 32)),
    ):
        assert model.check("other", inputs)
