"""Views of views, against NumPy's, and that they are views."""

from __future__ import annotations

from typing import Any

import numpy as np
from ferrule_example_purepython import PurePythonBackend
from ferrule_example_purepython.strided import Array
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins import Device

BACKEND = PurePythonBackend()
KERNELS = BACKEND.kernels


def placed(array: np.ndarray[Any, Any]) -> Array:
    return BACKEND.from_host(array, Device("purepython"))


@st.composite
def steps(draw: Any, x: np.ndarray[Any, Any]) -> tuple[str, dict[str, Any], np.ndarray[Any, Any]]:
    """A kernel that moves elements, its attributes, and what NumPy makes of them."""
    kind = draw(st.sampled_from(["permute", "flip", "slice", "expand", "reshape"]))
    if kind == "permute":
        dims = tuple(draw(st.permutations(range(x.ndim))))
        return kind, {"dims": dims}, np.transpose(x, dims)
    if kind == "flip":
        dims = tuple(sorted(draw(st.sets(st.sampled_from(range(x.ndim))))))
        return kind, {"dims": dims}, np.flip(x, dims)
    if kind == "slice":
        starts = tuple(draw(st.integers(0, n)) for n in x.shape)
        stops = tuple(draw(st.integers(a, n)) for a, n in zip(starts, x.shape))
        by = tuple(draw(st.integers(1, 3)) for _ in x.shape)
        attrs = {"starts": starts, "stops": stops, "steps": by}
        return kind, attrs, x[tuple(map(slice, starts, stops, by))]
    if kind == "expand" and x.ndim < 5:
        shape = (draw(st.integers(0, 2)), *(3 if n == 1 else n for n in x.shape))
        return kind, {"shape": shape}, np.broadcast_to(x, shape)
    return "reshape", {"shape": (x.size, 1)}, x.reshape(x.size, 1)


@given(st.data())
def test_moves_one_after_the_other(data: st.DataObject) -> None:
    want = np.arange(24).reshape(2, 3, 4)
    x = placed(want)
    for _ in range(data.draw(st.integers(1, 6))):
        kind, attrs, want = data.draw(steps(want))
        x = KERNELS[kind](x, **attrs)
        assert x.shape == want.shape
        assert list(x.elements()) == want.ravel().tolist()
    np.testing.assert_array_equal(BACKEND.to_host(x), want)


def test_views_share_the_buffer() -> None:
    x = placed(np.zeros((4, 5)))
    views = [
        KERNELS["permute"](x, dims=(1, 0)),
        KERNELS["flip"](x, dims=(0,)),
        KERNELS["slice"](x, starts=(1, 0), stops=(3, 5), steps=(1, 2)),
        KERNELS["expand"](x, shape=(2, 4, 5)),
        KERNELS["reshape"](x, shape=(20,)),
    ]
    assert all(view.buffer is x.buffer for view in views)
