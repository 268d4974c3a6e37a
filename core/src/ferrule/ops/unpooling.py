"""The partial inverse of maximum pooling."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ShapeError
from ferrule.ops.creation import full
from ferrule.ops.indexing import gather
from ferrule.ops.scatter import scatter
from ferrule.ops.shape import reshape
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


def _places(*shape: int) -> Input:
    return of(*shape, dtype="int64", low=0, distinct=True)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.spatial_references:max_unpool",
    samples=[
        sample(of(1, 1, 2, 3), _places(1, 1, 2, 3), output_size=(4, 5)),
        sample(of(2, 2, 3), _places(2, 2, 3), output_size=(12,)),
        sample(of(1, 2, 2, 1, 2), _places(1, 2, 2, 1, 2), output_size=(3, 2, 4)),
        sample(of(0, 1, 2), of(0, 1, 2, dtype="int64"), output_size=(4,)),
    ],
)
def max_unpool(x: Tensor, indices: Index[Tensor], *, output_size: tuple[int, ...]) -> Tensor:
    """Zeros, and the elements of ``x`` at the places that maximum pooling took them from.

    Of several elements for one place the last counts; the gradient is that of PyTorch, which gives
    each of them what comes from the place.

    Args:
        x: ``(N, C, *size)``.
        indices: of that shape, into the places of ``output_size`` in row-major order.
        output_size: the spatial dims of the result.

    Returns:
        ``(N, C, *output_size)``.
    """
    if x.shape != indices.shape or len(x.shape) != len(output_size) + 2:
        raise ShapeError(
            f"max_unpool: x has the shape {x.shape}, indices {indices.shape} and output_size is "
            f"{output_size}; both must be (N, C, *size), with as many spatial dims"
        )
    lead, places = x.shape[:2], math.prod(x.shape[2:])
    shape = (*lead, math.prod(output_size))
    zeros = full(shape=shape, value=0, dtype=x.dtype, device=x.device)
    index, source = (reshape(each, shape=(*lead, places)) for each in (indices, x))
    return reshape(scatter(zeros, index, source, dim=2), shape=(*lead, *output_size))


@max_unpool.bounds
def _(output_size):
    return math.prod(output_size)


@max_unpool.vjp
def _(g, indices, output_size):
    lead, size = indices.shape[:2], indices.shape[2:]
    flat = reshape(g, shape=(*lead, math.prod(output_size)))
    index = reshape(indices, shape=(*lead, math.prod(size)))
    return reshape(gather.unchecked(flat, index, dim=2), shape=indices.shape)
