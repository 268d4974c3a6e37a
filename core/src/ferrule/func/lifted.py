"""What the tape records where a gradient is defined sample by sample, and runs on all of them.

Under `vmap` the tape is made of ops on all samples at once. Composites with a gradient rule of
their own, and custom functions, say how the gradient of one sample comes about. Their nodes bring
the gradient of all samples into the form in which the rule saw its operands, call it under the same
`vmap`s, and bring back what it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from types import FunctionType
from typing import Any

from ferrule import ops
from ferrule.autograd.function import Context, Function, FunctionNode
from ferrule.autograd.node import Node, OpNode, OutputNode, Pulled, fit
from ferrule.func.batched import (
    all_lifted,
    bottom,
    in_force,
    levels,
    lower,
    position,
    under,
)
from ferrule.modes import announce
from ferrule.plan import Plan
from ferrule.tensor import Tensor


class Layout:
    """How the samples of a node's operands and outputs lie.

    Attributes:
        vmaps: the calls of `vmap` in force when the node was made, the outermost first.
        operands: for each operand, those that it is batched by.
        outputs: the same for each output.
    """

    def __init__(self, operands: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.vmaps = in_force()
        self.operands = [levels(x) for x in operands]
        self.outputs = [levels(y) for y in outputs]

    def enter(self, i: int, g: Tensor) -> Tensor:
        """The gradient of output ``i``, as the rule is to see it."""
        return all_lifted(g, self.outputs[i])

    def leave(self, i: int, g: Tensor) -> Tensor:
        """What the rule returned for operand ``i``, for the tape: in the operand's own layout,
        summed over samples that share the operand."""
        own = self.operands[i]
        for vmap in sorted(self.vmaps, key=position, reverse=True):
            if vmap in own:
                g = lower(g, vmap)
            elif vmap in levels(g):
                g = ops.sum(lower(g, vmap), dim=0)
        return g


class LiftedNode(OpNode):
    """The call of a composite with a rule of its own, under `vmap`.

    Its ``inputs`` and ``output`` are tensors, not arrays, and batched as they were.
    """

    __slots__ = ("layout",)

    layout: Layout

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        if self.parents is None:
            self.fail_as_freed()
        layout, plan, parents = self.layout, self.plan, self.parents
        assert plan.rule is not None
        pulled: Pulled = []
        with under(layout.vmaps):
            if isinstance(g, list):
                g = [None if each is None else layout.enter(i, each) for i, each in enumerate(g)]
            else:
                g = layout.enter(0, g)
            gradients = plan.rule.gradients(self, g)
            for i, (parent, gradient) in enumerate(zip(parents, gradients)):
                if parent is None or gradient is None:
                    continue
                if needed is not None and parent not in needed:
                    continue
                if gradient.__class__ is FunctionType:
                    gradient = gradient()
                if gradient._type is not plan.types[i]:
                    gradient = fit(gradient, plan.types[i], self.name)
                pulled.append((parent, layout.leave(i, gradient)))
        return pulled

    def operand(self, i: int) -> Any:
        return self.inputs[i]

    def place(self, kept: Any) -> Any:
        if not isinstance(kept, tuple):
            return kept._placed(self)
        return tuple(y._placed(OutputNode(self, i, len(kept))) for i, y in enumerate(kept))


def lifted(plan: Plan, operands: tuple[Any, ...], result: Any) -> Any:
    """``result``, computed without recording, with the call of ``plan`` on the tape."""
    plan = copy(plan)
    several = isinstance(result, tuple)
    outputs = result if several else (result,)
    plan.out = tuple(y._type for y in outputs) if several else result._type
    node = LiftedNode(
        plan,
        tuple(bottom(x)._node if isinstance(x, Tensor) else None for x in operands),
        tuple(
            (x._apart() if isinstance(x, Tensor) else x) if k else None
            for x, k in zip(operands, plan.keeps)
        ),
        None,
    )
    node.layout = Layout(operands, outputs)
    if plan.keeps_output:
        node.output = tuple(y.detach() for y in outputs) if several else result.detach()
    announce(node)
    return place(outputs, node) if several else result._placed(node)


def place(outputs: Sequence[Tensor], node: Node) -> tuple[Tensor, ...]:
    """Outputs as those of a node with several, but for those without gradients."""
    n = len(outputs)
    return tuple(
        y._placed(OutputNode(node, i, n))
        if y.dtype.category in ("floating", "complex")
        else y.detach()
        for i, y in enumerate(outputs)
    )


class LiftedFunctionNode(FunctionNode):
    """The call of a custom function, under `vmap`."""

    __slots__ = ("layout",)

    layout: Layout

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        with under(self.layout.vmaps):
            entering = [None if y is None else self.layout.enter(i, y) for i, y in enumerate(g)]
            return super().pull(entering, needed)

    def arrived(self, i: int, gradient: Tensor) -> Tensor:
        return self.layout.leave(i, gradient)


def lifted_function(
    function: type[Function],
    context: Context,
    parents: tuple[Node | None, ...],
    types: tuple[Any, ...],
    outs: tuple[Any, ...],
    args: Sequence[Any],
    outputs: Sequence[Tensor],
) -> FunctionNode:
    """The node of a custom function's call with batched arguments."""
    node = LiftedFunctionNode(function, context, parents, types, outs)
    node.layout = Layout(args, outputs)
    return node
