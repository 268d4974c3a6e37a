"""Autocast as an interpreter: ops meet operands in the dtype that their declaration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule import autograd, ops, planning
from ferrule.abstract import Abstract
from ferrule.modes import Interpreter, current
from ferrule.op import PLANS_KEPT, Autocast
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import DType, Spec
from ferrule_plugins.dtypes import bfloat16, float16, float32, float64

if TYPE_CHECKING:
    from ferrule.op import Op
    from ferrule.plan import Plan

HALVES = (float16, bfloat16)
"""What autocast may compute in."""

_CAST = (float16, bfloat16, float32)
"""What it converts; float64 was chosen for its accuracy, and stays."""

Cache = dict[Any, tuple[Tensor, Any, Any]]
"""Casts of parameters, each with the array and the node that its key names by their ids."""


class Casting(Interpreter):
    """One ``with`` block of `autocast`.

    It leads the other interpreters, so that they see operands as it has converted them.

    Attributes:
        backend: on whose tensors it acts.
        lower: the 16-bit dtype.
        cache: casts of parameters, shared by blocks within blocks.
        caching: whether this one uses it.
    """

    leads = True

    def __init__(self, backend: str, lower: DType, cache: Cache, caching: bool) -> None:
        super().__init__()
        self.backend = backend
        self.lower = lower
        self.cache = cache
        self.caching = caching

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if op.autocast is None:
            if op.primitive or not any(self._casts(x) for x in operands):
                return op.evaluate(operands, attrs)
            return self._composite(op, operands, attrs)
        targets = self.targets(op.autocast, operands)
        if targets is not None:
            operands = tuple(
                x if dtype is None else self._cast(x, dtype) for x, dtype in zip(operands, targets)
            )
        return op.evaluate(operands, attrs)

    def targets(
        self, policy: Autocast, operands: tuple[Any, ...]
    ) -> tuple[DType | None, ...] | None:
        """For each operand the dtype to convert it to, None where it stays; None if all stay."""
        cast = [x for x in operands if self._casts(x)]
        if not cast:
            return None
        wanted = self.lower if policy == "lower" else float32
        if policy == "widest":
            found = {x.dtype for x in operands if isinstance(x, Tensor)}
            if float64 in found:
                wanted = float64
            elif float32 not in found and not found.issuperset(HALVES):
                wanted = cast[0].dtype
        if all(x.dtype is wanted for x in cast):
            return None
        return tuple(wanted if self._casts(x) and x.dtype is not wanted else None for x in operands)

    def _casts(self, x: Any) -> bool:
        return isinstance(x, Tensor) and x.dtype in _CAST and x.device.backend == self.backend

    def _cast(self, x: Tensor, dtype: DType) -> Tensor:
        # only what a model's parameters are: what was computed is seldom used twice
        if not (self.caching and dtype is self.lower and isinstance(x._node, autograd.node.Leaf)):
            return ops.cast(x, dtype=dtype)
        # a step rebinds a parameter, and without recording a cast has no place on the tape
        data, node = x._data, x._node
        key = (id(data), id(node), dtype, current().recording)
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = _shared(ops.cast(x, dtype=dtype)), data, node
        return found[0]

    def _composite(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """A composite that states no policy: whole, if its body has nothing to convert."""
        plan = op.plan(operands, attrs)
        if plan.casts is not None:
            operands = planning.convert(op, operands, plan.casts)
            plan = op.plan(operands, plan.attrs)
        if not self._converts_within(plan):
            return op.evaluate(operands, plan.attrs)
        try:
            if plan.guard is not None:
                index = operands[plan.guard.position]
                if not fe.func.batched.is_batched(index):
                    plan.guard.before_body(index._data)
            with self:
                return _apart(op.body(*operands, **plan.attrs), operands)
        except Exception as error:
            planning.note_body(error, plan)
            raise

    def _converts_within(self, plan: Plan) -> bool:
        key = plan, self.backend, self.lower
        found = _CONVERTS.get(key)
        if found is None:
            if len(_CONVERTS) >= PLANS_KEPT:
                _CONVERTS.clear()
            found = _CONVERTS[key] = _Looking(self).finds(plan)
        return found


class _SharedNode(autograd.node.OpNode):
    """The cast of a parameter, which several graphs may lead through. It keeps no array, so there
    is nothing to free when backward has walked the first of them."""

    __slots__ = ()

    def release(self) -> None:
        pass


def _shared(x: Tensor) -> Tensor:
    node = x._node
    if not isinstance(node, autograd.node.OpNode):
        return x
    assert node.parents is not None
    shared = _SharedNode(node.plan, node.parents, node.inputs, node.output)
    shared.hooks = node.hooks
    return x._placed(shared)


_CONVERTS: dict[tuple[Plan, str, DType], bool] = {}


class _Found(Exception):
    """An op whose operands would be converted."""


class _Looking(Abstract):
    """Runs the body of a composite on types alone, to see whether autocast has work there."""

    def __init__(self, casting: Casting) -> None:
        super().__init__()
        self.casting = casting

    def finds(self, plan: Plan) -> bool:
        if plan.op.dynamic:  # whose body cannot run on types
            return True
        operands = [
            Tensor(None, t) if isinstance(t, TensorType) else t and t(1) for t in plan.types
        ]
        try:
            with self:
                plan.op.body(*operands, **plan.attrs)
        except Exception:  # what is not found out here, such as an error, shows when the body runs
            return True
        return False

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if op.autocast is not None and self.casting.targets(op.autocast, operands) is not None:
            raise _Found
        if op.primitive or op.autocast is not None or op.dynamic:
            return Abstract().process(op, operands, attrs)
        plan = op.plan(operands, attrs)
        if plan.casts is not None:
            operands = tuple(
                x if dtype is None else Tensor(None, TensorType(Spec(x.shape, dtype), x.device))
                for x, dtype in zip(operands, plan.casts)
            )
        with self:
            return op.body(*operands, **plan.attrs)


def _apart(result: Any, operands: tuple[Any, ...]) -> Any:
    """What a body returned, in objects that are none of its operands."""
    if isinstance(result, tuple):
        return tuple(_apart(y, operands) for y in result)
    return result._apart() if any(result is x for x in operands) else result
