"""Kernel packs and ops that hook plugins of this process add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import runtime
from ferrule_plugins import hookimpl, plugin_manager


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``plug_in(name, kernels=..., ops=...)``: register a plugin that answers these hooks."""
    registered: list[Any] = []
    monkeypatch.setattr(runtime, "_ops_registered", False)
    monkeypatch.setattr(plugin_manager, "_failures", dict(plugin_manager._failures))

    def add(name: str, **answers: Callable[..., Any]) -> None:
        class Plugin:
            if "kernels" in answers:

                @hookimpl
                def ferrule_register_kernels(self, backend: Any) -> Any:
                    return answers["kernels"](backend)

            if "ops" in answers:

                @hookimpl
                def ferrule_register_ops(self) -> Any:
                    return answers["ops"]()

        plugin_manager.manager().register(plugin := Plugin(), name)
        registered.append(plugin)

    yield add
    for plugin in registered:
        plugin_manager.manager().unregister(plugin)


def only_for(name: str, **kernels: Any) -> Callable[[Any], Any]:
    return lambda backend: kernels if backend.name == name else None


def test_a_packs_kernels_win_over_the_backends_own(add_backend: Any, plug_in: Any) -> None:
    backend = add_backend("mine")
    plug_in("pack", kernels=only_for("mine", exp=lambda x: backend._boxed(x * 0 + 42, "mine:0")))
    assert fe.exp(fe.ones(2, device="mine")).tolist() == [42, 42]
    assert fe.exp(fe.zeros(2)).tolist() == [1, 1]
    assert backend.calls["exp"] == 0
    assert runtime.active("mine").packs == {"exp": "pack"}


def test_a_pack_may_bring_the_kernel_that_a_backend_lacks(add_backend: Any, plug_in: Any) -> None:
    backend = add_backend("mine", without=("exp",))
    plug_in("pack", kernels=only_for("mine", exp=lambda x: backend._boxed(np.exp(x), "mine:0")))
    x = fe.zeros(2, device="mine").requires_grad_()
    fe.exp(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1]


def test_a_pack_may_speed_up_a_composite(add_backend: Any, plug_in: Any) -> None:
    backend = add_backend("mine")
    calls: list[int] = []

    def softmax(x: Any, *, dim: int) -> Any:
        calls.append(dim)
        e = np.exp(x)
        return backend._boxed(e / e.sum(dim, keepdims=True), "mine:0")

    plug_in("pack", kernels=only_for("mine", softmax=softmax))
    assert fe.softmax(fe.zeros(2, 4, device="mine"), -1).tolist() == [[0.25] * 4] * 2
    assert calls == [1]


@pytest.mark.parametrize("answer", [3, ["exp"], "exp", {1, 2}], ids=str)
def test_a_pack_that_is_no_mapping_is_passed_over_and_reported(
    add_backend: Any, plug_in: Any, answer: Any
) -> None:
    add_backend("mine")
    plug_in("nonsense", kernels=lambda backend: answer)
    assert fe.exp(fe.zeros(1, device="mine")).tolist() == [1]
    (failure,) = [f for f in plugin_manager.failures() if f.name == "nonsense"]
    assert failure.doing == "ferrule_register_kernels"
    assert "not a mapping" in str(failure)


def test_a_pack_that_raises_harms_nobody(add_backend: Any, plug_in: Any) -> None:
    def fail(backend: Any) -> Any:
        raise SystemExit("no")

    backend = add_backend("mine")
    plug_in("broken", kernels=fail)
    plug_in("sound", kernels=only_for("mine", exp=lambda x: backend._boxed(x + 42, "mine:0")))
    assert fe.exp(fe.zeros(1, device="mine")).tolist() == [42]
    assert [f.name for f in plugin_manager.failures() if f.name == "broken"] == ["broken"]


def test_ops_are_registered_when_the_first_backend_is_activated(
    add_backend: Any, plug_in: Any
) -> None:
    declared: list[fe.Op] = []

    def declare() -> list[fe.Op]:
        @fe.composite(dtypes=fe.exp.dtypes, samples=[])
        def test_plugged(x: fe.Tensor) -> fe.Tensor:
            """``2 * x``"""
            return x * 2

        declared.append(test_plugged)
        return declared

    plug_in("ops", ops=declare)
    add_backend("mine")
    assert "test_plugged" not in fe.OPS
    x = fe.ones(2, device="mine").requires_grad_()
    fe.OPS["test_plugged"](x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 2]
    runtime.active("cpu")
    assert len(declared) == 1
