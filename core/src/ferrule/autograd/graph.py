"""The tape, looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ferrule as fe
from ferrule.autograd.node import AliasNode, Leaf, Node, OpNode, OutputNode
from ferrule.autograd.saved import save_on_cpu, saved_tensors_hooks
from ferrule.errors import ArgumentError, GraphError
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType

__all__ = ["graph", "save_on_cpu", "saved_tensors_hooks"]

_TEXT = (".dot", ".gv")


class graph:
    """What tensors were computed from, as a picture::

        fe.autograd.graph(loss, params=dict(model.named_parameters())).render("loss.svg")

    Arrows point from operands to results. Also the place where PyTorch has what concerns the graph:
    ``fe.autograd.graph.saved_tensors_hooks``.

    Args:
        outputs: a tensor that requires a gradient, or several.
        params: names of tensors, to show on the leaves.

    Attributes:
        source: the picture in Graphviz's language, DOT.

    Raises:
        GraphError: none of the outputs requires a gradient.
    """

    saved_tensors_hooks = saved_tensors_hooks
    save_on_cpu = save_on_cpu

    def __init__(
        self, outputs: Tensor | Sequence[Tensor], params: Mapping[str, Tensor] | None = None
    ) -> None:
        tensors = [outputs] if isinstance(outputs, Tensor) else list(outputs)
        roots = [fe.func.batched.bottom(y) for y in tensors]
        if all(y._node is None for y in roots):
            raise GraphError(
                "graph: no output requires a gradient, so nothing is on the tape; compute it from "
                "tensors with requires_grad=True, outside of no_grad()"
            )
        names = {
            node: name
            for name, p in (params or {}).items()
            if (node := fe.func.batched.bottom(p)._node) is not None
        }
        self.source = "\n".join(_lines(roots, names)) + "\n"

    def render(self, path: str | Path) -> Path:
        """Draw to a file, in the format that its suffix names: svg, png, pdf and the like. The
        suffixes ``.dot`` and ``.gv`` take the text, for which nothing need be installed.

        Raises:
            ArgumentError: the path has no suffix, or one that Graphviz does not know; the Python
                package ``graphviz``, or Graphviz itself, is missing.
        """
        path = Path(path)
        if path.suffix in _TEXT:
            path.write_text(self.source, encoding="utf-8")
            return path
        if not path.suffix:
            raise ArgumentError(f"render: {path} has no suffix to tell the format by; try .svg")
        try:
            import graphviz
        except ImportError as error:
            raise ArgumentError(
                "render: drawing needs the Python package graphviz; install it with "
                "`pip install 'ferrule[graph]'`, or write the text to a .dot file"
            ) from error
        kind = path.suffix[1:].lower()
        if kind not in graphviz.FORMATS:
            raise ArgumentError(f"render: Graphviz knows no format {kind!r}; try .svg or .png")
        try:
            drawn = graphviz.Source(self.source).pipe(format=kind)
        except graphviz.ExecutableNotFound as error:
            raise ArgumentError(
                "render: drawing needs Graphviz, whose program dot was not found; install it with "
                "`apt install graphviz`, `brew install graphviz` or from graphviz.org, or write "
                "the text to a .dot file"
            ) from error
        path.write_bytes(drawn)
        return path

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """What notebooks show."""
        try:
            import graphviz

            drawn = graphviz.Source(self.source).pipe(format="svg")
        except Exception:  # whatever is missing, the text is there
            return {"text/plain": self.source}
        return {"image/svg+xml": drawn.decode(), "text/plain": self.source}


def _lines(roots: list[Tensor], names: dict[Node, str]) -> Iterator[str]:
    yield "digraph tape {"
    yield '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica"];'
    ids: dict[Node, str] = {}
    types = _types(roots)
    for node in sorted(types, key=lambda n: n.seq):
        if isinstance(node, OutputNode):
            continue  # shown on the arrow
        ids[node] = f"n{len(ids)}"
        label, look = _label(node, types[node], names)
        yield f"  {ids[node]} [label={_quoted(label)}{look}];"
        for parent in node.parents or ():
            if parent is not None:
                yield f"  {_arrow(parent, ids)} -> {ids[node]}{_which(parent)};"
    for i, y in enumerate(roots):
        if y._node is not None:
            label = f"output {i}\n{y._type}" if len(roots) > 1 else f"output\n{y._type}"
            yield f'  out{i} [label={_quoted(label)}, fillcolor="#d5e8d4"];'
            yield f"  {_arrow(y._node, ids)} -> out{i}{_which(y._node)};"
    yield "}"


def _types(roots: list[Tensor]) -> dict[Node, Any]:
    """All nodes behind ``roots``, each with the type of what it stands for, where that is known."""
    found: dict[Node, Any] = {}
    stack: list[tuple[Node, Any]] = [(y._node, y._type) for y in roots if y._node is not None]
    while stack:
        node, kind = stack.pop()
        if node in found:
            continue
        found[node] = kind
        if node.parents is None:
            raise GraphError(
                f"graph: a backward pass has freed {node.name}; draw the graph before it, or pass "
                "retain_graph=True to it"
            )
        kinds: Sequence[Any] = getattr(getattr(node, "plan", node), "types", ())
        for i, parent in enumerate(node.parents):
            if parent is not None:
                below = kinds[i] if i < len(kinds) else kind
                stack.append((parent, below))
    return found


def _label(node: Node, kind: Any, names: dict[Node, str]) -> tuple[str, str]:
    shown = [str(kind)] if isinstance(kind, TensorType) else []
    if isinstance(node, Leaf):
        return "\n".join([names.get(node, "leaf"), *shown]), ', fillcolor="#dae8fc"'
    if isinstance(node, OpNode):
        schema = node.plan.op.schema.attributes
        attrs = [
            f"{n}={getattr(v, 'name', v)}"
            for n, v in node.plan.attrs.items()
            if v is not (default := schema[n].default) and v != default
        ]
        out = node.plan.out
        outs = [str(t) for t in out] if isinstance(out, tuple) else [str(out)]
        title = node.plan.op.name + (f"({', '.join(attrs)})" if attrs else "")
        return "\n".join([title, *outs]), ""
    title = names.get(node, node.name.strip("'"))
    return "\n".join([title, *shown]), "" if not isinstance(node, AliasNode) else ", style=dashed"


def _arrow(node: Node, ids: dict[Node, str]) -> str:
    if isinstance(node, OutputNode):
        assert node.parents is not None and node.parents[0] is not None
        return ids[node.parents[0]]
    return ids[node]


def _which(node: Node) -> str:
    return f' [label="{node.index}"]' if isinstance(node, OutputNode) else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
