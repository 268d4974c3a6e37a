"""What a batching rule is given, and the table of rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrule import ops
from ferrule.tensor import Tensor

if TYPE_CHECKING:
    from ferrule.index_check import Guard
    from ferrule.op import Op

Rule = Callable[["Call"], Any]

RULES: dict[str, Rule] = {}
"""The rules of ferrule's own ops, by name."""


@dataclass(frozen=True)
class Call:
    """A call of an op on samples.

    Attributes:
        op: the op.
        operands: tensors, those that are batched with the samples as their first dim; Python
            scalars; None for an optional operand that is not given.
        batched: for each operand, whether it is batched. At least one is.
        attrs: the attributes, in canonical form for one sample.
        size: the number of samples.
        types: the operands' types for one sample, as in `Plan`.
        out: the type of the result, or a tuple of types, for one sample; None for a composite
            whose body was not traced.
        guard: what watches over the indices of one sample; None where nothing does.
    """

    op: Op
    operands: tuple[Any, ...]
    batched: tuple[bool, ...]
    attrs: dict[str, Any]
    size: int
    types: tuple[Any, ...]
    out: Any
    guard: Guard | None

    def __call__(self, *operands: Any, **attrs: Any) -> Any:
        """The op itself, with attributes replaced."""
        return self.op(*operands, **{**self.attrs, **attrs})

    def whole(self, i: int) -> Tensor:
        """Operand ``i`` with the samples as its first dim; repeated, if it is not batched."""
        x = self.operands[i]
        return x if self.batched[i] else ops.expand(x, shape=(self.size, *x.shape))

    def all_whole(self) -> list[Any]:
        """All operands so, but for scalars and those that are not given."""
        return [self.whole(i) if isinstance(x, Tensor) else x for i, x in enumerate(self.operands)]

    def aligned(self, i: int, ndim: int) -> Any:
        """Operand ``i`` so that a sample of it has at least ``ndim`` dims, new ones of size 1 in
        front: then samples broadcast against each other as they would alone."""
        x = self.operands[i]
        if not self.batched[i] or x.ndim - 1 >= ndim:
            return x
        return ops.reshape(x, shape=(self.size, *(1,) * (ndim + 1 - x.ndim), *x.shape[1:]))


def batching(*names: str) -> Callable[[Rule], Rule]:
    """Enter a function in the table under these names."""

    def enter(rule: Rule) -> Rule:
        for name in names:
            assert name not in RULES
            RULES[name] = rule
        return rule

    return enter


def front(x: Tensor, dim: int, to: int = 0) -> Tensor:
    """One dim moved to place ``to``."""
    rest = [d for d in range(x.ndim) if d != dim]
    return ops.permute(x, dims=(*rest[:to], dim, *rest[to:]))


def joined(x: Tensor, first: int = 0) -> Tensor:
    """Dims ``first`` and ``first + 1`` made one."""
    shape = (*x.shape[:first], math.prod(x.shape[first : first + 2]), *x.shape[first + 2 :])
    return ops.reshape(x, shape=shape)
