"""Results that are not unique are compared by what is unique about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferrule_conformance import suite
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

Array = np.ndarray[Any, Any]
_KIT = {
    op: np.errstate(all="ignore")(kernel)
    for op, kernel in array_namespace.kernels(np, bools_are_numbers=True).items()
}
_svd, _qr, _eigh, _eig = (_KIT[op] for op in ("svd", "qr", "eigh", "eig"))


def _failed(op: str, kernel: Any, **how: Any) -> set[str]:
    backend = ArrayNamespaceBackend("gauge", np, {**_KIT, op: kernel})
    return {r.check for r in suite.run(backend, ops=[op], **how) if r.outcome == "failed"}


def _signs(n: int) -> Array:
    return np.where(np.arange(n) % 2, 1.0, -1.0)


def _turned_svd(x: Array, *, full_matrices: bool) -> tuple[Array, ...]:
    u, s, vh = _svd(x, full_matrices=full_matrices)
    k = s.shape[-1]
    u, vh = u.copy(), vh.copy()
    u[..., :k] *= _signs(k).astype(u.dtype)
    vh[..., :k, :] *= _signs(k).astype(u.dtype)[:, None]
    return u, s, vh


def _half_turned_svd(x: Array, *, full_matrices: bool) -> tuple[Array, ...]:
    u, s, vh = _svd(x, full_matrices=full_matrices)
    return u * _signs(u.shape[-1]).astype(u.dtype), s, vh


def _turned_qr(x: Array, *, mode: str) -> tuple[Array, ...]:
    q, r = _qr(x, mode=mode)
    signs = _signs(q.shape[-1]).astype(q.dtype)
    return q * signs, r * signs[:, None]


def _long_eigh(x: Array) -> tuple[Array, ...]:
    w, v = _eigh(x)
    return w, v * v.dtype.type(1.01)


def _other_order(x: Array) -> tuple[Array, ...]:
    w, v = _eig(x)
    return w[..., ::-1], v[..., ::-1]


@pytest.mark.parametrize(
    ("op", "kernel"), [("svd", _turned_svd), ("qr", _turned_qr), ("eig", _other_order)]
)
def test_other_signs_and_orders_are_right(op: str, kernel: Any) -> None:
    assert not _failed(op, kernel, dtypes=["float64", "complex128"])


@pytest.mark.parametrize(
    ("op", "kernel"),
    [
        ("svd", _half_turned_svd),
        ("qr", lambda x, mode: _qr(x * 2, mode=mode)),
        ("eigh", _long_eigh),
    ],
)
def test_wrong_vectors_are_caught(op: str, kernel: Any) -> None:
    assert "forward" in _failed(op, kernel, dtypes=["float64"], levels=[1])


def test_singular_matrices_must_not_spoil_the_batch() -> None:
    def raising(a: Array, b: Array) -> Array:
        return np.linalg.solve(a, b)  # raises for singular matrices

    assert "broadcast" in _failed("solve", raising, dtypes=["float64"], levels=[1])
