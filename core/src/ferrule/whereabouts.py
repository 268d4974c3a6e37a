"""Saying of an op where in a model, and in the gradient of what, it is called."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import ferrule as fe
from ferrule.autograd.node import Node
from ferrule.modes import Interpreter


@dataclass(frozen=True)
class Place:
    """Where in a computation an op is called.

    Attributes:
        path: the dotted name of the module that calls it, below the outermost one being called;
            empty for that itself, and outside of modules.
        module: that module's class.
        gradient_of: the op whose gradient it is part of; None in forward.
    """

    path: str = ""
    module: str = ""
    gradient_of: str | None = None

    def __str__(self) -> str:
        parts = [] if self.gradient_of is None else [f"in the gradient of {self.gradient_of}"]
        if self.module:
            parts.append(f"at {self.path} ({self.module})" if self.path else f"in {self.module}")
        return ", ".join(parts)


class Locating(Interpreter):
    """An interpreter that knows where the op that it processes is called. It must `note` the nodes
    that ops put on the tape, to know of which op a gradient is."""

    watches = True

    def __init__(self) -> None:
        super().__init__()
        self._pulled: Place | None = None
        self._places: dict[Node, Place] = {}
        self._modules = ModulesInProgress()

    @property
    def here(self) -> Place:
        """Where the op is called that is being processed."""
        return self._pulled or Place(*self._modules.innermost())

    def note(self, node: Node, op: str) -> None:
        """A node was put on the tape by a call of ``op``."""
        if node not in self._places:
            module = Place(*self._modules.innermost(), gradient_of=op)
            self._places[node] = self._pulled or module

    def recorded(self, node: Node) -> None:
        self.note(node, node.name)

    def pull(self, node: Node, pull: Any, g: Any, needed: set[Node] | None) -> Any:
        outside = self._pulled
        self._pulled = self._places.get(node, outside)
        try:
            return pull(g, needed)
        finally:
            self._pulled = outside


class ModulesInProgress:
    """Knows the names of the modules that are being called, from the calls in progress."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[Any, dict[int, str]]] = {}

    def innermost(self) -> tuple[str, str]:
        """The dotted name of the innermost module being called, below the outermost one, and its
        class; both empty outside of modules."""
        call = fe.nn.Module.__call__.__code__
        frame = sys._getframe(1)
        inner = outer = None
        while frame is not None:
            if frame.f_code is call:
                outer = frame.f_locals["self"]
                inner = outer if inner is None else inner
            frame = frame.f_back
        if outer is None:
            return "", ""
        return self._name(outer, inner), type(inner).__name__

    def _name(self, outer: Any, inner: Any) -> str:
        kept = self._names.get(id(outer))
        if kept is None or id(inner) not in kept[1]:
            kept = outer, {id(m): name for name, m in outer.named_modules()}
            self._names[id(outer)] = kept  # with the module, whose number stays its own
        return kept[1].get(id(inner), "")
