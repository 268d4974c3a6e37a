"""A table of a model's layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule.errors import ArgumentError
from ferrule.nn.flops import count_flops
from ferrule.nn.lazy import is_uninitialized
from ferrule.nn.module import Module
from ferrule.nn.tree import own_parameters
from ferrule.tensor import Tensor

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("Layer", "Output", "Parameters", "Trainable", "FLOPs")


@dataclass
class Row:
    """What is known of one module.

    Attributes:
        name: its dotted name; empty for the model itself.
        kind: its class.
        calls: how often it was called.
        output: the shape of its last result; nested for several; None if it was not called.
        parameters, trainable: numbers of elements, of the module itself without those below it. A
            parameter of several modules counts for the first.
        flops: floating-point operations, likewise.
    """

    name: str
    kind: str
    calls: int = 0
    output: Any = None
    parameters: int = 0
    trainable: int = 0
    flops: int = 0


@dataclass
class Summary:
    """What `summary` has found. ``print`` shows a table, and so does ``rich.print``.

    Attributes:
        rows: one for each module, in the order of their names' registration.
        parameters, trainable: numbers of elements, in all.
        buffers: likewise, of buffers.
        bytes: what parameters and buffers take.
        flops: floating-point operations of one call.
    """

    rows: list[Row]
    parameters: int
    trainable: int
    buffers: int
    bytes: int
    flops: int

    def __str__(self) -> str:
        cells = [COLUMNS, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
        lines = [
            "  ".join(
                cell.ljust(width) if i < 2 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths))
            ).rstrip()
            for line in cells
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:], rule, *self._totals()])

    __repr__ = __str__

    def __rich__(self) -> Table:
        from rich.table import Table

        table = Table(caption="\n".join(self._totals()), caption_justify="left")
        for i, column in enumerate(COLUMNS):
            table.add_column(column, justify="left" if i < 2 else "right")
        for row in self.rows:
            table.add_row(*_cells(row))
        return table

    def _totals(self) -> list[str]:
        return [
            f"Parameters: {self.parameters:,} ({self.trainable:,} trainable); "
            f"buffers: {self.buffers:,}; {_size(self.bytes)}",
            f"FLOPs of one call: {self.flops:,}",
        ]


def summary(
    model: Module,
    input: Any = None,
    *,
    depth: int | None = None,
    dtype: Any = None,
    device: Any = None,
    **kwargs: Any,
) -> Summary:
    """Call ``model`` once and tell of each module in it what came out, how many parameters it has,
    and how many floating-point operations it took; see `count_flops` for what counts. ::

        print(fe.nn.summary(model, (1, 3, 224, 224)))

    The model is called in evaluation mode, without gradients, and is then as it was, but for lazy
    layers, which know their shapes from then on.

    Args:
        model: any module.
        input: a tensor, a tuple or list of arguments, or the shape of one; a mapping for keyword
            arguments. Without it the model is not called.
        depth: show modules down to this depth; what is below counts for the last one shown.
        dtype, device: of an input of which the shape is given; by default those of the first
            parameter.
        kwargs: keyword arguments of the call.
    """
    if not isinstance(model, Module):
        raise ArgumentError(f"summary: a module is wanted, not {model!r}")
    args, keywords = _arguments(model, input, dtype, device)
    keywords = {**keywords, **kwargs}
    rows = {id(m): Row(name, type(m).__name__) for name, m in model.named_modules()}
    total = 0
    if args or keywords:
        total = _run(model, args, keywords, rows)
    seen: set[int] = set()
    for _, module in model.named_modules():
        row = rows[id(module)]
        row.kind = type(module).__name__  # a lazy layer has changed its class
        for _, p in own_parameters(module):
            if id(p) not in seen and not is_uninitialized(p):
                seen.add(id(p))
                row.parameters += p.numel()
                row.trainable += p.numel() * p.requires_grad
    listed = list(rows.values())
    known = [x for x in (*model.parameters(), *model.buffers()) if id(x) in seen or _is_buffer(x)]
    return Summary(
        rows=listed if depth is None else _down_to(depth, listed),
        parameters=sum(row.parameters for row in listed),
        trainable=sum(row.trainable for row in listed),
        buffers=sum(x.numel() for x in known if id(x) not in seen),
        bytes=sum(x.numel() * x.element_size() for x in known),
        flops=total,
    )


def _is_buffer(x: Tensor) -> bool:
    return not isinstance(x, fe.nn.Parameter) and not is_uninitialized(x)


def _run(model: Module, args: tuple[Any, ...], kwargs: dict[str, Any], rows: dict[int, Row]) -> int:
    """Call the model and write to the rows what happens."""
    running: list[Row] = []
    training = [(m, m.training) for m in model.modules()]

    def enter(module: Module, args: Any) -> None:
        running.append(rows[id(module)])

    def leave(module: Module, args: Any, output: Any) -> None:
        row = running.pop()
        row.calls += 1
        row.output = _shape(output)

    def tell(n: int) -> None:
        if running:
            running[-1].flops += n

    handles: list[Any] = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(enter, prepend=True))
        handles.append(module.register_forward_hook(leave, always_call=True))
    model.eval()
    try:
        with fe.no_grad(), count_flops(tell) as counted:
            model(*args, **kwargs)
        return counted.total
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in training:
            module.training = mode


def _arguments(
    model: Module, given: Any, dtype: Any, device: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if given is None:
        return (), {}
    if isinstance(given, Mapping):
        return (), dict(given)
    if isinstance(given, (tuple, list)):
        if given and all(isinstance(n, int) and not isinstance(n, bool) for n in given):
            first = next(model.parameters(), None)
            dtype = dtype or (None if first is None else first.dtype)
            device = device or (None if first is None else first.device)
            return (fe.zeros(tuple(given), dtype=dtype, device=device),), {}
        return tuple(given), {}
    return (given,), {}


def _shape(value: Any) -> Any:
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, Mapping):
        return {key: _shape(v) for key, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_shape(v) for v in value]
    return type(value).__name__


def _down_to(depth: int, rows: list[Row]) -> list[Row]:
    """The rows of modules at most so deep, with what is below them."""
    shown: dict[str, Row] = {}
    for row in rows:
        parts = row.name.split(".") if row.name else []
        if len(parts) <= depth:
            shown[row.name] = row
            continue
        above = shown[".".join(parts[:depth])]
        above.parameters += row.parameters
        above.trainable += row.trainable
        above.flops += row.flops
    return list(shown.values())


def _cells(row: Row) -> tuple[str, ...]:
    indent = "  " * (row.name.count(".") + 1) if row.name else ""
    last = row.name.rpartition(".")[2]
    times = f" x{row.calls}" if row.calls > 1 else ""
    trainable = (
        "" if not row.parameters
        else "yes" if row.trainable == row.parameters
        else "partly" if row.trainable else "no"
    )  # fmt: skip
    return (
        f"{indent}{last}{': ' if last else ''}{row.kind}{times}",
        "" if row.output is None else _text(row.output),
        f"{row.parameters:,}" if row.parameters else "",
        trainable,
        f"{row.flops:,}" if row.flops else "",
    )


def _text(shape: Any) -> str:
    if isinstance(shape, tuple):
        return str(list(shape))
    if isinstance(shape, dict):
        return ", ".join(f"{key}: {_text(v)}" for key, v in shape.items())
    if isinstance(shape, list):
        return ", ".join(map(_text, shape))
    return str(shape)


def _size(n: float) -> str:
    units: list[str] = ["B", "KiB", "MiB", "GiB"]
    while n >= 1024 and len(units) > 1:
        n /= 1024
        units.pop(0)
    return f"{n:.4g} {units[0]}"
