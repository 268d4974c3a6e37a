"""Kernels of linear algebra, over the standard's optional extension ``linalg``.

Kernels of factorisations and equations do not raise on account of values. A matrix that has no such
factors, or is singular, or on which the library gives up, gets NaN throughout its results, and the
other matrices of a batch get theirs. Libraries differ here: some raise for the whole batch (NumPy's
``LinAlgError``), some return what they have. `Guarded` makes one of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ferrule_plugins.kits.array_namespace.part import Array, Part

Factors = tuple[Array, ...]


class Guarded(Part):
    """What such kernels have in common."""

    def _factored(self, factors: Callable[[Array], Factors], x: Array) -> Factors:
        """``factors(x)``, with NaN for matrices that are not finite: libraries need not end on
        them."""
        finite = self._finite(x)
        if bool(self.xp.all(finite)):
            return self._guarded(factors, x)
        x = self.xp.where(finite, x, self.xp.zeros_like(x))
        return tuple(self._nan_where(~finite, y) for y in self._guarded(factors, x))

    def _guarded(self, function: Callable[..., Factors], *arrays: Array) -> Factors:
        """``function(*arrays)``; where the library raises, matrix by matrix."""
        try:
            return function(*arrays)
        except Exception as error:
            if not _is_about_values(error):
                raise
            return self._one_by_one(function, *arrays)

    def _one_by_one(self, function: Callable[..., Factors], *arrays: Array) -> Factors:
        xp = self.xp
        lead = arrays[0].shape[:-2]
        stacks = [xp.reshape(x, (math.prod(lead), *x.shape[-2:])) for x in arrays]
        found: list[Factors] = []
        for i in range(math.prod(lead)):
            one = [x[i, ...] for x in stacks]
            try:
                found.append(function(*one))
            except Exception as error:
                if not _is_about_values(error):
                    raise
                # the identity has every factor, so it tells their shapes
                known = function(self._identity_like(one[0]), *one[1:])
                found.append(tuple(y + _NAN for y in known))
        return tuple(
            xp.reshape(xp.stack(list(ys)), (*lead, *ys[0].shape)) for ys in zip(*found, strict=True)
        )

    def _identity_like(self, x: Array) -> Array:
        return self.xp.eye(x.shape[-2], x.shape[-1], dtype=x.dtype)

    def _finite(self, x: Array) -> Array:
        """Whether all elements of each matrix are finite, with both dims kept."""
        return self.xp.all(self.xp.isfinite(x), axis=(-2, -1), keepdims=True)

    def _nan_where(self, bad: Array, y: Array) -> Array:
        """``bad`` has the two dims of matrices, which ``y`` has, or one of them."""
        if not bool(self.xp.any(bad)):
            return y
        bad = bad if y.ndim == bad.ndim else bad[..., 0]
        return self.xp.where(bad, y + _NAN, y)

    def _from_lower(self, x: Array) -> Array:
        """The Hermitian matrix with the lower triangle of ``x``: the standard takes for granted
        that the upper one agrees."""
        xp = self.xp
        if xp.isdtype(x.dtype, "real floating"):
            return xp.tril(x) + xp.moveaxis(xp.tril(x, k=-1), -2, -1)
        below = xp.tril(x, k=-1)
        diagonal = xp.tril(xp.triu(x))
        diagonal = xp.astype(xp.real(diagonal), x.dtype)
        return below + diagonal + xp.conj(xp.moveaxis(below, -2, -1))

    def _complex_of(self, x: Array) -> Any:
        single = x.dtype in (self.xp.float32, self.xp.complex64)
        return self.xp.complex64 if single else self.xp.complex128

    def _broadcast(self, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
        ndim = max(len(a), len(b))
        a, b = ((1,) * (ndim - len(s)) + s for s in (a, b))
        return tuple(m if n == 1 else n for n, m in zip(a, b, strict=True))


_NAN = math.nan


def _is_about_values(error: Exception) -> bool:
    """Libraries have an error of their own for matrices, and agree on its name."""
    return any(kind.__name__ in ("LinAlgError", "_LinAlgError") for kind in type(error).__mro__)


class Factorisations(Guarded):
    """Factors of matrices, and equations. Leading dims count matrices."""

    def cholesky(self, x: Array) -> Array:
        x = self._from_lower(x)
        (y,) = self._guarded(lambda x: (self.xp.linalg.cholesky(x),), x)
        return self._nan_where(~self._finite(y), y)

    def solve(self, a: Array, b: Array) -> Array:
        lead = self._broadcast(a.shape[:-2], b.shape[:-2])
        if a.shape[:-2] != lead:
            a = self.xp.broadcast_to(a, (*lead, *a.shape[-2:]))
        if b.shape[:-2] != lead:
            b = self.xp.broadcast_to(b, (*lead, *b.shape[-2:]))
        (x,) = self._guarded(lambda a, b: (self.xp.linalg.solve(a, b),), a, b)
        return self._nan_where(~self._finite(a), x)  # dividing by infinity hides it

    def qr(self, x: Array, *, mode: str) -> Factors:
        return self._factored(lambda x: tuple(self.xp.linalg.qr(x, mode=mode)), x)

    def eigh(self, x: Array) -> Factors:
        x = self._from_lower(x)
        return self._factored(lambda x: tuple(self.xp.linalg.eigh(x)), x)

    def svd(self, x: Array, *, full_matrices: bool) -> Factors:
        def factors(x: Array) -> Factors:
            return tuple(self.xp.linalg.svd(x, full_matrices=full_matrices))

        return self._factored(factors, x)


class GeneralEigenvalues(Guarded):
    """What the standard lacks, and the namespaces that have it agree on."""

    def eig(self, x: Array) -> Factors:
        dtype = self._complex_of(x)

        def factors(x: Array) -> Factors:
            return tuple(self.xp.astype(y, dtype, copy=False) for y in self.xp.linalg.eig(x))

        return self._factored(factors, x)
