"""The OpenCL backend against the real loader and PoCL, which the development group installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyopencl
import pytest

import ferrule_opencl
from ferrule_opencl import backend
from ferrule_opencl.opencl import _kind
from ferrule_plugins import Backend, BackendUnavailable, Device, DType, Spec, discovery, dtypes

DEVICE = Device("opencl")


def probe_in_subprocess(preparation: str, **environ: str) -> dict[str, object]:
    """The probe's report in a fresh interpreter that treats warnings as errors."""
    code = f"""
import dataclasses, json, os, sys
{preparation}
import ferrule_opencl
print(json.dumps(dataclasses.asdict(ferrule_opencl.backend.probe())))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_a_backend_that_its_entry_point_announces() -> None:
    assert isinstance(backend, Backend)
    (candidate,) = discovery.candidates()["opencl"]
    assert (candidate.distribution, candidate.target) == (
        "ferrule-opencl",
        "ferrule_opencl:backend",
    )


def test_the_probe_lists_every_device_and_says_that_there_are_no_kernels() -> None:
    report = backend.probe()
    found = [device for platform in pyopencl.get_platforms() for device in platform.get_devices()]
    assert len(found) >= 1, "the development group installs PoCL"
    assert [device.name for device in report.devices] == [device.name.strip() for device in found]
    assert [device.memory for device in report.devices] == [d.global_mem_size for d in found]
    assert f"found {len(found)} OpenCL device" in report.reason
    assert "no kernels yet" in report.reason
    assert report.remedy
    assert report.details["pyopencl"] == pyopencl.VERSION_TEXT
    assert report.details["device 0"].startswith("OpenCL ")
    assert "driver" in report.details["device 0"]
    assert not backend.kernels, "with kernels the probe has no reason to refuse"
    assert not report.ok


def test_selecting_it_raises_with_the_probes_reason() -> None:
    with pytest.raises(BackendUnavailable, match="no kernels yet") as caught:
        discovery.load("opencl")
    assert caught.value.distribution == "ferrule-opencl"
    assert caught.value.remedy == backend.probe().remedy


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (pyopencl.device_type.CPU, "cpu"),
        (pyopencl.device_type.GPU, "gpu"),
        (pyopencl.device_type.GPU | pyopencl.device_type.DEFAULT, "gpu"),
        (pyopencl.device_type.ACCELERATOR, "accelerator"),
        (pyopencl.device_type.CUSTOM, "accelerator"),
    ],
)
def test_kinds_of_devices(flags: int, kind: str) -> None:
    assert _kind(flags) == kind


def test_importing_it_does_not_import_pyopencl() -> None:
    code = "import sys, ferrule_opencl; sys.exit('pyopencl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_a_platform_the_probe_offers_pocl(tmp_path: Path) -> None:
    # PyOpenCL's wheel points the loader to its bundled drivers when it is imported.
    preparation = 'import pyopencl; os.environ["PYOPENCL_HOME"] = os.environ["OCL_ICD_VENDORS"]'
    report = probe_in_subprocess(preparation, OCL_ICD_VENDORS=str(tmp_path))
    assert report["ok"] is False
    assert report["devices"] == []
    assert report["reason"] == "no OpenCL platform offers a device"
    assert 'pip install "ferrule-opencl[pocl]"' in str(report["remedy"])


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("raise ImportError('libOpenCL.so.1: cannot open')", "ImportError: libOpenCL.so.1"),
        ("raise OSError('bad ELF header')", "OSError: bad ELF header"),
    ],
)
def test_a_pyopencl_that_cannot_be_imported(tmp_path: Path, source: str, cause: str) -> None:
    (tmp_path / "pyopencl.py").write_text(source)
    report = probe_in_subprocess("", PYTHONPATH=str(tmp_path))
    assert report["ok"] is False
    assert "pyopencl cannot be imported" in str(report["reason"])
    assert cause in str(report["reason"])
    assert 'pip install "ferrule-opencl[pocl]"' in str(report["remedy"])


@pytest.mark.parametrize("dtype", sorted(ferrule_opencl.backend.capabilities.dtypes, key=repr))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_come_back_as_they_went(dtype: DType, shape: tuple[int, ...]) -> None:
    sent = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype.numpy)
    array = backend.from_host(sent, DEVICE)
    assert backend.spec(array) is Spec(shape, dtype)
    back = backend.to_host(array)
    assert back.dtype == sent.dtype
    assert back.shape == shape
    np.testing.assert_array_equal(back, sent)


def test_the_device_holds_a_copy_of_any_layout() -> None:
    source = np.arange(24.0).reshape(4, 6)
    view = source[::-2, 1::2].T
    expected = view.copy()
    array = backend.from_host(view, DEVICE)
    source[...] = -1
    np.testing.assert_array_equal(backend.to_host(array), expected)


def test_it_synchronizes_and_knows_its_memory() -> None:
    backend.synchronize(DEVICE)
    assert backend.memory_stats(DEVICE).total == backend.probe().devices[0].memory


def test_all_dtypes_are_announced() -> None:
    assert backend.capabilities.dtypes == frozenset(dtypes.ALL)
