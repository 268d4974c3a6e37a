"""Gradient rules: functions that ask by name for what they need."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule import modes
from ferrule.autograd.engine import backpropagate
from ferrule.autograd.node import AliasNode, OpNode
from ferrule.errors import DeclarationError, GraphError
from ferrule.schema import Schema
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped

if TYPE_CHECKING:
    from ferrule.op import Op


class Rule:
    """How the gradient of an op's output becomes those of its operands.

    Attributes:
        keeps: for each operand, whether its array is kept for the rule.
        keeps_output: whether the output's array is.
        keeps_all: the rule names the operands of a variadic op.
    """

    keeps: tuple[bool, ...] = ()
    keeps_output: bool = False
    keeps_all: bool = False

    def gradients(self, node: OpNode, g: Any) -> tuple[Any, ...]:
        """One entry per operand: a tensor, None, or a function that makes the tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no gradients(); define it")


_SHAPED = (Shaped, tuple[Shaped, ...], "Shaped", "tuple[Shaped, ...]")


class NamedRule(Rule):
    """A rule as declarations write it.

    Its parameters are ``g`` (the gradient of the output), ``y`` (the output), operands and
    attributes of the op. An operand annotated ``Shaped`` comes as its type alone, so that its
    values need not be kept. It returns one gradient per operand that can have one (operands with
    the role of a mask or an index cannot): a tensor, None for zero, or a function without arguments
    that is called only if that gradient is wanted.

    Raises:
        DeclarationError: it asks for a name that the op does not have.
    """

    def __init__(self, schema: Schema, function: Callable[..., Any]) -> None:
        operands = {o.name: i for i, o in enumerate(schema.operands)}
        hints = {
            name: hint
            for name, hint in inspect.get_annotations(function).items()
            if name != "return"
        }
        shaped = {n for n, hint in hints.items() if hint in _SHAPED}
        self.function = function
        self.schema = schema
        self.keeps_output = False
        self.keeps_all = False
        keeps = [False] * len(operands)
        self._fetch: list[Callable[[OpNode, Any], Any]] = []
        for name in inspect.signature(function).parameters:
            if name == "g":
                fetch = _gradient
            elif name == "y" and name not in operands:
                self.keeps_output = name not in shaped
                fetch = _output if self.keeps_output else _output_type
            elif name in operands and schema.variadic:
                self.keeps_all = name not in shaped
                fetch = _operands if self.keeps_all else _operand_types
            elif name in operands:
                keeps[operands[name]] = name not in shaped
                fetch = (_operand_type if name in shaped else _operand)(operands[name])
            elif name in schema.attributes:
                fetch = _attribute(name)
            else:
                known = ", ".join(["g", "y", *operands, *schema.attributes])
                raise DeclarationError(
                    f"the vjp rule of {schema.name!r} asks for {name!r}, which the op does not "
                    f"have; it may ask for {known}"
                )
            self._fetch.append(fetch)
        self.keeps = tuple(keeps)
        self._only_g = self._fetch == [_gradient]
        # how many operands can have a gradient; 0 where all can
        values = schema.roles.count("value")
        self._values = values if values < len(schema.roles) else 0

    def gradients(self, node: OpNode, g: Any) -> tuple[Any, ...]:
        if g.__class__ is list:
            g = _with_zeros(node, g)
        if self._only_g:
            found = self.function(g)
        else:
            found = self.function(*[fetch(node, g) for fetch in self._fetch])
        if found.__class__ is not tuple:
            found = (found,)
        wanted = self._values or len(node.plan.types)
        if len(found) != wanted:
            raise DeclarationError(
                f"the vjp rule of {self.schema.name!r} returned {len(found)} gradients for "
                f"{wanted} operands that can have one"
            )
        if self._values:
            each = iter(found)
            found = tuple(next(each) if role == "value" else None for role in self.schema.roles)
        return found


class ReplayRule(Rule):
    """The rule of a composite that has none: run its body again and differentiate that."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.keeps = (True,) * op.schema.arity
        self.keeps_all = op.schema.variadic

    def gradients(self, node: OpNode, g: Any) -> tuple[Any, ...]:
        operands = [node.operand(i) for i in range(len(node.plan.types))]
        aliases: list[AliasNode | None] = []
        for i, operand in enumerate(operands):
            alias = None
            if isinstance(operand, Tensor) and operand._node is not None:
                alias = AliasNode(operand._node)
                operands[i] = Tensor(operand._data, operand._type, alias)
            aliases.append(alias)
        with modes.record_always():
            outputs = self.op.body(*operands, **node.plan.attrs)
        pairs = zip(outputs, g) if isinstance(outputs, tuple) else [(outputs, g)]
        recording = modes.current().recording
        found = backpropagate(
            [(y._node, gy) for y, gy in pairs if gy is not None and y._node is not None],
            targets={alias for alias in aliases if alias is not None},
            retain_graph=recording,  # the gradients' own graph leads through the replayed one
            create_graph=recording,
        )
        return tuple(alias and found.get(alias) for alias in aliases)


class Refusal(Rule):
    """Stands where there is no rule, so that no gradient is dropped without a word."""

    def __init__(self, op: Op, reason: str) -> None:
        self.name = op.name
        self.reason = reason
        self.keeps = (False,) * op.schema.arity

    def gradients(self, node: OpNode, g: Any) -> tuple[Any, ...]:
        raise GraphError(f"no gradient flows through {self.name!r}: {self.reason}")


def _with_zeros(node: OpNode, gradients: list[Any]) -> tuple[Any, ...]:
    """Zeros for the outputs to which no gradient came, so that rules need not ask."""
    assert isinstance(node.plan.out, tuple)
    return tuple(
        fe.zeros(t.shape, dtype=t.dtype, device=t.device) if g is None else g
        for g, t in zip(gradients, node.plan.out)
    )


def _gradient(node: OpNode, g: Any) -> Any:
    return g


def _output(node: OpNode, g: Any) -> Any:
    return node.result()


def _output_type(node: OpNode, g: Any) -> Any:
    return node.plan.out


def _operands(node: OpNode, g: Any) -> Any:
    return tuple(node.operand(i) for i in range(len(node.plan.types)))


def _operand_types(node: OpNode, g: Any) -> Any:
    return node.plan.types


def _operand(i: int) -> Callable[[OpNode, Any], Any]:
    return lambda node, g: node.operand(i)


def _operand_type(i: int) -> Callable[[OpNode, Any], Any]:
    return lambda node, g: node.plan.types[i]


def _attribute(name: str) -> Callable[[OpNode, Any], Any]:
    return lambda node, g: node.plan.attrs[name]
