"""Backends that a test makes up, without installing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import generator, runtime
from ferrule.op import forget_plans
from ferrule_plugins import (
    Capabilities,
    Device,
    DeviceInfo,
    DType,
    MemoryStats,
    Report,
    Spec,
    discovery,
    dtypes,
    set_backend,
)
from ferrule_plugins.kits import array_namespace


class BoxedArray(np.ndarray):
    """An array that says which device of which backend it is on."""

    device_name: str = ""


class TestBackend:
    """The array-namespace kit on NumPy, less some kernels, with arrays of its own type.

    Attributes:
        calls: how often each kernel ran.
    """

    __test__ = False
    contract = (1, 0)

    def __init__(
        self,
        name: str,
        without: tuple[str, ...] = (),
        extra: Mapping[str, Any] | None = None,
        supported: tuple[DType, ...] = dtypes.ALL,
        devices: int = 1,
    ) -> None:
        self.name = name
        self.capabilities = Capabilities(frozenset(supported))
        self.devices = devices
        self.calls: Counter[str] = Counter()
        kit = array_namespace.kernels(np, dtype_of=lambda d: d.numpy)
        table = {**kit, **(extra or {})}
        self.kernels = {op: self._counted(op, f) for op, f in table.items() if op not in without}

    def _counted(self, op: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def kernel(*arrays: Any, **attrs: Any) -> Any:
            self.calls[op] += 1
            boxed = [a for a in arrays if isinstance(a, np.ndarray)]
            assert all(isinstance(a, BoxedArray) for a in boxed), f"{op} got a foreign array"
            names = {a.device_name for a in boxed if isinstance(a, BoxedArray)}
            assert len(names) <= 1, f"{op} got arrays on {names}"
            name = names.pop() if names else str(attrs["device"])
            with np.errstate(all="ignore"):
                found = function(*map(_plain, arrays), **attrs)
            if isinstance(found, tuple):
                return tuple(self._boxed(f, name) for f in found)
            return self._boxed(found, name)

        return kernel

    def _boxed(self, array: Any, device: str) -> BoxedArray:
        boxed = np.array(array).view(BoxedArray)
        boxed.device_name = device
        return boxed

    def probe(self) -> Report:
        kinds = (DeviceInfo(f"device {i}", "cpu") for i in range(self.devices))
        return Report(ok=True, devices=tuple(kinds))

    def from_host(self, array: Any, device: Device) -> BoxedArray:
        return self._boxed(array, str(device))

    def to_host(self, array: Any) -> Any:
        assert isinstance(array, BoxedArray)
        return array.view(np.ndarray)

    def spec(self, array: Any) -> Spec:
        return Spec(array.shape, DType.of(array.dtype))

    def synchronize(self, device: Device) -> None: ...

    def memory_stats(self, device: Device) -> MemoryStats:
        return MemoryStats()


def _plain(array: Any) -> Any:
    return array.view(np.ndarray) if isinstance(array, BoxedArray) else array


@pytest.fixture
def add_backend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TestBackend]:
    """``add_backend(name, without=(), extra={}, supported=..., devices=1)``: for one test."""
    monkeypatch.setattr(runtime, "_active", dict(runtime._active))
    monkeypatch.setattr(runtime, "_existing", set(runtime._existing))
    monkeypatch.setattr(generator, "_generators", dict(generator._generators))

    def add(name: str, **options: Any) -> TestBackend:
        backend = TestBackend(name, **options)
        monkeypatch.setitem(discovery._ready, name, (backend, backend.probe()))
        return backend

    return add


@pytest.fixture(autouse=True)
def _choices_and_declarations_end_with_the_test() -> Iterator[None]:
    before = dict(fe.OPS)
    yield
    fe.OPS.clear()
    fe.OPS.update(before)
    set_backend(None)
    forget_plans()
