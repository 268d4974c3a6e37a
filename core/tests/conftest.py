"""Fixtures that several folders of tests share."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import generator, runtime
from ferrule.op import forget_plans
from ferrule_plugins import Backend, discovery

_CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def _idx(array: np.ndarray[Any, Any]) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    head = bytes([0, 0, _CODES[array.dtype.name], array.ndim])
    return head + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(scope="session")
def idx() -> Callable[[np.ndarray[Any, Any]], bytes]:
    """``idx(array)``: the bytes of an IDX file, written independently of the reader."""
    return _idx


@pytest.fixture
def write_mnist() -> Callable[..., Path]:
    """``write_mnist(folder, images=20, spelling="-", packed=False)``: four files as MNIST has them.
    Image ``i`` is full of the value ``i``, and its label is ``i % 10``."""

    def write(folder: Path, images: int = 20, *, spelling: str = "-", packed: bool = False) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        values = np.arange(images, dtype=np.uint8)
        pixels = np.broadcast_to(values[:, None, None], (images, 28, 28))
        for prefix in ("train", "t10k"):
            for name, array in (("images#idx3", pixels), ("labels#idx1", values % 10)):
                content = _idx(array)
                stem = f"{prefix}-{name}-ubyte".replace("#", spelling)
                path = folder / (f"{stem}.gz" if packed else stem)
                path.write_bytes(gzip.compress(content, 1) if packed else content)
        return folder

    return write


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is about the backend cpu, by its name or its arrays, so that one is selected even
    where ``FERRULE_BACKEND`` has the suite run on another."""
    monkeypatch.setenv("FERRULE_BACKEND", "cpu")


@pytest.fixture
def give_kernel(on_cpu: None) -> Iterator[Callable[[str, Callable[..., Any]], None]]:
    """``give_kernel(op, function)``: the cpu backend has this kernel, and is selected, for the rest
    of the test."""
    kernels = fe.runtime.active("cpu").kernels
    before = dict(kernels)

    def give(op: str, kernel: Callable[..., Any]) -> None:
        kernels[op] = kernel
        forget_plans()

    yield give
    kernels.clear()
    kernels.update(before)
    forget_plans()


@pytest.fixture
def own_declarations() -> Iterator[None]:
    """Ops that the test declares are gone after it."""
    before = dict(fe.OPS)
    yield
    fe.OPS.clear()
    fe.OPS.update(before)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Backend], Backend]]:
    """``install(backend)``: a backend object of this process, for the rest of the test."""
    monkeypatch.setattr(runtime, "_active", dict(runtime._active))
    monkeypatch.setattr(runtime, "_existing", set(runtime._existing))
    monkeypatch.setattr(generator, "_generators", dict(generator._generators))
    monkeypatch.setattr(discovery, "_adopted", dict(discovery._adopted))
    monkeypatch.setattr(discovery, "_ready", dict(discovery._ready))

    def add(backend: Backend) -> Backend:
        runtime.install(backend)
        return backend

    yield add
    forget_plans()
