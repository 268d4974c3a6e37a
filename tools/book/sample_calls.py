"""What an op makes of its sample calls, and which ops its body consists of: found out on types
alone, so that nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ferrule as fe
from ferrule import runtime, support
from ferrule.errors import GraphError
from ferrule.inspection import Inspected, Inspection
from ferrule.samples import Input, Sample
from ferrule_plugins import DType


@dataclass(frozen=True)
class SampleCall:
    """One call as a line of text, and the ops that the body called, in the order of their first
    calls."""

    text: str
    parts: tuple[str, ...]


class _Parts(Inspection):
    """Knows which ops the body of the outermost op calls itself, and what that op returned."""

    def __init__(self, active: runtime.ActiveBackend) -> None:
        super().__init__(active, lambda call: None)
        self.parts: dict[str, None] = {}
        self.result: Any = None
        self._depth = 0

    def _apply(
        self, op: fe.Op, operands: tuple[Any, ...], attrs: dict[str, Any], call: Inspected
    ) -> Any:
        if self._depth == 1:
            self.parts[op.name] = None
        self._depth += 1
        try:
            result = super()._apply(op, operands, attrs, call)
        finally:
            self._depth -= 1
        if self._depth == 0:
            self.result = result
        return result


def of(op: fe.Op) -> list[SampleCall]:
    """All sample calls of an op, in a dtype that it takes."""
    return [_traced(op, sample) for sample in op.samples]


def _traced(op: fe.Op, sample: Sample) -> SampleCall:
    active = runtime.active("cpu")
    wanted = ("float32", "int32", "bool", "complex64")
    dtype = next(d for d in map(DType.of, wanted) if d in op.dtypes)
    parts = _Parts(active)
    try:
        with parts:
            support._run(op, sample, dtype, backward=False)
    except GraphError:  # the body reads values
        returned = "a shape that depends on values"
    else:
        returned = _returned(parts.result, sizes_known=parts.dynamic is None)
    arguments = [_operand(op, i, x, dtype) for i, x in enumerate(sample.inputs)]
    while arguments and arguments[-1] == "None":
        arguments.pop()
    arguments += [f"{name}={value!r}" for name, value in sample.attrs.items()]
    call = f"{op.name}({', '.join(arguments)}) -> {returned}"
    return SampleCall(call, tuple(parts.parts))


def _operand(op: fe.Op, i: int, x: Input | None, dtype: DType) -> str:
    if x is None:
        return "None"
    roles = {"mask": fe.bool, "index": fe.int64}
    found = x.dtype or roles.get(op.schema.role(i)) or dtype
    return repr(fe.Spec(x.shape, found))


def _returned(result: Any, sizes_known: bool) -> str:
    several = isinstance(result, tuple)
    specs = [
        repr(fe.Spec(tuple(y.shape), y.dtype))
        if sizes_known
        else f"{y.dtype.name} of a shape that depends on values"
        for y in (result if several else (result,))
    ]
    return f"({', '.join(specs)})" if several else specs[0]
