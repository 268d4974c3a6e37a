"""The contract reference, written from the types of `ferrule_plugins`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any

import docstring
import signature

import ferrule as fe
import ferrule_plugins
from ferrule_plugins import (
    backend,
    device,
    discovery,
    dtypes,
    environment,
    errors,
    hooks,
    listing,
    plugin_manager,
    selection,
    spec,
)
from ferrule_plugins.kits import array_namespace, array_namespace_backend


@dataclass(frozen=True)
class Page:
    """Some modules of the contract on one page."""

    name: str
    title: str
    modules: tuple[ModuleType, ...]


PAGES = (
    Page("backend", "Backend", (backend,)),
    Page("types", "Dtypes, shapes and devices", (dtypes, spec, device)),
    Page("errors", "Errors", (errors,)),
    Page("hooks", "Hooks", (hooks, plugin_manager)),
    Page("discovery", "Discovery and selection", (discovery, selection, environment, listing)),
    Page("kits", "Kits", (array_namespace_backend, array_namespace)),
)


def pages() -> dict[str, str]:
    """Markdown by address."""
    found = {f"contract/{page.name}.md": _page(page) for page in PAGES}
    return {"contract/index.md": _index(), "contract/kernels.md": _kernels(), **found}


def navigation() -> list[dict[str, str] | str]:
    """The pages in their order."""
    return [
        "contract/index.md",
        {"Backend": "contract/backend.md"},
        {"Kernels": "contract/kernels.md"},
        *({page.title: f"contract/{page.name}.md"} for page in PAGES[1:]),
    ]


def _index() -> str:
    version = ".".join(map(str, ferrule_plugins.CONTRACT))
    rows = [
        f"| [{page.title}]({page.name}.md) | {docstring.first_sentence(module.__doc__)} |"
        for page in PAGES
        for module in page.modules[:1]
    ]
    return "\n".join(
        [
            "# The contract",
            "",
            f"Version {version}. What stands between ferrule and a backend is the distribution "
            "`ferrule-plugins`; these pages are its public names, with what their own "
            "docstrings say. A backend imports it and never ferrule.",
            "",
            "| page | what is there |",
            "| --- | --- |",
            *rows,
            "| [Kernels](kernels.md) | Which kernels a backend must have, and what each is given |",
            "",
            "How to write a backend is told in [Your first backend](../first_backend.md), and how "
            "it is judged in [Conformance](../conformance.md).",
            "",
        ]
    )


def _page(page: Page) -> str:
    parts = [f"# {page.title}", ""]
    for module in page.modules:
        if len(page.modules) > 1:
            parts += [f"## {module.__name__} {{ #{module.__name__} }}", ""]
        parts += [docstring.markdown(module.__doc__), ""]
        for name, value in _public(module):
            parts += [_entry(name, value, module, 3 if len(page.modules) > 1 else 2), ""]
        if module is dtypes:
            parts += _all_dtypes()
    return "\n".join(parts)


def _all_dtypes() -> list[str]:
    rows = [f"| `{d.name}` | {d.category} | {d.itemsize} |" for d in dtypes.ALL]
    return ["### All dtypes", "", "| name | category | bytes |", "| --- | --- | --- |", *rows, ""]


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What the module itself defines, in its order, without what it keeps for itself."""
    documented = _attribute_docs(module)
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        defined = inspect.isclass(value) or inspect.isfunction(value)
        if (defined and value.__module__ == module.__name__) or (
            not inspect.ismodule(value) and name in documented
        ):
            yield name, value


def _entry(name: str, value: Any, module: ModuleType, level: int) -> str:
    head = f"{'#' * level} {name} {{ #{module.__name__}.{name} }}\n"
    if inspect.isclass(value):
        return "\n".join([head, *_class(value)])
    if inspect.isfunction(value):
        text = signature.of(value, name, keywords="def ")
        return "\n".join([head, _code(text), "", docstring.markdown(value.__doc__)])
    shown = repr(value)
    lines = [head, _code(f"{name} = {shown}")] if len(shown) < 90 else [head]
    return "\n".join([*lines, "", docstring.markdown(_attribute_docs(module)[name])])


def _class(kind: type) -> Iterator[str]:
    bases = [b.__name__ for b in kind.__bases__ if b.__name__ not in ("object", "Protocol")]
    protocol = getattr(kind, "_is_protocol", False)
    if protocol:
        text = f"class {kind.__name__}(Protocol)"
    elif issubclass(kind, Exception):
        text = f"class {kind.__name__}({', '.join(bases)})"
        if "__init__" in vars(kind):
            text += "\n" + signature.of(vars(kind)["__init__"], "__init__", keywords="def ")
    else:
        maker = vars(kind).get("__new__") or kind.__init__
        text = signature.of(maker, kind.__name__, keywords="class ")
        text = text.removesuffix(" -> None").removesuffix(f" -> {kind.__name__}")
    yield _code(text)
    yield ""
    yield docstring.markdown(kind.__doc__)
    yield ""
    properties = [n for n, v in _members(kind) if isinstance(v, property)]
    if properties:
        yield "**Properties**\n"
        for name in properties:
            getter = vars(kind)[name].fget
            kind_of = inspect.signature(getter).return_annotation
            about = docstring.first_sentence(getter.__doc__)
            yield f"- `{name}: {kind_of}`" + (f": {about}" if about else "")
        yield ""
    for name, value in _members(kind):
        function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        if inspect.isfunction(function):
            static = "@staticmethod\n" if isinstance(value, staticmethod) else ""
            yield _code(static + signature.of(function, name, keywords="def "))
            yield ""
            yield docstring.markdown(function.__doc__)
            yield ""


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    return ((n, v) for n, v in vars(kind).items() if not n.startswith("_"))


def _attribute_docs(module: ModuleType) -> dict[str, str]:
    """The strings that stand below assignments, by name."""
    found: dict[str, str] = {}
    body = ast.parse(inspect.getsource(module)).body
    for before, after in pairwise(body):
        match before, after:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = text
    return found


def _kernels() -> str:
    primitives = sorted(
        (op for op in fe.OPS.values() if op.primitive and op.__module__.startswith("ferrule.")),
        key=lambda op: op.name,
    )
    needed = [op for op in primitives if op.feature is None]
    parts = [
        "# Kernels",
        "",
        f"The kernels of {len(needed)} primitives are what a backend needs, in the dtypes that it "
        "declares. Operands come by position, attributes by keyword. Dims are non-negative, "
        "attributes checked and in canonical form: `Dims` is a tuple.",
        "",
        *_table(needed),
    ]
    for feature in sorted({op.feature for op in primitives if op.feature}):
        parts += [
            f"## The feature `{feature}`",
            "",
            *_table([op for op in primitives if op.feature == feature]),
        ]
    parts += [
        "## Composites",
        "",
        "A backend may have a kernel for any of the others, too; then it runs instead of the body. "
        "[Ops](../ops/index.md) lists them all.",
        "",
    ]
    return "\n".join(parts)


def _table(ops: list[fe.Op]) -> list[str]:
    rows = []
    for op in ops:
        group = op.__module__.split(".")[2]
        arguments = [o.name for o in op.schema.operands]
        if op.schema.variadic:
            arguments = ["*" + arguments[0]]
        if op.schema.attributes:
            arguments += ["*", *op.schema.attributes]
        call = f"{op.name}({', '.join(arguments)})"
        about = docstring.first_sentence(op.__doc__)
        rows.append(f"| [`{call}`](../ops/{group}.md#{op.name}) | {about} |")
    return ["| kernel | what it computes |", "| --- | --- |", *rows, ""]


def _code(text: str) -> str:
    return f"```python\n{text}\n```"
