"""What is unique about the results of linear algebra, where they themselves are not.

Vectors of a factorisation may be multiplied by any sign or phase, those of singular values or
eigenvalues 0 by any rotation, and eigenvalues come in any order. An op names a function here; it is
called with the op's results as tensors and its attributes by keyword, and written with ops, since
conformance differentiates it too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import ferrule as fe

Tensor = fe.Tensor


def _adjoint(x: Tensor) -> Tensor:
    x = fe.ops.conj(x) if x.dtype.is_complex else x
    return fe.ops.permute(x, dims=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _gram(x: Tensor) -> Tensor:
    """The inner products of all columns: the identity, if they are orthonormal."""
    return _adjoint(x) @ x


def _terms(columns: Tensor, rows: Tensor) -> Tensor:
    """Each column times its row: a matrix each, in which phases cancel."""
    k = min(columns.shape[-1], rows.shape[-2])
    columns = fe.ops.narrow(columns, dim=-1, start=0, length=k)
    rows = fe.ops.narrow(rows, dim=-2, start=0, length=k)
    order = (*range(columns.ndim - 2), columns.ndim - 1, columns.ndim - 2)
    down = fe.ops.permute(columns, dims=order)
    down = fe.ops.reshape(down, shape=(*down.shape, 1))
    return down * fe.ops.reshape(rows, shape=(*rows.shape[:-1], 1, rows.shape[-1]))


def qr(q: Tensor, r: Tensor, *, mode: str) -> tuple[Tensor, ...]:
    return _terms(q, r), _gram(q)


def svd(u: Tensor, s: Tensor, vh: Tensor, *, full_matrices: bool) -> tuple[Tensor, ...]:
    first = fe.ops.narrow(u, dim=-1, start=0, length=s.shape[-1])
    scaled = first * fe.ops.reshape(s, shape=(*s.shape[:-1], 1, s.shape[-1]))
    return s, _terms(scaled, vh), _gram(u), _gram(_adjoint(vh))


def eigh(w: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return w, _terms(v, _adjoint(v)), _gram(v)


def eig(w: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    order = _order(w)
    across = fe.ops.expand(
        fe.ops.reshape(order, shape=(*w.shape[:-1], 1, w.shape[-1])), shape=v.shape
    )
    w, v = fe.ops.gather(w, order, dim=-1), fe.ops.gather(v, across, dim=-1)
    scaled = v * fe.ops.reshape(w, shape=(*w.shape[:-1], 1, w.shape[-1]))
    return w, _terms(scaled, _adjoint(v))


def eigvals(w: Tensor) -> Tensor:
    return fe.ops.gather(w, _order(w), dim=-1)


def _order(w: Tensor) -> Any:
    """Along a line that neither axis is parallel to, so that conjugates and equal real parts are
    apart."""
    values = w.detach().numpy()
    return fe.tensor(np.argsort(values.real + 0.31415 * values.imag, axis=-1), device=w.device)


def solve(x: Tensor) -> Tensor:
    """A column with an infinity or a NaN is NaN throughout: how these spread, the order of
    operations decides."""
    return _spread(x, -2)


def solve_triangular(x: Tensor, *, upper: bool, left: bool, unitriangular: bool) -> Tensor:
    return _spread(x, -2 if left else -1)


def _spread(x: Tensor, dim: int) -> Tensor:
    finite = fe.ops.eq(fe.ops.sum(x - x, dim=dim, keepdim=True), 0)
    return fe.ops.where(finite, x, float("nan"))
