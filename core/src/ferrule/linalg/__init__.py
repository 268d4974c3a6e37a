"""Linear algebra, under PyTorch's names: ``fe.linalg.solve(A, B)``.

A matrix is the last two dims of a tensor; leading dims count matrices. These functions bring
PyTorch's arguments onto the canonical ops of ``ferrule.ops``, where the mathematics is, and raise
`LinAlgError` where there is no result. For that they look at values, which waits for the device;
the functions whose names end in ``_ex`` give an ``info`` instead.
"""

from ferrule.errors import LinAlgError
from ferrule.linalg.eigen import eig, eigh, eigvals, eigvalsh, svd, svdvals
from ferrule.linalg.factorisations import (
    cholesky,
    cholesky_ex,
    householder_product,
    lu,
    lu_factor,
    lu_factor_ex,
    qr,
)
from ferrule.linalg.functions import (
    cross,
    det,
    diagonal,
    matmul,
    matrix_exp,
    matrix_power,
    multi_dot,
    slogdet,
    vander,
    vecdot,
)
from ferrule.linalg.norms import cond, matrix_norm, norm, vector_norm
from ferrule.linalg.solving import (
    inv,
    inv_ex,
    lstsq,
    lu_solve,
    matrix_rank,
    pinv,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power",
    "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex",
    "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot",
    "vector_norm",
]  # fmt: skip
