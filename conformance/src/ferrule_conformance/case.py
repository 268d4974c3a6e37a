"""What is tested: a backend, one of its dtypes, an op, one call of an op, or what is made of ops: a
module, an optimizer, a model in training."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

import ferrule as fe
from ferrule import runtime
from ferrule.abstract import Abstract
from ferrule.op import Op
from ferrule.samples import Input, Sample
from ferrule.tensor_type import TensorType
from ferrule_conformance import tolerance
from ferrule_conformance.call import Call
from ferrule_conformance.inputs import draw
from ferrule_conformance.invariants import unique
from ferrule_conformance.sweep import sweep
from ferrule_plugins import Backend, Device, DType, FerruleError, Shape, Spec, dtypes
from ferrule_plugins.dtypes import CONTINUOUS

Fact = TypeVar("Fact")


class Study(Protocol):
    """What is made of ops and tested as a whole. Its text says how it is made and called."""

    @property
    def name(self) -> str:
        """What selects it, with a dot in it: ``nn.Linear``, ``optim.Adam``, ``training.MLP``."""
        ...


class Target:
    """A backend under test.

    Attributes:
        backend: the plugin's object.
        seed: what inputs are drawn from.
        locator: what selects the backend on the command line; None for an object of this process.
        device: the device that is tested; by default the first.
        kernels: its kernel table, with those of kernel packs.
        fallback: ``"allow"``: primitives without a kernel run on the host; ``"error"``: they fail.
        dtypes: what it declares, in the order of promotion.
        facts: what was found out about samples, for `Case.fact`.
    """

    def __init__(
        self,
        backend: Backend,
        seed: int = 0,
        locator: str | None = None,
        device: Device | None = None,
    ) -> None:
        self.backend = backend
        self.seed = seed
        self.locator = locator
        self.name = backend.name
        self.device = device or Device(backend.name)
        self._active = runtime.active(backend.name)
        self.kernels = self._active.kernels
        declared = set(backend.capabilities.dtypes)
        self.dtypes = tuple(d for d in dtypes.ALL if d in declared)
        self.facts: dict[Any, Any] = {}

    @property
    def fallback(self) -> runtime.Fallback:
        return self._active.fallback

    def elementwise(self, op: Op) -> bool:
        """Each element of the op's result depends on one element of each operand."""
        key = _elementwise, op.name
        if key not in self.facts:
            self.facts[key] = _elementwise(self, op)
        return self.facts[key]


@dataclass(frozen=True)
class Case:
    """What one test is about. The parts that it does not concern are None.

    Attributes:
        target: the backend.
        op: the op.
        index: which of the op's samples, or of the configurations of what is studied.
        dtype: the dtype of the operands whose sample does not say, or the dtype that is stored, or
            that of parameters.
        study: the module, the optimizer, or the training.
    """

    target: Target
    op: Op | None = None
    index: int | None = None
    dtype: DType | None = None
    study: Study | None = None

    @property
    def name(self) -> str | None:
        """The name of the op, or of what is studied; None of the contract and of storage."""
        if self.op is not None:
            return self.op.name
        return None if self.study is None else self.study.name

    @property
    def device(self) -> Device:
        return self.target.device

    @property
    def backend(self) -> Backend:
        return self.target.backend

    @property
    def subject(self) -> Op:
        """The op, of a case that has one."""
        assert self.op is not None
        return self.op

    @property
    def stored(self) -> DType:
        """The dtype, of a case that has one."""
        assert self.dtype is not None
        return self.dtype

    @property
    def sample(self) -> Sample:
        assert self.index is not None
        return self.subject.samples[self.index]

    @property
    def native(self) -> bool:
        """The backend has a kernel for the op."""
        return self.subject.name in self.target.kernels

    def fact(self, function: Callable[[Case], Fact]) -> Fact:
        """``function`` of the case, worked out once for all dtypes, on which it must not depend."""
        key = function, self.subject.name, self.index
        if key not in self.target.facts:
            self.target.facts[key] = function(self)
        return self.target.facts[key]

    @property
    def computed(self) -> bool:
        """There is something of the op's own to be looked at: a kernel, and not a body alone."""
        return self.native or self.subject.primitive

    def rng(self, stream: int = 0) -> np.random.Generator:
        """Random numbers that depend on the seed and on what is tested, but not on the check."""
        about = f"{self.name}-{self.index}-{self.dtype and self.dtype.name}"
        return np.random.default_rng([self.target.seed, zlib.crc32(about.encode()), stream])

    def call(
        self,
        stream: int = 0,
        shapes: Sequence[Shape | None] | None = None,
        inputs: Sequence[Input | None] | None = None,
    ) -> Call:
        """The sample's call with drawn operands, in arrays of the caller's own.

        Args:
            stream: another one gives other values.
            shapes: the operands' shapes, in the place of the sample's.
            inputs: descriptions of the operands, in the place of the sample's.
        """
        if shapes is None and inputs is None:
            if stream not in self._drawn:
                self._drawn[stream] = self._draw(stream, self.sample.inputs)
            operands = tuple(x if x is None else x.copy() for x in self._drawn[stream])
            return Call(self.subject, operands, self.attrs)
        inputs = self.sample.inputs if inputs is None else inputs
        if shapes is not None:
            inputs = tuple(i and replace(i, shape=s or ()) for i, s in zip(inputs, shapes))
            inputs = self._within_bounds(inputs)
        return Call(self.subject, self._draw(stream, inputs), self.attrs)

    def _within_bounds(self, inputs: tuple[Input | None, ...]) -> tuple[Input | None, ...]:
        """The descriptions, with indices anywhere within the bounds that the op declares for these
        shapes."""
        bounds = self.subject.index_bounds
        if bounds is None or inputs[bounds.position] is None:
            return inputs
        types = self.types_for([i and i.shape for i in inputs])
        attrs = self.subject.schema.canonical(types, self.attrs)
        try:
            allowed = bounds.of(types, attrs)
        except IndexError:  # an operand lacks the dim, and there is nothing that is indexed
            return inputs
        return tuple(
            i and replace(i, low=allowed.start, high=allowed.stop) if k == bounds.position else i
            for k, i in enumerate(inputs)
        )

    def _draw(self, stream: int, inputs: Sequence[Input | None]) -> tuple[Any, ...]:
        rng = self.rng(stream)
        return tuple(
            None if i is None else draw(i, dtype, rng)
            for i, dtype in zip(inputs, self.operand_dtypes)
        )

    @cached_property
    def _drawn(self) -> dict[int, tuple[Any, ...]]:
        """The operands of past calls, by stream: most checks begin with the same ones."""
        return {}

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """All attributes of the sample, the device included."""
        operands = tuple(self.sample.inputs)
        attrs = self.subject.schema.bind(operands, self.sample.attrs)[1]
        if self.subject.schema.creates:
            attrs["device"] = self.device
        return attrs

    @cached_property
    def operand_dtypes(self) -> tuple[DType, ...]:
        """Those of the operands, given or not."""
        fixed = {"mask": fe.bool, "index": fe.int64}
        swept = self.dtype or fe.float32
        roles = (self.subject.schema.role(i) for i in range(len(self.sample.inputs)))
        return tuple(
            (described and described.dtype) or fixed.get(role, swept)
            for role, described in zip(roles, self.sample.inputs)
        )

    @cached_property
    def outputs(self) -> tuple[TensorType, ...]:
        """The types of the results; empty where core refuses. They are worked out without
        computing, but for a dynamic op."""
        if self.subject.dynamic:
            return tuple(y._type for y in self.call().on(self.device))
        return self.outputs_for([i and i.shape for i in self.sample.inputs])

    @cached_property
    def unique_outputs(self) -> tuple[TensorType, ...]:
        """The types of what is unique about the results."""
        if self.subject.invariants is None:
            return self.outputs
        call = self.call()
        return tuple(y._type for y in unique(call, call.on(self.device), self.device))

    def outputs_for(self, shapes: Sequence[Shape | None]) -> tuple[TensorType, ...]:
        """The same for operands of other shapes; empty for a dynamic op."""
        types = self.types_for(shapes)
        operands = [None if t is None else fe.Tensor(None, t) for t in types]
        try:
            with Abstract():
                found = self.subject(*operands, **self.attrs)
        except FerruleError:
            return ()
        found = found if isinstance(found, tuple) else (found,)
        return tuple(y._type for y in found)

    def types_for(self, shapes: Sequence[Shape | None]) -> tuple[TensorType | None, ...]:
        """The types of operands of other shapes."""
        return tuple(
            None if s is None else TensorType(Spec(s, dtype), self.device)
            for s, dtype in zip(shapes, self.operand_dtypes)
        )

    @property
    def elementwise(self) -> bool:
        """Each element of the result depends on one element of each operand."""
        return self.target.elementwise(self.subject)

    @property
    def differentiable(self) -> bool:
        """Gradients flow from a floating or complex output to such an operand."""
        roles = (self.subject.schema.role(i) for i in range(len(self.operand_dtypes)))
        return (
            self.subject.differentiable
            and any(y.dtype.category in CONTINUOUS for y in self.outputs)
            and any(
                role == "value" and d.category in CONTINUOUS and i is not None
                for role, d, i in zip(roles, self.operand_dtypes, self.sample.inputs)
            )
        )

    def allowance(self, dtype: DType, operands: Sequence[Any]) -> tolerance.Allowance:
        """How far a result in that dtype may be from the truth."""
        return tolerance.of_result(
            self.subject,
            dtype,
            [x for x in operands if isinstance(x, np.ndarray)],
            elementwise=self.elementwise,
        )


_NOT_ELEMENTWISE = {"dim", "dims", "shape", "sizes", "tuple"}


def _elementwise(target: Target, op: Op) -> bool:
    schema = op.schema
    kinds = {a.kind.rstrip("?") for a in schema.attributes.values()}
    if schema.variadic or schema.creates or op.dynamic or kinds & _NOT_ELEMENTWISE:
        return False
    if any(i is not None and i.matrix for sample in op.samples for i in sample.inputs):
        return False
    for index, sample in enumerate(op.samples):
        dtype = next(iter(sweep(target, op, index)), None)
        if dtype is None:
            continue
        case = Case(target, op, index, dtype)
        shapes = [i.shape for i in sample.inputs if i is not None]
        try:
            wanted = np.broadcast_shapes(*shapes)
        except ValueError:
            return False
        if any(y.shape != wanted for y in case.outputs):
            return False
    return True
