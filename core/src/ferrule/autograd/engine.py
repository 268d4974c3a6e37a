"""The walk from outputs back to leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule import modes
from ferrule.autograd.node import Leaf, Node
from ferrule.errors import GraphError, ShapeError

if TYPE_CHECKING:
    from ferrule.tensor import Tensor


def backpropagate(
    roots: Iterable[tuple[Node, Any]],
    *,
    targets: set[Node] | None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Node, Any]:
    """Gradients at the targets, or, without targets, at every leaf that the roots depend on.

    Nodes are visited in the reverse order of their creation. Every consumer of a node was created
    after it, so its gradient is complete when its turn comes; nothing recurses, however deep the
    graph. No state outside the graph is touched, so an error on the way leaves ``.grad`` as it was.

    Args:
        roots: nodes with the gradients that enter there.
        targets: where gradients are wanted. The walk does not go past what leads to them.
        retain_graph: keep saved values, so that the graph can be walked again.
        create_graph: record the walk itself, so that gradients can be differentiated.
    """
    pending: dict[Node, Any] = {}
    queue: list[tuple[int, Node]] = []
    found: dict[Node, Any] = {}
    watching = [i for i in modes.current().stack if i.watches]
    with modes.set_grad_enabled(create_graph), modes.following():
        arriving = list(roots)
        needed = None
        if targets is not None:
            needed = _leading_to(targets, [node for node, _ in arriving])
            arriving = [(node, g) for node, g in arriving if node in needed]
        while True:
            for node, g in arriving:
                if node in pending:
                    pending[node] = _sum(pending[node], g)
                else:
                    pending[node] = g
                    heappush(queue, (-node.seq, node))
            if not queue:
                return found
            node = heappop(queue)[1]
            g = pending.pop(node)
            if node.hooks is not None:
                g = _run_hooks(node, g)
            if targets is None:
                if node.__class__ is Leaf:
                    found[node] = g
            elif node in targets:
                found[node] = g
            if needed is not None and needed.isdisjoint(node.parents or ()):
                arriving = []  # a target that leads to no other: what is behind it stays as it is
                continue
            if watching:
                arriving = modes.pull_watched(watching, node, g, needed)
            else:
                arriving = node.pull(g, needed)
            if not retain_graph:
                node.release()


def _sum(a: Any, b: Any) -> Any:
    if a.__class__ is list:  # one entry per output
        return [y if x is None else x if y is None else fe.ops.add(x, y) for x, y in zip(a, b)]
    return fe.ops.add(a, b)


def _leading_to(targets: set[Node], roots: list[Node]) -> set[Node]:
    """The nodes below ``roots`` on a path to a target, targets included."""
    first = min((t.seq for t in targets), default=0)
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen or node.seq < first:  # what is older than every target leads to none
            continue
        seen.add(node)
        if node.parents is None and node not in targets:
            node.fail_as_freed()
        stack.extend(p for p in node.parents or () if p is not None)
    needed: set[Node] = set()
    for node in sorted(seen, key=lambda n: n.seq):
        if node in targets or any(p in needed for p in node.parents or ()):
            needed.add(node)
    return needed


def _run_hooks(node: Node, g: Tensor) -> Tensor:
    hooks = node.hooks
    assert hooks is not None
    for function in tuple(hooks.functions.values()):
        replaced = function(apart(g))
        if replaced is not None:
            if replaced._type is not g._type:
                raise GraphError(
                    f"a hook on {node.name} returned {replaced._type} for a gradient of type "
                    f"{g._type}; return a tensor of the same type, or None"
                )
            g = replaced
    if hooks.retain:
        hooks.gradient = apart(g)
    return g


def apart(g: Tensor) -> Tensor:
    """The same value as an object of its own: what users get may be written to in place, and one
    object may be the gradient of several nodes."""
    return g._apart()


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of ``tensors`` to the ``.grad`` of every leaf that they depend on.

    Args:
        tensors: what to differentiate.
        grad_tensors: the gradients that enter there, of the same shapes; may be left out for
            tensors of one element, where 1 enters.
        retain_graph: keep the graph for another backward; by default only if ``create_graph``.
        create_graph: record the computation of the gradients, to differentiate them again.
        inputs: the leaves to accumulate into, at least one; by default all.

    Raises:
        GraphError: a tensor does not require a gradient, is not a scalar and has none given, or
            its graph was freed by an earlier backward.
        ShapeError: a given gradient does not have its tensor's shape.
    """
    starts = _starts("backward", _list(tensors), grad_tensors)
    if modes.current().stack and any(fe.func.batched.is_batched(x) for s in starts for x in s):
        raise GraphError(
            "backward: it adds to the .grad of leaves, which belong to no single sample, so it "
            "cannot run under vmap. Use fe.func.grad, fe.func.vjp or fe.autograd.grad inside of "
            "it, or call backward on what vmap returns"
        )
    roots = [(y._node, g) for y, g in starts if y._node is not None]
    targets = None if inputs is None else {_leaf(x) for x in _list(inputs)}
    if targets is not None and not targets:
        raise GraphError("backward: inputs is empty; leave it out to reach every leaf")
    found = backpropagate(
        roots,
        targets=targets,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
    )
    with modes.set_grad_enabled(create_graph):
        # two passes: an addition that fails leaves every .grad as it was
        sums = {
            leaf: apart(g) if leaf.grad is None else fe.ops.add(leaf.grad, g)
            for leaf, g in found.items()
            if isinstance(leaf, Leaf)
        }
    for leaf, total in sums.items():
        leaf.grad = total


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:  # tensors; None is among them only if `allow_unused` is given
    """The gradients of the sum of ``outputs`` with respect to ``inputs``; ``.grad`` is not touched.

    Args:
        outputs, grad_outputs, retain_graph, create_graph: as in `backward`.
        inputs: tensors that require a gradient, leaves or not.
        allow_unused: give None for an input that the outputs do not depend on; otherwise that is
            an error.
        materialize_grads: give zeros in that case.

    Raises:
        GraphError: as in `backward`, and for an unused input.
    """
    wanted = _list(inputs)
    starts = _starts("grad", _list(outputs), grad_outputs)
    how = {
        "retain_graph": create_graph if retain_graph is None else retain_graph,
        "create_graph": create_graph,
    }
    if modes.current().stack and any(fe.func.batched.is_batched(y) for y, _ in starts):
        arrived = fe.func.tape.grad_under_vmap(starts, wanted, **how)
    else:
        nodes = [_target("grad", x) for x in wanted]
        roots = [(y._node, g) for y, g in starts if y._node is not None]
        found = backpropagate(roots, targets=set(nodes), **how)
        arrived = [found.get(node) for node in nodes]
    gradients: list[Tensor | None] = []
    for i, (x, gradient) in enumerate(zip(wanted, arrived)):
        if gradient is None and materialize_grads:
            gradient = fe.zeros_like(x)
        elif gradient is None and not allow_unused:
            raise GraphError(
                f"grad: the outputs do not depend on input {i} ({x._type}). Pass "
                "allow_unused=True to get None for it, or materialize_grads=True for zeros"
            )
        gradients.append(None if gradient is None else apart(gradient))
    return tuple(gradients)


def _list(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _target(call: str, x: Tensor) -> Node:
    if x._node is None:
        raise GraphError(
            f"{call}: an input of type {x._type} does not require a gradient. Make it with "
            "requires_grad=True, or call requires_grad_() before it is used"
        )
    return x._node


def _leaf(x: Tensor) -> Node:
    node = _target("backward", x)
    if not isinstance(node, Leaf):
        raise GraphError(
            f"backward: an input of type {x._type} is no leaf, so it has no .grad to add to. Use "
            "fe.autograd.grad for its gradient, or retain_grad() on it and no inputs"
        )
    return node


def _starts(
    call: str, tensors: list[Tensor], gradients: Tensor | Sequence[Tensor | None] | None
) -> list[tuple[Tensor, Tensor]]:
    """Outputs, each with the gradient that enters there."""
    given = [None] * len(tensors) if gradients is None else _list(gradients)
    if len(given) != len(tensors):
        raise GraphError(f"{call}: got {len(given)} gradients for {len(tensors)} tensors")
    starts: list[tuple[Tensor, Tensor]] = []
    for y, g in zip(tensors, given):
        if not y.requires_grad:
            raise GraphError(
                f"{call}: the tensor of type {y._type} does not require a gradient: nothing that "
                "it was computed from does, or it was computed under no_grad() or detach()ed"
            )
        if g is None:
            if y.numel() != 1:
                raise GraphError(
                    f"{call}: only a tensor of one element can start without a gradient, and this "
                    f"one is {y._type}. Call .sum() or .mean() first, or pass a gradient of its "
                    "shape"
                )
            if y.dtype.is_complex:
                raise GraphError(
                    f"{call}: only a real tensor can start without a gradient, and this one is "
                    f"{y._type}. Pass a gradient, or call .abs() or .real first"
                )
            g = fe.ones_like(y)
        elif g.shape != y.shape:
            raise ShapeError(f"{call}: a gradient of type {g._type} was given for {y._type}")
        elif g._type is not y._type:
            g = g.to(device=y.device, dtype=y.dtype)
        starts.append((y, g))
    return starts
