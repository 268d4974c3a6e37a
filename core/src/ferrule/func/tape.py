"""How transforms use the tape: inputs that enter it, gradients that walk back, and results that
leave.

All transforms share the one tape. Each marks its inputs by an `Entry`; a gradient asked for at the
entries of one transform cannot be taken for that of another, whatever is nested in what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ferrule import modes, ops
from ferrule.autograd.engine import backpropagate
from ferrule.autograd.node import AliasNode, Leaf, Node, Pulled, _sequence
from ferrule.errors import GraphError
from ferrule.func.batched import (
    Level,
    all_lifted,
    all_lowered,
    bottom,
    in_force,
    levels,
    position,
)
from ferrule.tensor import Tensor


class Entry(AliasNode):
    """Where an input enters a transform. Its parent is what the input was outside, if anything
    there asks for a gradient.

    Attributes:
        open: the function that the transform calls is running.
    """

    __slots__ = ("open",)

    name = "an input of a transform"

    def __init__(self, outside: Node | None) -> None:
        self.seq = _sequence()
        self.parents = (outside,)
        self.hooks = None
        self.open = False

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        return [(parent, g) for _, parent in self.wanted(needed)]

    def release(self) -> None:
        """Stay, so that what came of the input can be differentiated by it again."""


class Taped:
    """One run of a transform: its inputs, and what it needs to differentiate by them.

    Attributes:
        vmaps: the calls of `vmap` in force, which all inputs are batched by.
        recording: whether the code around it records.
        inputs: the inputs as the function sees them.
        entries: their places on the tape.
    """

    def __init__(self, name: str, inputs: Iterable[Any]) -> None:
        self.name = name
        self.vmaps = in_force()
        self.recording = modes.is_grad_enabled()
        self.inputs: list[Tensor] = []
        self.entries: list[Entry] = []
        for x in inputs:
            self.inputs.append(self.enter(x))

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the function runs: it records, whatever the code around does."""
        for entry in self.entries:
            entry.open = True
        try:
            with modes.record_always():
                yield
        finally:
            for entry in self.entries:
                entry.open = False

    def enter(self, x: Any) -> Tensor:
        """Another input."""
        if not isinstance(x, Tensor):
            raise GraphError(
                f"{self.name}: it differentiates by tensors, and an argument to differentiate by "
                f"is {x!r}; make a tensor of it, or choose others with argnums"
            )
        if x.dtype.category not in ("floating", "complex"):
            raise GraphError(
                f"{self.name}: only floating and complex tensors have gradients, and an argument "
                f"to differentiate by is {x._type}; convert it with .float()"
            )
        # each sample is to have a gradient of its own, so it needs a value of its own
        below = all_lowered(x, self.vmaps)
        entry = Entry(below._node if self.recording else None)
        self.entries.append(entry)
        return all_lifted(Tensor(below._data, below._type, entry), self.vmaps)

    def outside(self, tensors: Iterable[Any]) -> set[int]:
        """Of these, the ids of those that depend on something besides the inputs that asks for a
        gradient, or on inputs that do outside."""
        roots = {id(x): bottom(x)._node for x in tensors if isinstance(x, Tensor)}
        if not self.recording:
            return set()
        own = set(self.entries)
        seen: set[Node] = set()
        stack = [node for node in roots.values() if node is not None]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack.extend(p for p in node.parents or () if p is not None)
        found: set[Node] = set()
        for node in sorted(seen, key=lambda n: n.seq):
            asks = isinstance(node, Leaf) or (isinstance(node, Entry) and node.open)
            if (asks and node not in own) or any(p in found for p in node.parents or ()):
                found.add(node)
        return {i for i, node in roots.items() if node in found}

    def leave(self, tensors: Sequence[Any]) -> list[Any]:
        """Results for the code around: on its tape only if they depend on something there."""
        kept = self.outside(tensors)
        return [
            x if not isinstance(x, Tensor)
            else x._apart() if id(x) in kept
            else x.detach()
            for x in tensors
        ]  # fmt: skip

    def gradients(
        self,
        outputs: Sequence[Any],
        gradients: Sequence[Any],
        *,
        targets: Sequence[Node] | None = None,
        create_graph: bool | None = None,
        retain_graph: bool = True,
    ) -> list[Tensor | None]:
        """The gradients at the entries (or at ``targets`` among them), given those of the outputs.

        Args:
            create_graph: record the way; by default where the code around could ask for it.
        """
        for vmap in self.vmaps:
            position(vmap)  # which refuses, where it has ended
        targets = self.entries if targets is None else targets
        if create_graph is None:
            create_graph = modes.is_grad_enabled() and (
                bool(self.outside(outputs))
                or any(isinstance(g, Tensor) and bottom(g)._node is not None for g in gradients)
            )
        roots = [
            (below._node, all_lowered(_of_type(g, y), self.vmaps))
            for y, g in zip(outputs, gradients)
            if isinstance(y, Tensor)
            and (below := bottom(y))._node is not None
            # what is not batched as the inputs are does not depend on them
            and levels(y) == self.vmaps
        ]
        found = backpropagate(
            roots, targets=set(targets), retain_graph=retain_graph or create_graph,
            create_graph=create_graph,
        )  # fmt: skip
        return [
            None if (g := found.get(node)) is None else all_lifted(g, self.vmaps)
            for node in targets
        ]


def _of_type(g: Tensor, y: Tensor) -> Tensor:
    return g if g._type is y._type else g.to(device=y.device, dtype=y.dtype)


def zeros_for(x: Tensor) -> Tensor:
    """Zeros of the type of ``x``."""
    return ops.full(shape=x.shape, value=0, dtype=x.dtype, device=x.device)


def grad_under_vmap(
    starts: Sequence[tuple[Tensor, Tensor]],
    inputs: Sequence[Tensor],
    *,
    retain_graph: bool,
    create_graph: bool,
) -> list[Tensor | None]:
    """What ``fe.autograd.grad`` does where outputs are batched.

    Args:
        starts: outputs, each with the gradient that enters there.

    Raises:
        GraphError: samples share an input, so that each could not have a gradient of its own.
    """
    vmaps: list[Level] = sorted({v for y, _ in starts for v in levels(y)}, key=position)
    for i, x in enumerate(inputs):
        missing = [v for v in vmaps if v not in levels(x)]
        if missing:
            raise GraphError(
                f"grad: input {i} ({x._type}) is one tensor that all samples of a vmap share, so "
                "it has no gradient for each of them. Use fe.func.grad or fe.func.vjp inside of "
                "the mapped function, which give each sample its own"
            )
    own = [bottom(x)._node for x in inputs]
    found = backpropagate(
        [
            (node, all_lowered(_of_type(g, y), levels(y)))
            for y, g in starts
            if (node := bottom(y)._node) is not None
        ],
        targets={node for node in own if node is not None},
        retain_graph=retain_graph,
        create_graph=create_graph,
    )
    gradients = [None if node is None else found.get(node) for node in own]
    return [None if g is None else all_lifted(g, levels(x)) for g, x in zip(gradients, inputs)]
