"""``ferrule ops``: what ops there are, and how they run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ferrule as fe
from ferrule import runtime
from ferrule.cli.ops import manner
from ferrule.op import forget_plans


@pytest.fixture
def crippled(on_cpu: None) -> Iterator[runtime.ActiveBackend]:
    """The CPU backend, without a few kernels for the length of a test."""
    active = runtime.active("cpu")
    before = dict(active.kernels)
    for name in ("exp", "gelu"):
        active.kernels.pop(name, None)
    active.kernels["silu"] = active.kernels["neg"]
    active.packs["silu"] = "fast-silu"
    forget_plans()
    yield active
    active.kernels.clear()
    active.kernels.update(before)
    active.packs.pop("silu")
    forget_plans()


@pytest.mark.usefixtures("on_cpu")
def test_the_list_has_every_op(ferrule: Callable[..., Any]) -> None:
    code, out, err = ferrule("ops")
    assert (code, err) == (0, "")
    listed = {line.split()[0]: line for line in out.splitlines()[1:-2]}
    assert set(listed) == set(fe.OPS)
    assert listed["exp"].split()[:3] == ["exp", "primitive", "native"]
    assert "Exponentials along ``dim``, scaled to sum to one" in listed["softmax"]
    assert out.splitlines()[-1].startswith(f"{len(fe.OPS)} ops; on cpu: ")


def test_one_op_in_full(ferrule: Callable[..., Any]) -> None:
    code, out, _ = ferrule("ops", "softmax", "--backend", "cpu")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "softmax(x, dim)"
    assert lines[2] == "Exponentials along ``dim``, scaled to sum to one."
    rows = dict(line.split("  ", 1) for line in lines[4:])
    rows = {title: text.strip() for title, text in rows.items()}
    assert rows["kind"] == "composite"
    assert rows["dtypes"] == "float16 bfloat16 float32 float64"
    assert rows["gradient"] == "by a rule of its own"
    assert rows["declared in"] == "ferrule.ops.softmax"


def test_how_an_op_runs(crippled: runtime.ActiveBackend, ferrule: Callable[..., Any]) -> None:
    assert manner(fe.OPS["add"], crippled) == "native"
    assert manner(fe.OPS["gelu"], crippled) == "decomposed"
    assert manner(fe.OPS["exp"], crippled) == "host"
    assert "host: on the host, if fe.set_backend" in ferrule("ops", "exp").out
    assert "decomposed: by its body" in ferrule("ops", "gelu").out
    assert "native: by a kernel of its own (from fast-silu)" in ferrule("ops", "silu").out


def test_a_kernel_that_nobody_has(
    crippled: runtime.ActiveBackend, ferrule: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_host_kernels", dict)
    assert manner(fe.OPS["exp"], crippled) == "missing"
    assert "missing: not at all" in ferrule("ops", "exp").out


@pytest.mark.parametrize(
    ("op", "gradient"),
    [
        ("exp", "by a rule of its own"),
        ("nanmean", "through its body"),
        ("argmax", "none"),
        ("isnan", "none: its output does not depend smoothly"),
    ],
)
def test_gradients(op: str, gradient: str, ferrule: Callable[..., Any]) -> None:
    assert f"gradient     {gradient}" in ferrule("ops", op).out


def test_an_unknown_op(refused: Callable[..., str]) -> None:
    assert "there is no op 'sofmax'; did you mean softmax or " in refused("ops", "sofmax")
    assert refused("ops", "zzzzzz") == (
        "error: there is no op 'zzzzzz'; `ferrule ops` lists them all\n"
    )


def test_an_unknown_backend(refused: Callable[..., str]) -> None:
    assert "backend 'nowhere' is not installed" in refused("ops", "--backend", "nowhere")
