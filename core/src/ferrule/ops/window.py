"""Windows that slide over the spatial dims: what convolution, pooling and im2col share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from ferrule.errors import ShapeError
from ferrule.ops.shape import cat, narrow, pad, reshape, slice
from ferrule.tensor import Tensor

Sizes = tuple[int, ...]
"""One number for each spatial dim."""


def span(kernel: int, dilation: int) -> int:
    """From the first to the last tap of a window, both included."""
    return dilation * (kernel - 1) + 1


def output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool = False
) -> int:
    """How many windows fit along one dim; 0 or less where not even one does.

    With ``ceil_mode`` the last window may reach over the padded edge, but must begin before it.
    """
    room = size + 2 * padding - span(kernel, dilation)
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


class Windows:
    """Windows over tensors ``(N, C, *size)``. A tap is one place within a window.

    Whatever is done with all taps is done along one dim after the other, so that the number of
    steps grows with the sum of a window's sizes, not with their product.

    Attributes:
        size: the input's spatial dims.
        kernel_size, stride, padding, dilation: one number for each of them.
        count: how many windows there are along each.
        taps: how many taps a window has.
        inside: no window reaches over an edge.
    """

    def __init__(
        self,
        op: str,
        size: Sequence[int],
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes,
        dilation: Sizes,
        ceil_mode: bool = False,
    ) -> None:
        self.size = tuple(size)
        given = {
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
        }
        n = len(self.size)
        for name, values in given.items():
            least = 0 if name == "padding" else 1
            whole = all(isinstance(v, int) for v in values)
            if len(values) != n or not whole or min(values, default=least) < least:
                raise ShapeError(f"{op}: {name} must be {n} ints of at least {least}, not {values}")
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        along = zip(self.size, kernel_size, stride, padding, dilation)
        self.count = tuple(output_size(*dim, ceil_mode) for dim in along)
        if min(self.size, default=1) < 1 or min(self.count, default=1) < 1:
            raise ShapeError(
                f"{op}: a window of {kernel_size} with dilation {dilation} does not fit in an "
                f"input of {self.size} with padding {padding}; pad it, or take a smaller window"
            )
        self.taps = math.prod(kernel_size)
        # behind the last element: less than `padding` where windows do not reach so far, and more
        # where ceil_mode lets them reach over the edge
        self._after = tuple(
            max((c - 1) * s + span(k, d) - p - m, 0)
            for c, s, k, d, p, m in zip(
                self.count, stride, kernel_size, dilation, padding, self.size
            )
        )
        self.inside = not any(padding) and not any(self._after)
        self._padded = tuple(m + p + a for m, p, a in zip(self.size, padding, self._after))

    def sees_nothing(self) -> bool:
        """Whether all taps of some window lie outside the input."""
        if self.inside:
            return False
        for n, c, k, s, p, d in zip(
            self.size, self.count, self.kernel_size, self.stride, self.padding, self.dilation
        ):
            for start in range(-p, c * s - p, s):
                first = max(-(start // d), 0) if start < 0 else 0
                if first >= k or start + first * d >= n:
                    return True
        return False

    def unfold(self, x: Tensor, value: float = 0) -> Tensor:
        """What the windows see, ``(N, C, taps, *count)``; ``value`` in the padding."""
        x = self._with_padding(x, value)
        for d, kernel in enumerate(self.kernel_size):
            # taps of the dims before, and windows along them, stand in front: (N, C, *K, *O, ...)
            seen = [self._seen(x, 2 + 2 * d, d, tap) for tap in range(kernel)]
            at = 2 + d
            stacked = [reshape(t, shape=(*t.shape[:at], 1, *t.shape[at:])) for t in seen]
            x = cat(*stacked, dim=at) if kernel > 1 else stacked[0]
        return reshape(x, shape=(*x.shape[:2], self.taps, *self.count))

    def fold(self, columns: Tensor) -> Tensor:
        """The transpose of `unfold`: everything added up where it was seen."""
        n, c = columns.shape[:2]
        x = reshape(columns, shape=(n, c, *self.kernel_size, *self.count))
        for d in reversed(range(len(self.size))):
            at, total = 2 + d, None
            for tap in range(self.kernel_size[d]):
                part = narrow(x, dim=at, start=tap, length=1)
                part = reshape(part, shape=(*part.shape[:at], *part.shape[at + 1 :]))
                part = self._placed(part, 2 + 2 * d, d, tap)
                total = part if total is None else total + part
            assert total is not None
            x = total
        return self._without_padding(x)

    def sum(self, x: Tensor) -> Tensor:
        """The sum over each window, ``(N, C, *count)``."""
        x = self._with_padding(x, 0)
        for d, kernel in enumerate(self.kernel_size):
            total = self._seen(x, 2 + d, d, 0)
            for tap in range(1, kernel):
                total = total + self._seen(x, 2 + d, d, tap)
            x = total
        return x

    def spread(self, g: Tensor) -> Tensor:
        """The transpose of `sum`: each element added at all places that its window sees."""
        for d in reversed(range(len(self.size))):
            total = self._placed(g, 2 + d, d, 0)
            for tap in range(1, self.kernel_size[d]):
                total = total + self._placed(g, 2 + d, d, tap)
            g = total
        return self._without_padding(g)

    def places(self) -> list[Sizes]:
        """Offsets of the taps within a window, in row-major order."""
        along = (range(0, span(k, d), d) for k, d in zip(self.kernel_size, self.dilation))
        return list(product(*along))

    def _with_padding(self, x: Tensor, value: float) -> Tensor:
        if self.inside:
            return x
        return pad(
            x,
            before=(0, 0, *self.padding),
            after=(0, 0, *self._after),
            inner=(0,) * x.ndim,
            value=value,
        )

    def _without_padding(self, x: Tensor) -> Tensor:
        if self._padded == self.size:
            return x
        return slice(
            x,
            starts=(0, 0, *self.padding),
            stops=(*x.shape[:2], *(p + n for p, n in zip(self.padding, self.size))),
            steps=(1,) * x.ndim,
        )

    def _seen(self, x: Tensor, axis: int, d: int, tap: int) -> Tensor:
        """What tap number ``tap`` of all windows along spatial dim ``d``, which is ``axis`` of
        ``x``, sees there."""
        start, step = tap * self.dilation[d], self.stride[d]
        stop = start + step * (self.count[d] - 1) + 1
        if (start, stop, step) == (0, x.shape[axis], 1):
            return x
        return slice(
            x,
            starts=tuple(start if i == axis else 0 for i in range(x.ndim)),
            stops=tuple(stop if i == axis else n for i, n in enumerate(x.shape)),
            steps=tuple(step if i == axis else 1 for i in range(x.ndim)),
        )

    def _placed(self, part: Tensor, axis: int, d: int, tap: int) -> Tensor:
        """The transpose of `_seen`."""
        start, step = tap * self.dilation[d], self.stride[d]
        after = self._padded[d] - (start + step * (self.count[d] - 1) + 1)
        if (start, after, step) == (0, 0, 1):
            return part
        return pad(
            part,
            before=tuple(start if i == axis else 0 for i in range(part.ndim)),
            after=tuple(after if i == axis else 0 for i in range(part.ndim)),
            inner=tuple(step - 1 if i == axis else 0 for i in range(part.ndim)),
        )
