"""Covariances and correlations."""

from __future__ import annotations

from ferrule.declare import complexes, composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.complex import complex, conjugate, imag, real
from ferrule.ops.exponential import sqrt
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.shape import permute, reshape, slice
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="ferrule_conformance.statistics_references:cov",
    samples=[
        (of(3, 5), None, None),
        sample(of(2, 4), of(4, dtype="int64", low=1, high=4), None, correction=0),
        (of(2, 4), None, of(4, dtype="float32", low=0.5, high=2.0)),
        (of(2, 4), of(4, dtype="int64", low=1, high=4), of(4, dtype="float32", low=0.5, high=2.0)),
        (of(5), None, None),
    ],
    tolerance=8,
)
@in_float32
def cov(
    x: Tensor,
    fweights: Index[Tensor] | None = None,
    aweights: Tensor | None = None,
    *,
    correction: int = 1,
) -> Tensor:
    """The covariances of variables, which are the rows of ``x``: the columns are observations.

    Args:
        x: of two dims, or of fewer for one variable. The result of one variable is a number.
        fweights: how often each observation was made.
        aweights: how much each counts.
        correction: what to subtract from the number of observations.
    """
    if x.ndim > 2:
        raise ShapeError(f"x must have at most two dims, and it is {x._type}")
    rows = x if x.ndim == 2 else reshape(x, shape=(1, -1))
    n = rows.shape[1]
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is not None and given.shape != (n,):
            raise ShapeError(f"{name} must be of shape ({n},), and it is {given._type}")
    if fweights is None and aweights is None:
        centred = rows - sum(rows, dim=1, keepdim=True) / n
        product = matmul(centred, _adjoint(centred)) / max(n - correction, 0)
    else:
        weights = _weights(rows, fweights, aweights)
        total = sum(weights)
        centred = rows - sum(rows * weights, dim=1, keepdim=True) / total
        freedom = total - correction
        if aweights is not None and correction:
            freedom = total - correction * sum(weights * real_part(aweights)) / total
        # 0 where nothing is left, so that the result is infinite
        freedom = where(freedom > 0, freedom, 0.0)
        product = matmul(centred * weights, _adjoint(centred)) / freedom
    return product if product.shape[0] != 1 else reshape(product, shape=())


def _weights(rows: Tensor, fweights: Tensor | None, aweights: Tensor | None) -> Tensor:
    """What each observation counts, as a real tensor."""
    if aweights is None:
        assert fweights is not None
        return cast(fweights, dtype=real_part(rows).dtype)
    weights = real_part(aweights)
    return weights if fweights is None else weights * cast(fweights, dtype=weights.dtype)


def real_part(x: Tensor) -> Tensor:
    """The real part of what may be real."""
    return real(x) if x.dtype.is_complex else x


def _adjoint(x: Tensor) -> Tensor:
    return permute(conjugate(x), dims=(1, 0))


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="ferrule_conformance.statistics_references:corrcoef",
    samples=[(of(3, 5),), (of(2, 4),), (of(5),)],
    tolerance=16,
)
@in_float32
def corrcoef(x: Tensor) -> Tensor:
    """Pearson's coefficients of correlation of variables, which are the rows of ``x``: the columns
    are observations. Their parts lie between -1 and 1."""
    c = cov(x)
    if not c.ndim:
        return c / c
    n = c.shape[0]
    diagonal = slice(reshape(c, shape=(n * n,)), starts=(0,), stops=(n * n,), steps=(n + 1,))
    size = sqrt(real_part(diagonal))
    c = c / reshape(size, shape=(n, 1)) / reshape(size, shape=(1, n))
    return complex(_bounded(real(c)), _bounded(imag(c))) if c.dtype.is_complex else _bounded(c)


def _bounded(x: Tensor) -> Tensor:
    return where(x > 1.0, 1.0, where(x < -1.0, -1.0, x))
