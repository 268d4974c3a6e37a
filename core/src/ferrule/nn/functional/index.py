"""Functions of integers that name rows or classes."""

from __future__ import annotations

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.modes import current
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of ``weight``, ``(n, d)``, that ``input`` names: ``(*input.shape, d)``.

    Args:
        input: integers within [0, n).
        weight: the table.
        padding_idx: a row that gets no gradient; negative ones count from the end.
    """
    if padding_idx is not None:
        n = weight.shape[0]
        if not -n <= padding_idx < n:
            raise ArgumentError(f"embedding: padding_idx {padding_idx} is not one of {n} rows")
        padding_idx %= n
    check_range("embedding", "an index", input, weight.shape[0])
    return ops.embedding(weight, input, padding_idx=padding_idx)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """``(*tensor.shape, num_classes)``, int64: 1 where the class is that of ``tensor``, else 0.

    Args:
        tensor: integers within [0, num_classes).
        num_classes: by default one more than the largest.
    """
    if tensor.dtype.category != "integer":
        raise DTypeError(f"one_hot: classes are integers, not {tensor._type}; use .long()")
    if num_classes < 0:
        if not tensor.numel():
            raise ShapeError("one_hot: num_classes cannot be told from no elements; give it")
        num_classes = int(ops.amax(tensor)) + 1
    check_range("one_hot", "a class", tensor, num_classes)
    classes = fe.arange(num_classes, dtype=tensor.dtype, device=tensor.device)
    return ops.eq(fe.unsqueeze(tensor, -1), classes).to(int64)


def check_range(
    name: str, what: str, x: Tensor, size: int, ignore_index: int | None = None
) -> None:
    """Refuse integers outside [0, size). Under an interpreter values may not exist as yet."""
    if current().stack or not x.numel() or x.dtype.category != "integer":
        return
    outside = ops.lt(x, 0) | ops.ge(x, size)
    if ignore_index is not None and not 0 <= ignore_index < size:
        outside = outside & ops.ne(x, ignore_index)
    if ops.any(outside):
        array = x.detach().numpy()
        culprit = array[outside.numpy()].flat[0]
        raise ShapeError(f"{name}: {what} is {culprit}, which does not lie in [0, {size})")
