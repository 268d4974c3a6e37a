"""The op reference: a page for each module of `ferrule.ops`, written from the declarations."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import docstring
import native_ops
import public_names
import sample_calls
import signature

import ferrule as fe
from ferrule.autograd.rule import NamedRule
from ferrule_plugins import dtypes

CALLS_SHOWN = 4

_TITLES = {"linalg": "Linear algebra", "loss": "Losses", "fourier": "Fourier transforms"}

_PROMOTE = {
    "common": "operands are brought to one dtype",
    "float": "integers and bools become the default float",
    "same": "operands must have one dtype",
}

_AUTOCAST = {
    "lower": "computes in 16 bits",
    "float32": "computes in float32",
    "widest": "computes in the widest dtype of its operands",
}


@dataclass(frozen=True)
class Group:
    """The ops of one module, or of one package, of `ferrule.ops`."""

    name: str
    ops: tuple[fe.Op, ...]

    @property
    def title(self) -> str:
        return _TITLES.get(self.name, self.name.replace("_", " ").capitalize())

    @property
    def uri(self) -> str:
        return f"ops/{self.name}.md"


class OpReference:
    """All pages. Ops that come from elsewhere than ferrule are left out."""

    def __init__(self) -> None:
        found: defaultdict[str, list[fe.Op]] = defaultdict(list)
        for op in fe.OPS.values():
            if op.__module__.startswith("ferrule.ops."):
                found[op.__module__.split(".")[2]].append(op)
        self.groups = [Group(name, tuple(ops)) for name, ops in found.items()]
        self.groups.sort(key=lambda group: group.title)
        self._home = {op.name: group for group in self.groups for op in group.ops}
        self._native = native_ops.table()
        self._called_as = public_names.table()

    @cached_property
    def pages(self) -> dict[str, str]:
        """Markdown by address."""
        return {"ops/index.md": self._index(), **{g.uri: self._page(g) for g in self.groups}}

    def _index(self) -> str:
        ops = [fe.OPS[name] for name in sorted(self._home)]
        primitives = [op for op in ops if op.primitive]
        optional = [op for op in primitives if op.feature]
        counts = ", ".join(
            f"{len(native & self._home.keys())} on {name}" for name, native in self._native.items()
        )
        rows = [
            f"| {self._link(op.name, 'ops/index.md')} | {docstring.first_sentence(op.__doc__)} | "
            f"{'primitive' if op.primitive else 'composite'} | {_gradient_word(op)} | "
            f"{self._native_on(op)} |"
            for op in ops
        ]
        return "\n".join(
            [
                "---",
                "hide: [toc]",
                "---",
                "",
                "# Ops",
                "",
                f"All {len(ops)} ops, as they are declared: {len(primitives)} primitives, of which "
                f"every backend needs a kernel ({len(optional)} belong to optional features), and "
                f"{len(ops) - len(primitives)} composites, which are made of them and may have "
                f"one. Kernels: {counts}. Elsewhere a composite is decomposed; a primitive is an "
                "error, or runs on the host if that is [allowed](../backends.md).",
                "",
                "| op | what it computes | kind | gradient | native on |",
                "| --- | --- | --- | --- | --- |",
                *rows,
                "",
            ]
        )

    def _native_on(self, op: fe.Op) -> str:
        return ", ".join(name for name, native in self._native.items() if op.name in native)

    def _page(self, group: Group) -> str:
        modules = dict.fromkeys(op.__module__ for op in group.ops)
        parts = [f"# {group.title}", ""]
        for module in modules:
            about = docstring.markdown(sys.modules[module].__doc__)
            if len(modules) > 1:
                parts += [f"## {module.rpartition('.')[2].replace('_', ' ').capitalize()}", ""]
            parts += [about, ""]
            for op in group.ops:
                if op.__module__ == module:
                    parts += [self._section(op, group, "###" if len(modules) > 1 else "##"), ""]
        return "\n".join(parts)

    def _section(self, op: fe.Op, group: Group, level: str) -> str:
        calls = sample_calls.of(op)
        parts = [
            f"{level} {op.name} {{ #{op.name} }}",
            "",
            _fenced(signature.of_op(op), "python"),
            "",
            docstring.markdown(op.__doc__),
            "",
            "| | |",
            "| --- | --- |",
            *(f"| {title} | {text} |" for title, text in self._facts(op, calls, group).items()),
            "",
        ]
        if calls:
            shown = dict.fromkeys(call.text for call in calls)
            lines = "\n".join(list(shown)[:CALLS_SHOWN])
            parts += [_folded("Sample calls", _fenced(lines, "text"))]
        body = "Inference rule" if op.primitive else "Decomposition"
        parts += [_folded(body, _fenced(_source(op.body), "python"))]
        if isinstance(op.rule, NamedRule):
            parts += [_folded("Gradient rule", _fenced(_source(op.rule.function), "python"))]
        return "\n".join(parts)

    def _facts(
        self, op: fe.Op, calls: list[sample_calls.SampleCall], group: Group
    ) -> dict[str, str]:
        facts = {"Kind": self._kind(op)}
        if names := self._called_as[op.name]:
            facts["Called as"] = ", ".join(f"`{name}`" for name in names[:8])
        found = [d.name for d in dtypes.ALL if d in op.dtypes]
        listed = "all" if len(found) == len(dtypes.ALL) else ", ".join(found)
        promoted = len(op.dtypes) > 1 and op.schema.required > 0
        if promoted and (op.promote == "float" or op.schema.arity > 1 or op.schema.variadic):
            listed += f"; {_PROMOTE[op.promote]}"
        facts["Dtypes"] = listed
        facts["Gradient"] = _gradient(op)
        if op.autocast:
            facts["Autocast"] = _AUTOCAST[op.autocast]
        facts["Native on"] = self._native_on(op) or "none of the backends here: its body runs"
        parts = dict.fromkeys(name for call in calls for name in call.parts)
        if parts and not op.primitive:
            facts["Body calls"] = ", ".join(self._link(name, group.uri) for name in parts)
        if op.ref:
            facts["Checked against"] = f"`{op.ref}`"
        return facts

    def _kind(self, op: fe.Op) -> str:
        text = "primitive" if op.primitive else "composite"
        if op.feature:
            text += f", of the optional feature `{op.feature}`"
        if op.dynamic:
            text += "; the shape of its result depends on values"
        return text

    def _link(self, name: str, page: str) -> str:
        group = self._home.get(name)
        if group is None:
            return f"`{name}`"
        target = "" if group.uri == page else group.uri.removeprefix("ops/")
        return f"[`{name}`]({target}#{name})"


def _gradient_word(op: fe.Op) -> str:
    if not op.differentiable:
        return "none"
    if op.rule is not None:
        return "rule"
    return "none" if op.primitive else "body"


_GRADIENTS = {
    "none": "none: its result does not depend smoothly on its operands",
    "rule": "by a rule of its own",
    "body": "through its body",
}


def _gradient(op: fe.Op) -> str:
    return _GRADIENTS[_gradient_word(op)]


def _source(function: Any) -> str:
    """The declaration without its docstring, which stands above it."""
    lines = textwrap.dedent(inspect.getsource(function)).rstrip().splitlines()
    body = ast.parse("\n".join(lines)).body[0].body  # type: ignore[attr-defined]
    match body:
        case [ast.Expr(value=ast.Constant(value=str())) as about, _, *_]:
            del lines[about.lineno - 1 : about.end_lineno]
            if not lines[about.lineno - 1]:
                del lines[about.lineno - 1]
    return "\n".join(lines)


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def _folded(title: str, text: str) -> str:
    return f'??? note "{title}"\n\n{textwrap.indent(text, "    ")}\n'
