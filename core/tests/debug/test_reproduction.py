"""The program that `diff` writes runs alone."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule.debug.reproduction import _INLINE

MODULE = """
import numpy as np
from ferrule_plugins import Capabilities, Spec, DType, dtypes
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

KIT = array_namespace.kernels(np, dtype_of=lambda dtype: dtype.numpy)


def off(function):
    def kernel(*arrays, **attrs):
        y = np.array(function(*arrays, **attrs))
        y.reshape(-1)[-1] *= 2
        return y

    return kernel


class Chip(ArrayNamespaceBackend):
    def __init__(self):
        super().__init__("chip", np)
        self.capabilities = Capabilities(frozenset(dtypes.ALL))
        self.kernels = {**KIT, **{name: off(KIT[name]) for name in %s}}
        self.kernels.pop("erf", None)

    def spec(self, array):
        return Spec(array.shape, DType.of(array.dtype))


backend = Chip()
"""


@pytest.fixture
def chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Any) -> Any:
    """``chip(*ops)``: the locator of a backend that is wrong in these."""

    def make(*ops: str) -> str:
        folder = tmp_path / "modules"
        folder.mkdir(exist_ok=True)
        name = f"chip_{'_'.join(ops)}"
        (folder / f"{name}.py").write_text(MODULE % repr(ops))
        monkeypatch.syspath_prepend(folder)
        return f"{name}:backend"

    yield make
    for name in [n for n in sys.modules if n.startswith("chip_")]:
        del sys.modules[name]


def run(path: Path, cwd: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, cwd=cwd, timeout=120
    )
    assert not done.stderr
    return done.returncode, done.stdout


def compare(function: Any, inputs: Any, other: str, file: Path) -> fe.debug.Comparison:
    return fe.debug.diff(function, inputs, ("cpu", other), reproduction=file)


@pytest.mark.parametrize(
    ("op", "function", "inputs"),
    [
        ("exp", fe.exp, fe.tensor([[0.5, -0.0, 2.0]])),
        ("cumsum", lambda x: fe.cumsum(x, 0), fe.tensor([1.0, 2.5], dtype=fe.bfloat16)),
        ("mul", lambda x: x * complex(0, 2), fe.tensor([1 + 2j, 3j])),
        ("add", lambda x: x + 1, fe.arange(3)),
        ("where", lambda x: fe.where(x > 1, fe.inf, x), fe.tensor([fe.nan, 2.0, 0.5])),
        ("full", lambda x: x + fe.full((3,), 2.5, dtype=fe.float64), fe.ones(3)),
        ("amax", lambda x: fe.amax(x, 1), fe.rand(_INLINE, 2)),
    ],
)  # fmt: skip
def test_it_shows_the_same_divergence(
    chip: Any, tmp_path: Path, capsys: Any, op: str, function: Any, inputs: Any
) -> None:
    file = tmp_path / "out" / "case.py"
    found = compare(function, inputs, chip(op), file)
    assert found.divergence is not None
    assert found.divergence.op == op
    assert found.reproduction == file
    assert found.note == ""
    assert f"To see it alone: python {file}" in str(found)
    assert file.with_suffix(".npz").exists() is (inputs.numel() > _INLINE)
    with pytest.raises(SystemExit) as left:  # the same as in a process of its own, but sooner
        runpy.run_path(str(file), run_name="__main__")
    out = capsys.readouterr().out
    assert left.value.code == 1
    assert found.divergence.call in out
    assert found.divergence.message in out


def test_alone(chip: Any, tmp_path: Path) -> None:
    file = tmp_path / "case.py"
    found = compare(fe.exp, fe.rand(_INLINE + 1), chip("exp"), file)
    assert found.divergence is not None
    code, out = run(file, tmp_path / "modules")
    assert code == 1
    assert found.divergence.message in out


def test_it_succeeds_once_the_kernel_is_right(chip: Any, tmp_path: Path) -> None:
    locator = chip("tanh")
    file = tmp_path / "case.py"
    assert compare(fe.tanh, fe.ones(3), locator, file).divergence is not None
    (module,) = (tmp_path / "modules").glob("*.py")
    module.write_text(MODULE % "()")
    code, out = run(file, tmp_path)
    assert (code, "None differs by more than is allowed." in out) == (0, True)


def test_gradients_and_the_fallback_in_force(chip: Any, tmp_path: Path) -> None:
    file = tmp_path / "case.py"
    locator = chip("cos")
    x = fe.ones(3).requires_grad_()
    found = compare(lambda x: fe.sin(x).sum(), x, locator, file)
    assert found.divergence is not None
    assert (found.divergence.op, found.divergence.place.gradient_of) == ("cos", "sin")
    assert "in the gradient of sin" in file.read_text()
    fe.set_backend("chip", fallback="allow")
    fe.set_backend("cpu")
    compare(lambda x: fe.sin(x).sum(), x, locator, file)
    assert "fallback='allow'" in file.read_text()
    assert run(file, tmp_path)[0] == 1


def test_a_tolerance_of_ones_own_is_kept(chip: Any, tmp_path: Path) -> None:
    file = tmp_path / "case.py"
    fe.debug.diff(fe.exp, fe.ones(3), ("cpu", chip("exp")), tolerance=7, reproduction=file)
    assert "tolerance=7" in file.read_text()


def test_nothing_is_written_where_all_agree(chip: Any, tmp_path: Path) -> None:
    file = tmp_path / "case.py"
    found = compare(fe.exp, fe.ones(3), chip(), file)
    assert found
    assert found.reproduction is None
    assert not file.exists()


def test_a_backend_of_this_process_alone_is_said_to_be_one(wrong: Any, tmp_path: Path) -> None:
    name = wrong(exp=lambda x: np.exp(x) * 2)
    found = compare(fe.exp, fe.ones(3), name, tmp_path / "case.py")
    assert "name it module:attribute instead" in found.note
