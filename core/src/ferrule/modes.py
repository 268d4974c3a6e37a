"""What is in force for the code that runs now: recording on the tape, and interpreters of ops.

The state is one immutable object in a context variable, so it belongs to a thread and to an async
task, and the dispatcher reads it once per op.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from copy import copy
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from ferrule.op import Op


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


class Scope(ContextDecorator):
    """Puts other modes in force for a ``with`` block or a decorated function. May be entered again
    while it is entered."""

    def __init__(self) -> None:
        self._tokens: list[Token[Modes]] = []

    def modes(self, now: Modes) -> Modes:
        """The modes in force inside, given those outside."""
        raise NotImplementedError

    def _recreate_cm(self) -> Scope:
        # a decorated function may run in several threads at once, each with tokens of its own
        twin = copy(self)
        twin._tokens = []
        return twin

    def __enter__(self) -> Any:
        self._tokens.append(_MODES.set(self.modes(current())))
        return self

    def __exit__(self, *exc: object) -> None:
        _MODES.reset(self._tokens.pop())


class no_grad(Scope):
    """Ops inside record nothing: their results do not require gradients."""

    def modes(self, now: Modes) -> Modes:
        return now.with_recording(False)


class enable_grad(Scope):
    """Ops inside record again, also within `no_grad` (but not within `inference_mode`)."""

    def modes(self, now: Modes) -> Modes:
        return now.with_recording(True)


class set_grad_enabled(Scope):
    """Turn recording on or off from here on, or, in a ``with`` statement, until its end."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = mode
        self._in_force = True
        self._tokens.append(_MODES.set(self.modes(current())))

    def modes(self, now: Modes) -> Modes:
        return now.with_recording(self.mode)

    def __enter__(self) -> Any:
        if not self._in_force:
            return super().__enter__()
        self._in_force = False  # the call itself has put it in force: this block ends it
        return self

    def __call__(self, function: Any) -> Any:
        self.__enter__()
        self.__exit__()  # decorating a function changes nothing outside that function
        return super().__call__(function)


class inference_mode(Scope):
    """As `no_grad`, and `enable_grad` inside has no effect.

    Values are immutable and no version counters exist, so its results are ordinary tensors.
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = mode

    def modes(self, now: Modes) -> Modes:
        return Modes(now.recording, self.mode, now.stack)


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
    """

    def modes(self, now: Modes) -> Modes:
        return now.with_stack((*now.stack, self))

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """What calling ``op`` means. ``op.evaluate(operands, attrs)`` is what it means outside."""
        raise NotImplementedError


def interpret(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Hand a call to the innermost interpreter."""
    modes = current()
    token = _MODES.set(modes.with_stack(modes.stack[:-1]))
    try:
        return modes.stack[-1].process(op, operands, attrs)
    finally:
        _MODES.reset(token)
