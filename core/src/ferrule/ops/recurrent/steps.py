"""What the scans over time have in common.

A sequence is ``(T, B, ...)``. With ``lengths``, sequence ``b`` has only its first ``lengths[b]``
steps, and during the others its state stays as it is. So the last step in the direction of the scan
has the final state of every sequence, in either direction.
"""

from __future__ import annotations

from ferrule.errors import ShapeError
from ferrule.ops.choice import where
from ferrule.ops.comparison import gt
from ferrule.ops.linalg import matmul
from ferrule.ops.shape import cat, narrow, permute, reshape
from ferrule.tensor import Tensor


def order(steps: int, reverse: bool) -> range:
    """The steps as the scan takes them."""
    return range(steps - 1, -1, -1) if reverse else range(steps)


def at(x: Tensor, t: int) -> Tensor:
    """Step ``t``."""
    return reshape(narrow(x, dim=0, start=t, length=1), shape=x.shape[1:])


def in_order(found: dict[int, Tensor]) -> Tensor:
    """The sequence of which these are the steps."""
    return cat(*(reshape(found[t], shape=(1, *found[t].shape)) for t in sorted(found)), dim=0)


def before(outputs: Tensor, initial: Tensor, reverse: bool) -> Tensor:
    """The state that each step began with."""
    first = reshape(initial, shape=(1, *initial.shape))
    rest = narrow(outputs, dim=0, start=int(reverse), length=outputs.shape[0] - 1)
    return cat(rest, first, dim=0) if reverse else cat(first, rest, dim=0)


def runs(lengths: Tensor | None, t: int) -> Tensor | None:
    """Which sequences have a step ``t``, ``(B, 1)``; None for all."""
    return None if lengths is None else reshape(gt(lengths, t), shape=(lengths.shape[0], 1))


def chosen(running: Tensor | None, new: Tensor, old: Tensor | float) -> Tensor:
    """``new`` for the sequences that run, ``old`` for the others."""
    return new if running is None else where(running, new, old)


def swapped(x: Tensor) -> Tensor:
    """The transpose of a matrix."""
    return permute(x, dims=(1, 0))


def rows(x: Tensor) -> Tensor:
    """Time and batch made one dim."""
    return reshape(x, shape=(x.shape[0] * x.shape[1], x.shape[2]))


def mapped(x: Tensor, weight: Tensor) -> Tensor:
    """``x @ weight.T`` for a sequence."""
    return reshape(matmul(rows(x), swapped(weight)), shape=(*x.shape[:2], weight.shape[0]))


def by_weight(g: Tensor, x: Tensor) -> Tensor:
    """The gradient of ``weight`` in `mapped`, of the one of its result."""
    return matmul(swapped(rows(g)), rows(x))


def check(
    op: str, projected: Tensor, times: int, size: int, outer: int, hidden: Tensor, weight: Tensor,
    lengths: Tensor | None, **others: tuple[Tensor | None, tuple[int, ...]],
) -> None:  # fmt: skip
    """Refuse shapes that do not belong together.

    Args:
        times: how many affine maps there are.
        size: H, the size of each.
        outer: the size of the state.
        others: tensors with the shapes that they must have.
    """
    if projected.ndim != 3 or not projected.shape[0]:
        raise ShapeError(
            f"{op}: projected is {projected._type}; it must be (T, B, {times} * H) with one step "
            "or more"
        )
    steps, batch, _ = projected.shape
    wanted: dict[str, tuple[Tensor | None, tuple[int, ...]]] = {
        "projected": (projected, (steps, batch, times * size)),
        "hidden": (hidden, (batch, outer)),
        "weight": (weight, (times * size, outer)),
        "lengths": (lengths, (batch,)),
        **others,
    }
    for name, (x, shape) in wanted.items():
        if x is not None and x.shape != shape:
            raise ShapeError(
                f"{op}: {name} is {x._type}; beside projected {projected._type} its shape must be "
                f"{shape}"
            )
