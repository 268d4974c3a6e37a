"""Asking a backend what it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ferrule as fe
from ferrule import runtime
from ferrule.samples import of
from ferrule_plugins import (
    BackendNotInstalled,
    BackendUnavailable,
    Capabilities,
    Report,
    Shaped,
    discovery,
    dtypes,
)

NO_DOUBLE = tuple(d for d in dtypes.ALL if d not in (fe.float64, fe.complex128))


def supports(name: str, *args: Any, **kwargs: Any) -> fe.Support:
    return fe.backend(name).supports(*args, **kwargs)


def test_a_kernel_is_native_and_a_body_of_kernels_decomposed(add_backend: Any) -> None:
    backend = add_backend("kit", extra={"softmax": lambda x, dim: x})
    found = supports("kit", "exp")
    assert (found.ok, found.how, found.reason, found.remedy) == (True, "native", "", "")
    assert supports("kit", fe.ops.softmax).how == "native"
    found = supports("kit", "log_softmax", fe.float16)
    assert (bool(found), found.how) == (True, "decomposed")
    assert "its body runs: " in found.reason
    assert "exp" in found.reason
    assert sum(backend.calls.values()) == 0


def test_what_has_no_kernel_runs_on_the_host_if_that_is_allowed(add_backend: Any) -> None:
    add_backend("poor", without=("exp",))
    for op in ("exp", "softmax"):
        found = supports("poor", op)
        assert (bool(found), found.how, found.missing) == (False, "host", ("exp",))
        assert found.reason == "no kernel for exp"
        assert 'fe.set_backend("poor", fallback="warn")' in found.remedy
        assert "fe.set_backend" in str(found)
    fe.set_backend("poor", fallback="allow")
    found = supports("poor", "softmax")
    assert (bool(found), found.how, found.remedy) == (True, "host", "")
    assert supports("poor", "tanh").how == "native"


def test_it_says_what_a_call_does(add_backend: Any) -> None:
    """The answers, held against the calls of its samples."""
    add_backend("poor", without=("exp", "matmul", "cumsum", "full"), supported=NO_DOUBLE)
    poor = fe.backend("poor")
    for name in ("softmax", "gelu", "linear", "cumprod", "sinc", "full", "add", "sub"):
        op = fe.OPS[name]
        dtype = fe.float32 if fe.float32 in op.dtypes else fe.int64
        missing = False
        for sample in op.samples:
            operands = [i and fe.zeros(i.shape, dtype=i.dtype or dtype) for i in sample.inputs]
            try:
                there = [x if x is None else x.to("poor") for x in operands]
                with fe.use_backend("poor"):
                    op(*there, **sample.attrs)
            except fe.MissingKernel:
                missing = True
        assert (poor.supports(name, dtype).how == "host") is missing, name


def test_gradients_may_need_more(add_backend: Any) -> None:
    add_backend("poor", without=("scatter_add",))
    assert supports("poor", "gather").how == "native"
    found = supports("poor", "gather", backward=True)
    assert (found.how, found.missing) == ("host", ("scatter_add",))


def test_a_kernel_without_a_rule_is_replayed_in_backward(add_backend: Any) -> None:
    @fe.composite(dtypes=fe.exp.dtypes, samples=[(of(3),)])
    def test_twice_exp(x: fe.Tensor) -> fe.Tensor:
        """exp of exp."""
        return fe.exp(fe.exp(x))

    add_backend("odd", without=("exp",), extra={"test_twice_exp": lambda x: x})
    assert supports("odd", "test_twice_exp").how == "native"
    assert supports("odd", "test_twice_exp", backward=True).missing == ("exp",)


def test_dtypes(add_backend: Any) -> None:
    add_backend("single", supported=NO_DOUBLE)
    found = supports("single", "exp", fe.float64)
    assert (found.ok, found.how) == (False, "no")
    assert found.reason == "the backend has no float64"
    assert "float16" in found.remedy
    assert supports("single", "exp", "int32").how == "native"  # as float32
    found = supports("single", "matmul", fe.bool)
    assert found.how == "no"
    assert "bool is not among its dtypes" in found.reason
    add_backend("floats", supported=(fe.float32,))
    found = supports("floats", "argmax")
    assert found.how == "no"
    assert found.reason == "the backend has no int64"


def test_features(add_backend: Any) -> None:
    add_backend("plain", without=tuple(op.name for op in fe.OPS.values() if op.feature))
    found = supports("plain", "svd")
    assert found.how == "host"
    assert "part of 'linalg', and the backend does not offer that" in found.reason


def test_unknown_ops(add_backend: Any) -> None:
    add_backend("kit")
    found = supports("kit", "sofmax")
    assert (found.how, found.reason) == ("no", "there is no op 'sofmax'")
    assert found.remedy == "did you mean 'softmax'?"
    assert supports("kit", "qqqqqq").remedy == "`ferrule ops` lists them"
    with pytest.raises(fe.ArgumentError, match="an op or its name is wanted, not 3"):
        fe.backend("kit").supports(3)  # pyright: ignore[reportArgumentType]


def test_an_op_that_nobody_has_a_kernel_for(add_backend: Any) -> None:
    @fe.primitive(dtypes=fe.exp.dtypes, samples=[(of(2),)])
    def test_nowhere(x: Shaped) -> Shaped:
        """Nobody has a kernel for it."""
        return x

    add_backend("kit")
    found = supports("kit", "test_nowhere")
    assert (found.ok, found.how) == (False, "no")
    assert "not even on the host" in found.reason
    assert "package that declares the op" in found.remedy


def test_a_backend_that_cannot_run_here_can_be_asked(
    add_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Elsewhere:
        name = "unreachable"
        contract = (1, 0)
        capabilities = Capabilities(frozenset({fe.float32}))

        def __init__(self) -> None:
            self.kernels = {"exp": self.never}

        def never(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError("it was touched")

        from_host = to_host = spec = synchronize = memory_stats = never

        def probe(self) -> Report:
            return Report(False, reason="there is no such chip", remedy="buy one")

    def refuse(name: str) -> Any:
        raise BackendUnavailable(name, "there is no such chip", remedy="buy one")

    backend = Elsewhere()
    monkeypatch.setattr(discovery, "load", refuse)
    monkeypatch.setattr(discovery, "imported", lambda name: backend)
    found = fe.backend("unreachable")
    assert not found.available
    assert (found.reason, found.remedy) == ("there is no such chip", "buy one")
    assert found.dtypes == (fe.float32,)
    assert found.native == {"exp"}
    assert found.supports("exp").how == "native"
    assert found.supports("softmax").how == "host"
    assert "unavailable: there is no such chip" in repr(found)


def test_a_backend_that_is_not_installed() -> None:
    with pytest.raises(BackendNotInstalled, match="nonsense"):
        fe.backend("nonsense")
    with pytest.raises(BackendNotInstalled, match=r"module:attribute of a module on sys\.path"):
        fe.backend("no_such_module:backend")


def test_a_backend_at_a_module_and_attribute(
    install: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
import numpy as np
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend


class Chip(ArrayNamespaceBackend):
    def __init__(self):
        super().__init__("chip_of_a_module", np)


backend = Chip()
"""
    (tmp_path / "module_of_a_chip.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    found = fe.backend("module_of_a_chip:backend")
    assert (found.name, found.available) == ("chip_of_a_module", True)
    x = fe.ones(2, device="chip_of_a_module")
    first = runtime.active(found.name)
    assert fe.backend("module_of_a_chip:backend").name == found.name
    assert fe.backend("module_of_a_chip:Chip").name == found.name
    assert fe.backend("chip_of_a_module:0").name == found.name
    assert runtime.active(found.name) is first  # it was not installed anew
    assert (x + 1).tolist() == [2, 2]


def test_the_list_of_backends_is_a_list_with_a_table() -> None:
    found = fe.backends()
    assert isinstance(found, list)
    lines = found.table().splitlines()
    assert lines[0].split() == [
        "backend", "state", "version", "from", "dtypes", "kernels", "devices",
    ]  # fmt: skip
    cells = {line.split()[0]: line.split() for line in lines[2 : 2 + len(found)]}
    assert [cells[s.name][1] for s in found] == [s.state for s in found]
    assert int(cells["cpu"][5]) == len(fe.backend("cpu").native)
    for status in found:
        if status.state != "ready":
            assert f"{status.name} is {status.state}: {status.reason}" in lines
    assert "no backend is installed" in type(found)().table()
