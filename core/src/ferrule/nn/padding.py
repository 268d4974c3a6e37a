"""Padding of spatial dims: ``(N, C, *size)`` or ``(C, *size)``.

``padding`` is one number for every side, or one for each side, the last dim first: ``(left,
right)``, ``(left, right, top, bottom)``, ``(left, right, top, bottom, front, back)``. Negative
numbers cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn import functional as F
from ferrule.nn.module import Module
from ferrule.tensor import Tensor

Sides = int | Sequence[int]


class _Pad(Module):
    """What pads ``ndim`` dims in the way of ``mode``."""

    ndim: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Sides) -> None:
        super().__init__()
        count = 2 * self.ndim
        sides = (padding,) * count if isinstance(padding, int) else tuple(padding)
        if len(sides) != count or not all(isinstance(n, int) for n in sides):
            raise ArgumentError(
                f"{type(self).__name__}: padding must be an int or {count} ints, not {padding!r}"
            )
        self.padding = sides

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.ndim + 1, self.ndim + 2):
            raise ShapeError(
                f"{type(self).__name__}: the input is {input._type}; it must have {self.ndim + 1} "
                f"or {self.ndim + 2} dims"
            )
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Sides, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:  # of any shape, as PyTorch has it
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """``value`` before and behind the last dim."""

    ndim = 1


class ConstantPad2d(_ConstantPad):
    """``value`` around images."""

    ndim = 2


class ConstantPad3d(_ConstantPad):
    """``value`` around volumes."""

    ndim = 3


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """Zeros before and behind the last dim."""

    ndim = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around images."""

    ndim = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around volumes."""

    ndim = 3


class ReflectionPad1d(_Pad):
    """Sequences mirrored at their ends, which are not repeated."""

    ndim, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Images mirrored at their edges, which are not repeated."""

    ndim, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Volumes mirrored at their faces, which are not repeated."""

    ndim, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """The ends of sequences repeated."""

    ndim, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """The edges of images repeated."""

    ndim, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """The faces of volumes repeated."""

    ndim, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """Sequences continued by their other end."""

    ndim, mode = 1, "circular"


class CircularPad2d(_Pad):
    """Images continued by their opposite edge."""

    ndim, mode = 2, "circular"


class CircularPad3d(_Pad):
    """Volumes continued by their opposite face."""

    ndim, mode = 3, "circular"
