"""The report: what is in it, and what becomes of ops that cannot be measured."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from sound import KIT, SoundBackend

from ferrule import runtime
from ferrule_conformance.case import Target
from ferrule_conformance.speed import measure, table
from ferrule_conformance.speed.table import duration, percentage, rate, times


def _fails(x: Any) -> Any:
    raise ValueError("no luck\nat all")


@pytest.fixture(scope="module")
def target() -> Target:
    backend = SoundBackend("timed", {"tanh": _fails})
    backend.kernels = {op: k for op, k in backend.kernels.items() if op not in ("cos", "log1p")}
    backend.kernels["sigmoid"] = KIT["exp"]  # how right it is matters not
    runtime.install(backend)
    return Target(backend)


OPS = ["add", "matmul", "cos", "tanh", "sigmoid", "softplus", "softmax", "permute"]


@pytest.fixture(scope="module")
def speed(target: Target) -> dict[str, Any]:
    return measure(target, OPS, seconds=4.0, elements=2**12)


def test_every_op_is_there_or_left_out_with_a_reason(speed: dict[str, Any]) -> None:
    assert {*speed["ops"], *speed["left_out"]} == set(OPS)
    assert speed["left_out"] == {
        "cos": "it has no kernel, and runs on the host",
        "tanh": "ValueError: no luck",
    }


def test_a_row(speed: dict[str, Any]) -> None:
    assert json.loads(json.dumps(speed)) == speed
    row = speed["ops"]["add"]
    assert row["dtype"] == "float32" and row["state"] == "native" and row["bound"] == "memory"
    n = row["elements"]
    assert 2**10 < n <= 2**13
    assert row["bytes"] == 3 * 4 * n and row["operations"] == n
    assert row["call"].startswith("add(float32[")
    assert row["bytes_per_second"] == pytest.approx(row["bytes"] / row["seconds"])
    assert row["fraction"] == pytest.approx(row["roofline_seconds"] / row["seconds"])
    assert row["ratio"] == pytest.approx(row["reference_seconds"] / row["seconds"])
    assert row["rounds"] >= 3
    assert speed["ops"]["matmul"]["counted"] == "formula"
    assert speed["ops"]["softmax"]["state"] == "decomposed"


def test_what_runs_on_the_host_in_part_says_so(speed: dict[str, Any]) -> None:
    assert "parts of it run on the host" in speed["ops"]["softplus"]["note"]
    assert "host" not in speed["ops"]["softmax"]["note"]


def test_the_roofline_is_of_this_device(speed: dict[str, Any]) -> None:
    roofline = speed["roofline"]
    assert roofline["copied_by"] in ("neg", "add", "mul") and roofline["dtype"] == "float32"
    rates = [entry["bytes_per_second"] for entry in roofline["copy"]]
    assert roofline["bytes_per_second"] == max(rates) > 0
    assert roofline["operations_per_second"] > 0


def test_the_fallback_is_as_it_was(target: Target, speed: dict[str, Any]) -> None:
    assert target.fallback == "error"


def test_the_time_that_is_given_is_kept(target: Target) -> None:
    """The clock goes on by a second whenever it is looked at."""
    ticks = itertools.count()
    told: list[tuple[str, int, int]] = []
    found = measure(
        target, OPS, seconds=60.0, elements=2**12, clock=lambda: float(next(ticks)),
        progress=lambda *report: told.append(report),
    )  # fmt: skip
    late = [op for op, why in found["left_out"].items() if why == "the time of 60 s was over"]
    assert late and "add" in found["ops"]
    assert [op for op, _, _ in told] == [op for op, _, _ in told if op not in late]
    assert all(total == len(OPS) for _, _, total in told)
    # What was begun is brought to its end, and no more.
    assert found["seconds"] < 60 + 60


def test_no_time_at_all(target: Target) -> None:
    ticks = itertools.count()
    found = measure(target, ["add"], seconds=1.0, clock=lambda: float(next(ticks)))
    assert found["ops"] == {} and list(found["left_out"]) == ["add"]


def test_an_op_that_does_not_exist(target: Target) -> None:
    with pytest.raises(LookupError, match="'soft'"):
        measure(target, ["soft"])


def test_the_table(speed: dict[str, Any]) -> None:
    text = table(speed, 120)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[0].startswith("Roofline: copies ") and "FLOP/s float32" in lines[0]
    ranked = sorted(speed["ops"], key=lambda op: speed["ops"][op]["fraction"])
    named = [line.split()[0] for line in lines if line.split() and line.split()[0] in OPS]
    assert named == ranked
    assert "left out: tanh: ValueError: no luck" in lines
    narrow = table(speed, 80).splitlines()
    assert max(map(len, narrow)) <= 80
    assert any("x NumPy" in line for line in narrow)  # what is cut is no number
    rows = [line.split() for line in narrow if line.split() and line.split()[0] in OPS]
    assert [row[-1] for row in rows] == [times(speed["ops"][op]["ratio"]) for op in ranked]


def test_units() -> None:
    assert [duration(s) for s in (2.5, 0.0015, 3e-6, 5e-9)] == ["2.5 s", "1.5 ms", "3 us", "5 ns"]
    assert [rate(r, "B/s") for r in (1.5e12, 2e9, 3e6, 4e3, 5)] == [
        "1.5 TB/s", "2 GB/s", "3 MB/s", "4 kB/s", "5 B/s",
    ]  # fmt: skip
    assert [percentage(f) for f in (0.005, 0.5, 12.0, None)] == ["0.5 %", "50 %", "1200 %", ""]
    assert [times(r) for r in (12.345, 1.0, 0.00312, None)] == ["12.35", "1.00", "0.0031", ""]


def test_numbers_are_numbers(speed: dict[str, Any]) -> None:
    for row in speed["ops"].values():
        assert row["seconds"] > 0 and np.isfinite(row["bytes_per_second"])
