"""Fixtures of the tests of composites."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import ferrule as fe
from ferrule.op import forget_plans
from ferrule.runtime import active


@pytest.fixture(params=["kernels", "bodies"])
def implementation(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test twice: with the backend's kernels of composites, and by their bodies."""
    kernels = active(fe.get_backend()).kernels
    before = dict(kernels)
    if request.param == "bodies":
        for name, op in fe.OPS.items():
            if not op.primitive:
                kernels.pop(name, None)
    forget_plans()
    yield request.param
    kernels.clear()
    kernels.update(before)
    forget_plans()


@pytest.fixture
def draw() -> Callable[..., fe.Tensor]:
    """``draw(2, 3)``: normal float64 numbers that require a gradient, the same in each run."""
    rng = np.random.default_rng(0)

    def make(*shape: int, requires_grad: bool = True) -> fe.Tensor:
        return fe.tensor(rng.standard_normal(shape), requires_grad=requires_grad)

    return make
