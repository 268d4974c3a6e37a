"""Products of matrices, vectors and tensors, and distances, as PyTorch has them at the top level.

They bring PyTorch's arguments onto the canonical ops of ``ferrule.ops``, where the mathematics is.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule import dims as dims_
from ferrule import ops
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.linalg.functions import matmul, multi_dot
from ferrule.linalg.norms import matrix_norm, vector_norm
from ferrule.ops.linalg.matrices import column, diagonal, row
from ferrule.tensor import Tensor


def _need(name: str, **wanted: tuple[Tensor, int]) -> None:
    """Raise unless each tensor has that many dims."""
    for argument, (x, ndim) in wanted.items():
        if x.ndim != ndim:
            raise ShapeError(f"{name}: {argument} must have {ndim} dims, and it is {x._type}")


def _need_one_dtype(name: str, *tensors: Tensor) -> None:
    found = dict.fromkeys(x.dtype.name for x in tensors)
    if len(found) > 1 and not fe.is_autocast_enabled(tensors[0].device):
        raise DTypeError(
            f"{name}: the tensors have the dtypes {' and '.join(found)}; convert with .to(dtype)"
        )


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""
    _need("mm", input=(input, 2), mat2=(mat2, 2))
    return ops.matmul(input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of as many pairs of matrices: ``(b, n, m)`` and ``(b, m, p)``."""
    _need("bmm", input=(input, 3), mat2=(mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(
            f"bmm: {input._type} and {mat2._type} must hold as many matrices; matmul broadcasts"
        )
    return ops.matmul(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector."""
    _need("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of products of the elements of two vectors of one length."""
    _need("dot", input=(input, 1), tensor=(tensor, 1))
    return matmul(input, tensor)


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """As `dot`, of the conjugates of ``input``."""
    _need("vdot", input=(input, 1), other=(other, 1))
    return matmul(ops.conj(input) if input.dtype.is_complex else input, other)


def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products along the last dims, for each pair of rows; with a tensor without dims,
    the product with that number."""
    if not input.ndim or not other.ndim:
        return ops.mul(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(f"inner: the last sizes of {input._type} and {other._type} must be equal")
    return tensordot(input, other, ([-1], [-1]))


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The products of each element of a vector with each element of another."""
    _need("outer", input=(input, 1), vec2=(vec2, 1))
    return ops.mul(column(input), row(vec2))


ger = outer


def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: each element of ``input`` times all of ``other``, in blocks. The one
    with fewer dims gets leading dims of size 1."""
    ndim = max(input.ndim, other.ndim)
    above = (1,) * (ndim - input.ndim) + input.shape
    below = (1,) * (ndim - other.ndim) + other.shape
    a = ops.reshape(input, shape=tuple(k for n in above for k in (n, 1)))
    b = ops.reshape(other, shape=tuple(k for n in below for k in (1, n)))
    return ops.reshape(ops.mul(a, b), shape=tuple(n * m for n, m in zip(above, below)))


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross products of vectors of three elements along ``dim``, by default the first dim of
    size 3; the other dims broadcast."""
    if dim is None:
        dim = next((d for d, n in enumerate(input.shape) if n == 3), None)
        if dim is None:
            raise ShapeError(f"cross: {input._type} has no dim of size 3")
    return ops.cross(input, other, dim=dim)


def trace(input: Tensor) -> Tensor:
    """The sum of the elements on the diagonal of a matrix; integers add up in int64."""
    _need("trace", input=(input, 2))
    if input.dtype.category == "bool":
        raise DTypeError(f"trace: {input._type} has no sum; convert it to numbers with .to(dtype)")
    return ops.sum(diagonal(input))


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)`` of matrices. Where ``beta`` is 0, NaNs of ``input``
    do not matter."""
    _need("addmm", mat1=(mat1, 2), mat2=(mat2, 2))
    _need_one_dtype("addmm", input, mat1, mat2)
    return ops.axpby(input, ops.matmul(mat1, mat2), beta=beta, alpha=alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``; see `addmm`."""
    _need("addmv", mat=(mat, 2), vec=(vec, 1))
    _need_one_dtype("addmv", input, mat, vec)
    return ops.axpby(input, matmul(mat, vec), beta=beta, alpha=alpha)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``; see `addmm`."""
    _need("addr", vec1=(vec1, 1), vec2=(vec2, 1))
    _need_one_dtype("addr", input, vec1, vec2)
    for factor in (beta, alpha):
        if isinstance(factor, float) and input.dtype.category in ("bool", "integer"):
            raise ArgumentError(f"addr: {input._type} cannot be multiplied by {factor}; use an int")
    return ops.axpby(input, ops.mul(column(vec1), row(vec2)), beta=beta, alpha=alpha)


def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``; see `addmm`."""
    _need("baddbmm", batch1=(batch1, 3), batch2=(batch2, 3))
    _need_one_dtype("baddbmm", input, batch1, batch2)
    return ops.axpby(input, bmm(batch1, batch2), beta=beta, alpha=alpha)


def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``; see `addmm`."""
    _need("addbmm", batch1=(batch1, 3), batch2=(batch2, 3))
    _need_one_dtype("addbmm", input, batch1, batch2)
    if batch1.shape[0] != batch2.shape[0]:
        raise ShapeError(f"addbmm: {batch1._type} and {batch2._type} must hold as many matrices")
    # the sum over the batch is part of the product: (n, b * m) @ (b * m, p)
    (b, n, m), p = batch1.shape, batch2.shape[2]
    a = ops.reshape(ops.permute(batch1, dims=(1, 0, 2)), shape=(n, b * m))
    if batch2.shape[1] != m:
        raise ShapeError(f"addbmm: {batch1._type} and {batch2._type} cannot be multiplied")
    total = ops.matmul(a, ops.reshape(batch2, shape=(b * m, p)))
    return ops.axpby(input, total, beta=beta, alpha=alpha)


def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices, in the order of the fewest multiplications."""
    for i, x in enumerate(matrices):
        _need("chain_matmul", **{f"matrix {i}": (x, 2)})
    return matrices[0]._apart() if len(matrices) == 1 else multi_dot(matrices)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sums of products over some dims of both.

    Args:
        dims: how many: the last of ``a`` and the first of ``b``; or two lists, of dims of ``a`` and
            of dims of ``b``, of which a pair is summed over together. Size 1 broadcasts.
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ShapeError(
                f"tensordot: dims={dims} is not a number of dims that {a._type} and {b._type} have"
            )
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    first, second = ([d] if isinstance(d, int) else d for d in dims)
    mine = [dims_.wrap("tensordot", a, d) for d in first]
    yours = [dims_.wrap("tensordot", b, d) for d in second]
    if len(mine) != len(yours) or len(set(mine)) < len(mine) or len(set(yours)) < len(yours):
        raise ShapeError(f"tensordot: dims={dims!r} does not pair dims, each named once")
    for i, (d, e) in enumerate(zip(mine, yours)):
        n, m = a.shape[d], b.shape[e]
        if n != m and 1 not in (n, m):
            raise ShapeError(
                f"tensordot: pair {i} are dim {d} of {a._type} and dim {e} of {b._type}, of "
                "different sizes"
            )
    # a size 1 that broadcasts multiplies the sum of the other
    for d, e in zip(mine, yours):
        if a.shape[d] != b.shape[e] and b.shape[e] == 1:
            a = ops.cast(ops.sum(a, dim=d, keepdim=True), dtype=a.dtype)
        elif a.shape[d] != b.shape[e]:
            b = ops.cast(ops.sum(b, dim=e, keepdim=True), dtype=b.dtype)
    left = [d for d in range(a.ndim) if d not in mine]
    right = [d for d in range(b.ndim) if d not in yours]
    above, below = [a.shape[d] for d in left], [b.shape[d] for d in right]
    inner_size = math.prod(a.shape[d] for d in mine)
    x = ops.reshape(ops.permute(a, dims=(*left, *mine)), shape=(math.prod(above), inner_size))
    y = ops.reshape(ops.permute(b, dims=(*yours, *right)), shape=(inner_size, math.prod(below)))
    return ops.reshape(ops.matmul(x, y), shape=(*above, *below))


def einsum(*args: Any) -> Tensor:
    """The sum of products of elements that an equation describes: ``einsum("ij,jk->ik", a, b)``, or
    with a list of numbers, from 0 to 51, after each tensor: ``einsum(a, [0, 1], b, [1, 2], [0,
    2])``. Tensors are multiplied from left to right. See ``ferrule.ops.einsum``."""
    if args and isinstance(args[0], str):
        equation, operands = args[0], args[1:]
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = tuple(operands[0])
        return ops.einsum(*operands, equation=equation)
    if len(args) < 2:
        raise ArgumentError("einsum needs an equation and at least one tensor")
    operands = args[0 : len(args) - len(args) % 2 : 2]
    terms = ",".join(_written(labels) for labels in args[1::2])
    result = f"->{_written(args[-1])}" if len(args) % 2 else ""
    return ops.einsum(*operands, equation=terms + result)


def _written(labels: Sequence[Any]) -> str:
    text = ""
    for label in labels:
        if label is Ellipsis:
            text += "..."
        elif isinstance(label, int) and 0 <= label < 52:
            text += (string.ascii_uppercase + string.ascii_lowercase)[label]
        else:
            raise ArgumentError(f"einsum: a dim is a number from 0 to 51 or ..., not {label!r}")
    return text


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Tensor:
    """The norm of the elements over ``dim``, or over everything.

    ``fe.linalg.vector_norm`` and ``fe.linalg.matrix_norm`` say more clearly which is meant.

    Args:
        p: the order of a vector's norm; ``"fro"`` is 2; ``"nuc"`` is the nuclear norm of matrices.
    """
    if p == "nuc":
        plane = tuple(range(input.ndim)) if dim is None else dim
        return matrix_norm(input, "nuc", plane, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise ArgumentError(f'norm: p must be a number, "fro" or "nuc", not {p!r}')
    order = 2.0 if p is None or isinstance(p, str) else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The norm of order ``p`` of ``input - other``, which broadcast."""
    return vector_norm(ops.sub(input, other), p)


_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)
_MANY_ROWS = 25


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = _MODES[0]) -> Tensor:
    """The distances, by the norm of order ``p``, of each row of ``x1`` from each row of ``x2``.

    Args:
        x1: ``(..., n, m)``.
        x2: ``(..., k, m)``; leading dims broadcast.
        p: not negative.
        compute_mode: whether Euclidean distances come of a matrix product: which is fast for many
            rows, and inaccurate for rows that are close. By default for more than 25 rows.

    Returns:
        ``(..., n, k)``.
    """
    mode = _MODES[compute_mode or 0] if isinstance(compute_mode, int) else compute_mode or _MODES[0]
    if mode not in _MODES:
        raise ArgumentError(f"cdist: compute_mode must be one of {_MODES}, not {compute_mode!r}")
    if p < 0:
        raise ArgumentError(f"cdist: p must not be negative, and it is {p}")
    if x1.ndim < 2 or x2.ndim < 2:
        raise ShapeError(f"cdist: {x1._type} and {x2._type} need at least two dims")
    many = max(x1.shape[-2], x2.shape[-2]) > _MANY_ROWS
    products = p == 2 and (mode == _MODES[1] or (mode == _MODES[0] and many))
    return ops.cdist(x1, x2, p=float(p), products=products)
