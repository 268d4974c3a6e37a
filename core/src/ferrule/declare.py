"""Declaring ops: the two decorators, and the groups of dtypes that declarations speak of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Required, TypedDict, Unpack

from ferrule.calls import Binary, Unary
from ferrule.op import Autocast, Op, Promotion, Samples
from ferrule.schema import Schema
from ferrule_plugins import DType, dtypes

everything: frozenset[DType] = frozenset(dtypes.ALL)
booleans = frozenset({dtypes.bool_})
integers = frozenset(d for d in dtypes.ALL if d.category == "integer")
floating = frozenset(d for d in dtypes.ALL if d.is_floating_point)
complexes = frozenset(d for d in dtypes.ALL if d.is_complex)
real = integers | floating
numeric = real | complexes


def _declare(body: Callable[..., Any], **declaration: Any) -> Op:
    schema = Schema(body)
    # 1, 1.0 and True look up the same plan, as do 0.0 and -0.0, so attributes for which that
    # matters take the general way
    kinds = {a.kind.rstrip("?") for a in schema.attributes.values()}
    exact = not kinds.isdisjoint(("scalar", "float", "tuple"))
    if declaration.get("dynamic"):
        return Op(body, **declaration)
    if not schema.variadic and schema.required == 1 == schema.arity and not exact:
        return Unary(body, **declaration)
    if schema.roles == ("value", "value") and schema.required == 2 and not schema.attributes:
        return Binary(body, **declaration)
    return Op(body, **declaration)


class Declaration(TypedDict, total=False):
    """What a decorator is given; see `Op` for the meanings and defaults."""

    dtypes: Required[Collection[DType]]
    samples: Required[Samples]
    ref: str | None
    promote: Promotion
    tolerance: float
    differentiable: bool
    feature: str
    dynamic: bool
    invariants: str
    autocast: Autocast


def primitive(**declaration: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Op]:
    """Declare an op that backends supply. The function maps the operands' shapes and dtypes to
    those of the result: it is the inference rule. See `Op` for the arguments."""
    return lambda body: _declare(body, primitive=True, **declaration)


def composite(**declaration: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Op]:
    """Declare an op by its decomposition: the function computes it with other ops. A backend may
    have a kernel for it, which then runs instead. See `Op` for the arguments."""
    return lambda body: _declare(body, primitive=False, **declaration)
