"""Write ``core/src/ferrule/methods.pyi``: what type checkers and editors see of `Tensor`'s methods.

Most methods are public functions, attached when ferrule is imported (see
``ferrule/method_table.py``), so no checker that only reads could find them.

    python tools/method_stubs.py           # write the file
    python tools/method_stubs.py --check   # fail if it is not current
"""

from __future__ import annotations

import ast
import builtins
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import ferrule as fe
from ferrule.methods import Methods
from ferrule.op import Op

STUB = Path(__file__).parent.parent / "core/src/ferrule/methods.pyi"

_HEAD = '''"""Methods of tensors. Written by tools/method_stubs.py; do not edit."""

import builtins
{imports}

class Methods(Operators):
    __slots__ = ()
'''

# What an op's annotations, which speak of specs and schemas, mean to a caller.
_OF_OPS = {
    "Shaped": "Tensor",
    "Spec": "Tensor",
    "Dim": "int",
    "Dims": "int | Sequence[int] | None",
    "Scalar": "complex",
    "Shape": "Sequence[int]",
}
_SOURCES = {
    "Any": "typing",
    "Literal": "typing",
    "Callable": "collections.abc",
    "Iterable": "collections.abc",
    "Sequence": "collections.abc",
    "Operators": "ferrule.operators",
    "Tensor": "ferrule.tensor",
    "DType": "ferrule_plugins",
    "Device": "ferrule_plugins",
    "Shape": "ferrule_plugins",
}


class _Annotations(ast.NodeTransformer):
    """Rewrites the names in an annotation so that they mean the same within the stub's class."""

    def __init__(self, members: set[str], namespace: dict[str, Any], of_op: bool) -> None:
        self.members = members
        self.namespace = namespace
        self.of_op = of_op
        self.imports: dict[str, str] = {}

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if self.of_op and isinstance(node.value, ast.Name) and node.value.id in ("Mask", "Index"):
            return self.visit(node.slice)
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Name(node.attr) if ast.unparse(node.value) != "builtins" else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        if self.of_op and name in _OF_OPS:
            return self.visit(ast.parse(_OF_OPS[name], mode="eval").body)
        if name in _SOURCES:
            self.imports[name] = _SOURCES[name]
        elif hasattr(builtins, name):
            if name in self.members:  # a method of that name would be meant
                return ast.Attribute(ast.Name("builtins"), name)
        else:
            self.imports[name] = getattr(self.namespace[name], "__module__", "typing")
        return node


def _annotation(hint: Any, rewriter: _Annotations) -> str:
    if hint is inspect.Parameter.empty:
        rewriter.imports["Any"] = "typing"
        return "Any"
    text = hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))
    tree = ast.parse(text, mode="eval")
    return ast.unparse(ast.fix_missing_locations(rewriter.visit(tree)))


def _parameters(function: Any, rewriter: _Annotations) -> tuple[list[str], str]:
    """The parameters after the tensor itself, and the type of the result."""
    op = function if isinstance(function, Op) else None
    signature = inspect.signature(function.body if op else function)
    kinds = inspect.Parameter
    parts: list[str] = []
    starred = False
    for i, p in enumerate(list(signature.parameters.values())[1:], start=1):
        hint = _annotation(p.annotation, rewriter)
        if op and p.kind is kinds.POSITIONAL_OR_KEYWORD and op.schema.role(i) == "value":
            hint = _annotation("Any", rewriter)  # a number will do too
        if p.kind is kinds.KEYWORD_ONLY and not op and not starred:
            parts.append("*")
            starred = True
        starred = starred or p.kind is kinds.VAR_POSITIONAL
        star = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = "" if p.default is kinds.empty else f" = {_default(p.default)}"
        name = "other" if op and i == 1 and p.name == "b" else p.name
        parts.append(f"{star}{name}: {hint}{default}")
    result = _annotation(signature.return_annotation, rewriter)
    return parts, result


def _default(value: Any) -> str:
    plain = value is None or isinstance(value, (bool, int, float, str))
    return repr(value) if plain else "..."


def _summary(function: Any) -> str:
    text = inspect.getdoc(function) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return textwrap.fill(
        f'"""{paragraph}"""', 100, initial_indent=" " * 8, subsequent_indent=" " * 8
    )


def text() -> str:
    """The stub of the class as it is."""
    members = {name for name in vars(Methods) if not name.startswith("__")}
    members |= {name for name in vars(fe.Tensor) if not name.startswith("_")}
    imports: dict[str, str] = {"Operators": _SOURCES["Operators"]}
    body: list[str] = []
    for name, member in sorted(vars(Methods).items()):
        if name.startswith("_"):
            continue
        function: Any = member.fget if isinstance(member, property) else member
        decorator = "    @property\n" if isinstance(member, property) else ""
        source = inspect.unwrap(function) if not isinstance(function, Op) else function
        owner = source.body if isinstance(source, Op) else source
        rewriter = _Annotations(members, owner.__globals__, isinstance(source, Op))
        parts, result = _parameters(source, rewriter)
        if name.endswith("_"):
            result = _annotation("Tensor", rewriter)
        imports |= rewriter.imports
        line = f"    def {name}({', '.join(['self', *parts])}) -> {result}:"
        if len(line) > 100:
            inner = "".join(f"        {part},\n" for part in ["self", *parts])
            line = f"    def {name}(\n{inner}    ) -> {result}:"
        body.append(f"{decorator}{line}\n{_summary(function)}\n")
    modules: dict[str, list[str]] = {}
    for name, module in imports.items():
        modules.setdefault(module, []).append(name)
    lines = [
        f"from {module} import {', '.join(sorted(found))}"
        for module, found in sorted(modules.items(), key=lambda m: (m[0].startswith("ferrule"), m))
    ]
    return _formatted(_HEAD.format(imports="\n".join(lines)) + "\n".join(body))


def _formatted(source: str) -> str:
    """The source as the project's formatter would leave it."""
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(STUB), "-"],
            input=source, capture_output=True, text=True, check=True,
        )  # fmt: skip
        source = run.stdout
    return source


def main() -> int:
    written = text()
    if "--check" in sys.argv[1:]:
        if STUB.exists() and STUB.read_text() == written:
            return 0
        print(f"{STUB} is not current: run python tools/method_stubs.py", file=sys.stderr)
        return 1
    STUB.write_text(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
