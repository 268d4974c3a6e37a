"""The kit's ``pad`` on a library whose arrays cannot be assigned to, as JAX's cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins.kits import array_namespace


class Immutable(np.ndarray[Any, Any]):
    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("arrays of this library are immutable")


class Namespace:
    """NumPy, whose ``full`` makes immutable arrays."""

    def __getattr__(self, name: str) -> Any:
        if name == "full":
            return lambda *args, **kwargs: np.full(*args, **kwargs).view(Immutable)
        return getattr(np, name)


pad = array_namespace.kernels(Namespace())["pad"]

_SIZES = st.tuples(*[st.integers(0, 3)] * 4)


@given(dims=st.lists(_SIZES, max_size=3))
def test_it_is_as_with_assignment(dims: list[tuple[int, int, int, int]]) -> None:
    shape, before, after, inner = (tuple(d[i] for d in dims) for i in range(4))
    x = np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape)
    spread = [n + max(n - 1, 0) * i for n, i in zip(shape, inner)]
    want = np.full([a + n + b for a, n, b in zip(before, spread, after)], -7)
    want[tuple(slice(a, a + n, i + 1) for a, n, i in zip(before, spread, inner))] = x
    got = pad(x, before=before, after=after, inner=inner, value=-7)
    assert got.dtype == x.dtype
    np.testing.assert_array_equal(got, want)
