"""The kernels of Adam's steps, against the suite's references."""

from typing import Any

import numpy as np
import pytest

from ferrule_conformance import optimizer_references
from ferrule_cpu.optimizers import _BLOCK, KERNELS

SIZES = [2 * _BLOCK, 2 * _BLOCK + 1, 3 * _BLOCK, 5 * _BLOCK - 7]
"""In one part, and in several of which the last is short."""


@pytest.mark.parametrize("op", sorted(KERNELS))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("strided", [False, True])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_large_operands(op: str, size: int, strided: bool, amsgrad: bool) -> None:
    rng = np.random.default_rng(0)
    step = 2 if strided else 1
    p, g, m = (rng.standard_normal(size * step)[::step] for _ in range(3))
    v, top = (rng.uniform(0.1, 1.0, size * step)[::step] for _ in range(2))
    operands = (p, g, m, v, np.array(0.1), np.array(7), top if amsgrad else None)
    options: dict[str, Any] = {
        "beta1": 0.9, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.1, "maximize": True,
    }  # fmt: skip
    found = KERNELS[op](*operands, **options)
    wanted = getattr(optimizer_references, op)(*operands, **options)
    assert len(found) == len(wanted) == 3 + amsgrad
    for a, b in zip(found, wanted):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
