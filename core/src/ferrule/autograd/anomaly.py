"""Finding out where a backward pass went wrong."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe
from ferrule.autograd.node import Hooks, Node, Pulled, _sequence
from ferrule.autograd.saved import made_since
from ferrule.errors import GraphError
from ferrule.modes import Interpreter, Modes, Switch, current, ordered

if TYPE_CHECKING:
    from ferrule.op import Op
    from ferrule.tensor import Tensor

_HERE = str(Path(__file__).parents[1])


class detect_anomaly(Interpreter):
    """Within the block, an error in backward, or a NaN in a gradient, names the op, the module and
    the line of the forward pass that it belongs to::

        with fe.autograd.detect_anomaly():
            loss = model(x).sum()
            loss.backward()

    For debugging: every op notes where it was called from.

    Args:
        check_nan: a NaN in a gradient is an error.
    """

    watches = True

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__()
        self.check_nan = check_nan

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        start = _sequence()
        result = op.evaluate(operands, attrs)
        origin = None
        for node in made_since(start, result):
            if node.hooks is None or node.hooks.origin is None:
                origin = origin or Origin()
                _note(node, origin)
        return result

    def recorded(self, node: Node) -> None:
        _note(node, Origin())

    def pull(self, node: Node, pull: Any, g: Any, needed: set[Node] | None) -> Pulled:
        if in_force() is not self:  # of nested ones the innermost counts
            return pull(g, needed)
        try:
            pulled = pull(g, needed)
        except Exception as error:
            note = f"in the backward pass of {node.name}, {_origin(node)}"
            if note not in getattr(error, "__notes__", []):
                error.add_note(note)
            raise
        if self.check_nan:
            for parent, gradient in pulled:
                for x in gradient if isinstance(gradient, list) else [gradient]:
                    if x is not None and _has_nan(x):
                        i = (node.parents or ()).index(parent)
                        raise GraphError(
                            f"the backward pass of {node.name} gave NaN in the gradient of operand "
                            f"{i} ({x._type}), {_origin(node)}"
                        )
        return pulled


class set_detect_anomaly(Switch):
    """Turn `detect_anomaly` on or off from here on, or, in a ``with`` statement, until its end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.interpreter = detect_anomaly(check_nan)
        super().__init__(mode)

    def modes(self, now: Modes) -> Modes:
        others = tuple(i for i in now.stack if not isinstance(i, detect_anomaly))
        return now.with_stack(ordered((*others, self.interpreter)) if self.mode else others)


def in_force() -> detect_anomaly | None:
    """The innermost `detect_anomaly` that the code runs under."""
    return next((i for i in reversed(current().stack) if isinstance(i, detect_anomaly)), None)


def is_anomaly_enabled() -> bool:
    """Whether a `detect_anomaly` is in force."""
    return in_force() is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether one is in force that takes NaN in a gradient for an error."""
    found = in_force()
    return found is not None and found.check_nan


class Origin:
    """Where the forward pass made a node: the calls that led there, and the modules among them."""

    def __init__(self) -> None:
        frames: list[tuple[FrameType, int]] = []
        self._modules: list[Any] = []
        frame: FrameType | None = sys._getframe(1)
        call = fe.nn.Module.__call__.__code__
        while frame is not None:
            if frame.f_code is call:
                self._modules.insert(0, frame.f_locals["self"])
            elif not frame.f_code.co_filename.startswith(_HERE):
                frames.insert(0, (frame, frame.f_lineno))
            frame = frame.f_back
        self._calls = traceback.StackSummary.extract(iter(frames), lookup_lines=False)

    @property
    def module(self) -> str | None:
        """``encoder.layers.3.linear1 (Linear) of Transformer``"""
        if not self._modules:
            return None
        outer, inner = self._modules[0], self._modules[-1]
        if outer is inner:
            return type(outer).__name__
        path = next((name for name, m in outer.named_modules() if m is inner), None)
        if path is None:
            return f"{type(inner).__name__}, called by {type(outer).__name__}"
        return f"{path} ({type(inner).__name__}) of {type(outer).__name__}"

    def __str__(self) -> str:
        module = f" in {self.module}" if self.module else ""
        calls = "".join(self._calls.format())
        return (
            f"whose forward pass was called{module} here:\n"
            f"Traceback of the forward call (most recent call last):\n{calls.rstrip()}"
        )


def _note(node: Node, origin: Origin) -> None:
    if node.hooks is None:
        node.hooks = Hooks()
    node.hooks.origin = origin


def _origin(node: Node) -> str:
    """Where a node was made. An output of an op says no more than the op."""
    origin = None if node.hooks is None else node.hooks.origin
    if origin is None:
        return (
            "whose forward pass did not run under detect_anomaly; run it there too, to see "
            "where it was called"
        )
    return str(origin)


def _has_nan(x: Tensor) -> bool:
    below = fe.func.batched.bottom(x).detach()
    if below.dtype.category not in ("floating", "complex"):
        return False
    array = below.numpy()
    if array.dtype.kind not in "fc":
        array = array.astype(np.float32)  # bfloat16
    return bool(np.isnan(array).any())
