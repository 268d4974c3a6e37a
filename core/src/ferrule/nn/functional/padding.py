"""Padding, in all of PyTorch's modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor

MODES = ("constant", "reflect", "replicate", "circular")


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """``input`` with more before and behind along its last dims.

    Args:
        input: of any shape; for the modes other than ``"constant"``, a batch or a single one of
            ``(C, *size)`` with one, two or three spatial dims, all of which are padded.
        pad: how many before and behind, for the last dim, then for the one before it, ...;
            negative ones crop.
        mode: ``"constant"``; ``"reflect"``: mirrored at the outermost element, which is not
            repeated; ``"replicate"``: the outermost element; ``"circular"``: from the other end.
        value: the constant, by default 0.

    Raises:
        ArgumentError: there is no such mode, or ``value`` is given with another than the constant.
        ShapeError: there are not as many numbers as dims need, or elements to pad with.
    """
    if mode not in MODES:
        raise ArgumentError(f"pad: mode must be one of {', '.join(MODES)}, not {mode!r}")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(
            f"pad: {input._type} takes pairs for at most {input.ndim} dims, not {tuple(pad)}"
        )
    missing = input.ndim - len(pad) // 2
    before = (0,) * missing + tuple(int(n) for n in pad[-2::-2])
    after = (0,) * missing + tuple(int(n) for n in pad[::-2])
    if mode == "constant":
        return _constant(input, before, after, 0 if value is None else value)
    if value:
        raise ArgumentError(f'pad: mode "{mode}" takes no value, and {value} was given')
    spatial = len(pad) // 2
    if not 1 <= spatial <= 3 or missing not in (1, 2):
        raise ShapeError(
            f'pad: mode "{mode}" pads the last one of 2 or 3 dims, two of 3 or 4, or three of 4 or '
            f"5, and not {spatial} of {input._type}"
        )
    if min(input.shape[-spatial:]) < 1:
        raise ShapeError(f"pad: {input._type} has an empty dim, which has nothing to pad with")
    result = tuple(b + n + c for b, n, c in zip(before, input.shape, after))
    if max(result[-spatial:]) < 1 or min(result) < 0:
        raise ShapeError(f"pad: {input._type} would get the shape {result}, which holds nothing")
    for d in range(missing, input.ndim):
        input = _along(input, d, before[d], after[d], mode)
    return input


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """``input`` with ``value`` before and behind along its last dims: `pad` in its first mode."""
    return _pad(input, pad, "constant", value)


_pad = pad  # whose name an argument has


def _constant(x: Tensor, before: tuple[int, ...], after: tuple[int, ...], value: Any) -> Tensor:
    if min((*before, *after), default=0) < 0:
        x = _cropped(x, before, after)
        before, after = (tuple(max(n, 0) for n in counts) for counts in (before, after))
    if not any(before) and not any(after):
        return x
    if x.dtype.category == "bool":
        value = bool(value)
    elif x.dtype.category == "integer":
        value = int(value)
    return ops.pad(x, before=before, after=after, inner=(0,) * x.ndim, value=value)


def _cropped(x: Tensor, before: tuple[int, ...], after: tuple[int, ...]) -> Tensor:
    """Without what negative counts take away."""
    starts = tuple(max(-n, 0) for n in before)
    stops = tuple(n - max(-m, 0) for n, m in zip(x.shape, after))
    if any(a > b for a, b in zip(starts, stops)):
        raise ShapeError(
            f"pad: {x._type} is not large enough to take away what {before} before and {after} "
            "behind say"
        )
    return ops.slice(x, starts=starts, stops=stops, steps=(1,) * x.ndim)


def _along(x: Tensor, d: int, before: int, after: int, mode: str) -> Tensor:
    """One dim padded in a mode other than the constant."""
    if mode == "circular" and min(before, after) < 0:
        # what is taken away does not come round, as in PyTorch
        x, before, after = _cropped(x, *_only(x, d, before, after)), max(before, 0), max(after, 0)
    n = x.shape[d]
    room = {"reflect": n - 1, "circular": n}.get(mode)
    if room is not None and max(before, after) > room:
        raise ShapeError(
            f'pad: mode "{mode}" can add at most {room} along dim {d} of {x._type}, not '
            f"{max(before, after)}"
        )

    def part(start: int, length: int) -> Tensor:
        return ops.narrow(x, dim=d, start=start, length=length)

    def repeated(start: int, times: int) -> Tensor:
        shape = tuple(times if e == d else m for e, m in enumerate(x.shape))
        return ops.expand(part(start, 1), shape=shape)

    pieces = []
    if before > 0:
        match mode:
            case "reflect":
                pieces.append(ops.flip(part(1, before), dims=(d,)))
            case "replicate":
                pieces.append(repeated(0, before))
            case _:
                pieces.append(part(n - before, before))
    pieces.append(x)
    if after > 0:
        match mode:
            case "reflect":
                pieces.append(ops.flip(part(n - 1 - after, after), dims=(d,)))
            case "replicate":
                pieces.append(repeated(n - 1, after))
            case _:
                pieces.append(part(0, after))
    y = ops.cat(*pieces, dim=d) if len(pieces) > 1 else x
    return _cropped(y, *_only(y, d, before, after)) if min(before, after) < 0 else y


def _only(x: Tensor, d: int, before: int, after: int) -> tuple[tuple[int, ...], ...]:
    """Counts before and behind for each dim, of which only the negative ones of ``d`` are kept."""
    return tuple(tuple(min(k, 0) if e == d else 0 for e in range(x.ndim)) for k in (before, after))
