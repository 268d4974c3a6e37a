"""Windows that slide over the last two dims: what convolution and pooling share."""

from __future__ import annotations

from itertools import product

from ferrule.errors import ShapeError
from ferrule.ops.shape import pad, slice
from ferrule.tensor import Tensor

Pair = tuple[int, int]


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
    """Windows over ``(N, C, H, W)`` tensors. A tap is one place within a window.

    Attributes:
        size: ``(H, W)``.
        count: ``(OH, OW)``: how many windows there are.
        taps: the offsets within a window, in row-major order.
        inside: no window reaches over an edge.
    """

    def __init__(
        self,
        op: str,
        size: Pair,
        kernel_size: Pair,
        stride: Pair,
        padding: Pair,
        dilation: Pair = (1, 1),
        ceil_mode: bool = False,
    ) -> None:
        given = {
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
        }
        for name, pair in given.items():
            least = 0 if name == "padding" else 1
            whole = all(isinstance(n, int) for n in pair)
            if len(pair) != 2 or not whole or min(pair) < least:
                raise ShapeError(f"{op}: {name} must be two ints of at least {least}, not {pair}")
        self.size = size
        self.stride = stride
        self.padding = padding
        height, width = (
            output_size(*along, ceil_mode)
            for along in zip(size, kernel_size, stride, padding, dilation)
        )
        if height < 1 or width < 1:
            raise ShapeError(
                f"{op}: a window of {kernel_size} with dilation {dilation} does not fit in an "
                f"input of {size} with padding {padding}; pad it, or take a smaller window"
            )
        self.count = (height, width)
        self.taps = [
            (i * dilation[0], j * dilation[1])
            for i, j in product(range(kernel_size[0]), range(kernel_size[1]))
        ]
        last = self.taps[-1]
        # behind the last element: less than `padding` where windows do not reach so far, and more
        # where ceil_mode lets them reach over the edge
        self._after = tuple(
            max((n - 1) * s + t + 1 - p - m, 0)
            for n, s, t, p, m in zip(self.count, stride, last, padding, size)
        )
        self.inside = not any(padding) and not any(self._after)
        self._padded = tuple(m + p + a for m, p, a in zip(size, padding, self._after))

    def sees_nothing(self) -> bool:
        """Whether all taps of some window lie outside the input."""
        if self.inside:
            return False
        for d in range(2):
            taps = {tap[d] for tap in self.taps}
            for i in range(self.count[d]):
                start = i * self.stride[d] - self.padding[d]
                if not any(0 <= start + t < self.size[d] for t in taps):
                    return True
        return False

    def unfold(self, x: Tensor, value: float = 0.0) -> list[Tensor]:
        """For each tap, what all windows see there, ``(N, C, OH, OW)``; ``value`` in padding."""
        if not self.inside:
            x = pad(
                x,
                before=(0, 0, *self.padding),
                after=(0, 0, *self._after),
                inner=(0, 0, 0, 0),
                value=value,
            )
        n, c = x.shape[:2]
        return [
            slice(
                x,
                starts=(0, 0, *tap),
                stops=(n, c, *(t + s * (m - 1) + 1 for t, s, m in self._along(tap))),
                steps=(1, 1, *self.stride),
            )
            for tap in self.taps
        ]

    def fold(self, parts: list[Tensor]) -> Tensor:
        """The transpose of `unfold`: each part added where its tap sees the input."""
        total = None
        for tap, part in zip(self.taps, parts):
            spread = pad(
                part,
                before=(0, 0, *tap),
                after=(
                    0,
                    0,
                    *(
                        whole - (t + s * (m - 1) + 1)
                        for whole, (t, s, m) in zip(self._padded, self._along(tap))
                    ),
                ),
                inner=(0, 0, *(s - 1 for s in self.stride)),
            )
            total = spread if total is None else total + spread
        assert total is not None
        if self._padded == self.size:
            return total
        n, c = total.shape[:2]
        top, left = self.padding
        height, width = self.size
        return slice(
            total,
            starts=(0, 0, top, left),
            stops=(n, c, top + height, left + width),
            steps=(1, 1, 1, 1),
        )

    def _along(self, tap: Pair) -> zip[tuple[int, int, int]]:
        return zip(tap, self.stride, self.count)
