"""Custom differentiable functions, in PyTorch's form."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule import modes
from ferrule.autograd.engine import apart
from ferrule.autograd.node import Node, OutputNode, Pulled, _sequence, fit
from ferrule.errors import GraphError
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import CONTINUOUS


class Context:
    """Carries what `Function.forward` leaves for `Function.backward`. Attributes may be set freely.

    Attributes:
        needs_input_grad: for each argument of forward, whether its gradient is wanted.
        saved_tensors: what `save_for_backward` was given.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] = ()
        self._non_differentiable: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"forward did not set ctx.{name}")

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs and outputs of forward until backward, and no longer."""
        self._saved = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._non_differentiable = {id(t) for t in tensors}

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return tuple(map(fe.autograd.saved.restored, self._saved))


class FunctionNode(Node):
    """The call of a custom function."""

    __slots__ = ("context", "function", "outs", "types")

    def __init__(
        self,
        function: type[Function],
        context: Context,
        parents: tuple[Node | None, ...],
        types: tuple[Any, ...],
        outs: tuple[Any, ...],
    ) -> None:
        self.seq = _sequence()
        self.parents = parents
        self.hooks = None
        self.function = function
        self.context = context
        self.types = types
        self.outs = outs

    @property
    def name(self) -> str:
        return self.function.__name__

    def pull(self, g: Any, needed: set[Node] | None) -> Pulled:
        wanted = list(self.wanted(needed))
        entering = [
            fe.zeros(t.shape, dtype=t.dtype, device=t.device) if each is None else apart(each)
            for each, t in zip(g, self.outs)
        ]
        found = self.function.backward(self.context, *entering)
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(self.types):
            raise GraphError(
                f"{self.name}.backward returned {len(found)} gradients, but forward took "
                f"{len(self.types)} arguments; return None for those without one"
            )
        pulled: Pulled = []
        for i, parent in wanted:
            gradient = found[i]
            if gradient is None:
                continue
            if not isinstance(gradient, Tensor):
                raise GraphError(
                    f"{self.name}.backward returned {gradient!r} as gradient {i}; return a tensor "
                    "or None for each argument of forward"
                )
            if gradient._type is not self.types[i]:
                gradient = fit(gradient, self.types[i], self.name)
            pulled.append((parent, self.arrived(i, gradient)))
        return pulled

    def arrived(self, i: int, gradient: Tensor) -> Tensor:
        """The gradient of argument ``i``, as the tape has it."""
        return gradient

    def release(self) -> None:
        self.parents = None
        self.context._saved = ()


class Function:
    """Subclass it with static ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)``, and
    call ``Sub.apply(*args)``.

    Forward runs unrecorded. Backward returns one gradient, or None, for each argument of forward;
    written with ops, it can be differentiated again. An output that nothing used comes with a
    gradient of zeros.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a Function needs a static forward(ctx, *args)")

    @staticmethod
    def backward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a Function needs a static backward(ctx, *grad_outputs)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call forward, and put the call on the tape if an argument requires a gradient."""
        mapped = modes.current().stack and any(map(fe.func.batched.is_batched, args))
        where = fe.func.batched.bottom if mapped else _itself
        parents = tuple(where(a)._node if isinstance(a, Tensor) else None for a in args)
        recording = modes.current().recording and any(p is not None for p in parents)
        context = Context(tuple(recording and p is not None for p in parents))
        with modes.no_grad():
            found = cls.forward(context, *args)
        if not recording:
            return found
        types = tuple(a._type if isinstance(a, Tensor) else None for a in args)
        outputs = found if isinstance(found, tuple) else (found,)
        outs = tuple(y._type for y in outputs)
        if mapped:
            node = fe.func.lifted.lifted_function(cls, context, parents, types, outs, args, outputs)
        else:
            node = FunctionNode(cls, context, parents, types, outs)
        marked = context._non_differentiable
        results = tuple(
            y.detach()
            if id(y) in marked or y.dtype.category not in CONTINUOUS
            else y._placed(OutputNode(node, i, len(outputs)))
            for i, y in enumerate(outputs)
        )
        by_identity = {id(y): r for y, r in zip(outputs, results)}
        # A saved output takes its place on the tape, or its second derivative would be lost; and
        # what is saved stays as it is when the caller writes to the tensor in place.
        context._saved = tuple(
            None if s is None else apart(by_identity.get(id(s), s)) for s in context._saved
        )
        modes.announce(node)
        return results if isinstance(found, tuple) else results[0]


def _itself(x: Any) -> Any:
    return x
