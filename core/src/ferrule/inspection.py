"""Seeing what a backend would do with a computation, on types alone: nothing is computed, and the
backend is not touched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrule import planning
from ferrule.autograd.node import OpNode
from ferrule.autograd.rule import ReplayRule
from ferrule.modes import current, no_grad
from ferrule.op import apart, wrap
from ferrule.support import Support, own_support, undeclared, worst
from ferrule.tensor import Tensor
from ferrule.whereabouts import Locating, Place
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.op import Op
    from ferrule.plan import Plan
    from ferrule.runtime import ActiveBackend


@dataclass
class Inspected:
    """One call, and what the backend would do.

    Attributes:
        op: the op's name.
        text: the call with the types of its operands.
        place: where it is.
        support: by what it would run.
        found: of the ops that it consists of, and of dtypes, by name.
    """

    op: str
    text: str
    place: Place
    support: Support = field(default_factory=lambda: Support(True, "native"))
    found: dict[str, Support] = field(default_factory=dict)


class Inspection(Locating):
    """Every op checks its arguments and returns tensors without data; the tape is written as usual,
    so that gradients can be inspected too. ::

        calls = []
        with Inspection(backend, calls.append):
            y = model(x)

    Args:
        active: the backend in question. The tensors need not be on it.
        tell: called with each call that is not part of a composite's body.

    Attributes:
        dynamic: the first op whose result has a shape that depends on values: from there on, sizes
            are not known, and counted as 0.
    """

    def __init__(self, active: ActiveBackend, tell: Callable[[Inspected], Any]) -> None:
        super().__init__()
        self.active = active
        self.tell = tell
        self.dynamic: str | None = None
        self._call: Inspected | None = None
        self._muted = False

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if self._call is not None:
            return self._apply(op, operands, attrs, self._call)
        types = tuple(x._type if isinstance(x, Tensor) else type(x) for x in operands)
        call = self._call = Inspected(op.name, planning.describe(op, types, attrs), self.here)
        try:
            result = self._apply(op, operands, attrs, call)
        finally:
            self._call = None
        call.support = worst(op, call.found)
        self.tell(call)
        return result

    def _apply(
        self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], call: Inspected
    ) -> Any:
        plan = self._plan(op, operands, attrs)
        if plan.casts is not None:
            with self:  # conversions are ops too
                operands = planning.convert(op, operands, plan.casts)
            plan = self._plan(op, operands, plan.attrs)
        self._find(op, operands, call)
        recorded = current().recording and any(
            isinstance(x, Tensor) and x._node is not None for x in operands
        )
        if op.primitive:
            self._check_results(plan.out, call)
            return self._without_data(plan, operands, call, recorded)
        native = op.name in self.active.kernels
        muted, self._muted = self._muted, self._muted or native
        whole = recorded and op.differentiable and (plan.rule is not None or native)
        try:
            with no_grad() if whole else nullcontext(), self:
                result = op.body(*operands, **plan.attrs)
        finally:
            self._muted = muted
        several = isinstance(result, tuple)
        out = tuple(y._type for y in result) if several else result._type
        if native:
            self._check_results(out, call)
        if not whole:
            return apart(result, operands)
        plan = copy(plan)
        plan.out = out
        smooth = any(t.dtype.category in CONTINUOUS for t in _each(out))
        if plan.rule is None and smooth:
            plan.differentiate_by(ReplayRule(op))
        return self._without_data(plan, operands, call, recorded)

    def _plan(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Plan:
        types = tuple(
            x._type if isinstance(x, Tensor) else x if x is None else x.__class__ for x in operands
        )
        return planning.make(op, types, attrs, _TypesOnly())

    def _find(self, op: Op, operands: tuple[Any, ...], call: Inspected) -> None:
        if op.dynamic and self.dynamic is None:
            self.dynamic = op.name
        if self._muted:
            return
        call.found.setdefault(op.name, own_support(self.active, op))
        for x in operands:
            if isinstance(x, Tensor):
                self._check_dtype(x.dtype, call)

    def _check_results(self, out: Any, call: Inspected) -> None:
        for each in _each(out):
            self._check_dtype(each.dtype, call)

    def _check_dtype(self, dtype: Any, call: Inspected) -> None:
        if dtype not in self.active.dtypes and not self._muted:
            call.found.setdefault(dtype.name, undeclared(self.active, dtype))

    def _without_data(
        self, plan: Plan, operands: tuple[Any, ...], call: Inspected, recorded: bool
    ) -> Any:
        data = (None,) * len(plan.out) if isinstance(plan.out, tuple) else None
        if plan.rule is None or not recorded:
            return wrap(data, plan.out, None)
        parents = tuple(x._node if isinstance(x, Tensor) else None for x in operands)
        kept = tuple(None if isinstance(x, Tensor) else x for x in operands)
        node = OpNode(plan, parents, kept, data)
        self.note(node, call.op)
        return wrap(data, plan.out, node)


def _each(out: Any) -> tuple[Any, ...]:
    return out if isinstance(out, tuple) else (out,)


class _TypesOnly:
    """Stands for a backend while types are inferred: it refuses nothing and runs nothing."""

    def kernel(self, op: Op, device: Any) -> None:
        return None

    def check_dtype(self, dtype: Any) -> None:
        return None
