"""Shorter ways from a call to its kernel, for ops of one operand and of two.

They do what `Op.__call__` does, written out: most ops are of these forms, and on small tensors the
way there takes longer than the kernel.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ferrule import planning
from ferrule.autograd.node import OpNode
from ferrule.modes import current
from ferrule.op import PLANS_KEPT, Op, is_constant, wrap
from ferrule.plan import Plan
from ferrule.promotion import WEAK
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType

_NOT_GIVEN: Any = object()


def _given(*operands: Any) -> tuple[Any, ...]:
    return tuple(x for x in operands if x is not _NOT_GIVEN)


class Unary(Op):
    """An op of one operand, with a shorter way from call to kernel.

    Attributes:
        recall: the plan of a call with attributes, by the operand's type and by them as they were
            given. The cache of the standard library tells 1 from True, as a look-up in a dict
            does not, and is as fast.
    """

    def __init__(self, body: Any, **declaration: Any) -> None:
        self.recall = lru_cache(PLANS_KEPT, typed=True)(self._recall)
        super().__init__(body, **declaration)

    def forget(self) -> None:
        super().forget()
        self.recall.cache_clear()

    def __call__(self, x: Any = _NOT_GIVEN, /, *args: Any, **attrs: Any) -> Any:
        modes = current()
        if modes.stack:
            return super().__call__(*_given(x), *args, **attrs)
        try:
            type_ = x._type
            plan = self.recall(type_, *args, **attrs) if args or attrs else self.plans[type_]
        except (AttributeError, KeyError, TypeError):
            return self._first_call(x, args, attrs)
        run = plan.run
        if run is None:
            return self._detour(plan, (x,), modes)
        array = x._data
        try:
            data = run(array)
        except Exception as error:
            planning.note_kernel(error, plan)
            raise
        node = x._node
        out: Any = plan.out
        if node is None or plan.rule is None or not modes.recording:
            return Tensor(data, out) if out.__class__ is TensorType else wrap(data, out, None)
        kept = (array,) if plan.keeps_any else ()
        node = OpNode(plan, (node,), kept, data if plan.keeps_output else None)
        return Tensor(data, out, node) if out.__class__ is TensorType else wrap(data, out, node)

    def _first_call(self, x: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if x is _NOT_GIVEN:  # by position
            return super().__call__(**attrs)
        operands, bound = planning.bind(self, (x, *args), attrs)
        plan = self.plan(operands, bound)
        if isinstance(x, Tensor) and not args and not attrs:
            self._remember(x._type, plan)
        return self._execute(plan, operands, current())

    def _recall(self, type_: TensorType, /, *args: Any, **attrs: Any) -> Plan:
        if not is_constant((*args, *attrs.values())):
            raise KeyError  # which is not remembered; a list is not even looked up
        return self.plan(*planning.bind(self, (Tensor(None, type_), *args), attrs))


class Binary(Op):
    """An op of two operands and no attributes, likewise. Either may be a Python scalar."""

    def __call__(
        self, a: Any = _NOT_GIVEN, b: Any = _NOT_GIVEN, /, *args: Any, **attrs: Any
    ) -> Any:
        modes = current()
        if modes.stack or args or attrs:
            return super().__call__(*_given(a, b), *args, **attrs)
        try:
            if b.__class__ in WEAK:
                plan = self.plans[a._type, b.__class__]
                array_a, node_a, array_b, node_b = a._data, a._node, b, None
            elif a.__class__ in WEAK:
                plan = self.plans[a.__class__, b._type]
                array_a, node_a, array_b, node_b = a, None, b._data, b._node
            else:
                plan = self.plans[a._type, b._type]
                array_a, node_a, array_b, node_b = a._data, a._node, b._data, b._node
        except (AttributeError, KeyError):
            return self._first_call(a, b)
        run = plan.run
        if run is None:
            return self._detour(plan, (a, b), modes)
        if plan.bounds is not None:
            planning.check_bounds(plan, (a, b))
        try:
            data = run(array_a, array_b)
        except Exception as error:
            planning.note_kernel(error, plan)
            raise
        out: Any = plan.out
        if (node_a is None and node_b is None) or plan.rule is None or not modes.recording:
            return Tensor(data, out)
        kept = ()
        if plan.keeps_any:
            keeps_a, keeps_b = plan.keeps
            kept = (array_a if keeps_a else None, array_b if keeps_b else None)
        output = data if plan.keeps_output else None
        return Tensor(data, out, OpNode(plan, (node_a, node_b), kept, output))

    def _first_call(self, a: Any, b: Any) -> Any:
        if b is _NOT_GIVEN:
            return super().__call__(*_given(a))
        (a, b), attrs = planning.bind(self, (a, b), {})
        plan = self.plan((a, b), attrs)
        self._remember(
            tuple(x._type if isinstance(x, Tensor) else x.__class__ for x in (a, b)), plan
        )
        return self._execute(plan, (a, b), current())
