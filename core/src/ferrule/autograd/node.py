"""Nodes of the tape. What the engine needs of each is its parents and `pull`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

import ferrule as fe
from ferrule.errors import GraphError
from ferrule.tensor_type import TensorType

if TYPE_CHECKING:
    from ferrule.autograd.anomaly import Origin
    from ferrule.plan import Plan
    from ferrule.tensor import Tensor

_sequence = count().__next__

Pulled = list[tuple["Node", Any]]


class Hooks:
    """What is attached to a node: functions of its gradient, a place that keeps that, and, under
    `detect_anomaly`, where it was made."""

    __slots__ = ("functions", "gradient", "origin", "retain")

    def __init__(self) -> None:
        self.functions: dict[int, Callable[[Tensor], Tensor | None]] = {}
        self.retain = False
        self.gradient: Tensor | None = None
        self.origin: Origin | None = None


class Node:
    """One step of the computation. ``seq`` grows along every path, so the reverse of creation
    order is an order for backward."""

    __slots__ = ("hooks", "parents", "seq")

    seq: int
    parents: tuple[Node | None, ...] | None
    hooks: Hooks | None

    name = "node"

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        """The gradients of the parents, given that of the output.

        Args:
            g: the gradient of the output; a list of them, None where there is none, for a node
                with several outputs.
            needed: the nodes to which gradients are to flow; None for all.
        """
        raise NotImplementedError(f"{type(self).__name__} has no pull(); define it")

    def release(self) -> None:
        """Forget parents and saved values, which frees the graph behind this node."""
        self.parents = None

    def fail_as_freed(self) -> NoReturn:
        raise GraphError(
            f"backward reached {self.name} a second time, and what it saved was freed by the "
            "first. Pass retain_graph=True to the first backward or grad call"
        )

    def wanted(self, needed: set[Node] | None) -> Iterator[tuple[int, Node]]:
        """The parents to which a gradient is to flow, each with its position."""
        if self.parents is None:
            self.fail_as_freed()
        for i, parent in enumerate(self.parents or ()):
            if parent is not None and (needed is None or parent in needed):
                yield i, parent


class Leaf(Node):
    """The node of a tensor that asks for a gradient and was not computed: where gradients end."""

    __slots__ = ("grad",)

    name = "leaf"

    def __init__(self) -> None:
        self.seq = _sequence()
        self.parents = ()
        self.hooks = None
        self.grad: Tensor | None = None

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        return []

    def release(self) -> None:
        pass


class OpNode(Node):
    """The call of an op.

    Attributes:
        plan: the op, the operands' types and the attributes.
        inputs: the operands' arrays that the op's rule names; None in the other places.
        output: the output's array (arrays, for several outputs), if the rule names it.
    """

    __slots__ = ("inputs", "output", "plan")

    def __init__(
        self, plan: Plan, parents: tuple[Node | None, ...], inputs: tuple[Any, ...], output: Any
    ) -> None:
        self.seq = _sequence()
        self.parents = parents
        self.hooks = None
        self.plan = plan
        self.inputs = inputs
        self.output = output

    @property
    def name(self) -> str:
        return repr(self.plan.op.name)

    def operand(self, i: int) -> Any:
        """The operand that was kept, with its place on the tape; a Python scalar, or None for an
        optional operand that was not given, as they are."""
        kind = self.plan.types[i]
        if kind.__class__ is not TensorType:
            return self.inputs[i]
        assert self.parents is not None
        return fe.Tensor(self.inputs[i], kind, self.parents[i])

    def result(self) -> Any:
        """The output that was kept, or all outputs, with their places on the tape."""
        return self.place(self.output)

    def place(self, kept: Any) -> Any:
        """What was kept of the output, as a tensor, or all of them, at this node's place."""
        out: Any = self.plan.out
        if not isinstance(out, tuple):
            return fe.Tensor(kept, out, self)
        return tuple(
            fe.Tensor(data, type_, OutputNode(self, i, len(out)))
            for i, (data, type_) in enumerate(zip(kept, out))
        )

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        parents, plan = self.parents, self.plan
        if parents is None:
            self.fail_as_freed()
        assert plan.rule is not None
        gradients = plan.rule.gradients(self, g)
        pulled: Pulled = []
        # as `wanted`, written out: this is the innermost loop of every backward pass
        for parent, gradient, type_ in zip(parents, gradients, plan.types):
            if parent is None or gradient is None or (needed is not None and parent not in needed):
                continue
            if gradient.__class__ is FunctionType:  # deferred: only now is it known to be wanted
                gradient = gradient()
            if gradient._type is not type_:
                gradient = fit(gradient, type_, self.name)
            pulled.append((parent, gradient))
        return pulled

    def release(self) -> None:
        self.parents = None
        self.inputs = ()
        self.output = None


class OutputNode(Node):
    """One of several outputs of a node."""

    __slots__ = ("index", "outputs")

    name = "output"

    def __init__(self, parent: Node, index: int, outputs: int) -> None:
        self.seq = _sequence()
        self.parents = (parent,)
        self.hooks = None
        self.index = index
        self.outputs = outputs

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        gradients = [None] * self.outputs
        gradients[self.index] = g
        return [(parent, gradients) for _, parent in self.wanted(needed)]

    def release(self) -> None:
        """Keep the parent, which is freed on its own: it is the one that has a name to blame."""


class AliasNode(Node):
    """Stands for its parent, so that one operand can be told from another with the same node."""

    __slots__ = ()

    name = "'clone'"

    def __init__(self, parent: Node) -> None:
        self.seq = _sequence()
        self.parents = (parent,)
        self.hooks = None

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        return [(parent, g) for _, parent in self.wanted(needed)]


def fit(gradient: Tensor, target: TensorType, name: str) -> Tensor:
    """Undo broadcasting and promotion: bring a gradient to the operand's own type."""
    if gradient.device is not target.device:
        raise GraphError(
            f"the gradient rule of {name} returned a tensor on {gradient.device} for an operand on "
            f"{target.device}"
        )
    if gradient.shape != target.shape:
        lead = gradient.ndim - target.ndim
        sizes = list(zip(gradient.shape[lead:], target.shape)) if lead >= 0 else []
        if lead < 0 or any(n != m and m != 1 for n, m in sizes):
            raise GraphError(
                f"the gradient rule of {name} returned {gradient._type} for an operand of type "
                f"{target}, and the one does not broadcast from the other"
            )
        stretched = [i + lead for i, (n, m) in enumerate(sizes) if n != m]
        summed = fe.ops.sum(gradient, dim=(*range(lead), *stretched))
        gradient = fe.ops.reshape(summed, shape=target.shape)
    return gradient if gradient.dtype is target.dtype else fe.ops.cast(gradient, dtype=target.dtype)
