"""The partial inverse of maximum pooling, in one, two and three dims."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule import ops
from ferrule.errors import ShapeError
from ferrule.nn.functional.batch import as_given, with_batch
from ferrule.nn.functional.pooling import strides
from ferrule.nn.pair import Sizes, sizes
from ferrule.tensor import Tensor


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """The partial inverse of `max_pool1d`; the arguments are those of `max_unpool2d`."""
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros, and the elements of ``input`` where `max_pool2d` took them from.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        indices: of that shape, as `max_pool2d` returns them.
        kernel_size, stride, padding: those of the pooling.
        output_size: the spatial dims of the result, or its whole shape. Pooling maps several sizes
            to one; by default the smallest that it could have been is taken.

    Raises:
        ShapeError: pooling could not make ``input`` of that ``output_size``.
        OutOfRange: an index lies outside the result.
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """The partial inverse of `max_pool3d`; the arguments are those of `max_unpool2d`."""
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def _max_unpool(
    name: str,
    ndim: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    output_size: Sequence[int] | None,
) -> Tensor:
    kernel = sizes(name, "kernel_size", kernel_size, ndim)
    steps = strides(name, stride, kernel)
    around = sizes(name, "padding", padding, ndim, least=0)
    if input.shape != indices.shape:
        raise ShapeError(
            f"{name}: input is {input._type} and indices {indices._type}; their shapes must agree"
        )
    x, single = with_batch(name, input, ndim)
    places, _ = with_batch(name, indices, ndim)
    size = tuple((n - 1) * s + k - 2 * p for n, s, k, p in zip(x.shape[2:], steps, kernel, around))
    if output_size is not None:
        wanted = tuple(int(n) for n in output_size)
        wanted = wanted[2:] if len(wanted) == ndim + 2 else wanted
        if len(wanted) != ndim or any(abs(w - n) >= s for w, n, s in zip(wanted, size, steps)):
            least = [n - s + 1 for n, s in zip(size, steps)]
            most = [n + s - 1 for n, s in zip(size, steps)]
            raise ShapeError(
                f"{name}: output_size must be {ndim} sizes between {least} and {most}, not "
                f"{tuple(output_size)}"
            )
        size = wanted
    if min(size) < 1:
        raise ShapeError(f"{name}: input is {input._type}; its result would have the size {size}")
    return as_given(ops.max_unpool(x, places, output_size=size), single)
