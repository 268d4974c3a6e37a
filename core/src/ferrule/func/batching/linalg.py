"""Products of matrices, and their decompositions: leading dims are batches already."""

from __future__ import annotations

from typing import Any

from ferrule.func.batching.call import Call, batching


@batching("matmul", "solve")
def _of_two(call: Call) -> Any:
    ndim = max(t.ndim for t in call.types)
    return call(*(call.aligned(i, ndim) for i in range(2)))


@batching(
    "cholesky", "eig", "eigh", "qr", "svd",
    # composites, of which some look at values, to see how often to repeat a step
    "det", "eigvals", "eigvalsh", "inv", "logdet", "lu_factor", "matrix_exp", "matrix_power",
    "row_order", "slogdet", "svdvals", "tril", "triu",
)  # fmt: skip
def per_matrix(call: Call) -> Any:
    """The op itself. For an op that treats all leading dims as batches."""
    return call(*call.all_whole())
