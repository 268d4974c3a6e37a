"""For which ops this repository's backends have kernels. None of them need run here."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

import ferrule as fe

BACKENDS = ("cpu", "cuda", "opencl")


def table() -> dict[str, frozenset[str]]:
    """The ops with kernels, by backend."""
    return {name: _native(name) for name in BACKENDS}


def _native(name: str) -> frozenset[str]:
    if name == "cuda" and find_spec("cupy") is None:
        # CuPy has NumPy's names, and the table is made by names, so NumPy shows which ops are in it
        from ferrule_cuda.kernels import table as kernels

        return frozenset(kernels(np)) & fe.OPS.keys()
    return fe.backend(name).native
