"""The wall: what passes through it is counted, and nothing else passes."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferrule_example_null import NullBackend, Sealed

import ferrule as fe
from ferrule import nn
from ferrule_plugins import Device, Report


@pytest.fixture
def null() -> NullBackend:
    """The loopback that tensors on ``null`` are computed by."""
    backend = fe.runtime.active("null").backend
    assert isinstance(backend, NullBackend)
    return backend


def sealed() -> Sealed:
    return fe.ones(2, 3, device="null")._data


REACHES: dict[str, Callable[[Any], Any]] = {
    "asarray": np.asarray,
    "a NumPy function": np.add.reduce,
    "arithmetic": lambda x: x + 1,
    "an element": lambda x: x[0],
    "the truth": bool,
    "equality": lambda x: x == x,
    "its length": len,
    "iteration": list,
    "its shape": lambda x: x.shape,
    "its dtype": lambda x: x.dtype,
    "writing": lambda x: x.fill(0),
    "DLPack": np.from_dlpack,
    "a copy": copy.copy,
    "a deep copy": copy.deepcopy,
    "a pickle": pickle.dumps,
    "what is inside": lambda x: x.__array,
}


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES)
def test_an_array_says_nothing(reach: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, AttributeError)):
        reach(sealed())


def test_what_is_no_array_of_its_own_is_refused(null: NullBackend) -> None:
    for stray in (np.ones(2), np.float32(1), [1.0], fe.ones(2)):
        with pytest.raises(TypeError, match=r"the kernel for 'exp' .* neither one of its arrays"):
            null.kernels["exp"](stray)
        with pytest.raises(TypeError, match=r"to_host .* neither one of its arrays"):
            null.to_host(stray)  # pyright: ignore[reportArgumentType]


def test_every_call_of_a_kernel_is_one_of_the_dispatcher(null: NullBackend) -> None:
    """A step of training calls just the kernels that the dispatcher says it called."""
    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3))
    model.to("null")
    optimizer = fe.optim.AdamW(model.parameters(), lr=1e-2)
    x = fe.randn(5, 4, device="null")
    before = null.calls.copy()
    with fe.profiler.count_ops() as ops:
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
    calls = null.calls - before
    assert sum(calls.values()) > 50
    assert {op: ops.counts[op] for op in calls} == calls


def test_values_are_those_of_the_other_backend() -> None:
    with fe.random.fork_rng():
        fe.manual_seed(0)
        x = fe.randn(4, 5, device="null")
    with fe.random.fork_rng():
        fe.manual_seed(0)
        y = fe.randn(4, 5, device="cpu")
    for f in (fe.exp, lambda t: t @ t.T, lambda t: t.sort().values, lambda t: t.softmax(-1)):
        assert f(x).tolist() == f(y).tolist()


def test_devices_keep_their_index() -> None:
    class Recorder:
        seen: Device | None = None

        def synchronize(self, device: Device) -> None:
            self.seen = device

    backend, recorder = NullBackend("cpu"), Recorder()
    backend.__dict__["_inner"] = recorder
    backend.synchronize(Device("null:3"))
    assert recorder.seen is Device("cpu:3")


@pytest.mark.parametrize(
    ("of", "reason"), [("nowhere", "is not installed"), ("null", "cannot wrap itself")]
)
def test_a_backend_that_cannot_be_wrapped_is_reported(of: str, reason: str) -> None:
    backend = NullBackend(of)
    report = backend.probe()
    assert isinstance(report, Report) and not report.ok
    assert reason in report.reason and "FERRULE_NULL_OF" in report.remedy
    assert not backend.capabilities.dtypes and not backend.kernels


def test_counts_are_written_when_a_process_ends(
    run_python: Callable[..., str], tmp_path: Path
) -> None:
    counts = tmp_path / "counts"
    code = "import ferrule as fe; (fe.ones(3) + 1).tolist()"
    for _ in range(2):
        run_python(code, FERRULE_BACKEND="null", FERRULE_NULL_COUNTS=str(counts))
    lines = [json.loads(line) for line in counts.read_text().splitlines()]
    assert [line["calls"]["add"] for line in lines] == [1, 1]
    assert [line["transfers"] for line in lines] == [{"to_host": 1}] * 2
