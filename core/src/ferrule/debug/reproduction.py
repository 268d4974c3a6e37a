"""Writing a program that runs one op on two backends, and needs nothing else."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import ferrule as fe
from ferrule import runtime
from ferrule.debug.lockstep import Divergence
from ferrule_plugins import Device, DType, discovery

Array = np.ndarray[Any, Any]

_INLINE = 64
"""Larger arrays go into a file of their own."""

_HEAD = '''"""{call}
{place}

{message}

Run it: python {file}. The exit code is 1 if the results differ, and 0 if they agree.
"""

'''


def write(
    path: Path, divergence: Divergence, backends: tuple[str, str], tolerance: float | None
) -> tuple[Path, str]:
    """Write the program, and beside it, in a file that ends in ``.npz``, operands of more than 64
    elements.

    Returns:
        Its path, and why it may not run elsewhere; an empty text if it does.
    """
    op = fe.OPS[divergence.op]
    arrays = [x for x in divergence.operands if isinstance(x, np.ndarray)]
    beside = path.with_suffix(".npz") if any(x.size > _INLINE for x in arrays) else None
    operands: list[str] = []
    stored: dict[str, Any] = {}
    for i, x in enumerate(divergence.operands):
        if not isinstance(x, np.ndarray):
            operands.append(_literal(x))
        elif x.size <= _INLINE:
            operands.append(_inline(x))
        else:
            stored[f"operand_{i}"] = _plain(x)
            operands.append(_converted(f'stored["operand_{i}"]', x))
    attributes = {
        name: value
        for name, value in divergence.attributes.items()
        if not isinstance(value, Device)
    }
    paths, notes = _sources(op, backends)
    lines = [
        _HEAD.format(
            call=_safe(divergence.call),
            place=_safe(str(divergence.place) or "outside of modules"),
            message=_safe(divergence.message),
            file=path.name,
        ),
        "import sys\n",
        "from math import inf, nan\n",
        *(["from pathlib import Path\n"] if beside else []),
        "\nimport numpy as np\n\nimport ferrule as fe\n\n",
        *(f"sys.path.append({p!r})\n" for p in paths),
        *([f"import {op.__module__}  # it declares the op\n"] if not _known(op) else []),
        *(_policy(name) for name in backends),
    ]
    if beside is not None:
        lines.append(f"with np.load(Path(__file__).with_name({beside.name!r})) as file:\n")
        lines.append("    stored = dict(file)\n")
    lines += [
        "operands = [\n",
        *(f"    {text},\n" for text in operands),
        "]\n",
        f"attributes = {{{', '.join(f'{n!r}: {_literal(v)}' for n, v in attributes.items())}}}\n",
        "found = fe.debug.diff_op(\n",
        f"    {divergence.op!r},\n    *operands,\n    backends={backends!r},\n",
        "    attributes=attributes,\n",
        *([f"    tolerance={tolerance!r},\n"] if tolerance is not None else []),
        ")\nprint(found)\nsys.exit(0 if found else 1)\n",
    ]
    if not any(re.search(r"\b(inf|nan)\b", line) for line in lines[3:]):
        lines.remove("from math import inf, nan\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
    if beside is not None:
        np.savez(beside, **stored)
    return path, " ".join(notes)


def _known(op: Any) -> bool:
    """Whether the op is declared when ferrule is imported."""
    return op.__module__.partition(".")[0] == "ferrule"


def _sources(op: Any, backends: tuple[str, str]) -> tuple[list[str], list[str]]:
    """The folders that the program must look for modules in, and what it cannot find at all."""
    paths: dict[str, None] = {}
    notes: list[str] = []
    for name in backends:
        located = ":" in name and not name.rpartition(":")[2].isdecimal()
        if located:
            paths.update(_folder(name.partition(":")[0]))
        elif Device(name).backend not in discovery.candidates():
            notes.append(
                f"The backend {name!r} was installed in this process, so the file finds it only "
                "where that is done again: name it module:attribute instead."
            )
    if not _known(op):
        paths.update(_folder(op.__module__))
        if op.__module__ == "__main__":
            notes.append(
                f"The op {op.name!r} is declared in a script, which the file cannot import."
            )
    return list(paths), notes


def _folder(module: str) -> dict[str, None]:
    """Where a module that is no part of an installed distribution was imported from."""
    top = sys.modules.get(module.partition(".")[0])
    file = getattr(top, "__file__", None)
    if file is None or "site-packages" in Path(file).parts:
        return {}
    folder = Path(file).resolve().parent
    return {str(folder.parent if hasattr(top, "__path__") else folder): None}


def _policy(name: str) -> str:
    """Put the fallback of a backend in force that was in force here."""
    fallback = runtime.active(runtime.name_of(name)).fallback
    if fallback == "error":
        return ""
    return f"fe.set_backend(fe.runtime.name_of({name!r}), fallback={fallback!r})\n"


def _inline(x: Array) -> str:
    plain = _plain(x)
    values = ", ".join(_literal(v) for v in plain.ravel().tolist())
    text = f'np.array([{values}], "{plain.dtype}")'
    if x.ndim != 1:
        text += f".reshape({x.shape!r})"
    return _converted(text, x)


def _plain(x: Array) -> Array:
    """In a dtype that NumPy has itself: every bfloat16 is a float32."""
    return x.astype(np.float32) if DType.of(x.dtype) is fe.bfloat16 else np.ascontiguousarray(x)


def _converted(text: str, x: Array) -> str:
    return f"{text}.astype(fe.bfloat16.numpy)" if DType.of(x.dtype) is fe.bfloat16 else text


def _literal(value: Any) -> str:
    if isinstance(value, DType):
        return f"fe.{value.name}"
    if isinstance(value, complex):
        return f"complex({_literal(value.real)}, {_literal(value.imag)})"
    if isinstance(value, tuple):
        return f"({''.join(f'{_literal(v)}, ' for v in value)})"
    return repr(value)


def _safe(text: str) -> str:
    """As part of a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''")
