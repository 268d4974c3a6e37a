"""The kernels against NumPy and known values, and their place in the backend cpu."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ferrule_example_kernels import bessel_j0, median
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule import runtime

_ELEMENTS = st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.0, 2.0, 3.5])
_FLOATS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=6), elements=_ELEMENTS)


@given(x=_FLOATS, data=st.data())
def test_the_median_is_what_a_stable_sort_puts_in_the_middle(x: Any, data: st.DataObject) -> None:
    dim = data.draw(st.integers(0, x.ndim - 1))
    order = np.argsort(x, axis=dim, kind="stable")
    middle = np.take(order, [(x.shape[dim] - 1) // 2], axis=dim)
    missing = np.isnan(x)
    index = np.where(missing.any(dim, keepdims=True), missing.argmax(dim, keepdims=True), middle)
    values, found = median(x, dim=dim, keepdim=True)
    np.testing.assert_array_equal(found, index)
    np.testing.assert_array_equal(values, np.take_along_axis(x, index, dim))


@pytest.mark.parametrize(
    ("x", "want"),  # Abramowitz and Stegun, table 9.1
    [(0.0, 1.0), (1.0, 0.7651976866), (-1.0, 0.7651976866), (10.0, -0.2459357645)],
)
def test_known_values_of_the_bessel_function(x: float, want: float) -> None:
    assert bessel_j0(np.array([x]))[0] == pytest.approx(want, abs=1e-10)


def test_they_win_over_what_the_backend_has() -> None:
    active = runtime.active("cpu")
    assert active.kernels["median"] is median
    assert active.kernels["bessel_j0"] is bessel_j0
    assert active.packs["median"] == active.packs["bessel_j0"] == "example-kernels"
    # an op with a kernel and no rule of its own has its gradient through its body
    x = fe.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    fe.median(x, 1)[0].sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 0.0, 1.0]]
