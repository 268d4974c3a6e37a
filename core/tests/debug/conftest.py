"""Backends that are wrong in one op each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_cpu: None) -> None:
    monkeypatch.chdir(tmp_path)
    fe.manual_seed(1)


@pytest.fixture
def wrong(install: Callable[[Any], Any]) -> Callable[..., str]:
    """``wrong(exp=kernel, ...)``: the name of a backend with these kernels."""

    def make(**kernels: Any) -> str:
        kit = ArrayNamespaceBackend("wrong", np)
        missing = [name for name, kernel in kernels.items() if kernel is None]
        table = {**kit.kernels, **{n: k for n, k in kernels.items() if k is not None}}
        kit.kernels = {name: kernel for name, kernel in table.items() if name not in missing}
        install(kit)
        return kit.name

    return make
