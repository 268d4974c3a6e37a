"""Deciding how values are kept between the forward and the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule.autograd.function import FunctionNode
from ferrule.autograd.node import Node, OpNode, _sequence
from ferrule.autograd.rule import Rule
from ferrule.errors import GraphError
from ferrule.modes import Interpreter, Modes, Scope, current, no_grad
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType

if TYPE_CHECKING:
    from ferrule.op import Op


class saved_tensors_hooks(Interpreter):
    """Within the block, what ops keep for the backward pass goes through two functions::

        with fe.autograd.graph.saved_tensors_hooks(pack, unpack):
            loss = model(x)
        loss.backward()

    Of nested blocks the innermost counts.

    Args:
        pack_hook: takes a tensor that is to be kept, and returns anything: that is kept.
        unpack_hook: takes what the other returned, when backward needs it, and returns the tensor,
            of the same type.
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        super().__init__()
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        start = _sequence()
        with _without_hooks():
            result = op.evaluate(operands, attrs)
        for node in made_since(start, result):
            self._pack(node)
        return result

    def recorded(self, node: Node) -> None:
        if innermost() is self:
            self._pack(node)

    def keep(self, x: Tensor) -> Packed:
        """A tensor to be kept, with its place on the tape."""
        return Packed(self, x)

    def _pack(self, node: Node) -> None:
        if isinstance(node, FunctionNode):
            node.context._saved = tuple(
                Packed(self, x) if isinstance(x, Tensor) else x for x in node.context._saved
            )
        elif isinstance(node, OpNode) and not isinstance(node.plan.rule, _Unpacking):
            assert node.plan.rule is not None
            kinds = node.plan.types
            inputs = tuple(_packed(self, x, kind) for x, kind in zip(node.inputs, kinds))
            outs: Any = node.plan.out
            kept: Any = node.output
            if isinstance(outs, tuple) and kept is not None:
                node.output = tuple(_packed(self, y, out) for y, out in zip(kept, outs))
            else:
                node.output = _packed(self, kept, outs)
            rule = node.plan.rule
            node.inputs = inputs
            node.plan = copy(node.plan)
            node.plan.rule = _Unpacking(rule)


class save_on_cpu(saved_tensors_hooks):
    """Within the block, what ops keep for the backward pass is kept on the CPU.

    Args:
        pin_memory: understood for PyTorch's sake; copies are made as the backend makes them.
    """

    def __init__(self, pin_memory: bool = False) -> None:
        super().__init__(
            lambda x: (x.device, x.to(device="cpu")), lambda kept: kept[1].to(device=kept[0])
        )


class Packed:
    """A tensor, or an op's array, in the form that `saved_tensors_hooks` gave it."""

    __slots__ = ("_bare", "_node", "_type", "_unpack", "_value", "_vmaps")

    def __init__(self, hooks: saved_tensors_hooks, x: Any, kind: TensorType | None = None) -> None:
        self._bare = kind is not None  # an array
        if kind is not None:
            x = Tensor(x, kind)
        below = fe.func.batched.bottom(x)
        self._vmaps = fe.func.batched.levels(x)
        self._type, self._node = below._type, below._node
        self._unpack = hooks.unpack_hook
        with _without_hooks(), no_grad():
            self._value = hooks.pack_hook(Tensor(below._data, below._type))

    def restored(self) -> Any:
        """What was packed."""
        with no_grad():
            found = self._unpack(self._value)
        if not isinstance(found, Tensor) or found._type is not self._type:
            what = found._type if isinstance(found, Tensor) else type(found).__name__
            raise GraphError(
                f"saved_tensors_hooks: the unpack hook returned {what} for what was {self._type} "
                "when it was packed; return a tensor of the same shape, dtype and device"
            )
        if self._bare:
            return found._data
        return fe.func.batched.wrapped(found._placed(self._node), self._vmaps)


def restored(x: Any) -> Any:
    """``x``, unpacked if it is packed."""
    return x.restored() if isinstance(x, Packed) else x


def _packed(hooks: saved_tensors_hooks, x: Any, kind: Any) -> Any:
    if isinstance(x, Tensor):
        return Packed(hooks, x)
    return x if x is None or not isinstance(kind, TensorType) else Packed(hooks, x, kind)


class _Unpacking(Rule):
    """A rule whose node keeps its values packed."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.keeps = rule.keeps
        self.keeps_output = rule.keeps_output
        self.keeps_all = rule.keeps_all

    def gradients(self, node: OpNode, g: Any) -> tuple[Any, ...]:
        view: Any = _Unpacked(node)
        return self.rule.gradients(view, g)


class _Unpacked:
    """A node as rules see it, with its values unpacked, which live no longer than it does."""

    def __init__(self, node: OpNode) -> None:
        self.node = node
        self.plan = node.plan
        self.parents = node.parents
        self.inputs = tuple(map(restored, node.inputs))
        kept: Any = node.output
        self.output = tuple(map(restored, kept)) if isinstance(kept, tuple) else restored(kept)

    def operand(self, i: int) -> Any:
        return type(self.node).operand(self, i)  # pyright: ignore[reportArgumentType]

    def result(self) -> Any:
        return self.node.place(self.output)


class _without_hooks(Scope):
    """Ops inside keep their values as they are."""

    def modes(self, now: Modes) -> Modes:
        return now.with_stack(tuple(i for i in now.stack if not isinstance(i, saved_tensors_hooks)))


def innermost() -> saved_tensors_hooks | None:
    """The hooks that count where this is called."""
    stack = reversed(current().stack)
    return next((i for i in stack if isinstance(i, saved_tensors_hooks)), None)


def made_since(start: int, results: Any) -> Iterator[Node]:
    """The nodes behind the results of an op that are younger than ``start``, in a fixed order."""
    results = results if isinstance(results, tuple) else (results,)
    stack = [fe.func.batched.bottom(y)._node for y in reversed(results)]
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node is None or node.seq <= start or node in seen:
            continue
        seen.add(node)
        yield node
        stack.extend(reversed(node.parents or ()))
