"""Seeing what runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ferrule.modes import Interpreter

if TYPE_CHECKING:
    from ferrule.op import Op


class count_ops(Interpreter):
    """Counts the kernels that ops run, by op::

        with fe.profiler.count_ops() as ops:
            model(x).sum().backward()
        print(ops.counts.most_common(5))

    Attributes:
        counts: kernels run, by op.
        decomposed: composites that ran by their bodies, by op.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.decomposed: Counter[str] = Counter()

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        plan = op.plan(operands, attrs)
        if plan.run is not None:
            self.counts[op.name] += 1
            return op.evaluate(operands, attrs)
        if plan.casts is None:
            self.decomposed[op.name] += 1
        with self:  # the casts, or the body, are ops too
            return op.expand(operands, attrs)
