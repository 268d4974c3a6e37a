"""Ops along one dim or over several."""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.func.batching.call import Call, batching


@batching("all", "amax", "amin", "any", "prod", "sum", "count_nonzero", "logsumexp", "mean",
          "nanmean", "nansum", "std", "var")  # fmt: skip
def reduction(call: Call) -> Any:
    """Over the same dims, which stand one further back. For an op of one operand with the attribute
    ``dim: Dims``."""
    (x,) = call.operands
    return call(x, dim=tuple(d + 1 for d in call.attrs["dim"]))


@batching("argmax", "argmin", "cumprod", "cumsum", "cummax", "cummin", "kthvalue", "logcumsumexp",
          "median", "mode", "nanmedian", "sort", "topk")  # fmt: skip
def along(call: Call) -> Any:
    """Along the same dim, which stands one further back. For an op of one operand with the
    attribute ``dim: Dim``, whose result for a sample without dims has none either."""
    (x,) = call.operands
    if x.ndim > 1:
        return call(x, dim=call.attrs["dim"] + 1)
    # a sample without dims has the dim 0 all the same; here it needs to be there
    result = call(ops.reshape(x, shape=(call.size, 1)), dim=1)
    if isinstance(result, tuple):
        return tuple(ops.reshape(y, shape=(call.size,)) for y in result)
    return ops.reshape(result, shape=(call.size,))
