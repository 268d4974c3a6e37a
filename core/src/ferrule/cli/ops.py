"""``ferrule ops``: what ops there are, and how each runs on a backend."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import Annotated

import typer

import ferrule as fe
from ferrule.cli import terminal
from ferrule.cli.backend_option import BackendOption, device_of
from ferrule.errors import ArgumentError
from ferrule.runtime import ActiveBackend
from ferrule_plugins import dtypes


def ops(
    name: Annotated[str | None, typer.Argument(help="One op, to show in full.")] = None,
    backend: BackendOption = None,
) -> None:
    """List the ops, or show one: what it takes, and whether it is native to a backend."""
    where = fe.runtime.active(device_of(backend).backend)  # plugins declare their ops here
    if name is None:
        _list(where)
    else:
        _show(_find(name), where)


def manner(op: fe.Op, where: ActiveBackend) -> str:
    """How ``op`` runs on a backend: ``"native"``, ``"decomposed"``, ``"host"`` (it lacks the kernel
    of a primitive that the host has) or ``"missing"``."""
    if op.name in where.kernels:
        return "native"
    if not op.primitive:
        return "decomposed"
    return "host" if op.name in fe.runtime._host_kernels() else "missing"


_MEANING = {
    "native": "by a kernel of its own",
    "decomposed": "by its body, in terms of other ops",
    "host": 'on the host, if fe.set_backend(..., fallback="warn") allows it; otherwise an error',
    "missing": "not at all: neither it nor the host has a kernel",
}


_AUTOCAST = {
    "lower": "in 16 bits",
    "float32": "in float32",
    "widest": "in the widest dtype of its operands",
    None: "as the ops of its body",
}


def _list(where: ActiveBackend) -> None:
    from rich.text import Text

    console = terminal.console()
    width = max(map(len, fe.OPS))
    title = f"on {where.name}".ljust(len("decomposed"))
    console.print(f"{'op':<{width}}  kind       {title}", style="bold")
    counts: Counter[str] = Counter()
    for name, op in sorted(fe.OPS.items()):
        how = manner(op, where)
        counts[how] += 1
        kind = "primitive" if op.primitive else "composite"
        row = f"  {kind}  {how:<{len(title)}}  {_first_sentence(op)}"
        line = Text.assemble((f"{name:<{width}}", "bold"), row)
        console.print(line, no_wrap=True, overflow="ellipsis")
    summary = ", ".join(f"{count} {how}" for how, count in counts.most_common())
    console.print(f"\n{len(fe.OPS)} ops; on {where.name}: {summary}")


def _show(op: fe.Op, where: ActiveBackend) -> None:
    console = terminal.console()
    how = manner(op, where)
    pack = where.packs.get(op.name) if how == "native" else None
    found = [d.name for d in dtypes.ALL if d in op.dtypes]
    rows = {
        "kind": "primitive" if op.primitive else "composite",
        "dtypes": "all" if len(found) == len(dtypes.ALL) else " ".join(found),
        "gradient": _gradient(op),
        "autocast": _AUTOCAST[op.autocast] if op.autocast or not op.primitive else "as given",
        f"on {where.name}": f"{how}: {_MEANING[how]}" + (f" (from {pack})" if pack else ""),
        "declared in": op.__module__,
    }
    console.print(f"{op.name}{op.schema}", style="bold", soft_wrap=True)
    console.print(f"\n{op.__doc__}\n")
    width = max(map(len, rows))
    for title, text in rows.items():
        console.print(f"{title:<{width}}  {text}", soft_wrap=True)


def _gradient(op: fe.Op) -> str:
    if not op.differentiable:
        return "none: its output does not depend smoothly on its inputs"
    if op.rule is not None:
        return "by a rule of its own"
    return "none" if op.primitive else "through its body"


def _find(name: str) -> fe.Op:
    op = fe.OPS.get(name)
    if op is None:
        close = difflib.get_close_matches(name, fe.OPS, n=3, cutoff=0.5)
        guess = f"did you mean {' or '.join(close)}? " if close else ""
        raise ArgumentError(f"there is no op {name!r}; {guess}`ferrule ops` lists them all")
    return op


def _first_sentence(op: fe.Op) -> str:
    paragraph = (op.__doc__ or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).partition(". ")[0].rstrip(".:")
