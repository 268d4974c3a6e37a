"""Samples grow, and stay what core accepts."""

from __future__ import annotations

import math

import pytest
from sound import SoundBackend

import ferrule as fe
from ferrule import runtime
from ferrule.op import OPS, Op
from ferrule_conformance.speed.sizes import GROWTHS, Grown, factors, growths
from ferrule_plugins import Device, DType


@pytest.fixture(scope="module")
def device() -> Device:
    runtime.install(SoundBackend("growing"))
    return Device("growing")


@pytest.mark.parametrize("name", sorted(GROWTHS))
def test_what_is_written_down(name: str, device: Device) -> None:
    op = OPS[name]
    sizes = []
    for r in (1, 2, 5):
        grown = Grown(op, GROWTHS[name](r), _dtype(op), device)
        sizes.append(grown.elements())
        results = grown.call(0).on(device)
        assert [(y.shape, y.dtype) for y in results] == [
            (y.shape, y.dtype) for y in grown.outputs()
        ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("name", "shapes", "attrs"),
    [
        ("add", [(9, 12), (9, 12)], {}),
        ("matmul", [(6, 9), (9, 12)], {}),
        ("sum", [(9, 12)], {}),
        ("reshape", [(9, 12)], {"shape": (6, 18)}),  # the attribute had to grow along
        ("layer_norm", [(9, 12), (12,), (12,)], {"normalized_shape": (12,)}),
        ("dropout", [(12, 15), (2,)], {"p": 0.5}),  # a key has two numbers, whatever grows
        ("max_pool_with_indices", [(6, 6, 12, 12)], {"kernel_size": (2, 2)}),
    ],
)
def test_growth_by_rule(
    name: str, shapes: list[tuple[int, ...]], attrs: dict[str, object], device: Device
) -> None:
    growth = next(growths(OPS[name], fe.float32, device))
    sample = growth(3)
    assert [i.shape for i in sample.inputs if i is not None] == shapes
    assert attrs.items() <= sample.attrs.items()


def test_indices_reach_the_new_end(device: Device) -> None:
    growth = next(growths(OPS["gather"], fe.float32, device))
    x, index = growth(100).inputs
    assert x is not None and index is not None
    assert index.high == x.shape[1] == 400
    grown = Grown(OPS["gather"], growth(100), fe.float32, device)
    assert grown.call(0).operands[1].max() > 300


def test_almost_every_op_grows(device: Device) -> None:
    """Where none of the ways is any good, the report says so in the row."""
    stuck = [op.name for op in OPS.values() if next(growths(op, _dtype(op), device), None) is None]
    assert len(stuck) < 6, stuck


def _dtype(op: Op) -> DType:
    return next(d for d in (fe.float32, fe.int64, fe.complex64, fe.bool) if d in op.dtypes)


@pytest.mark.parametrize("name", ["add", "matmul", "conv", "max_pool_with_indices", "arange"])
def test_factors(name: str, device: Device) -> None:
    op = OPS[name]
    growth = next(growths(op, fe.float32, device))
    wanted = [2**12, 2**16]
    for n, r in zip(wanted, factors(growth, lambda s: Grown(op, s, fe.float32, device), wanted)):
        found = Grown(op, growth(r), fe.float32, device).elements()
        assert abs(math.log2(found / n)) < 1
