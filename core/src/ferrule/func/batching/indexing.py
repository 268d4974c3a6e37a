"""Ops that select by integer tensors."""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.func.batched import bottom
from ferrule.func.batching.call import Call, batching, front, joined
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


@batching("index_select")
def _index_select(call: Call) -> Any:
    (x, index), (x_batched, index_batched) = call.operands, call.batched
    dim = call.attrs["dim"]
    if not index_batched:
        return call(x, index, dim=dim + 1)
    if not x_batched:
        chosen = ops.index_select(x, joined(index), dim=dim)
        shape = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])
        return front(ops.reshape(chosen, shape=shape), dim)
    rows = front(x, dim + 1, 1)  # (samples, size, ...)
    chosen = ops.index_select(joined(rows), _offset(index, rows.shape[1], call), dim=0)
    chosen = ops.reshape(chosen, shape=(*index.shape, *rows.shape[2:]))
    return front(chosen, 1, dim + 1)


@batching("index_add")
def _index_add(call: Call) -> Any:
    dim = call.attrs["dim"]
    if not call.batched[1]:
        return call(call.whole(0), call.operands[1], call.whole(2), dim=dim + 1)
    x, source = front(call.whole(0), dim + 1, 1), front(call.whole(2), dim + 1, 1)
    index = _offset(call.operands[1], x.shape[1], call)
    added = call(joined(x), index, joined(source), dim=0)
    return front(ops.reshape(added, shape=x.shape), 1, dim + 1)


@batching("gather", "scatter_add", "scatter_reduce")
def _along(call: Call) -> Any:
    return call(*call.all_whole(), dim=call.attrs["dim"] + 1)


def _offset(index: Tensor, size: int, call: Call) -> Tensor:
    """Indices into samples laid one after the other, ``size`` slices each. Those that are out of
    range must not reach into another sample."""
    if call.guard is not None:
        call.guard.check_together(bottom(index))
    starts = ops.arange(start=0, step=size, length=call.size, dtype=int64, device=index.device)
    return joined(ops.reshape(starts, shape=(-1, 1)) + index)
