"""Running ops on types alone, to learn what a body would return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.errors import GraphError
from ferrule.modes import Interpreter
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Spec

if TYPE_CHECKING:
    from ferrule.op import Op


class Abstract(Interpreter):
    """Every op checks its arguments and returns tensors without data."""

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if op.dynamic:
            raise GraphError(
                f"{op.name}: the shape of its result depends on values, and here only types are "
                "known. Compute it outside of what is traced, or use a mask with where"
            )
        plan = op.plan(operands, attrs)
        if plan.casts is not None:
            operands = tuple(
                x if dtype is None else _without_data(TensorType(Spec(x.shape, dtype), x.device))
                for x, dtype in zip(operands, plan.casts)
            )
            plan = op.plan(operands, attrs)
        if plan.out is not None:
            return _without_data(plan.out)
        with self:
            return op.body(*operands, **plan.attrs)


def output_types(op: Op, types: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """The type, or tuple of types, that a composite's body returns for operands of ``types``."""
    operands = [_without_data(t) if isinstance(t, TensorType) else _stand_in(t) for t in types]
    with Abstract():
        found = op.body(*operands, **attrs)
    return tuple(y._type for y in found) if isinstance(found, tuple) else found._type


def _without_data(type_: Any) -> Any:
    if isinstance(type_, tuple):
        return tuple(map(_without_data, type_))
    return Tensor(None, type_)


def _stand_in(kind: type | None) -> Any:
    """A value for a Python scalar of which only the class is known."""
    return None if kind is None else kind(1)
