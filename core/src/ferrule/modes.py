"""What is in force for the code that runs now: recording on the tape, and interpreters of ops.

The state is one immutable object in a context variable, so it belongs to a thread and to an async
task, and the dispatcher reads it once per op.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from ferrule.autograd.node import Node, Pulled
    from ferrule.op import Op

    Pull = Callable[[Any, set[Node] | None], Pulled]


@final
class Modes:
    """The state itself.

    Attributes:
        recording: ops write nodes on the tape where an operand asks for a gradient.
        inference: recording is off and cannot be turned on inside.
        stack: the interpreters in force, the innermost last. Empty on the fast path.
    """

    __slots__ = ("inference", "recording", "stack")

    def __init__(self, recording: bool, inference: bool, stack: tuple[Interpreter, ...]) -> None:
        self.recording = recording and not inference
        self.inference = inference
        self.stack = stack

    def with_recording(self, recording: bool) -> Modes:
        return Modes(recording, self.inference, self.stack)

    def with_stack(self, stack: tuple[Interpreter, ...]) -> Modes:
        return Modes(self.recording, self.inference, stack)


_MODES: ContextVar[Modes] = ContextVar("ferrule.modes", default=Modes(True, False, ()))

current = _MODES.get
"""The modes in force."""


# The blocks entered and not yet left: the innermost with the modes outside it, and the rest. It
# belongs to a thread or task like the modes, so one scope may be entered in several at once.
_ENTERED: ContextVar[tuple[Scope, Modes, Any] | None] = ContextVar("ferrule.entered", default=None)


class Scope(ContextDecorator):
    """Puts other modes in force for a ``with`` block or a decorated function, coroutines and
    generators included. May be entered again while it is entered."""

    def modes(self, now: Modes) -> Modes:
        """The modes in force inside, given those outside."""
        raise NotImplementedError(f"{type(self).__name__} has no modes(); define it")

    def _recreate_cm(self) -> Scope:
        return self

    def __enter__(self) -> Any:
        now = current()
        _ENTERED.set((self, now, _ENTERED.get()))
        _MODES.set(self.modes(now))
        return self

    def __exit__(self, *exc: object) -> None:
        entered = _ENTERED.get()
        while entered is not None:
            scope, outside, entered = entered
            if scope is self:
                _ENTERED.set(entered)
                _MODES.set(outside)
                return

    def __call__(self, func: Any) -> Any:
        if inspect.iscoroutinefunction(func):
            return self._around_coroutine(func)
        if inspect.isgeneratorfunction(func):
            return self._around_generator(func)
        return super().__call__(func)

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return run

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """In force while the generator runs, and not where its values are used."""

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
            generator = function(*args, **kwargs)
            resume: Callable[[], Any] = partial(next, generator)
            while True:
                try:
                    with self:
                        value = resume()
                except StopIteration as done:
                    return done.value
                try:
                    resume = partial(generator.send, (yield value))
                except GeneratorExit:
                    with self:
                        generator.close()
                    raise
                except BaseException as error:
                    resume = partial(generator.throw, error)

        return run


class no_grad(Scope):
    """Ops inside record nothing: their results do not require gradients."""

    def modes(self, now: Modes) -> Modes:
        return now.with_recording(False)


class enable_grad(Scope):
    """Ops inside record again, also within `no_grad` (but not within `inference_mode`)."""

    def modes(self, now: Modes) -> Modes:
        return now.with_recording(True)


class Switch(Scope):
    """Puts other modes in force from the call on, or, in a ``with`` statement, until its end."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = mode
        self._before: Modes | None = current()
        _MODES.set(self.modes(self._before))

    def __enter__(self) -> Any:
        if self._before is not None:  # the call itself has put it in force: this block ends it
            _MODES.set(self._before)
            self._before = None
        return super().__enter__()

    def __call__(self, func: Any) -> Any:
        with self:  # decorating a function changes nothing outside that function
            pass
        return super().__call__(func)


class set_grad_enabled(Switch):
    """Turn recording on or off from here on, or, in a ``with`` statement, until its end."""

    def modes(self, now: Modes) -> Modes:
        return now.with_recording(self.mode)


class inference_mode(Scope):
    """As `no_grad`, and `enable_grad` inside has no effect.

    Values are immutable and no version counters exist, so its results are ordinary tensors.
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = mode

    def modes(self, now: Modes) -> Modes:
        return Modes(now.recording, self.mode, now.stack)


class following(Scope):
    """Ops inside do not meet interpreters that lead: for backward, which computes in the dtypes
    that forward did."""

    def modes(self, now: Modes) -> Modes:
        return now.with_stack(tuple(i for i in now.stack if not i.leads)) if now.stack else now


class record_always(Scope):
    """Ops inside record, within `inference_mode` too: for backward, which replays bodies."""

    def modes(self, now: Modes) -> Modes:
        return Modes(True, False, now.stack)


def is_grad_enabled() -> bool:
    """Whether ops record on the tape now."""
    return current().recording


def is_inference_mode_enabled() -> bool:
    """Whether an `inference_mode` is in force."""
    return current().inference


class Interpreter(Scope):
    """Gives ops another meaning for the duration of a ``with`` block.

    Profiling, tracing, autocast and vmap are interpreters. While `process` runs, the stack is the
    part below this interpreter, so ops that it calls mean what they mean outside it; ``with
    self:`` puts it in force again.

    Attributes:
        leads: it meets ops before every interpreter that does not lead, whichever was put in force
            first: autocast does, so that the others see operands as it has converted them.
        watches: backward goes through its `pull` at each node.
    """

    leads = False
    watches = False

    def modes(self, now: Modes) -> Modes:
        return now.with_stack(ordered((*now.stack, self)))

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """What calling ``op`` means. ``op.evaluate(operands, attrs)`` is what it means outside, and
        ``with self: op.expand(operands, attrs)`` takes it apart into ops that come here too."""
        raise NotImplementedError(f"{type(self).__name__} has no process(); define it")

    def pull(self, node: Node, pull: Pull, g: Any, needed: set[Node] | None) -> Pulled:
        """``pull(g, needed)``, which is ``node.pull(g, needed)`` as those outside see it."""
        return pull(g, needed)

    def recorded(self, node: Node) -> None:
        """Told of a node that was put on the tape otherwise than by an op of its own, such as that
        of a custom function."""


def ordered(stack: tuple[Interpreter, ...]) -> tuple[Interpreter, ...]:
    """The interpreters with those that lead innermost."""
    if not any(i.leads for i in stack):
        return stack
    return tuple(sorted(stack, key=lambda i: i.leads))


def interpret(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Hand a call to the innermost interpreter."""
    modes = current()
    token = _MODES.set(modes.with_stack(modes.stack[:-1]))
    try:
        return modes.stack[-1].process(op, operands, attrs)
    finally:
        _MODES.reset(token)


def pull_watched(
    watching: list[Interpreter], node: Node, g: Any, needed: set[Node] | None
) -> Pulled:
    """``node.pull(g, needed)`` through the interpreters that watch, the innermost first."""
    pull = node.pull
    for interpreter in watching:
        pull = partial(interpreter.pull, node, pull)
    return pull(g, needed)


def announce(node: Node) -> None:
    """Tell the interpreters in force of a node that is not an op's."""
    for interpreter in current().stack:
        interpreter.recorded(node)
