"""Functions of integers that name rows or classes."""

from __future__ import annotations

import ferrule as fe
from ferrule import ops, runtime
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError
from ferrule.modes import current
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight``, ``(n, d)``, that ``input`` names: ``(*input.shape, d)``.

    Args:
        input: integers within [0, n).
        weight: the table.
        padding_idx: a row that gets no gradient; negative ones count from the end.
        max_norm: scale the rows that are named, in ``weight`` itself, down to this norm.
        norm_type: the ``p`` of that norm.
        scale_grad_by_freq: divide the gradient of a row by how often ``input`` names it.
        sparse: must be False: there are no sparse gradients.
    """
    _check_dense("embedding", sparse)
    padding_idx = _row("embedding", padding_idx, weight)
    check_range("embedding", "an index", input, weight.shape[0])
    if max_norm is not None:
        _renormalize("embedding", weight, input, max_norm, norm_type)
    return ops.embedding(
        weight, input, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq
    )


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of ``weight``, ``(n, d)``, that each bag names: ``(B,
    d)``, with 0 for a bag of no rows.

    Args:
        input: integers within [0, n): ``(B, N)``, or one bag after the other, ``(N,)``.
        weight: the table.
        offsets: ``(B,)``: where each bag begins in an ``input`` of one dim.
        max_norm, norm_type, sparse: as of `embedding`.
        scale_grad_by_freq: likewise; not for ``"max"``.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        per_sample_weights: of the shape of ``input``: factors of the rows of a sum.
        include_last_offset: the last offset is where the last bag ends.
        padding_idx: a row that does not count, nor gets a gradient; negative ones count from the
            end.
    """
    name = "embedding_bag"
    _check_dense(name, sparse)
    if mode == "max" and scale_grad_by_freq:
        raise ArgumentError(f'{name}: scale_grad_by_freq does not exist for mode="max"')
    if input.ndim not in (1, 2):
        raise ShapeError(f"{name}: the input is {input._type}; it must have one dim or two")
    if (offsets is None) != (input.ndim == 2):
        raise ShapeError(
            f"{name}: the input is {input._type}; an input of one dim needs offsets, and one of "
            "two takes none"
        )
    check_range(name, "an index", input, weight.shape[0])
    if offsets is not None:
        _check_offsets(name, offsets, input.shape[0], include_last_offset)
    if max_norm is not None:
        _renormalize(name, weight, input, max_norm, norm_type)
    return ops.embedding_bag(
        weight, input, offsets, per_sample_weights,
        mode=mode, scale_grad_by_freq=scale_grad_by_freq,
        include_last_offset=include_last_offset and offsets is not None,
        padding_idx=_row(name, padding_idx, weight),
    )  # fmt: skip


def _row(name: str, padding_idx: int | None, weight: Tensor) -> int | None:
    if padding_idx is None:
        return None
    n = weight.shape[0]
    if not -n <= padding_idx < n:
        raise ArgumentError(f"{name}: padding_idx {padding_idx} is not one of {n} rows")
    return padding_idx % n


def _check_dense(name: str, sparse: bool) -> None:
    if sparse:
        raise ArgumentError(f"{name}: there are no sparse gradients; leave sparse=False")


def _renormalize(
    name: str, weight: Tensor, input: Tensor, max_norm: float, norm_type: float
) -> None:
    """Scale rows of ``weight`` in place. Its gradient does not know, so its place on the tape is
    kept."""
    node = weight._node
    with fe.no_grad():
        scaled = ops.embedding_renorm(weight, input, max_norm=max_norm, norm_type=norm_type)
        weight._rebind(name, scaled)
    weight._node = node


def _check_offsets(name: str, offsets: Tensor, n: int, include_last_offset: bool) -> None:
    """Refuse offsets that are no beginnings. Under an interpreter values may not exist as yet."""
    if include_last_offset and not offsets.numel():
        raise ShapeError(f"{name}: with include_last_offset=True there must be an offset")
    if current().stack or offsets.ndim != 1 or offsets.dtype.category != "integer":
        return
    given = offsets.tolist()
    if given and given[0] != 0:
        raise ShapeError(f"{name}: the first offset must be 0, not {given[0]}")
    if any(a > b for a, b in zip(given, [*given[1:], n])):
        raise ShapeError(
            f"{name}: offsets must not decrease, nor be above {n}, the size of the input; they are "
            f"{given}"
        )


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
    """Refuse integers outside [0, size). Under an interpreter values may not exist as yet, and an
    asynchronous backend would have to be waited for: there the ops find them that are given the
    indices, if `ferrule.debug.check_indices` asks them to."""
    if current().stack or not x.numel() or x.dtype.category != "integer":
        return
    if runtime.active(x.device.backend).backend.capabilities.asynchronous:
        return
    outside = ops.lt(x, 0) | ops.ge(x, size)
    if ignore_index is not None and not 0 <= ignore_index < size:
        outside = outside & ops.ne(x, ignore_index)
    if ops.any(outside):
        array = x.detach().numpy()
        culprit = array[outside.numpy()].flat[0]
        error = OutOfRange(f"{name}: {what} is {culprit}, which does not lie in [0, {size})")
        error.index = int(culprit)
        raise error
