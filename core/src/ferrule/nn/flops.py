"""Counting floating-point operations, from the ops that run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ferrule.abstract import Abstract
from ferrule.errors import GraphError
from ferrule.modes import Interpreter
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Spec
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.op import Op

MOVING = frozenset(
    [
        "arange", "cast", "cat", "complex", "expand", "flip", "full", "gather", "imag",
        "index_select", "nonzero", "pad", "permute", "real", "reshape", "slice", "sort", "where",
    ]
)  # fmt: skip
"""Primitives that compute nothing: they make, choose, convert and carry elements."""


class count_flops(Interpreter):
    """Counts the floating-point operations of what runs in the block::

        with fe.nn.count_flops() as flops:
            model(x)
        print(flops.total)

    A product of matrices ``(m, k)`` and ``(k, n)`` counts ``2 * m * k * n``; elementwise ops and
    reductions count one for each element that they make or take in; a Fourier transform ``5 * n *
    log2(n)``. Composite ops count as what their bodies consist of, whether or not the backend has a
    kernel of its own for them. Moving, choosing and converting elements, integers and
    factorisations of matrices do not count.

    Attributes:
        total: the number so far.
    """

    def __init__(self, tell: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.total = 0
        self._tell = tell

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        result = op.evaluate(operands, attrs)
        n = flops(op, operands, attrs)
        self.total += n
        if self._tell is not None:
            self._tell(n)
        return result


def flops(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> int:
    """The floating-point operations of one call; 0 where they depend on values."""
    counting = _Counting()
    try:
        with counting:
            op(*(_stand_in(x, x.dtype) if isinstance(x, Tensor) else x for x in operands), **attrs)
    except GraphError:
        return 0
    return counting.total


class _Counting(Abstract):
    """Takes every composite apart, on types alone, and counts its primitives."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if op.primitive or op.dynamic:
            out = super().process(op, operands, attrs)
            self.total += _cost(op, operands, attrs, out)
            return out
        plan = op.plan(operands, attrs)
        if plan.casts is not None:
            operands = tuple(
                x if dtype is None else _stand_in(x, dtype)
                for x, dtype in zip(operands, plan.casts)
            )
            plan = op.plan(operands, attrs)
        with self:
            return op.body(*operands, **plan.attrs)


def _stand_in(x: Tensor, dtype: Any) -> Tensor:
    return Tensor(None, TensorType(Spec(x.shape, dtype), x.device))


def _cost(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], out: Any) -> int:
    tensors = [x for x in operands if isinstance(x, Tensor)]
    outputs = out if isinstance(out, tuple) else (out,)
    counts = any(x.dtype.category in CONTINUOUS for x in (*tensors, *outputs))
    if op.name in MOVING or op.feature is not None or not counts:
        return 0
    size = max(x.numel() for x in (*tensors, *outputs))
    if op.name == "matmul":
        return 2 * outputs[0].numel() * tensors[0].shape[-1]
    if op.name.startswith("fft_"):
        dims = attrs.get("dims") or attrs.get("dim") or (-1,)
        whole = max((*tensors, *outputs), key=lambda x: x.numel())
        n = math.prod(whole.shape[d] for d in (dims if isinstance(dims, tuple) else (dims,)))
        return int(5 * size * math.log2(max(n, 1)))
    return size
