"""Levels 1 and 3: indices that lie outside are found, and do no harm."""

from __future__ import annotations

import numpy as np

import ferrule as fe
from ferrule.tensor_type import TensorType
from ferrule_conformance.call import Call, host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import same_bits
from ferrule_conformance.failure import Failure
from ferrule_conformance.sweep import sweep
from ferrule_plugins import DType, Spec

CANARIES = 8


def _bounded(case: Case) -> bool:
    """The op declares bounds, and the call has an index. One dtype will do: indices have their
    own."""
    bounds = case.subject.index_bounds
    if bounds is None:
        return False
    index = case.sample.inputs[bounds.position]
    assert case.index is not None
    first = sweep(case.target, case.subject, case.index)[:1]
    return index is not None and 0 not in index.shape and case.dtype in first


@check(each="call", level=(1, 3), when=_bounded)
def index_out_of_range(case: Case) -> None:
    """An index outside of its bounds is an error that names the op and the index: at once, or on
    an asynchronous backend that is asked to check, at the next synchronisation. Neither operands
    nor the memory beside them are written to."""
    call = case.call()
    bounds = case.subject.index_bounds
    assert bounds is not None
    allowed = bounds.of(_types(case, call), call.canonical(case.device))
    for wrong in (allowed.stop, allowed.start - 1, allowed.stop + 1000, allowed.start - 1000):
        bad = _with_index(call, bounds.position, wrong, case)
        _refused(case, bad, wrong)


def _types(case: Case, call: Call) -> tuple[object, ...]:
    return tuple(
        TensorType(Spec(x.shape, DType.of(x.dtype)), case.device)
        if isinstance(x, np.ndarray)
        else x
        for x in call.operands
    )


def _with_index(call: Call, position: int, wrong: int, case: Case) -> Call:
    index = call.operands[position].copy()
    index.flat[int(case.rng(stream=8).integers(index.size))] = wrong
    return call.with_operands(index if i == position else x for i, x in enumerate(call.operands))


def _refused(case: Case, call: Call, wrong: int) -> None:
    canary = np.arange(64, dtype=np.int64).astype(case.target.dtypes[-1].numpy)
    beside = [fe.tensor(canary, device=case.device) for _ in range(CANARIES)]
    tensors = call.tensors(case.device)
    beside += [fe.tensor(canary, device=case.device) for _ in range(CANARIES)]
    del beside[1::2]  # an allocator may put the result between two that stay
    error = None
    if case.backend.capabilities.asynchronous:
        call.of(tensors, case.device)
        fe.synchronize(case.device)  # unchecked: the result is anything, and no error
        with fe.debug.check_indices():
            try:
                call.of(tensors, case.device)
            except Exception as raised:
                raise Failure(
                    f"index {wrong} raised {raised!r} before the synchronisation"
                ) from raised
            try:
                fe.synchronize(case.device)
            except Exception as raised:
                error = raised
    else:
        try:
            call.of(tensors, case.device)
        except Exception as raised:
            error = raised
    _is_right(case, error, wrong)
    for i, (x, before) in enumerate(zip(tensors, call.operands)):
        if isinstance(before, np.ndarray):
            same_bits(host(x), before, f"index {wrong}: operand {i} was written to: ")
    for x in beside:
        same_bits(host(x), canary, f"index {wrong}: the memory of another tensor was written to: ")


def _is_right(case: Case, error: Exception | None, wrong: int) -> None:
    if error is None:
        raise Failure(f"index {wrong} was not refused")
    if not isinstance(error, fe.OutOfRange):
        raise Failure(f"index {wrong} raised {error!r}, not an OutOfRange") from error
    text = str(error)
    if not text.startswith(f"{case.subject.name}(") or f"index {wrong} " not in text:
        raise Failure(f"the error names neither the op nor index {wrong}: {text}")
