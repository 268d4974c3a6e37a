"""Independent references of linear algebra, by NumPy and SciPy, one matrix at a time.

They are called with operands in float64 or complex128. A matrix without a result gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist as scipy_cdist

Array = np.ndarray[Any, Any]


def _each(function: Callable[..., Any], *stacks: Array, core: int = 2) -> Any:
    """``function`` of the matrices at each place of the leading dims, stacked again."""
    lead = np.broadcast_shapes(*(x.shape[:-core] for x in stacks))
    stacks = tuple(np.broadcast_to(x, (*lead, *x.shape[-core:])) for x in stacks)
    found = [function(*(x[place] for x in stacks)) for place in np.ndindex(lead)]
    if not found:  # there is no matrix; one of zeros, or the identity, tells the shapes
        one = function(*(_example(x.shape[-core:], x.dtype) for x in stacks))
        several = one if isinstance(one, tuple) else (one,)
        empty = tuple(np.zeros((*lead, *np.shape(y)), np.asarray(y).dtype) for y in several)
        return empty if isinstance(one, tuple) else empty[0]
    if isinstance(found[0], tuple):
        return tuple(np.stack(ys).reshape((*lead, *np.shape(ys[0]))) for ys in zip(*found))
    return np.stack(found).reshape((*lead, *np.shape(found[0])))


def _example(shape: tuple[int, ...], dtype: Any) -> Array:
    return np.eye(*shape, dtype=dtype) if len(shape) == 2 else np.zeros(shape, dtype)


def _or_nan(function: Callable[..., Any], x: Array, *others: Array) -> Any:
    """``function``, or NaN of the same shapes where it has no result."""
    try:
        if not np.isfinite(x).all():
            raise np.linalg.LinAlgError
        found = function(x, *others)
    except np.linalg.LinAlgError:
        found = function(np.eye(*x.shape, dtype=x.dtype), *others)
        return tuple(y + np.nan for y in found) if isinstance(found, tuple) else found + np.nan
    return tuple(found) if isinstance(found, tuple) else found


def _lower(x: Array) -> Array:
    """The Hermitian matrix that has the lower triangle of ``x``."""
    y = np.tril(x)
    i = np.arange(len(x))
    y[i, i] = y[i, i].real
    return y + np.tril(y, -1).conj().T


# Factorisations.


def cholesky(x: Array) -> Array:
    return _each(lambda a: _or_nan(np.linalg.cholesky, _lower(a)), x)


def qr(x: Array, *, mode: str) -> Any:
    kind: Any = mode
    return _each(lambda a: _or_nan(lambda b: tuple(np.linalg.qr(b, mode=kind)), a), x)


def eigh(x: Array) -> Any:
    return _each(lambda a: _or_nan(lambda b: tuple(np.linalg.eigh(b)), _lower(a)), x)


def eigvalsh(x: Array) -> Array:
    return eigh(x)[0]


def eig(x: Array) -> Any:
    def of(a: Array) -> Any:
        return tuple(y.astype(np.complex128) for y in np.linalg.eig(a))

    return _each(lambda a: _or_nan(of, a), x)


def eigvals(x: Array) -> Array:
    return eig(x)[0]


def svd(x: Array, *, full_matrices: bool) -> Any:
    def of(a: Array) -> Any:
        return tuple(np.linalg.svd(a, full_matrices=full_matrices))

    return _each(lambda a: _or_nan(of, a), x)


def svdvals(x: Array) -> Array:
    return svd(x, full_matrices=False)[1]


def lu_factor(x: Array, *, pivot: bool) -> Any:
    """Gauss's elimination, element by element as it is taught, with LAPACK's measure of complex
    pivots."""

    def of(a: Array) -> Any:
        a, (m, n) = a.copy(), a.shape
        pivots = []
        for k in range(min(m, n)):
            sizes = np.abs(a[k:, k].real) + np.abs(a[k:, k].imag)
            chosen = k + int(np.argmax(sizes)) if pivot else k
            a[[k, chosen]] = a[[chosen, k]]
            pivots.append(chosen + 1)
            for i in range(k + 1, m):
                if a[k, k] != 0:
                    a[i, k] /= a[k, k]
                a[i, k + 1 :] -= a[i, k] * a[k, k + 1 :]
        return a, np.array(pivots, np.int32)

    return _each(of, x)


def row_order(pivots: Array, *, rows: int) -> Array:
    def of(steps: Array) -> Array:
        order = np.arange(rows)
        for i, other in enumerate(steps - 1):
            order[[i, other]] = order[[other, i]]
        return order

    return _each(of, pivots, core=1)


def householder_product(x: Array, tau: Array) -> Array:
    def of(a: Array, factors: Array) -> Array:
        m, n = a.shape
        product = np.eye(m, dtype=a.dtype)
        for i in range(len(factors)):
            v = np.concatenate([np.zeros(i), [1.0], a[i + 1 :, i]])
            product = product @ (np.eye(m) - factors[i] * np.outer(v, v.conj()))
        return product[:, :n]

    lead = x.shape[:-2]
    found = [of(x[place], tau[place]) for place in np.ndindex(lead)]
    return np.stack(found).reshape(x.shape) if found else np.zeros_like(x)


# Equations and inverses.


def solve(a: Array, b: Array) -> Array:
    def of(a: Array, b: Array) -> Array:
        try:
            return np.linalg.solve(a, b)
        except np.linalg.LinAlgError:
            return b * np.nan

    return _each(of, a, b)


def solve_triangular(a: Array, b: Array, *, upper: bool, left: bool, unitriangular: bool) -> Array:
    def of(a: Array, b: Array) -> Array:
        t = np.triu(a) if upper else np.tril(a)
        if unitriangular:
            np.fill_diagonal(t, 1.0)
        return np.linalg.solve(t, b) if left else np.linalg.solve(t.T, b.T).T

    return _each(of, a, b)


def lu_solve(factors: Array, pivots: Array, b: Array, *, left: bool, adjoint: bool) -> Array:
    def of(packed: Array, order: Array, b: Array) -> Array:
        product = (np.tril(packed, -1) + np.eye(len(packed))) @ np.triu(packed)
        a = np.empty_like(product)
        a[order] = product
        a = a.conj().T if adjoint else a
        return np.linalg.solve(a, b) if left else np.linalg.solve(a.T, b.T).T

    orders = row_order(pivots, rows=factors.shape[-1])
    lead = np.broadcast_shapes(factors.shape[:-2], b.shape[:-2])
    found = [
        of(np.broadcast_to(factors, (*lead, *factors.shape[-2:]))[place],
           np.broadcast_to(orders, (*lead, orders.shape[-1]))[place],
           np.broadcast_to(b, (*lead, *b.shape[-2:]))[place])
        for place in np.ndindex(lead)
    ]  # fmt: skip
    return np.stack(found).reshape(*lead, *b.shape[-2:])


def inv(x: Array) -> Array:
    return solve(x, np.broadcast_to(np.eye(x.shape[-1]), x.shape))


def _tolerances(x: Array, values: Array, atol: Any, rtol: Any) -> Array:
    """As PyTorch has it, in float64, where the largest value decides what is nearly 0."""
    atol = 0.0 if atol is None else float(np.real(atol))
    if rtol is None:
        rtol = 0.0 if atol > 0 else max(x.shape) * np.finfo(np.float64).eps
    return np.abs(values) > max(atol, float(np.real(rtol)) * np.abs(values).max(initial=0.0))


def pinv(x: Array, atol: Any = None, rtol: Any = None, *, hermitian: bool) -> Array:
    def of(a: Array) -> Array:
        a = _lower(a) if hermitian else a
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        keep = _tolerances(a, s, atol, rtol)
        return (vh[keep].conj().T / s[keep]) @ u[:, keep].conj().T

    return _each(of, x)


def matrix_rank(x: Array, atol: Any = None, rtol: Any = None, *, hermitian: bool) -> Array:
    def of(a: Array) -> Any:
        s = np.linalg.svd(_lower(a) if hermitian else a, compute_uv=False)
        return np.int64(_tolerances(a, s, atol, rtol).sum())

    return _each(of, x)


def lstsq(a: Array, b: Array, *, rcond: float) -> Any:
    def of(a: Array, b: Array) -> Any:
        found: Any = scipy.linalg.lstsq(a, b, cond=rcond)
        return found[0], np.int64(found[2])

    return _each(of, a, b)


# Determinants and functions.


def det(x: Array) -> Array:
    return _each(np.linalg.det, x)


def slogdet(x: Array) -> Any:
    return _each(lambda a: tuple(np.linalg.slogdet(a)), x)


def logdet(x: Array) -> Array:
    return np.log(det(x))


def matrix_power(x: Array, *, n: int) -> Array:
    return _each(lambda a: np.linalg.matrix_power(a, n), x)


def matrix_exp(x: Array) -> Array:
    return _each(_series, x)


def _series(a: Array) -> Array:
    """The power series of a small part of ``a`` in extended precision, and squares of that without
    its 1, which would cost digits: SciPy's ``expm`` is off by thousands of ULPs at times."""
    wide = a.astype(np.clongdouble if np.iscomplexobj(a) else np.longdouble)
    halvings = max(0, math.frexp(np.abs(a).sum())[1] + 4)
    part = wide / 2**halvings
    term, y = part, part
    for k in range(2, 24):
        term = term @ part / k
        y = y + term
    for _ in range(halvings):
        y = y + y + y @ y
    return (y + np.eye(len(a))).astype(a.dtype)


# Norms.


def vector_norm(x: Array, *, ord: float, dim: tuple[int, ...], keepdim: bool) -> Array:
    size = np.abs(x)
    over: dict[str, Any] = {"axis": dim, "keepdims": keepdim}
    if ord == 0:
        return np.sum(size != 0, **over).astype(np.float64)
    if math.isinf(ord):
        return (np.max if ord > 0 else np.min)(size, **over)
    return np.sum(size**ord, **over) ** (1.0 / ord)


def matrix_norm(x: Array, *, ord: str) -> Array:
    kind: Any = ord if ord in ("fro", "nuc") else float(ord)
    if not x.shape[-2] * x.shape[-1]:
        return np.zeros(x.shape[:-2])
    return _each(lambda a: np.linalg.norm(a, kind), x)


def cond(x: Array, *, ord: str) -> Array:
    kind: Any = ord if ord in ("fro", "nuc") else float(ord)
    return _each(lambda a: np.linalg.cond(a, kind), x)


def cdist(a: Array, b: Array, *, p: float, products: bool) -> Array:
    if p == 0:
        return (a[..., :, None, :] != b[..., None, :, :]).sum(-1).astype(np.float64)
    if not a.shape[-1]:
        return np.zeros((*a.shape[:-1], b.shape[-2]))
    if p == math.inf:
        return _each(lambda a, b: scipy_cdist(a, b, "chebyshev"), a, b)
    return _each(lambda a, b: scipy_cdist(a, b, "minkowski", p=p), a, b)


# Products.


def axpby(x: Array, y: Array, *, beta: Any, alpha: Any) -> Array:
    if x.dtype == bool:
        return (y & bool(alpha)) | (x & bool(beta))
    return (0 if beta == 0 else beta * x) + (alpha * y).astype(y.dtype)


def vecdot(x: Array, y: Array, *, dim: int) -> Array:
    dim -= x.ndim
    return np.sum(x.conj() * y, axis=dim)


def cross(a: Array, b: Array, *, dim: int) -> Array:
    return np.cross(a, b, axis=dim)


def multi_dot(*matrices: Array) -> Array:
    product = matrices[0]
    for x in matrices[1:]:
        product = product @ x
    return product


def vander(x: Array, *, N: int) -> Array:
    x = x.astype(np.int64) if x.dtype.kind in "iu" else x
    return np.stack([x**k for k in range(N)], axis=-1)


def einsum(*operands: Any, equation: str) -> Array:
    equation = _in_order(equation)
    y = np.einsum(equation, *operands)
    if y.dtype.kind not in "iu" or len(operands) > 1:
        return y
    summed = equation.replace("...", "").partition("->")  # of one operand
    if set(summed[0]) == set(summed[2]):
        return y
    return np.einsum(equation, *(x.astype(np.int64) for x in operands))


def _in_order(equation: str) -> str:
    """NumPy's implicit result, which is PyTorch's, written out."""
    if "->" in equation:
        return equation
    letters = sorted(c for c in set(equation) if c.isalpha() and equation.count(c) == 1)
    return f"{equation}->{'...' * ('...' in equation)}{''.join(letters)}"
