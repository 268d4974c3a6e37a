"""What can be known without a GPU: the probe's honesty, and the table on a stand-in for CuPy."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from ferrule_cuda import CudaBackend, backend
from ferrule_plugins import Backend, Device, DType, MemoryStats, Report, dtypes
from ferrule_plugins.kits import array_namespace


class GPUError(RuntimeError):
    """As CuPy's CUDARuntimeError."""


def stand_in(*, devices: int | Exception = 1, broken: bool = False) -> Any:
    """NumPy with the few names that only CuPy has. ``arange`` raises where ``broken``."""
    cupy: Any = types.SimpleNamespace(**{n: getattr(np, n) for n in dir(np) if n[0] != "_"})
    cupy.__version__ = "14.0"

    def count() -> int:
        if isinstance(devices, Exception):
            raise devices
        return devices

    device = types.SimpleNamespace(synchronize=lambda: None, mem_info=(10, 20))
    cupy.cuda = types.SimpleNamespace(
        Device=lambda index: device,
        runtime=types.SimpleNamespace(
            getDeviceCount=count,
            getDeviceProperties=lambda i: {"name": b"Stand-in", "totalGlobalMem": 20},
        ),
    )
    cupy.asnumpy = np.asarray
    pool = types.SimpleNamespace(used_bytes=lambda: 3, total_bytes=lambda: 5)
    cupy.get_default_memory_pool = lambda: pool
    # CuPy's own signatures, narrower than the standard's
    cupy.full = lambda shape, value, dtype=None: np.full(shape, value, dtype)
    cupy.argsort = lambda x, axis=-1, kind=None: np.argsort(x, axis=axis, kind="stable")

    def arange(*bounds: Any, dtype: Any = None) -> Any:
        if broken:
            raise GPUError("libnvrtc.so cannot be found")
        return np.arange(*bounds, dtype=dtype)

    cupy.arange = arange
    return cupy


def test_the_installed_backend_satisfies_the_contract_and_its_probe_answers() -> None:
    assert isinstance(backend, Backend)
    report = backend.probe()
    assert isinstance(report, Report)
    if not report.ok:
        assert report.reason
        assert "pip install" in report.remedy or "driver" in report.remedy


def test_without_cupy_the_probe_names_the_cause_and_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    report = CudaBackend().probe()
    assert not report.ok
    assert "CuPy cannot be imported" in report.reason
    assert "ferrule-cuda[cuda13]" in report.remedy


@pytest.mark.parametrize(
    ("cupy", "reason"),
    [
        (stand_in(devices=GPUError("driver too old")), "GPUError: driver too old"),
        (stand_in(devices=0), "no GPU is visible"),
        (stand_in(broken=True), "a first computation on Stand-in failed"),
    ],
)
def test_the_probe_says_what_is_missing(cupy: Any, reason: str) -> None:
    report = CudaBackend(cupy).probe()
    assert not report.ok
    assert reason in report.reason
    assert report.remedy


def test_the_probe_of_a_working_gpu_lists_it() -> None:
    report = CudaBackend(stand_in()).probe()
    assert report.ok
    assert [(d.name, d.kind, d.memory) for d in report.devices] == [("Stand-in", "gpu", 20)]


def test_storage_round_trips_and_never_shares_memory_with_the_host() -> None:
    cuda = CudaBackend(stand_in())
    device = Device("cuda")
    for dtype in cuda.capabilities.dtypes:
        host = np.arange(6).reshape(2, 3)[:, ::-1].astype(dtype.numpy)
        array = cuda.from_host(host, device)
        assert cuda.spec(array).dtype is dtype
        np.testing.assert_array_equal(cuda.to_host(array), host)
        assert not np.shares_memory(array, host)
    assert cuda.memory_stats(device) == MemoryStats(3, 5, 20)
    cuda.synchronize(device)


def test_another_gpu_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="first GPU"):
        CudaBackend(stand_in()).from_host(np.zeros(2), Device("cuda:1"))


def test_bfloat16_is_not_declared() -> None:
    assert dtypes.bfloat16 not in backend.capabilities.dtypes


def test_the_table_is_complete() -> None:
    assert set(CudaBackend(stand_in()).kernels) >= set(array_namespace.kernels(np))


def test_kernels_of_its_own_agree_with_loops() -> None:
    kernels = CudaBackend(stand_in()).kernels
    x = np.zeros((2, 3))
    index = np.array([[0, 0, 2, 0], [1, 1, 1, 2]])
    source = np.arange(8.0).reshape(2, 4)
    want = np.zeros((2, 3))
    for i in range(2):
        for j in range(4):
            want[i, index[i, j]] += source[i, j]
    np.testing.assert_array_equal(kernels["scatter_add"](x, index, source, dim=1), want)
    assert not x.any()
    rows = kernels["index_add"](x, np.array([1, 1]), np.ones((2, 3)), dim=0)
    np.testing.assert_array_equal(rows, [[0, 0, 0], [2, 2, 2]])
    taken = kernels["gather"](source, index, dim=1)
    np.testing.assert_array_equal(taken, np.take_along_axis(source, index, axis=1))


def test_sums_by_index_are_made_in_dtypes_that_cupy_can_add_atomically() -> None:
    seen: list[str] = []
    cupy = stand_in()

    class Add:
        @staticmethod
        def at(y: Any, places: Any, source: Any) -> None:
            seen.append(y.dtype.name)
            np.add.at(y, places, source)

    cupy.add = Add
    kernels = CudaBackend(cupy).kernels
    index = np.array([1, 1, 0])
    for dtype in backend.capabilities.dtypes - {dtypes.bool_}:
        x, source = np.array([100, 1]).astype(dtype.numpy), np.array([100, 2, 50])
        source = source.astype(dtype.numpy)
        found = kernels["scatter_add"](x, index, source, dim=0)
        assert found.dtype == dtype.numpy
        wanted = np.array([150, 103]).astype(dtype.numpy)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(x, np.array([100, 1]).astype(dtype.numpy))
    assert set(seen) <= {"int32", "uint64", "float32", "float64"}


def test_it_queues_its_work() -> None:
    assert backend.capabilities.asynchronous


def test_creation_and_sorting_go_by_cupys_narrower_signatures() -> None:
    kernels = CudaBackend(stand_in()).kernels
    float32 = DType.of("float32")
    full = kernels["full"](shape=(2,), value=3, dtype=float32, device=Device("cuda"))
    np.testing.assert_array_equal(full, np.full(2, 3, np.float32))
    ramp = kernels["arange"](start=1, step=2, length=3, dtype=float32, device=Device("cuda"))
    np.testing.assert_array_equal(ramp, [1, 3, 5])
    values, order = kernels["sort"](np.array([2, 1, 2, 0]), dim=0, descending=True)
    np.testing.assert_array_equal(values, [2, 2, 1, 0])
    np.testing.assert_array_equal(order, [0, 2, 1, 3])
    padded = kernels["pad"](np.ones(2), before=(1,), after=(0,), inner=(1,), value=0)
    np.testing.assert_array_equal(padded, [0, 1, 0, 1])
