"""Eigenvalues, singular values, and their vectors.

Vectors are unique up to their phases alone. A gradient that depends on the phase of a complex
vector does not exist, and asking for it is an error; where two values are equal the vectors are
not unique at all, and gradients through them are infinite or NaN.
"""

from __future__ import annotations

import numpy as np

from ferrule import promotion
from ferrule.declare import composite, primitive
from ferrule.errors import GraphError
from ferrule.ops.linalg.matrices import (
    adjoint,
    column,
    columns,
    diagonal,
    diagonal_matrix,
    factorable,
    hermitian_part,
    in_dtype_of,
    off_diagonal,
    quotient,
    real_part,
    rectangular,
    row,
    square,
    values,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.linalg.triangular import solve
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec

_HERMITIAN = [
    (of(3, 3, matrix="hermitian"),),
    (of(2, 4, 4, matrix="hermitian"),),
    (of(0, 0),),
]
_SQUARE = [(of(3, 3, matrix="regular"),), (of(2, 4, 4, matrix="regular"),), (of(0, 0),)]


@primitive(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:eigh",
    samples=_HERMITIAN,
    tolerance=16,
    feature="linalg",
    invariants="ferrule_conformance.linalg_invariants:eigh",
)
def eigh(x: Shaped) -> tuple[Spec, Spec]:
    """The eigenvalues of Hermitian matrices, real and ascending, and orthonormal eigenvectors, the
    columns of the second result. Only the lower triangle of ``x`` is read. The gradient is
    Hermitian: that of ``x`` as a Hermitian matrix."""
    square(x)
    return Spec(x.shape[:-1], promotion.real_of(x.dtype)), Spec(x.shape, x.dtype)


@eigh.vjp
def _(g, y):
    # Source: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
    # algorithmic differentiation", 2008, section 3.1
    gw, gv = g
    w, v = y
    inner = matmul(adjoint(v), gv)
    _require_phase_free("eigh", diagonal(inner))
    inner = quotient(off_diagonal(inner), in_dtype_of(row(w) - column(w), v))
    middle = inner + diagonal_matrix(in_dtype_of(gw, v))
    return hermitian_part(matmul(matmul(v, middle), adjoint(v)))


@primitive(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:eig",
    samples=_SQUARE,
    tolerance=64,
    feature="linalg.eig",
    invariants="ferrule_conformance.linalg_invariants:eig",
)
def eig(x: Shaped) -> tuple[Spec, Spec]:
    """The eigenvalues of square matrices, in no particular order, and eigenvectors of length 1, the
    columns of the second result. Both are complex."""
    square(x)
    dtype = promotion.complex_of(x.dtype)
    return Spec(x.shape[:-1], dtype), Spec(x.shape, dtype)


@eig.vjp
def _(g, y):
    # Source: C. Boeddeker et al., "On the computation of complex-valued gradients with application
    # to statistically optimum beamforming", arXiv:1701.00392, equation 4.77
    gw, gv = g
    w, v = y
    inner = matmul(adjoint(v), gv)
    _require_phase_free("eig", diagonal(inner))
    lengths = in_dtype_of(row(real_part(diagonal(inner))), v)
    inner = inner - matmul(adjoint(v), v) * lengths
    gaps = adjoint(column(w)) - adjoint(row(w))
    middle = quotient(off_diagonal(inner), gaps) + diagonal_matrix(gw)
    return solve(adjoint(v), matmul(middle, adjoint(v)))


@primitive(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:svd",
    samples=[
        sample(of(3, 3, matrix="regular"), full_matrices=False),
        sample(of(2, 4, 3, matrix="regular"), full_matrices=False),
        sample(of(3, 5, matrix="regular"), full_matrices=False),
        sample(of(4, 2, matrix="regular"), full_matrices=True),
        sample(of(2, 3, matrix="regular"), full_matrices=True),
        sample(of(2, 0), full_matrices=True),
    ],
    tolerance=16,
    feature="linalg",
    invariants="ferrule_conformance.linalg_invariants:svd",
)
def svd(x: Shaped, *, full_matrices: bool = True) -> tuple[Spec, Spec, Spec]:
    """``U``, ``S`` and ``Vh`` for which ``U @ diag(S) @ Vh`` is ``x``: the columns of ``U`` and the
    rows of ``Vh`` are orthonormal, and ``S`` is real, not negative and descending.

    With m by n matrices and k the smaller of m and n, ``U`` is m by k and ``Vh`` k by n, or, with
    ``full_matrices``, m by m and n by n.
    """
    m, n = rectangular(x)
    k, lead = min(m, n), x.shape[:-2]
    return (
        Spec((*lead, m, m if full_matrices else k), x.dtype),
        Spec((*lead, k), promotion.real_of(x.dtype)),
        Spec((*lead, n if full_matrices else k, n), x.dtype),
    )


@svd.vjp
def _(g, y):
    # Sources: J. Townsend, "Differentiating the singular value decomposition", 2016; Z.-Q. Wan,
    # S.-X. Zhang, "Automatic differentiation for complex valued SVD", arXiv:1909.02659
    gs, s = g[1], y[1]
    k = s.shape[-1]
    u, gu = _leading(y[0], g[0], k)
    v, gv = _leading(adjoint(y[2]), adjoint(g[2]), k)
    left, right = matmul(adjoint(u), gu), matmul(adjoint(v), gv)
    _require_phase_free("svd", diagonal(left) + diagonal(right))
    left, right = left - adjoint(left), right - adjoint(right)
    along, down = in_dtype_of(row(s), u), in_dtype_of(column(s), u)
    gaps = (along - down) * (along + down)
    middle = quotient(off_diagonal(left) * along + down * off_diagonal(right), gaps)
    middle = middle + diagonal_matrix(in_dtype_of(gs, u))
    if u.dtype.is_complex:
        middle = middle + diagonal_matrix(quotient(diagonal(left), in_dtype_of(s + s, u)))
    gx = matmul(matmul(u, middle), adjoint(v))
    if u.shape[-2] > k:
        outside = gu - matmul(u, matmul(adjoint(u), gu))
        gx = gx + matmul(quotient(outside, along), adjoint(v))
    if v.shape[-2] > k:
        outside = gv - matmul(v, matmul(adjoint(v), gv))
        gx = gx + matmul(u, adjoint(quotient(outside, along)))
    return gx


def _leading(u: Tensor, gu: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The first ``k`` columns and their gradient. The others span their complement, and turn with
    them: what a gradient says of those, it says of these."""
    n = u.shape[-1]
    if n == k:
        return u, gu
    first = columns(u, 0, k)
    told = matmul(columns(u, k, n), matmul(adjoint(columns(gu, k, n)), first))
    return first, columns(gu, 0, k) - told


def _require_phase_free(op: str, slopes: Tensor) -> None:
    """Refuse the gradient of a function that depends on the phases of complex vectors, along which
    its slopes are the imaginary parts."""
    found = values(slopes) if slopes.dtype.is_complex and slopes.numel() else None
    worst = 0.0 if found is None else float(np.abs(found.imag).max())
    if worst > 0.01:  # PyTorch's bound
        raise GraphError(
            f"{op}: complex vectors are unique only up to their phases, and this function depends "
            f"on these (its slope is {worst:.3g}), so it has no gradient. Use what does not depend "
            "on them, such as absolute values or products of a vector with its conjugate"
        )


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:eigvalsh",
    samples=_HERMITIAN,
    tolerance=16,
)
def eigvalsh(x: Tensor) -> Tensor:
    """The eigenvalues that `eigh` gives."""
    return eigh(x)[0]


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:eigvals",
    samples=_SQUARE,
    tolerance=64,
    invariants="ferrule_conformance.linalg_invariants:eigvals",
)
def eigvals(x: Tensor) -> Tensor:
    """The eigenvalues that `eig` gives."""
    return eig(x)[0]


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:svdvals",
    samples=[(of(3, 3, matrix="regular"),), (of(2, 4, 3, matrix="regular"),), (of(2, 0),)],
    tolerance=16,
)
def svdvals(x: Tensor) -> Tensor:
    """The singular values that `svd` gives."""
    return svd(x, full_matrices=False)[1]
