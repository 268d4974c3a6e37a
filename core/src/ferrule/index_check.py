"""Checking that indices lie within bounds, before a kernel reads or writes by them.

An op says with ``@op.bounds`` where the indices that it is given must lie. What becomes of that
depends on the backend:

- synchronous: core takes the smallest and the largest index before the kernel runs;
- synchronous, and `Capabilities.checks_indices`: the kernel itself raises `IndexError` before it
  writes, and core says which op and which index it was;
- asynchronous: waiting for the answer would stall the queue, so nothing is checked unless
  `ferrule.debug.check_indices` is in force; the error is then raised at the next synchronisation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule import debug
from ferrule.errors import DeclarationError, OutOfRange
from ferrule.schema import Schema
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType

if TYPE_CHECKING:
    from ferrule.plan import Plan
    from ferrule.runtime import ActiveBackend


class Bounds:
    """Where the indices of an op must lie, as its declaration says.

    The function asks by name for operands, which come as their types, and for attributes. It
    returns the size ``n`` of the dim that the indices name places of, for ``[0, n)``, or a `range`.

    Raises:
        DeclarationError: the function asks for a name that the op does not have, or the op does not
            have exactly one `Index` operand.
    """

    def __init__(self, schema: Schema, function: Callable[..., int | range], ahead: bool) -> None:
        self.function = function
        self.ahead = ahead
        self.names = tuple(inspect.signature(function).parameters)
        self.operands = {o.name: i for i, o in enumerate(schema.operands)}
        known = [*self.operands, *schema.attributes]
        for name in self.names:
            if name not in known:
                raise DeclarationError(
                    f"the bounds of {schema.name!r} ask for {name!r}, which the op does not have; "
                    f"they may ask for {', '.join(known)}"
                )
        indices = [i for i, role in enumerate(schema.roles) if role == "index"]
        if len(indices) != 1 or schema.variadic:
            raise DeclarationError(
                f"{schema.name!r} declares bounds and has {len(indices)} operands that are an "
                "Index; bounds are those of one"
            )
        self.position = indices[0]

    def of(self, types: tuple[Any, ...], attrs: dict[str, Any]) -> range:
        """The indices that a call may be given."""
        named = (
            types[self.operands[name]] if name in self.operands else attrs[name]
            for name in self.names
        )
        found = self.function(*named)
        return found if isinstance(found, range) else range(found)


def guard(plan: Plan, active: ActiveBackend) -> Guard | None:
    """What watches over the indices of a plan; None where there is nothing to watch.

    Raises:
        OutOfRange: there are indices, and no place that they could name.
    """
    bounds = plan.op.index_bounds
    if bounds is None:
        return None
    index = plan.types[bounds.position]
    if not isinstance(index, TensorType) or index.spec.size == 0:
        return None
    try:
        allowed = bounds.of(plan.types, plan.attrs)
    except IndexError:  # an operand lacks the dim; the body, which comes next, says so
        return None
    if not allowed:
        where = f"dim {plan.attrs['dim']}" if "dim" in plan.attrs else "what it indexes"
        raise OutOfRange(f"there are indices, and {where} has the size 0")
    return Guard(plan, active, bounds.position, allowed)


class Guard:
    """Checks the indices of the calls of one plan.

    Attributes:
        plan: what is called, for the message.
        active: the backend that it is called on.
        position: which operand holds the indices.
        allowed: where they must lie.
    """

    def __init__(self, plan: Plan, active: ActiveBackend, position: int, allowed: range) -> None:
        self.plan = plan
        self.active = active
        self.position = position
        self.allowed = allowed

    def around(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """The kernel, with the check that it needs."""
        capabilities = self.active.backend.capabilities
        own = self.plan.op.name in self.active.kernels  # and not one that runs on the host
        if own and capabilities.asynchronous:
            return self._watched(kernel)
        if own and capabilities.checks_indices:
            return self._explained(kernel)
        return self._checked(kernel)

    def _checked(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        position = self.position

        def run(*arrays: Any) -> Any:
            self.check(arrays[position])
            return kernel(*arrays)

        return run

    def _explained(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arrays: Any) -> Any:
            try:
                return kernel(*arrays)
            except IndexError:
                self.check(arrays[self.position])
                raise  # it was about something else

        return run

    def _watched(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arrays: Any) -> Any:
            self.watch(arrays[self.position])
            return kernel(*arrays)

        return run

    def before_body(self, index: Any) -> None:
        """What is to be done before the body of a composite runs. The ops that it consists of check
        indices too; where one of them refuses, `check` says it in this op's name."""
        bounds = self.plan.op.index_bounds
        if self.active.backend.capabilities.asynchronous:
            self.watch(index)
        elif bounds is not None and bounds.ahead:
            self.check(index)

    def watch(self, index: Any) -> None:
        """Queue the check, if someone asks for it."""
        if debug.checking():
            debug.queue(self.plan.types[self.position].device, self, self._ends(index))

    def check(self, index: Any) -> None:
        """Raise `OutOfRange` unless the indices in this array lie within bounds. Waits."""
        self.judge(self._ends(index))

    def check_together(self, index: Tensor) -> None:
        """Check the indices of many calls at once, given a tensor that holds them all."""
        types = list(self.plan.types)
        types[self.position] = index._type
        whole = copy(self.plan)
        whole.types = tuple(types)
        asynchronous = self.active.backend.capabilities.asynchronous
        if asynchronous and not debug.checking():
            return
        ends = Guard(whole, self.active, self.position, self.allowed)._ends(index._data)
        if asynchronous:
            debug.queue(index.device, self, ends)
        else:
            self.judge(ends)

    def judge(self, ends: tuple[Any, Any]) -> None:
        """The same, given the arrays of the smallest and of the largest index."""
        low, high = (int(self.active.backend.to_host(end)) for end in ends)
        if low < self.allowed.start or high >= self.allowed.stop:
            index = low if low < self.allowed.start else high
            error = OutOfRange(self._message(index))
            error.index = index
            raise error

    def _ends(self, index: Any) -> tuple[Any, Any]:
        kind = Tensor(None, self.plan.types[self.position])
        attrs = {"dim": None, "keepdim": False}
        # by their kernels: this is no part of the computation that tapes and interpreters see
        runs = [op.plan((kind,), attrs).run for op in (fe.ops.amin, fe.ops.amax)]
        low, high = (run(index) if run is not None else None for run in runs)
        return low, high

    def _message(self, index: int) -> str:
        from ferrule.planning import describe

        plan, allowed = self.plan, self.allowed
        dim = f" for dim {plan.attrs['dim']}" if "dim" in plan.attrs else ""
        text = (
            f"{describe(plan.op, plan.types, plan.attrs)}: index {index} is out of range{dim} of "
            f"size {allowed.stop}: it must lie in [{allowed.start}, {allowed.stop})"
        )
        if -allowed.stop <= index < 0:
            text += ", and negative indices do not count from the end here"
        return text
