"""Weights are loaded where the host's own backend is not installed."""

from collections.abc import Callable
from pathlib import Path

CODE = """
import numpy as np
import ferrule as fe
from ferrule import models, nn, runtime
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

runtime.install(ArrayNamespaceBackend("mine", np))
fe.set_backend("mine")


def build(last):
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), last)


model = build(nn.Linear(4, 2))
fe.save_model(model, FILE)
for last in (nn.Linear(4, 2), nn.LazyLinear(2)):
    other = build(last)
    fe.load_model(other, FILE)
    assert other[2].weight.device == fe.Device("mine")
    assert (other[2].weight == model[2].weight).all()
print("loaded")
"""


def test_without_the_default_backend(tmp_path: Path, run_python: Callable[..., str]) -> None:
    code = CODE.replace("FILE", repr(str(tmp_path / "model.safetensors")))
    assert run_python(code, FERRULE_PLUGIN_AUTOLOAD="0") == "loaded\n"
