"""An index taken apart into what is plain and what is a tensor."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from ferrule import factories
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.indexing.choice import Choice, Chosen
from ferrule.indexing.place import Place, plain
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_, int64, uint8


def taken_apart(x: Tensor, index: Any) -> tuple[Place, Choice | None]:
    """Both steps of reading ``x[index]``."""
    given = index if isinstance(index, tuple) else (index,)
    parts = [_read(part, x) for part in given]
    named = sum(_dims_named(part) for part in parts)
    if named > x.ndim:
        raise ShapeError(f"{named} indices were given for {x._type}, which has {x.ndim} dims")
    basic: list[Any] = []
    chosen: list[Chosen] = []
    dim, at = 0, 0  # of the indexed tensor, and of what the place reads
    for part in parts:
        if part is Ellipsis:
            basic.append(part)
            dim, at = dim + x.ndim - named, at + x.ndim - named
        elif isinstance(part, bool):
            basic.append(None)
            where = factories.zeros(int(part), dtype=int64, device=x.device)
            chosen.append(Chosen((at,), dim, where))
            at += 1
        elif isinstance(part, Tensor):
            n = _dims_named(part)
            mask = part if part.dtype is bool_ else None
            if mask is not None and mask.shape != x.shape[dim : dim + n]:
                raise ShapeError(
                    f"a mask of the shape {mask.shape} does not fit dims {dim} to {dim + n - 1} of "
                    f"{x._type}"
                )
            chosen.append(Chosen(tuple(range(at, at + n)), dim, part, mask))
            basic += [slice(None)] * n
            dim, at = dim + n, at + n
        else:
            basic.append(part)
            dim += part is not None
            at += part is None or isinstance(part, slice)
    place = plain(x, tuple(basic))
    assert place is not None
    if not chosen:
        return place, None
    return place, Choice(place.shape, x._type, chosen)


def _dims_named(part: Any) -> int:
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if isinstance(part, Tensor) and part.dtype is bool_ else 1


def _read(part: Any, x: Tensor) -> Any:
    """One part of an index as an int, a slice of ints, None, Ellipsis, a bool, or a tensor of at
    least one dim that is of integers or a mask."""
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, slice):
        return slice(*(_end(end) for end in (part.start, part.stop, part.step)))
    if isinstance(part, (bool, np.bool_)):
        return bool(part)
    if isinstance(part, (list, tuple, range, np.ndarray)):
        part = _as_tensor(part, x)
    if isinstance(part, Tensor):
        if part.dtype is uint8:
            warnings.warn(
                "an index of dtype uint8 is a mask, as in PyTorch, which deprecates it; write "
                ".bool() for a mask and .long() for integers",
                DeprecationWarning,
                stacklevel=6,
            )
            part = part.bool()
        if part.dtype is not bool_ and part.dtype.category != "integer":
            raise DTypeError(
                f"{x._type} is indexed by {part._type}; an index is of integers or bools: convert "
                "it with .long() or .bool()"
            )
        if part.ndim:
            return part.detach()  # which has a life of its own
        return bool(part) if part.dtype is bool_ else int(part)
    if not hasattr(part, "__index__"):
        raise ShapeError(
            f"{part!r} cannot index {x._type}; use integers, slices, None, ..., bools, and tensors "
            "or lists of integers or bools"
        )
    return operator.index(part)


def _end(end: Any) -> int | None:
    if end is None:
        return None
    try:
        return operator.index(end)
    except TypeError:
        raise ArgumentError(
            f"the ends and the step of a slice are integers or None, not {end!r}"
        ) from None


def _as_tensor(part: Any, x: Tensor) -> Tensor:
    if isinstance(part, range):
        part = list(part)
    found = factories.tensor(part, device=x.device)
    empty = not found.numel() and not isinstance(part, np.ndarray)
    return found.to(int64) if empty else found  # [] has no dtype of its own
