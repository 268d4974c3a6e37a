"""Ops: one declaration each, from which everything else is derived."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from typing import Any, Literal

import numpy as np

from ferrule import planning
from ferrule.autograd.node import OpNode, OutputNode
from ferrule.autograd.rule import NamedRule, Rule
from ferrule.errors import DeclarationError
from ferrule.index_check import Bounds
from ferrule.modes import Modes, current, interpret, no_grad
from ferrule.plan import Plan
from ferrule.samples import Input, Sample
from ferrule.schema import Schema
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType
from ferrule_plugins.dtypes import CONTINUOUS

Promotion = Literal["common", "float", "same"]
Autocast = Literal["lower", "float32", "widest"]
Samples = Sequence[Sample | tuple[Input | None, ...]]

OPS: dict[str, Op] = {}
"""Every op that has been declared, by name."""

PLANS_KEPT = 4096


class Op:
    """A declared operation. Calling it is the one way in which anything is ever computed.

    Attributes:
        name: the function's name; the key of its kernels.
        body: the declared function: the inference rule of a primitive, the decomposition of a
            composite.
        primitive: which of the two it is.
        schema: what it takes.
        dtypes: what its value operands may be.
        promote: ``"common"``: operands are brought to one dtype; ``"float"``: and integers then
            become the default float; ``"same"``: they must have one dtype already.
        rule: how it is differentiated, if it says so.
        batching_rule: how it computes many samples at once, if it says so.
        index_bounds: where its indices must lie, if it says so.
        ref: ``module:function``, an independent reference.
        samples: sample calls.
        tolerance: what conformance multiplies its dtype's tolerance by.
        invariants: ``module:function``, what is unique about its results where they themselves are
            not, as the signs of singular vectors are not: a function of the results, and of the
            attributes by keyword, written with ops. Conformance compares and differentiates it.
        differentiable: False if its outputs do not depend smoothly on any input, by declaration.
        feature: the optional part of the contract that a backend must offer to have a kernel for
            this primitive (``"linalg"``); None for what every backend must have.
        dynamic: the shape of its output depends on values, so nothing can trace it. The body of
            such a primitive infers dtype and rank; sizes that it cannot know are 0.
        autocast: what `fe.amp.autocast` converts floating operands to: ``"lower"``: the 16-bit
            dtype; ``"float32"``; ``"widest"``: the widest of theirs; None: a primitive computes in
            what it is given, and a composite does what the ops of its body do.
    """

    def __init__(
        self,
        body: Callable[..., Any],
        *,
        primitive: bool,
        dtypes: Collection[DType],
        samples: Samples,
        promote: Promotion = "common",
        ref: str | None = None,
        tolerance: float = 1.0,
        differentiable: bool = True,
        feature: str | None = None,
        dynamic: bool = False,
        invariants: str | None = None,
        autocast: Autocast | None = None,
    ) -> None:
        self.name = body.__name__
        self.body = body
        self.primitive = primitive
        self.schema = Schema(body)
        self.dtypes = frozenset(dtypes)
        self.promote: Promotion = promote
        self.ref = ref
        self.samples = [s if isinstance(s, Sample) else Sample(s, {}) for s in samples]
        self.tolerance = tolerance
        self.differentiable = differentiable
        self.feature = feature
        self.dynamic = dynamic
        self.invariants = invariants
        self.autocast: Autocast | None = autocast
        self.rule: Rule | None = None
        self.batching_rule: Callable[..., Any] | None = None
        self.index_bounds: Bounds | None = None
        self.plans: dict[Any, Plan] = {}
        self.__name__ = self.name
        self.__qualname__ = self.name
        self.__module__ = body.__module__
        self.__doc__ = inspect.getdoc(body)
        self.__signature__ = inspect.signature(body)
        if autocast not in (None, "lower", "float32", "widest"):
            raise DeclarationError(
                f"op {self.name!r}: autocast is 'lower', 'float32' or 'widest', not {autocast!r}"
            )
        if self.__doc__ is None:
            raise DeclarationError(f"op {self.name!r} has no docstring")
        if OPS.setdefault(self.name, self) is not self:
            raise DeclarationError(
                f"op {self.name!r} is declared in {self.__module__} and in "
                f"{OPS[self.name].__module__}; an op's name is unique: rename one"
            )

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Declare how the op is differentiated; see `NamedRule` for what ``rule`` may ask for."""
        self.rule = NamedRule(self.schema, rule)
        self.forget()
        return rule

    def bounds(
        self, function: Callable[..., int | range], *, ahead: bool = False
    ) -> Callable[..., int | range]:
        """Declare where the indices of its `Index` operand must lie; see `Bounds` for what
        ``function`` may ask for and returns.

        Indices are checked before a kernel of the op runs, but not before the body of a composite:
        an op that it calls with them checks them, so it must not call that one `unchecked`.

        Args:
            ahead: the body calls no op that would refuse the indices, so they are to be checked
                before it runs.
        """
        self.index_bounds = Bounds(self.schema, function, ahead)
        self.forget()
        return function

    def batching(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Declare how the op computes many samples at once, under ``fe.func.vmap``.

        ``rule`` takes a ``ferrule.func.batching.Call`` and returns the result for all samples, or a
        tuple of them, with the samples as the first dim. A composite needs none: its body runs.
        """
        self.batching_rule = rule
        return rule

    def forget(self) -> None:
        """Drop what was worked out for past calls."""
        self.plans.clear()

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        """Compute. Operands come first; surplus positional arguments are attributes, in order."""
        modes = current()
        key = self._key(args, attrs)
        plan = None if key is None or modes.stack else self.plans.get(key)
        if plan is not None:
            operands = args if self.schema.variadic else args[: len(plan.types)]
            return self._execute(plan, operands, modes)
        operands, attrs = planning.bind(self, args, attrs)
        if modes.stack:
            return interpret(self, operands, attrs)
        plan = self.plan(operands, attrs)
        # Only a call that gives every operand by position can be recognised by its arguments.
        if key is not None and len(args) >= len(plan.types):
            self._remember(key, plan)
        return self._execute(plan, operands, modes)

    def unchecked(self, *operands: Any, **attrs: Any) -> Any:
        """As a call, for indices that are known to lie within bounds: those that core made, and
        those that were checked before. Interpreters see an ordinary call."""
        modes = current()
        if modes.stack:
            return self(*operands, **attrs)
        key = self._key(operands, attrs)
        plan = None if key is None else self.plans.get(key)
        if plan is None:
            operands, attrs = planning.bind(self, operands, attrs)
            plan = self.plan(operands, attrs)
            if key is not None:
                self._remember(key, plan)
        return self._execute(plan.unchecked or plan, operands, modes)

    def evaluate(self, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """What a call means to the interpreters in force; to none, the kernel or the body."""
        if current().stack:
            return interpret(self, operands, attrs)
        return self.expand(operands, attrs)

    def expand(self, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """What a call means to no interpreter: the kernel, or the body of a composite.

        Ops that the body calls, and conversions of the operands, are seen by the interpreters in
        force.
        """
        return self._execute(self.plan(operands, attrs), operands, current())

    def plan(self, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Plan:
        """Check a call and work out what it does.

        Args:
            operands: tensors, Python scalars, None for an optional one that is not given.
            attrs: all attributes.

        Raises:
            FerruleError: the call is wrong; its text begins with the call.
        """
        types = tuple(
            x._type if isinstance(x, Tensor) else x if x is None else x.__class__ for x in operands
        )
        key = (types, *((n, v.__class__, v) for n, v in attrs.items()))
        if not all(map(_tells_apart, attrs.values())) or not is_constant(key):
            return planning.make(self, types, attrs)
        found = self.plans.get(key)
        if found is None:
            found = planning.make(self, types, attrs)
            self._remember(key, found)
        return found

    def _key(self, args: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, ...] | None:
        """What the arguments of a call are looked up by; None if they must be bound first."""
        schema = self.schema
        arity = len(args) if schema.variadic else schema.arity
        key: list[Any] = []
        for i, x in enumerate(args):
            if isinstance(x, Tensor):
                key.append(x._type)
            elif (i < arity and x is not None) or not _tells_apart(x):
                return None
            else:  # 1, 1.0 and True are equal, but not the same
                key += (x.__class__, x)
        for name, value in attrs.items():
            if isinstance(value, Tensor) or not _tells_apart(value):
                return None
            key += (name, value.__class__, value)
        if schema.creates and attrs.get("device") is None:
            return None  # the selected backend decides
        try:
            hash(found := tuple(key))
        except TypeError:
            return None
        return found

    def _remember(self, key: Any, plan: Plan) -> None:
        if not is_constant(key):
            return
        if len(self.plans) >= PLANS_KEPT:
            self.plans.clear()
        self.plans[key] = plan

    def _execute(self, plan: Plan, operands: tuple[Any, ...], modes: Modes) -> Any:
        if plan.run is None:
            return self._detour(plan, operands, modes)
        arrays = [x._data if isinstance(x, Tensor) else x for x in operands]
        if plan.bounds is not None:
            planning.check_bounds(plan, operands)
        try:
            data = plan.run(*arrays)
        except Exception as error:
            planning.note_kernel(error, plan)
            raise
        if self.dynamic:
            plan = planning.measured(plan, data)
        if plan.rule is None or not modes.recording:
            return wrap(data, plan.out, None)
        parents = tuple(x._node if isinstance(x, Tensor) else None for x in operands)
        if not any(parents):
            return wrap(data, plan.out, None)
        kept = tuple(a if k else None for a, k in zip(arrays, plan.keeps))
        return wrap(
            data, plan.out, OpNode(plan, parents, kept, data if plan.keeps_output else None)
        )

    def _detour(self, plan: Plan, operands: tuple[Any, ...], modes: Modes) -> Any:
        """A call without a kernel of its own: convert the operands, or run the body."""
        if plan.casts is not None:
            converted = planning.convert(self, operands, plan.casts)
            if modes.stack:
                return interpret(self, converted, plan.attrs)
            return self._execute(self.plan(converted, plan.attrs), converted, modes)
        parents = tuple(x._node if isinstance(x, Tensor) else None for x in operands)
        guard = plan.guard
        if guard is not None:
            guard.before_body(operands[guard.position]._data)
        try:
            if plan.rule is None or not modes.recording or not any(parents):
                return apart(self.body(*operands, **plan.attrs), operands)
            with no_grad():
                result = self.body(*operands, **plan.attrs)
        except Exception as error:
            if guard is not None and isinstance(error, IndexError):
                guard.check(operands[guard.position]._data)  # to name this op, and not a part of it
            planning.note_body(error, plan)
            raise
        several = isinstance(result, tuple)
        data = tuple(y._data for y in result) if several else result._data
        arrays = [x._data if isinstance(x, Tensor) else x for x in operands]
        kept = tuple(a if k else None for a, k in zip(arrays, plan.keeps))
        out = tuple(y._type for y in result) if several else result._type
        if plan.out is not None and plan.out != out:  # an interpreter gave the body another meaning
            plan = copy(plan)
        plan.out = out
        return wrap(
            data, plan.out, OpNode(plan, parents, kept, data if plan.keeps_output else None)
        )

    def __reduce__(self) -> Any:
        return _declared, (self.name,)  # copied and pickled as a function is: it is there already

    def __repr__(self) -> str:
        return f"<{'primitive' if self.primitive else 'composite'} {self.name}{self.schema}>"


def _declared(name: str) -> Op:
    return OPS[name]


def apart(result: Any, operands: tuple[Any, ...]) -> Any:
    """What a body returned, in objects that are none of its operands: writing to a result in place
    must not change an operand."""
    if isinstance(result, tuple):
        return tuple(apart(y, operands) for y in result)
    if any(result is x for x in operands):
        return result._apart()
    return result


def _tells_apart(value: Any) -> bool:
    """Whether a value of that class which equals it is the same: 0.0 is not -0.0, and a tuple may
    hold 1 or 1.0."""
    kind = value.__class__
    if kind is tuple:
        return all(v.__class__ is int or (v.__class__ is tuple and _tells_apart(v)) for v in value)
    if kind is complex:
        return value.real != 0 and value.imag != 0
    return kind is not float or value != 0


def is_constant(value: Any) -> bool:
    """Whether a part of a key stays equal to itself. A tensor may be an integer, and be rebound."""
    if isinstance(value, tuple):
        return all(map(is_constant, value))
    return isinstance(value, _CONSTANTS)


_CONSTANTS = (
    int, float, complex, str, type(None), type, DType, Device, TensorType, np.generic,
)  # fmt: skip


def wrap(data: Any, out: Any, node: OpNode | None) -> Any:
    """The array of an op as its tensor, or the arrays as a tuple of tensors."""
    if not isinstance(out, tuple):
        return Tensor(data, out, node)
    return tuple(
        Tensor(
            array,
            type_,
            OutputNode(node, i, len(out))
            if node is not None and type_.dtype.category in CONTINUOUS
            else None,
        )
        for i, (array, type_) in enumerate(zip(data, out))
    )


def forget_plans(ops: Iterable[Op] | None = None) -> None:
    """Drop what was worked out for past calls, after kernels or defaults changed."""
    planning.forget_constants()
    for op in OPS.values() if ops is None else ops:
        op.forget()
