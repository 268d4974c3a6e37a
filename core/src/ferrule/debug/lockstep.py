"""Running every op on two backends, with equal inputs."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ferrule import planning, runtime
from ferrule.autograd.node import _sequence
from ferrule.autograd.saved import made_since
from ferrule.debug.closeness import Gap, allowance, gap
from ferrule.modes import no_grad
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule.whereabouts import Locating, Place
from ferrule_plugins import Device, DType, Spec

if TYPE_CHECKING:
    from ferrule.op import Op

Array = np.ndarray[Any, Any]
Kind = Literal["values", "type", "error"]

_REMEMBERED = 256


@dataclass(frozen=True)
class Divergence:
    """An op of which two backends make different things.

    Attributes:
        op: its name.
        call: with the types of its operands.
        operands: arrays, Python numbers, and None for one that was not given.
        attributes: all of them, in canonical form.
        place: the module that called it, and the op of whose gradient it is part.
        within: the composites of whose bodies it is part, the outermost first.
        kind: ``"values"`` differ; the ``"type"`` of a result does; one raised an ``"error"``.
        output: which of several results; None for the only one.
        gap: the worst element, where values differ.
        message: what differs, in words.
    """

    op: str
    call: str
    operands: tuple[Any, ...]
    attributes: dict[str, Any]
    place: Place
    within: tuple[str, ...]
    kind: Kind
    output: int | None
    gap: Gap | None
    message: str

    def __str__(self) -> str:
        where = str(self.place) or "outside of modules"
        inside = f", in the body of {' of '.join(reversed(self.within))}" if self.within else ""
        what = "" if self.output is None else f"result {self.output}: "
        return f"{self.call}, {where}{inside}\n  {what}{self.message}"


@dataclass(frozen=True)
class Nearest:
    """An op whose results agree, though they are farther apart than those of others.

    Attributes:
        op: its name.
        place: the module that called it.
        ulps: how far they are apart, at the worst element.
        excess: as a part of what is allowed.
    """

    op: str
    place: Place
    ulps: float
    excess: float


class Lockstep(Locating):
    """Every op that runs also runs on another device, with the same inputs, and the results are
    compared. What the code inside goes on with are the first backend's.

    A composite that is decomposed on both backends is taken apart; one that only the first has a
    kernel for is taken apart if its results differ, to find out which of its ops is to blame.

    An operand that the other backend has computed itself, with the same bits, is used as it lies in
    its memory, so that views are met as views. All others are copied there.

    Args:
        there: the other device.
        units: what results may differ by, in the place of the table's; see `closeness`.

    Attributes:
        compared: how many ops were.
        divergence: the first that differs. After it nothing is compared.
        nearest: of those before it, the one whose results were closest to differing.
    """

    def __init__(self, there: Device, units: float | None = None) -> None:
        super().__init__()
        self.there = there
        self.units = units
        self.compared = 0
        self.divergence: Divergence | None = None
        self.nearest: Nearest | None = None
        self._twins: OrderedDict[int, tuple[Any, Tensor]] = OrderedDict()

    def process(self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        if self.divergence is not None:
            return op.evaluate(operands, attrs)
        plan = op.plan(operands, attrs)
        native = op.name in runtime.active(self.there.backend).kernels
        if plan.casts is not None or (plan.run is None and not native):
            start = _sequence()
            with self:  # the casts, or the body, are ops too
                result = op.expand(operands, attrs)
            self._note_since(start, result, op)
            return result
        start = _sequence()
        result = op.evaluate(operands, attrs)
        self._note_since(start, result, op)
        found = self._compare(op, operands, attrs, result)
        if found is not None and not op.primitive and not native and found.kind != "type":
            found = self._look_inside(op, operands, plan.attrs) or found
        self.divergence = found
        return result

    def _note_since(self, start: int, result: Any, op: Op) -> None:
        for node in made_since(start, result):
            self.note(node, op.name)

    def _look_inside(
        self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]
    ) -> Divergence | None:
        """The op in the body that is to blame."""
        inner = Lockstep(self.there, self.units)
        with no_grad(), inner:
            op.body(*operands, **attrs)
        if inner.divergence is None:
            return None
        within = (op.name, *inner.divergence.within)
        return replace(inner.divergence, within=within, place=self.here)

    def _compare(
        self, op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], result: Any
    ) -> Divergence | None:
        self.compared += 1
        arrays = tuple(_host(x) for x in operands)
        types = tuple(x._type if isinstance(x, Tensor) else type(x) for x in operands)
        plan = op.plan(operands, attrs)
        call = planning.describe(op, types, plan.attrs)

        def differs(kind: Kind, message: str, output: int | None = None, at: Gap | None = None):
            return Divergence(
                op.name, call, arrays, plan.attrs, self.here, (), kind, output, at, message
            )

        elsewhere = dict(attrs)
        if op.schema.creates:
            elsewhere["device"] = self.there
        try:
            with no_grad():
                twins = tuple(
                    self._twin(x, a) if isinstance(x, Tensor) else x
                    for x, a in zip(operands, arrays)
                )
                other = op.evaluate(twins, elsewhere)
                others = other if isinstance(other, tuple) else (other,)
                theirs = tuple(map(_host, others))
        except Exception as error:
            text = " ".join(str(error).split())
            return differs("error", f"{self.there} raises {type(error).__name__}: {text}")
        results = result if isinstance(result, tuple) else (result,)
        ours = tuple(map(_host, results))
        several = len(ours) > 1
        if len(ours) != len(theirs):
            return differs("type", f"{len(ours)} results, and {len(theirs)} on {self.there}")
        for i, (a, b) in enumerate(zip(ours, theirs)):
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                text = f"{_spec(a)}, and {_spec(b)} on {self.there}"
                return differs("type", text, i if several else None)
        for y, a, other_y, b in zip(results, ours, others, theirs):
            if a.tobytes() == b.tobytes():
                self._remember(y._data, other_y)
        if op.invariants is not None:
            try:
                ours = _invariants(op, ours, plan.attrs, results[0].device)
                theirs = _invariants(op, theirs, plan.attrs, results[0].device)
            except ImportError:  # without that package, no one can tell
                return None
        for i, (a, b) in enumerate(zip(ours, theirs)):
            rounded = [x for x in (*arrays, a) if isinstance(x, np.ndarray)]
            within = allowance(op, DType.of(a.dtype), rounded, self.units)
            found = gap(a, b, within)
            if found is None:
                continue
            if not found.agrees:
                return differs("values", self._text(found), i if several else None, found)
            if self.nearest is None or found.excess > self.nearest.excess:
                self.nearest = Nearest(op.name, self.here, found.ulps, found.excess)
        return None

    def _text(self, found: Gap) -> str:
        ours, theirs = found.values
        far = f"{found.ulps:.4g} ULPs apart" if np.isfinite(found.ulps) else "infinitely far apart"
        if np.isfinite(found.excess):
            far += f", {found.excess:.3g} times what is allowed"
        return (
            f"{found.wrong} of {found.total} elements differ, the worst at {found.index}: "
            f"{ours!r}, and {theirs!r} on {self.there}, {far}"
        )

    def _twin(self, x: Tensor, array: Array) -> Tensor:
        """The same value on the other device."""
        kept = self._twins.get(id(x._data))
        if kept is not None and kept[1]._type.spec is x._type.spec:
            self._twins.move_to_end(id(x._data))
            return kept[1]
        active = runtime.active(self.there.backend)
        active.check_dtype(x.dtype)
        data = active.backend.from_host(array, self.there)
        twin = Tensor(data, TensorType(x._type.spec, self.there))
        self._remember(x._data, twin)
        return twin

    def _remember(self, data: Any, twin: Tensor) -> None:
        """Keep the twin of an array, with the array, whose number stays its own."""
        self._twins[id(data)] = data, twin.detach()
        if len(self._twins) > _REMEMBERED:
            self._twins.popitem(last=False)


def _host(x: Any) -> Any:
    return x.detach().numpy() if isinstance(x, Tensor) else x


def _spec(x: Array) -> Spec:
    return Spec(x.shape, DType.of(x.dtype))


def _invariants(
    op: Op, arrays: tuple[Array, ...], attrs: dict[str, Any], device: Device
) -> tuple[Array, ...]:
    """What is unique about results that are not, as the signs of singular vectors are not."""
    module, _, name = (op.invariants or "").partition(":")
    function = getattr(importlib.import_module(module), name)
    active = runtime.active(device.backend)
    tensors = [
        Tensor(active.backend.from_host(a, device), TensorType(_spec(a), device)) for a in arrays
    ]
    with no_grad():
        found = function(*tensors, **attrs)
    return tuple(map(_host, found if isinstance(found, tuple) else (found,)))
