"""Trading time for memory: values that backward needs are computed again instead of kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ferrule as fe
from ferrule import modes
from ferrule.autograd.node import Leaf
from ferrule.autograd.saved import innermost, restored, saved_tensors_hooks
from ferrule.errors import GraphError
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, without keeping what its ops need for the backward pass.

    Backward calls the function again, the first time that it needs one of these values. Only the
    arguments are kept. What the function does besides computing, it does twice.

    Args:
        function: takes anything and returns anything; tensors may be within nested tuples, lists
            and dicts. It may use parameters that are not among its arguments. Called again with the
            same arguments, it must do the same.
        use_reentrant: understood for PyTorch's sake. There is one way here, and all of PyTorch's
            restrictions on its reentrant one are absent.
        preserve_rng_state: random functions draw the same numbers the second time.

    Raises:
        GraphError: in backward, when the second call did not compute the same tensors.

    Source: Chen et al., "Training deep nets with sublinear memory cost", arXiv:1604.06174.
    """
    if not modes.is_grad_enabled():
        return function(*args, **kwargs)
    call = _Call(function, args, kwargs, preserve_rng_state)
    with saved_tensors_hooks(call.pack, call.unpack):
        return function(*args, **kwargs)


class _Call:
    """One call of a checkpointed function.

    Attributes:
        types: of the values that its ops wanted to keep, in order.
        values: those that were computed again, and not asked for yet.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        preserve_rng_state: bool,
    ) -> None:
        self.function = function
        leaves, self.structure = fe.func.pytree.flatten((args, kwargs))
        around = innermost()  # of an outer checkpoint: it is not to keep our arguments either
        self.leaves = [
            x if not isinstance(x, Tensor) else around.keep(x) if around is not None else x._apart()
            for x in leaves
        ]
        stack = modes.current().stack
        self.stack = tuple(i for i in stack if not isinstance(i, saved_tensors_hooks))
        self.states = generator().states() if preserve_rng_state else None
        self.types: list[TensorType] = []
        self.values: dict[int, Any] = {}

    def pack(self, x: Tensor) -> int:
        self.types.append(x._type)
        return len(self.types) - 1

    def unpack(self, i: int) -> Tensor:
        if i not in self.values:
            self.values = dict(enumerate(self._again()))
        return self.values.pop(i)

    def _again(self) -> list[Tensor]:
        """The values to be kept, from a second call."""
        found: list[Tensor] = []
        args, kwargs = self.structure.build([_as_leaf(restored(x)) for x in self.leaves])
        with (
            _under(self.stack),
            modes.record_always(),
            generator().fork_rng(enabled=self.states is not None),
        ):
            if self.states is not None:
                generator().set_states(self.states)
            with saved_tensors_hooks(found.append, _never):
                self.function(*args, **kwargs)
        types = [x._type for x in found]
        if types != self.types:
            at = next(
                (i for i, (a, b) in enumerate(zip(types, self.types)) if a is not b),
                min(len(types), len(self.types)),
            )
            name = getattr(self.function, "__name__", type(self.function).__name__)
            raise GraphError(
                f"checkpoint: {name} did not compute the same when it was called again: the first "
                f"time its ops kept {len(self.types)} values for backward, now {len(types)}, and "
                f"value {at} was {_at(self.types, at)} and is {_at(types, at)}. It must depend on "
                "its arguments alone, and on nothing that changes between forward and backward"
            )
        return found


def generator() -> Any:
    """The module of random generators, whose tensors need this one."""
    from ferrule import generator

    return generator


class _under(modes.Scope):
    """Puts interpreters in force again, below those that are. Of those that lead, only these."""

    def __init__(self, stack: tuple[modes.Interpreter, ...]) -> None:
        super().__init__()
        self.stack = stack

    def modes(self, now: modes.Modes) -> modes.Modes:
        others = (i for i in now.stack if i not in self.stack and not i.leads)
        return now.with_stack(modes.ordered((*self.stack, *others)))


def _as_leaf(x: Any) -> Any:
    """A value that asks for a gradient as before, cut from what it was computed from."""
    if not isinstance(x, Tensor):
        return x
    return x._placed(Leaf()) if x.requires_grad else x.detach()


def _at(types: list[TensorType], i: int) -> str:
    return str(types[i]) if i < len(types) else "absent"


def _never(packed: Any) -> Any:
    raise GraphError(
        "checkpoint: the function ran backward through its own ops while it was computed again; "
        "take gradients inside of it with create_graph=True, or outside"
    )
