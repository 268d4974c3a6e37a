"""PyTorch's functions of order: sorting, medians and quantiles, searching, distinct elements.

No mathematics lives here: its overloads are brought onto canonical ops. NaN is larger than all
else.
"""

from __future__ import annotations

from typing import Any

from ferrule import factories, ops
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError
from ferrule.modes import current
from ferrule.reductions import ValuesIndices
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int32


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The elements along ``dim`` in order, and their indices. Equal elements keep their order,
    whether that is asked for or not."""
    return ValuesIndices(*ops.sort(input, dim=dim, descending=descending))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that put the elements along ``dim`` in order. See `sort`."""
    return ops.sort(input, dim=dim, descending=descending)[1]


def msort(input: Tensor) -> Tensor:
    """The elements along the first dim in order."""
    return ops.sort(input, dim=0)[0]


def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesIndices:
    """The ``k`` largest, or smallest, elements along ``dim``, in order, and their indices: the
    first places among equals.

    Raises:
        OutOfRange: there are fewer than ``k`` elements.
    """
    return ValuesIndices(*ops.topk(input, k=k, dim=dim, largest=largest, sorted=sorted))


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The ``k``-th smallest element along ``dim``, counted from 1, and its index.

    Raises:
        OutOfRange: there is no such element.
    """
    return ValuesIndices(*ops.kthvalue(input, k=k, dim=dim, keepdim=keepdim))


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of all elements, the lower one of two; with ``dim``, those along it and their
    indices. NaN where an element is NaN."""
    if dim is None:
        return ops.median_of_all(input)
    return ValuesIndices(*ops.median(input, dim=dim, keepdim=keepdim))


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """As `median`, of what is not NaN."""
    if dim is None:
        return ops.nanmedian_of_all(input)
    return ValuesIndices(*ops.nanmedian(input, dim=dim, keepdim=keepdim))


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The most frequent element along ``dim``, the smallest of several, and the last index where it
    stands."""
    return ValuesIndices(*ops.mode(input, dim=dim, keepdim=keepdim))


def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The ``q``-th quantiles along ``dim``, or of all elements. NaN where an element is NaN.

    Args:
        input: float32 or float64.
        q: between 0 and 1: a number, or a tensor of one dim, which becomes the first of the result.
        interpolation: what to take between two elements: ``"linear"``, ``"lower"``, ``"higher"``,
            ``"nearest"`` or ``"midpoint"``.

    Raises:
        OutOfRange: ``q`` is not between 0 and 1.
        ShapeError: there are no elements.
    """
    q = _fractions("quantile", input, q)
    return ops.quantile(input, q, dim=dim, keepdim=keepdim, interpolation=interpolation)


def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """As `quantile`, of what is not NaN; NaN where nothing else is there."""
    q = _fractions("nanquantile", input, q)
    return ops.nanquantile(input, q, dim=dim, keepdim=keepdim, interpolation=interpolation)


def _fractions(name: str, input: Tensor, q: Any) -> Tensor:
    if not input.dtype.is_floating_point or input.dtype.itemsize < 4:
        raise DTypeError(f"{name}: input must be float32 or float64, not {input.dtype.name}")
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise OutOfRange(f"{name}: q must be between 0 and 1, and it is {q}")
        return factories.tensor(float(q), dtype=input.dtype, device=input.device)
    if q.numel() and not current().stack:  # what is traced has no values to look at
        flat = q.detach()
        if not ops.all((flat >= 0) & (flat <= 1)).item():
            raise OutOfRange(f"{name}: q must be between 0 and 1, and not all of {q} is")
    return q


# Searching.


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Before which element of a sorted sequence each value would be put in: its index.

    Args:
        sorted_sequence: in rising order along its last dim: of one dim, or with the leading sizes
            of ``input``.
        input: the values; a number for a sequence of one dim.
        right: after equal elements, not before them. The same as ``side="right"``.
        sorter: the indices that sort ``sorted_sequence``, if it is not in order.

    Returns:
        int64, or int32 if asked for, of the shape of ``input``.
    """
    if side not in (None, "left", "right"):
        raise ArgumentError(f"searchsorted: side must be 'left' or 'right', not {side!r}")
    if side == "left" and right:
        raise ArgumentError("searchsorted: side='left' contradicts right=True")
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape:
            raise ShapeError(
                f"searchsorted: sorter must have the shape of the sequence, "
                f"{sorted_sequence.shape}, not {sorter.shape}"
            )
        sorted_sequence = ops.gather(sorted_sequence, sorter, dim=-1)
    if not isinstance(input, Tensor):
        input = factories.tensor(input, device=sorted_sequence.device)
    found = ops.searchsorted(sorted_sequence, input, right=right or side == "right")
    return ops.cast(found, dtype=int32) if out_int32 else found


def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Between which of the sorted boundaries each value lies: the index of the first boundary that
    is not less, or with ``right`` of the first that is greater."""
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries must have one dim, and it is {boundaries._type}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def isin(
    elements: Any = None,
    test_elements: Any = None,
    *,
    element: Any = None,
    test_element: Any = None,
    assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:
    """Elementwise: it is among ``test_elements``; with ``invert``, it is not. Either may be a
    number, then also called ``element`` or ``test_element``. NaN is never found."""
    elements = element if elements is None else elements
    tests = test_element if test_elements is None else test_elements
    if not isinstance(elements, Tensor) and not isinstance(tests, Tensor):
        raise ArgumentError("isin: elements or test_elements must be a tensor")
    return ops.isin(elements, tests, assume_unique=assume_unique, invert=invert)


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not 0, in row-major order: int64 of shape ``(count,
    input.ndim)``, or with ``as_tuple`` a tensor for each dim, which together index ``input``."""
    if not as_tuple:
        return ops.nonzero(input)
    found = ops.nonzero(input if input.ndim else ops.reshape(input, shape=(1,)))
    return found.unbind(1)


def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not 0. See `nonzero`."""
    return ops.nonzero(input)


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or slices along ``dim``, in rising order.

    Args:
        sorted: they are in order without it too.
        return_inverse: for each element or slice, also which of them it is.
        return_counts: also how often each occurs.
    """
    return _chosen(ops.unique(input, dim=dim), return_inverse, return_counts)


def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The elements, or slices along ``dim``, that differ from the one before; otherwise as
    `unique`."""
    return _chosen(ops.unique_consecutive(input, dim=dim), return_inverse, return_counts)


def _chosen(found: tuple[Tensor, ...], inverse: bool, counts: bool) -> Any:
    wanted = [y for y, want in zip(found, (True, inverse, counts)) if want]
    return tuple(wanted) if len(wanted) > 1 else wanted[0]
