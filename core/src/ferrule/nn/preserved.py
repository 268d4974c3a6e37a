"""Trying something with a module, and leaving it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ferrule import generator
from ferrule.autograd.node import Leaf
from ferrule.nn.module import Module
from ferrule.tensor import Tensor

_data: Any = vars(Tensor)["_data"]
_type: Any = vars(Tensor)["_type"]  # the slots themselves: a lazy parameter hides its own
_node: Any = vars(Tensor)["_node"]


@contextmanager
def preserved(*modules: Module) -> Iterator[None]:
    """After the block, the modules and those below them have the parameters, buffers, gradients and
    attributes that they had before it, and default generators continue from where they were."""
    parts = {id(m): m for outer in modules for m in outer.modules()}
    restorers = [_Kept(m) for m in parts.values()]
    with generator.fork_rng():
        try:
            yield
        finally:
            for kept in restorers:
                kept.restore()


class _Kept:
    """What one module holds."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.kind = type(module)
        self.attributes = dict(vars(module))
        values = list(self.attributes.values())
        if module._hooks is not None:
            values += vars(module._hooks).values()
        self.containers = [(v, v.copy()) for v in values if type(v) in (dict, list, set)]
        inside = [x for v in values if type(v) in (list, tuple) for x in v]
        inside += [x for v in values if type(v) is dict for x in v.values()]
        self.tensors = [_KeptTensor(x) for x in (*values, *inside) if isinstance(x, Tensor)]

    def restore(self) -> None:
        self.module.__class__ = self.kind
        vars(self.module).clear()
        vars(self.module).update(self.attributes)
        for value, before in self.containers:
            value.clear()
            value.extend(before) if isinstance(value, list) else value.update(before)
        for tensor in self.tensors:
            tensor.restore()


class _KeptTensor:
    """What one tensor is."""

    def __init__(self, x: Tensor) -> None:
        self.x = x
        self.kind = type(x)
        self.data, self.type, self.node = _data.__get__(x), _type.__get__(x), _node.__get__(x)
        self.grad = self.node.grad if isinstance(self.node, Leaf) else None

    def restore(self) -> None:
        self.x.__class__ = self.kind
        _data.__set__(self.x, self.data)
        _type.__set__(self.x, self.type)
        _node.__set__(self.x, self.node)
        if isinstance(self.node, Leaf):
            self.node.grad = self.grad
