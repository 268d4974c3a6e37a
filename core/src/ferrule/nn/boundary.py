"""Where gradients enter a module and leave it: what backward hooks are called with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule import modes
from ferrule.autograd.engine import apart
from ferrule.autograd.node import Node, OutputNode, Pulled, _sequence
from ferrule.errors import GraphError
from ferrule.tensor import Tensor

if TYPE_CHECKING:
    from ferrule.nn.module import Module

Gradients = Sequence[Any]


class Crossing(Node):
    """Tensors that pass a boundary together. ``watch`` is given their gradients, and returns them
    or others."""

    __slots__ = ("watch",)

    name = "a module's backward hooks"

    def __init__(self, parents: tuple[Node | None, ...], watch: Callable[[Any], Gradients]) -> None:
        self.seq = _sequence()
        self.parents = parents
        self.hooks = None
        self.watch = watch

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        wanted = list(self.wanted(needed))
        gradients = self.watch(g)
        return [(parent, gradients[i]) for i, parent in wanted if gradients[i] is not None]


class Boundary:
    """One call of a module that has backward hooks.

    The arguments and the results that require a gradient go through a `Crossing` each. Under vmap
    hooks see the gradients of all samples at once.
    """

    def __init__(
        self,
        module: Module,
        pre_hooks: Iterable[Callable[..., Any]],
        hooks: Iterable[Callable[..., Any]],
    ) -> None:
        self.module = module
        self.pre_hooks = tuple(pre_hooks)
        self.hooks = tuple(hooks)
        self.arguments = 0
        self.watches_arguments = False
        self.grad_output: tuple[Any, ...] = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, as `forward` takes them."""
        self.arguments = len(args)
        if not self.hooks:
            return args
        crossed = _crossed(args, self._entered)
        self.watches_arguments = crossed is not None
        return args if crossed is None else crossed

    def leave(self, result: Any) -> Any:
        """The result, as the caller gets it."""
        results = result if isinstance(result, tuple) else (result,)
        if not any(isinstance(y, Tensor) for y in results):
            warnings.warn(
                f"the backward hooks of {type(self.module).__name__} are not called: its result is "
                f"a {type(result).__name__}, and neither a tensor nor a tuple of tensors",
                stacklevel=4,
            )
            return result
        crossed = _crossed(results, self._left)
        if crossed is None:
            return result
        return crossed if isinstance(result, tuple) else crossed[0]

    def _left(self, gradients: Gradients) -> Gradients:
        """Gradients of the results arrive."""
        for hook in self.pre_hooks:
            given = hook(self.module, _shown(gradients))
            gradients = _replaced("a backward pre-hook", gradients, given)
        self.grad_output = tuple(gradients)
        if not self.watches_arguments:
            for hook in self.hooks:
                hook(self.module, (None,) * self.arguments, _shown(gradients))
        return gradients

    def _entered(self, gradients: Gradients) -> Gradients:
        """Gradients of the arguments are complete."""
        for hook in self.hooks:
            given = hook(self.module, _shown(gradients), _shown(self.grad_output))
            gradients = _replaced("a backward hook", gradients, given)
        self.grad_output = ()
        return gradients


def _crossed(
    values: tuple[Any, ...], watch: Callable[[Gradients], Gradients]
) -> tuple[Any, ...] | None:
    """``values``, with their places on the tape behind a `Crossing`; None if none has one."""
    bottom = fe.func.batched.bottom
    below = [bottom(x) if isinstance(x, Tensor) else None for x in values]
    parents = tuple(None if x is None else x._node for x in below)
    if not modes.current().recording or not any(parents):
        return None
    node = Crossing(parents, watch)
    modes.announce(node)
    n = len(values)
    crossed = (
        x
        if y is None or parents[i] is None
        else fe.func.batched.with_bottom(x, y._placed(OutputNode(node, i, n)))
        for i, (x, y) in enumerate(zip(values, below))
    )
    return tuple(crossed)


def _shown(gradients: Gradients) -> tuple[Any, ...]:
    """Copies: what a hook writes to them in place has no effect."""
    return tuple(None if g is None else apart(g) for g in gradients)


def _replaced(what: str, gradients: Gradients, given: Any) -> Gradients:
    if given is None:
        return gradients
    given = given if isinstance(given, tuple) else (given,)
    if len(given) != len(gradients):
        raise GraphError(
            f"{what} returned {len(given)} gradients in the place of {len(gradients)}; return as "
            "many, with None where there is none"
        )
    for old, new in zip(gradients, given):
        if old is not None and new is not None and new._type is not old._type:
            raise GraphError(
                f"{what} returned {new._type} in the place of a gradient of type {old._type}"
            )
    return given
