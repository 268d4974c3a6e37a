"""What the tests of special functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe

Array = np.ndarray[Any, Any]
Agree = Callable[..., None]


@pytest.fixture
def agree() -> Agree:
    """``agree(function, reference, *operands, ulps=8)``: in float64 and in float32, the function
    gives what the reference gives in float64 for the same operands, up to so many relative
    roundings, and ``absolute`` ones of 1."""

    def check(
        function: Callable[..., fe.Tensor],
        reference: Callable[..., Any],
        *operands: Any,
        ulps: float = 8.0,
        absolute: float = 0.0,
    ) -> None:
        for dtype in (np.float64, np.float32):
            eps = float(np.finfo(dtype).eps)
            xs = [np.asarray(x, np.float64).astype(dtype) for x in operands]
            y = np.asarray(function(*map(fe.tensor, xs)))
            assert y.dtype == dtype
            with np.errstate(all="ignore"):
                wanted = np.asarray(reference(*(x.astype(np.float64) for x in xs)))
                normal = np.abs(wanted) <= np.finfo(dtype).max
            np.testing.assert_allclose(
                y.astype(np.float64)[normal],
                wanted[normal],
                rtol=ulps * eps,
                atol=absolute * eps + float(np.finfo(dtype).tiny),
            )
            overflown = np.copysign(np.inf, wanted[~normal])
            np.testing.assert_array_equal(y[~normal], overflown)

    return check
