"""`vmap` as an interpreter: what an op means for all samples at once."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any, Literal

from ferrule import planning
from ferrule.autograd.rule import ReplayRule
from ferrule.errors import GraphError
from ferrule.func.batched import Batched, Level, bottom
from ferrule.func.batching import RULES, Call
from ferrule.func.lifted import lifted
from ferrule.modes import current, no_grad
from ferrule.tensor import Tensor

if TYPE_CHECKING:
    from ferrule.op import Op
    from ferrule.plan import Plan

Randomness = Literal["error", "same", "different"]


class Vmap(Level):
    """Every op on tensors that are batched here becomes one op on all samples, which are the first
    dim. Ops on other tensors are none of its business.

    Attributes:
        size: the number of samples.
        randomness: ``"error"``: random functions are refused; ``"same"``: they give all samples
            the same numbers; ``"different"``: each sample has its own.
    """

    def __init__(self, size: int, randomness: Randomness) -> None:
        super().__init__()
        self.size = size
        self.randomness: Randomness = randomness
        self._written: list[tuple[weakref.ref[Tensor], _State]] = []

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if not any(self._maps(x) for x in operands):
            return op.evaluate(operands, attrs)
        if op.dynamic:
            raise GraphError(
                f"{op.name}: the shape of its result depends on values, and under vmap these "
                "differ from sample to sample, so the results would not fit in one tensor. Call it "
                "outside of the mapped function, or use a mask with where"
            )
        plan = op.plan(operands, attrs)
        if plan.casts is not None:
            with self:
                operands = planning.convert(op, operands, plan.casts)
            plan = op.plan(operands, plan.attrs)
        rule = op.batching_rule or RULES.get(op.name)
        if rule is not None:
            result = rule(self._call(op, operands, plan))
            if result is not NotImplemented:
                return self._wrapped(result)
        if op.primitive:
            raise GraphError(
                f"{op.name}: vmap does not know how this primitive computes many samples at once. "
                f"Declare it with @{op.name}.batching, a function of a ferrule.func.batching.Call "
                "that returns the result for all samples; for an elementwise op that is "
                f"{op.name}.batching(ferrule.func.batching.elementwise)"
            )
        return self._composite(op, operands, plan)

    def _maps(self, x: Any) -> bool:
        return isinstance(x, Batched) and x._batch.vmap is self

    def _call(self, op: Op, operands: tuple[Any, ...], plan: Plan) -> Call:
        batched = tuple(self._maps(x) for x in operands)
        values = tuple(x._batch.value if b else x for x, b in zip(operands, batched))
        return Call(op, values, batched, plan.attrs, self.size, plan.types, plan.out, plan.guard)

    def _wrapped(self, result: Any) -> Any:
        if isinstance(result, tuple):
            return tuple(Batched(y, self) for y in result)
        return Batched(result, self)

    def _composite(self, op: Op, operands: tuple[Any, ...], plan: Plan) -> Any:
        by_rule = op.rule is not None and not isinstance(plan.rule, (ReplayRule, type(None)))
        asked = any(isinstance(x, Tensor) and bottom(x)._node is not None for x in operands)
        try:
            with self:
                if not (by_rule and asked and current().recording):
                    return _apart(op.body(*operands, **plan.attrs), operands)
                with no_grad():
                    result = op.body(*operands, **plan.attrs)
                return lifted(plan, operands, result)
        except Exception as error:
            planning.note_body(error, plan)
            raise

    def note_write(self, target: Tensor) -> None:
        self._written.append((weakref.ref(target), _State(target)))

    def end(self, results: list[Any]) -> None:
        """Refuse that tensors from outside keep values of single samples, and give them back what
        they had.

        Args:
            results: what the function returned, which may be among what was written to.
        """
        if not self._left(results):
            return
        gc.collect()  # a local of the function may live on in a reference cycle
        left = self._left(results)
        for target, state in left:
            state.restore(target)
        if left:
            raise GraphError(
                f"vmap: a tensor from outside of the mapped function ({left[0][0]._type}) was "
                "written to in place with a value that differs from sample to sample; it has its "
                "former value again. Make the tensor inside of the function, or return the new "
                "value. Running statistics of a batch norm: use .eval(), or no running statistics"
            )

    def _left(self, results: list[Any]) -> list[tuple[Tensor, _State]]:
        kept = {id(y) for y in results}
        found: dict[int, tuple[Tensor, _State]] = {}
        for ref, state in self._written:  # the first state of each counts
            target = ref()
            if target is not None and id(target) not in kept and self._maps_anywhere(target):
                found.setdefault(id(target), (target, state))
        return list(found.values())

    def _maps_anywhere(self, x: Any) -> bool:
        while isinstance(x, Batched):
            if x._batch.vmap is self:
                return True
            x = x._batch.value
        return False


class _State:
    """What a tensor was before it was written to."""

    def __init__(self, x: Tensor) -> None:
        self.kind = x.__class__
        self.batch = x._batch if isinstance(x, Batched) else None
        self.data = None if self.batch is not None else x._data
        self.type = x._type
        self.node = x._node

    def restore(self, x: Tensor) -> None:
        x.__class__ = self.kind
        if isinstance(x, Batched):
            assert self.batch is not None
            x._become(self.batch)
        else:
            x._data, x._type, x._node = self.data, self.type, self.node


def _apart(result: Any, operands: tuple[Any, ...]) -> Any:
    """What a body returned, in objects that are none of its operands."""
    if isinstance(result, tuple):
        return tuple(_apart(y, operands) for y in result)
    return result._apart() if any(result is x for x in operands) else result
