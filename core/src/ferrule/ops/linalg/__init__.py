"""Linear algebra. A matrix is the last two dims of a tensor; leading dims count matrices."""

from ferrule.ops.linalg.contraction import einsum
from ferrule.ops.linalg.determinants import det, logdet, slogdet
from ferrule.ops.linalg.eigen import eig, eigh, eigvals, eigvalsh, svd, svdvals
from ferrule.ops.linalg.factorisations import (
    cholesky,
    householder_product,
    lu_factor,
    qr,
    row_order,
)
from ferrule.ops.linalg.inverses import inv, lstsq, lu_solve, matrix_rank, pinv
from ferrule.ops.linalg.norms import cdist, cond, matrix_norm, vector_norm
from ferrule.ops.linalg.powers import matrix_exp, matrix_power
from ferrule.ops.linalg.products import axpby, cross, matmul, multi_dot, vander, vecdot
from ferrule.ops.linalg.triangular import solve, solve_triangular

__all__ = [
    "axpby", "cdist", "cholesky", "cond", "cross", "det", "eig", "eigh", "eigvals", "eigvalsh",
    "einsum", "householder_product", "inv", "logdet", "lstsq", "lu_factor", "lu_solve", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "pinv", "qr",
    "row_order", "slogdet", "solve", "solve_triangular", "svd", "svdvals", "vander", "vecdot",
    "vector_norm",
]  # fmt: skip
