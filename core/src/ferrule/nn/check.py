"""Seeing what would become of a model on a backend, without running anything there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule.errors import GraphError
from ferrule.inspection import Inspected, Inspection
from ferrule.nn.lazy import is_uninitialized
from ferrule.nn.preserved import preserved
from ferrule.support import Support, undeclared
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule.text_table import text_table
from ferrule.whereabouts import Place
from ferrule_plugins import BackendUnavailable, DType, Spec, discovery
from ferrule_plugins.dtypes import CONTINUOUS

if TYPE_CHECKING:
    from ferrule.nn.module import Module
    from ferrule.runtime import ActiveBackend


@dataclass(frozen=True)
class Row:
    """What would become of an op of one module, or of a parameter or buffer.

    Attributes:
        path: the dotted name of the module, or of the parameter or buffer; empty for the model.
        module: the module's class.
        op: the op's name; empty for a parameter or buffer.
        gradient_of: the op whose gradient it is part of; None in forward.
        calls: how often it is called there.
        example: the first of the calls, with the types of its operands.
        support: by what it would run, and why.
    """

    path: str
    module: str
    op: str
    gradient_of: str | None
    calls: int
    example: str
    support: Support


@dataclass
class Check:
    """What `Module.check` has found. True if nothing would fail. ``print`` shows a table.

    Attributes:
        backend: its name.
        rows: what the model holds that the backend cannot store; then the ops, each once for each
            module that calls it, in the order of the first call; those of gradients last.
        unavailable: why the backend cannot run here, and what mends it; empty if it can. The rows
            are about what it declares.
        unfinished: why not all of the model could be looked at; empty if it was.
        dynamic: an op whose result has a shape that depends on values. After it, sizes are not
            known, and counted as 0.
    """

    backend: str
    rows: list[Row] = field(default_factory=list)
    unavailable: str = ""
    unfinished: str = ""
    dynamic: str | None = None

    def __bool__(self) -> bool:
        return not self.failing and not self.unfinished

    @property
    def failing(self) -> list[Row]:
        """What would raise an error."""
        return [row for row in self.rows if not row.support.ok]

    @property
    def on_host(self) -> list[Row]:
        """What has no kernel, and would run on the host, if that is allowed."""
        return [row for row in self.rows if row.support.how == "host"]

    def __str__(self) -> str:
        cells = [
            (
                f"{row.path or '-'}{f' ({row.module})' if row.module else ''}",
                row.op or "-",
                "" if row.gradient_of is None else f"gradient of {row.gradient_of}",
                str(row.calls) if row.calls else "",
                "fails" if row.support.how == "no" else row.support.how,
                row.support.reason if row.support.how in ("host", "no") else "",
            )
            for row in self.rows
        ]
        lines = [text_table(("Module", "Op", "", "Calls", "How", "Why"), cells, right=(3,)), ""]
        counts = Counter(row.support.how for row in self.rows for _ in range(row.calls or 1))
        told = ", ".join(
            f"{counts[how]} {word}"
            for how, word in (
                ("native", "native"),
                ("decomposed", "decomposed"),
                ("host", "on the host"),
                ("no", "failing"),
            )
            if counts[how]
        )
        lines.append(f"On {self.backend!r}: {told or 'nothing was called'}.")
        lines += [f"To mend it: {r}" for r in dict.fromkeys(r.support.remedy for r in self.failing)]
        if self.unavailable:
            lines.append(f"{self.backend!r} cannot run here: {self.unavailable}")
        if self.dynamic is not None:
            lines.append(
                f"The shape of what {self.dynamic} gives depends on values: sizes after it are not "
                "known."
            )
        if self.unfinished:
            lines.append(f"The rest could not be looked at: {self.unfinished}")
        return "\n".join(lines)

    __repr__ = __str__


def check(
    model: Module, backend: str, inputs: tuple[Any, ...], kwargs: dict[str, Any], backward: bool
) -> Check:
    """See `Module.check`."""
    name = fe.runtime.name_of(backend)
    active = fe.runtime.described(name)
    found = Check(name)
    try:
        discovery.load(name)
    except BackendUnavailable as error:
        found.unavailable = f"{error.reason}; to mend it: {error.remedy}"
    found.rows += _stored(model, active)
    calls: list[Inspected] = []
    inspection = Inspection(active, calls.append)
    held = [*model.parameters(), *model.buffers()]
    first = next((x for x in held if not is_uninitialized(x)), None)
    device = fe.runtime.device() if first is None else first.device
    dtype = next((x.dtype for x in held if x.dtype.category in CONTINUOUS), fe.get_default_dtype())
    try:
        args = [_stand_ins(x, device, dtype) for x in inputs]
        named = {key: _stand_ins(x, device, dtype) for key, x in kwargs.items()}
        with preserved(model), inspection:
            _run(model, args, named, backward)
    except (GraphError, fe.ShapeError) as error:
        # what a model does with values, or with sizes that are not known, is not its fault
        if isinstance(error, fe.ShapeError) and inspection.dynamic is None:
            raise
        found.unfinished = str(error)
    found.rows += _grouped(calls)
    found.dynamic = inspection.dynamic
    return found


def _stored(model: Module, active: ActiveBackend) -> list[Row]:
    """The parameters and buffers that the backend cannot hold."""
    return [
        Row(name, "", "", None, 0, f"{x.dtype.name}", undeclared(active, x.dtype))
        for name, x in (*model.named_parameters(), *model.named_buffers())
        if x.dtype not in active.dtypes
    ]


def _run(model: Module, args: list[Any], kwargs: dict[str, Any], backward: bool) -> None:
    outputs = [y for y in tensors_in(model(*args, **kwargs)) if y.requires_grad]
    given = [x for x in tensors_in([args, kwargs]) if x.requires_grad]
    leaves = [*given, *(p for p in model.parameters() if p.requires_grad)]
    if backward and outputs and leaves:
        entering = [Tensor(None, y._type) for y in outputs]
        fe.autograd.grad(outputs, leaves, entering, allow_unused=True)


def _stand_ins(value: Any, device: Any, dtype: DType) -> Any:
    """Tensors without data, in the places of tensors and descriptions of them."""
    if isinstance(value, Tensor):
        twin = Tensor(None, TensorType(value._type.spec, device))
        return twin.requires_grad_() if value.requires_grad else twin
    if _is_shape(value):
        return Tensor(None, TensorType(Spec(tuple(value), dtype), device))
    if type(value) in (list, tuple):
        if len(value) == 2 and _is_shape(value[0]) and isinstance(value[1], (DType, str)):
            return Tensor(None, TensorType(Spec(tuple(value[0]), DType.of(value[1])), device))
        return type(value)(_stand_ins(v, device, dtype) for v in value)
    if isinstance(value, dict):
        return {key: _stand_ins(v, device, dtype) for key, v in value.items()}
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        spec = Spec(tuple(value.shape), DType.of(value.dtype))
        return Tensor(None, TensorType(spec, device))
    return value


def _is_shape(value: Any) -> bool:
    plain = type(value) in (tuple, list) and value
    return bool(plain) and all(isinstance(n, int) and not isinstance(n, bool) for n in value)


def tensors_in(value: Any) -> list[Tensor]:
    """All tensors in nested containers."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = value.values()
    elif is_dataclass(value) and not isinstance(value, type):
        value = vars(value).values()
    elif not isinstance(value, (tuple, list)):
        return []
    return [x for v in value for x in tensors_in(v)]


def _grouped(calls: list[Inspected]) -> list[Row]:
    """One row for the calls of an op that are alike; those of gradients last."""
    found: dict[tuple[str, Place, Support], list[Inspected]] = {}
    for call in sorted(calls, key=lambda c: c.place.gradient_of is not None):
        found.setdefault((call.op, call.place, call.support), []).append(call)
    return [
        Row(place.path, place.module, op, place.gradient_of, len(alike), alike[0].text, support)
        for (op, place, support), alike in found.items()
    ]
