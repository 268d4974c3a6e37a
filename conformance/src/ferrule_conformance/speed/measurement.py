"""The speed report of a backend: each op's time at a large size, in a given time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

import ferrule as fe
from ferrule import runtime
from ferrule.op import OPS, Op
from ferrule_conformance import reference_backend, suite
from ferrule_conformance.call import Call
from ferrule_conformance.case import Target
from ferrule_conformance.speed import work
from ferrule_conformance.speed.roofline import Roofline, roofline
from ferrule_conformance.speed.sizes import Grown, Growth, factors, growths
from ferrule_conformance.speed.table import VIEW
from ferrule_conformance.speed.timing import Clock, Timer, enough
from ferrule_conformance.sweep import PRINCIPAL
from ferrule_plugins import DType, Spec

ELEMENTS = 2**20
"""Of the largest operand or result of a call whose time is reported, where the op can grow so."""
STEPS = (512, 64, 16, 4, 1)
"""A call first has as many times fewer, then the fewest times fewer that time seems to allow."""
ROUNDS = 7
"""Measurements of a call at most; the best counts."""

Progress = Callable[[str, int, int], None]
"""Is told the op, how many were done before it, and how many there are."""


class LeftOut(Exception):
    """The op is not measured. The text is the reason that the report shows."""


def measure(
    target: Target,
    ops: Collection[str] | None = None,
    seconds: float = 120.0,
    progress: Progress | None = None,
    *,
    elements: int = ELEMENTS,
    clock: Clock = perf_counter,
) -> dict[str, Any]:
    """Measure the device, and the time of each op on it, in turns with the bare array-namespace kit
    on NumPy.

    Args:
        target: the backend.
        ops: which ops; by default all.
        seconds: after which no further op is begun.
        progress: called before each op.
        elements: of a call's largest operand or result.
        clock: what tells the time.

    Returns:
        What ``docs/conformance.md`` describes under "Level 5: speed", in types that JSON has.

    Raises:
        LookupError: there is no such op.
    """
    unknown = sorted(set(ops or ()) - OPS.keys())
    if unknown:
        raise LookupError(f"there is no op {unknown[0]!r}")
    chosen = [op for op in _in_order(target) if ops is None or op.name in ops]
    start = clock()
    rows: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    with suite.engaged(target.backend, "allow"), fe.no_grad(), np.errstate(all="ignore"):
        limits = roofline(target, Timer(target.backend, target.device, clock), seconds / 10)
        for done, op in enumerate(chosen):
            left = start + seconds - clock()
            if left <= 0:
                left_out[op.name] = f"the time of {seconds:g} s was over"
                continue
            if progress is not None:
                progress(op.name, done, len(chosen))
            share = 0.7 * left / (len(chosen) - done)  # some take longer than they should
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    rows[op.name] = _row(target, op, limits, share, elements, clock)
            except LeftOut as reason:
                left_out[op.name] = str(reason)
            except Exception as error:  # whatever a backend raises, the others are measured
                left_out[op.name] = _first_line(error)
    return {
        "unit": {"seconds": "s", "bytes_per_second": "B/s", "operations_per_second": "1/s"},
        "device": str(target.device),
        "reference": f"array-namespace kit on NumPy {np.__version__}",
        "elements": elements,
        "budget": seconds,
        "seconds": round(clock() - start, 3),
        "roofline": limits.as_dict(),
        "ops": {op: rows[op] for op in OPS if op in rows},
        "left_out": {op: left_out[op] for op in OPS if op in left_out},
    }


def _in_order(target: Target) -> Iterator[Op]:
    """The most telling first: primitives, then what else has a kernel, then bodies."""
    yield from (op for op in OPS.values() if op.primitive)
    yield from (op for op in OPS.values() if not op.primitive and op.name in target.kernels)
    yield from (op for op in OPS.values() if not op.primitive and op.name not in target.kernels)


def _row(
    target: Target, op: Op, limits: Roofline, share: float, elements: int, clock: Clock
) -> dict[str, Any]:
    if op.primitive and op.name not in target.kernels:
        raise LeftOut("it has no kernel, and runs on the host")
    dtype = _dtype(target, op)
    ours, theirs = _Side(target.backend, target.device, clock), _reference_side(clock)
    before = _host_calls(target)
    call, grown = _large(op, dtype, ours, theirs, share, elements, clock)
    fallen = _host_calls(target) > before
    seconds, reference, rounds = _compare(call, ours, theirs, share / 2, clock)
    outputs = ours.outputs(call)
    operands = [_spec(x) for x in call.operands]
    size = work.bytes_moved(operands, outputs)
    count = work.operations(op.name, operands, outputs, call.canonical(target.device))
    least, bound = limits.seconds(size, count)
    fraction = None if least is None else least / seconds
    notes = []
    if not grown:
        notes.append("it cannot grow by rule: this is its sample's size")
    elif max(math.prod(s.shape) for s in (*operands, *outputs) if s) < elements / 4:
        notes.append("a larger call did not fit into the time")
    if fallen:
        notes.append("parts of it run on the host")
    if fraction is not None and fraction > VIEW:
        notes.append("it moves less than its operands and results: a view, or lazy")
    return {
        "call": str(call),
        "dtype": dtype.name,
        "state": "native" if op.name in target.kernels else "decomposed",
        "elements": max((math.prod(s.shape) for s in (*operands, *outputs) if s), default=0),
        "bytes": size,
        "operations": count,
        "counted": "formula" if work.known(op.name) else "elements",
        "seconds": seconds,
        "bytes_per_second": size / seconds,
        "operations_per_second": count / seconds,
        "bound": bound,
        "roofline_seconds": least,
        "fraction": fraction,
        "reference_seconds": reference,
        "ratio": None if reference is None else reference / seconds,
        "rounds": rounds,
        "note": "; ".join(notes),
    }


def _dtype(target: Target, op: Op) -> DType:
    """float32 where the op has it, or the next best."""
    shared = [d for d in (*PRINCIPAL, *target.dtypes) if d in op.dtypes and d in target.dtypes]
    if not shared:
        raise LeftOut("it and the backend have no dtype in common")
    first = op.samples[0]
    fixed = {i.dtype for i in first.inputs if i is not None and i.dtype is not None}
    if not fixed <= set(target.dtypes):
        raise LeftOut("the backend lacks a dtype that its sample needs")
    return shared[0]


@dataclass
class _Side:
    """One of the two backends that are compared."""

    backend: Any
    device: fe.Device
    clock: Clock

    def __post_init__(self) -> None:
        self.timer = Timer(self.backend, self.device, self.clock)

    def runner(self, call: Call) -> Callable[[], Any]:
        operands = call.tensors(self.device)
        return lambda: call.of(operands, self.device)

    def outputs(self, call: Call) -> list[Spec]:
        return [Spec(y.shape, y.dtype) for y in call.on(self.device)]


def _reference_side(clock: Clock) -> _Side:
    device = reference_backend.device()
    return _Side(runtime.active(device.backend).backend, device, clock)


def _large(
    op: Op, dtype: DType, ours: _Side, theirs: _Side, share: float, elements: int, clock: Clock
) -> tuple[Call, bool]:
    """The largest call that is fast enough, and whether it could grow at all."""
    deadline = clock() + share / 2

    def grown(sample: Any) -> Grown:
        return Grown(op, sample, dtype, ours.device)

    try:
        found = list(growths(op, dtype, ours.device))
    except Exception as error:
        raise LeftOut(_first_line(error)) from error
    for growth in found:
        try:
            return _grow(growth, grown, ours, theirs, share, elements, deadline, clock), True
        except Exception:
            continue  # a kernel or the check of indices refuses what core's rules cannot see
    try:
        call = grown(op.samples[0]).call(0)
        ours.runner(call)()
    except Exception as error:
        raise LeftOut(_first_line(error)) from error
    return call, False


def _grow(
    growth: Growth,
    grown: Callable[[Any], Grown],
    ours: _Side,
    theirs: _Side,
    share: float,
    elements: int,
    deadline: float,
    clock: Clock,
) -> Call:
    """Calls of growing size, the last of which could be repeated within the share."""
    goals = [elements // step for step in STEPS]
    candidates = list(zip(goals, factors(growth, grown, goals)))
    taken: list[float] = []
    sizes: list[int] = []
    call = None
    while True:
        left = [(n, r) for n, r in candidates if call is None or n > sizes[-1]]
        if call is not None:
            left = [(n, r) for n, r in left if expected(sizes, taken, n) <= share / 6][-1:]
            if not left or clock() > deadline:
                return call
        size, r = left[0]
        call = grown(growth(r)).call(0)
        taken.append(_trial(ours, call) + _trial(theirs, call, optional=True))
        sizes.append(size)


def _trial(side: _Side, call: Call, optional: bool = False) -> float:
    """Seconds of a call that is not the first of its kind."""
    try:
        run = side.runner(call)
        run()
        return side.timer.once(run)
    except Exception:
        if optional:
            return 0.0  # NumPy lacks what the call needs; the row has no ratio
        raise


def expected(sizes: list[int], taken: list[float], size: int) -> float:
    """Seconds that a call of that size will take, by those of smaller ones, on the safe side: at
    least in proportion, and at most with the third power."""
    power = 1.25
    if len(sizes) > 1:
        power = math.log(max(taken[-1], 1e-9) / max(taken[-2], 1e-9)) / math.log(
            sizes[-1] / sizes[-2]
        )
        power = min(max(power, 1.0), 3.0)
    return 1.5 * taken[-1] * (size / sizes[-1]) ** power


def _compare(
    call: Call, ours: _Side, theirs: _Side, share: float, clock: Clock
) -> tuple[float, float | None, int]:
    """The best times of both sides, measured in turns so that neither has the better moments."""
    stop = clock() + share
    runs = [(ours, ours.runner(call))]
    try:
        other = theirs.runner(call)
        other()
        runs.append((theirs, other))
    except Exception:
        pass  # NumPy lacks what the call needs; the row has no ratio
    best = [max(side.timer.once(run), 1e-9) for side, run in runs]
    times = [enough(seconds) for seconds in best]
    rounds = 1
    while rounds < ROUNDS and (rounds < 3 or clock() < stop):
        for i, (side, run) in enumerate(runs):
            best[i] = max(min(best[i], side.timer.once(run, times[i])), 1e-9)
        rounds += 1
    return best[0], best[1] if len(best) > 1 else None, rounds


def _host_calls(target: Target) -> int:
    return sum(entry.calls for entry in runtime.active(target.name).ledger.values())


def _spec(operand: Any) -> Spec | None:
    if not isinstance(operand, np.ndarray):
        return None
    return Spec(operand.shape, DType.of(operand.dtype))


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
