"""Composites whose kernels and gradient rules compute all samples at once, where operands allow it.

A composite without a rule here runs by its body, which is always right; these are the ones in
which a faster way shows.
"""

from __future__ import annotations

import math
from typing import Any

from ferrule import ops
from ferrule.func.batching.call import Call, batching


@batching("softmax", "log_softmax")
def along_or_body(call: Call) -> Any:
    """Along the same dim, which stands one further back."""
    (x,) = call.operands
    if x.ndim == 1 or call.attrs["dim"] is None:
        return NotImplemented
    return call(x, dim=call.attrs["dim"] + 1)


@batching("layer_norm")
def _first_alone(call: Call) -> Any:
    """The op treats all leading dims of its first operand as batches."""
    return NotImplemented if any(call.batched[1:]) else call(*call.operands)


@batching("linear")
def _linear(call: Call) -> Any:
    return NotImplemented if any(call.batched[1:]) else call(*call.operands)


@batching("embedding")
def _embedding(call: Call) -> Any:
    return NotImplemented if call.batched[0] else call(*call.operands)


@batching("conv", "avg_pool", "max_pool_with_indices")
def _images(call: Call) -> Any:
    """``(samples, N, ...)`` is ``(samples * N, ...)`` to an op on images."""
    if any(call.batched[1:]):
        return NotImplemented
    x, *others = call.operands
    if x.ndim < 3:
        return NotImplemented  # the body has the error
    images = ops.reshape(x, shape=(math.prod(x.shape[:2]), *x.shape[2:]))
    result = call(images, *others)
    if isinstance(result, tuple):
        return tuple(ops.reshape(y, shape=(*x.shape[:2], *y.shape[1:])) for y in result)
    return ops.reshape(result, shape=(*x.shape[:2], *result.shape[1:]))
