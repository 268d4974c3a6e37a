"""What a call of an op with operands of given types does, worked out once and looked up after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ferrule_plugins import DType

if TYPE_CHECKING:
    from ferrule.autograd.rule import Rule
    from ferrule.index_check import Guard
    from ferrule.op import Op
    from ferrule.tensor_type import TensorType


class Plan:
    """The outcome of checking and inference for one combination of operand types and attributes.

    Attributes:
        op: the op.
        types: for each operand its `TensorType`, the class of a Python scalar, or None.
        attrs: the attributes in canonical form.
        out: the output's type, or a tuple of types; None for a body that was not traced.
        run: the kernel on arrays, attributes bound; None where the call takes a detour: through
            casts, or through the body of a composite.
        rule: how to differentiate; None where there is nothing to record.
        keeps: for each operand, whether its array is kept on the tape.
        keeps_any: whether any is.
        keeps_output: whether the output's array is.
        casts: for each operand, the dtype to convert it to first; None where all fit.
        guard: what watches over the operand that holds indices; None where nothing does.
        unchecked: the same without that; None where it would not differ.
        bounds: the range within which an integer scalar must lie; None where any will do.
    """

    __slots__ = (
        "attrs", "bounds", "casts", "guard", "keeps", "keeps_any", "keeps_output",
        "op", "out", "rule", "run", "types", "unchecked",
    )  # fmt: skip

    def __init__(self, op: Op, types: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        self.op = op
        self.types = types
        self.attrs = attrs
        self.out: TensorType | tuple[TensorType, ...] | None = None
        self.run: Callable[..., Any] | None = None
        self.rule: Rule | None = None
        self.keeps: tuple[bool, ...] = (False,) * len(types)
        self.keeps_any = False
        self.keeps_output = False
        self.casts: tuple[DType | None, ...] | None = None
        self.bounds: tuple[int, int] | None = None
        self.guard: Guard | None = None
        self.unchecked: Plan | None = None

    def differentiate_by(self, rule: Rule) -> None:
        """Record calls with ``rule``, keeping what it names and no more."""
        self.rule = rule
        self.keeps_output = rule.keeps_output
        variadic = self.op.schema.variadic
        self.keeps = (rule.keeps_all,) * len(self.types) if variadic else rule.keeps
        self.keeps_any = any(self.keeps)
