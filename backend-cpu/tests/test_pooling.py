"""Maximum pooling against loops."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

Array = np.ndarray[Any, Any]


def out_size(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    """As PyTorch documents it: rounded up, the last window must begin inside the input or the
    padding before it."""
    room = n + 2 * p - d * (k - 1) - 1
    count = (-(-room // s) if ceil_mode else room // s) + 1
    return count - 1 if ceil_mode and (count - 1) * s >= n + p else count


def by_loops(
    x: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Array, Array]:
    size = x.shape[2:]
    out = [
        out_size(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(size, kernel_size, stride, padding, dilation)
    ]
    best: Any = np.empty((*x.shape[:2], *out), dtype=x.dtype)
    places = np.empty(best.shape, dtype=np.int64)
    for at in np.ndindex(best.shape):
        winner = -1
        for tap in np.ndindex(*kernel_size):
            along = zip(at[2:], stride, padding, tap, dilation)
            place = tuple(w * s - p + t * d for w, s, p, t, d in along)
            if not all(0 <= i < n for i, n in zip(place, size)):
                continue
            value = x[(*at[:2], *place)]
            first = winner < 0
            if first or (best[at] == best[at] and not value <= best[at]):
                best[at], winner = value, int(np.ravel_multi_index(place, size))
        places[at] = winner
    return best, places


@st.composite
def pooling(draw: st.DrawFn) -> tuple[Array, dict[str, Any]]:
    ndim = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    kernel, stride, dilation = each(1, 3), each(1, 3), each(1, 2)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for d, k, p in zip(dilation, kernel, padding)]
    # a window must meet the input, whatever the dilation
    size = [draw(st.integers(n + (d - 1) * 2, n + 5 - ndim)) for n, d in zip(least, dilation)]
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), *size)
    elements = st.sampled_from([0.0, 1.0, 2.0, -3.0, -np.inf, np.inf, np.nan])
    x = draw(arrays(draw(st.sampled_from([np.float64, np.float32])), shape, elements=elements))
    return x, {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "ceil_mode": draw(st.booleans()),
    }


@given(pooling())
def test_values_and_places_with_ties_nan_and_infinities(
    kernels: Any, case: tuple[Array, dict[str, Any]]
) -> None:
    x, options = case
    values, places = kernels["max_pool_with_indices"](x, **options)
    expected_values, expected_places = by_loops(x, **options)
    assert values.dtype == x.dtype
    assert places.dtype == np.int64
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(places, expected_places)


WHOLE = {"stride": (2, 2), "padding": (0, 0), "dilation": (1, 1), "ceil_mode": False}


def test_the_first_of_equals_wins_and_the_first_nan_before_all(kernels: Any) -> None:
    x = np.array([[[[5.0, 5.0], [5.0, 1.0]]], [[[1.0, np.nan], [np.nan, np.inf]]]])
    values, places = kernels["max_pool_with_indices"](x, kernel_size=(2, 2), **WHOLE)
    assert places.ravel().tolist() == [0, 1]
    assert values[0].item() == 5
    assert np.isnan(values[1].item())


def test_padding_is_never_chosen(kernels: Any) -> None:
    options = {**WHOLE, "padding": (1, 1), "kernel_size": (3, 3)}
    for fill in (-1e300, -np.inf):
        x = np.full((1, 1, 4, 4), fill)
        values, places = kernels["max_pool_with_indices"](x, **options)
        assert (values == fill).all()
        np.testing.assert_array_equal(places, by_loops(x, **options)[1])


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16], ids=str)
def test_short_floats(kernels: Any, dtype: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 2, 6, 6)).astype(dtype)
    options = {**WHOLE, "padding": (1, 1), "kernel_size": (3, 3)}
    values, places = kernels["max_pool_with_indices"](x, **options)
    wide_values, wide_places = by_loops(x.astype(np.float64), **options)
    assert values.dtype == dtype
    np.testing.assert_array_equal(values.astype(np.float64), wide_values)
    np.testing.assert_array_equal(places, wide_places)


def test_windows_of_more_taps_than_a_byte_counts(kernels: Any) -> None:
    x = np.zeros((1, 1, 17, 17))
    x[0, 0, 16, 16] = 1
    values, places = kernels["max_pool_with_indices"](x, kernel_size=(17, 17), **WHOLE)
    assert (values.item(), places.item()) == (1, 288)


def test_memory_order_changes_nothing(kernels: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    for a, b in zip(
        kernels["max_pool_with_indices"](x, kernel_size=(2, 3), **WHOLE),
        kernels["max_pool_with_indices"](last, kernel_size=(2, 3), **WHOLE),
    ):
        np.testing.assert_array_equal(a, b)
