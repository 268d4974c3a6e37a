"""Nested tuples, lists and dicts, taken apart to their leaves and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ferrule.errors import ArgumentError

_DICTS = (dict, OrderedDict, defaultdict)


@dataclass(frozen=True)
class Structure:
    """What remains of a tree without its leaves.

    Attributes:
        kind: the class of the container; None for a leaf.
        keys: the keys of a dict, in order.
        extra: the default factory of a ``defaultdict``.
        children: the structures of its members.
    """

    kind: type | None
    keys: tuple[Any, ...] = ()
    extra: Any = None
    children: tuple[Structure, ...] = ()

    @property
    def size(self) -> int:
        """The number of leaves."""
        return 1 if self.kind is None else sum(c.size for c in self.children)

    def build(self, leaves: list[Any]) -> Any:
        """The tree with these leaves."""
        if len(leaves) != self.size:
            raise ArgumentError(f"{len(leaves)} leaves do not fill a tree of {self.size}: {self}")
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> Any:
        if self.kind is None:
            return next(leaves)
        members = [c._build(leaves) for c in self.children]
        if issubclass(self.kind, defaultdict):
            return self.kind(self.extra, zip(self.keys, members))
        if issubclass(self.kind, dict):
            return self.kind(zip(self.keys, members))
        return self.kind(*members) if hasattr(self.kind, "_fields") else self.kind(members)

    def __str__(self) -> str:
        if self.kind is None:
            return "*"
        members = [str(c) for c in self.children]
        if self.keys:
            members = [f"{k!r}: {m}" for k, m in zip(self.keys, members)]
        return f"{self.kind.__name__}({', '.join(members)})"


LEAF = Structure(None)


def _members(tree: Any) -> tuple[Structure, tuple[Any, ...]] | None:
    """A container's structure but for its children, and its members; None for a leaf."""
    kind = type(tree)
    if kind in _DICTS:
        extra = tree.default_factory if kind is defaultdict else None
        return Structure(kind, tuple(tree), extra), tuple(tree.values())
    if kind in (tuple, list) or (isinstance(tree, tuple) and hasattr(tree, "_fields")):
        return Structure(kind), tuple(tree)
    return None


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves in order, and the structure that `Structure.build` puts them back into.

    Tuples, named tuples, lists and dicts are containers. Anything else is a leaf, None included.
    """
    found = _members(tree)
    if found is None:
        return [tree], LEAF
    outer, members = found
    leaves: list[Any] = []
    children = []
    for member in members:
        below, structure = flatten(member)
        leaves += below
        children.append(structure)
    return leaves, Structure(outer.kind, outer.keys, outer.extra, tuple(children))


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with ``function`` applied to each leaf."""
    leaves, structure = flatten(tree)
    return structure.build([function(leaf) for leaf in leaves])


def spread(prefix: Any, structure: Structure) -> list[Any] | None:
    """One entry for each leaf of ``structure``: a leaf of ``prefix`` stands for all leaves below
    its place. None where ``prefix`` does not fit."""
    found = _members(prefix)
    if found is None:
        return [prefix] * structure.size
    outer, members = found
    if structure.kind is None or len(members) != len(structure.children):
        return None
    named = issubclass(structure.kind, dict)
    if named is not isinstance(prefix, dict) or set(outer.keys) != set(structure.keys):
        return None
    if outer.keys:
        by_key = dict(zip(outer.keys, members))
        members = tuple(by_key[key] for key in structure.keys)
    leaves: list[Any] = []
    for member, child in zip(members, structure.children):
        below = spread(member, child)
        if below is None:
            return None
        leaves += below
    return leaves
