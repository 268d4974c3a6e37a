"""Fixtures of the tests of linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Array = np.ndarray[Any, Any]


@pytest.fixture(params=["real", "complex"])
def draw(request: pytest.FixtureRequest) -> Callable[..., Array]:
    """``draw(2, 3)``: normal numbers in double precision, the same in each run; the test runs with
    real and with complex ones."""
    rng = np.random.default_rng(0)

    def make(*shape: int) -> Array:
        x = rng.standard_normal(shape)
        return x + 1j * rng.standard_normal(shape) if request.param == "complex" else x

    return make


@pytest.fixture
def positive(draw: Callable[..., Array]) -> Callable[..., Array]:
    """``positive(2, 3, 3)``: Hermitian positive definite matrices."""

    def make(*shape: int) -> Array:
        x = draw(*shape)
        return x @ x.conj().swapaxes(-1, -2) + np.eye(shape[-1])

    return make
