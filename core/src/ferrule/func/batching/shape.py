"""Ops that move elements."""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.func.batching.call import Call, batching


@batching("reshape")
def _reshape(call: Call) -> Any:
    return call(*call.operands, shape=(call.size, *call.out.shape))


@batching("permute")
def _permute(call: Call) -> Any:
    return call(*call.operands, dims=(0, *(d + 1 for d in call.attrs["dims"])))


@batching("expand")
def _expand(call: Call) -> Any:
    shape = call.attrs["shape"]
    return call(call.aligned(0, len(shape)), shape=(call.size, *shape))


@batching("flip")
def _flip(call: Call) -> Any:
    return call(*call.operands, dims=tuple(d + 1 for d in call.attrs["dims"]))


@batching("cat")
def _cat(call: Call) -> Any:
    return call(*call.all_whole(), dim=call.attrs["dim"] + 1)


@batching("slice")
def _slice(call: Call) -> Any:
    a = call.attrs
    return call(
        *call.operands,
        starts=(0, *a["starts"]), stops=(call.size, *a["stops"]), steps=(1, *a["steps"]),
    )  # fmt: skip


@batching("pad")
def _pad(call: Call) -> Any:
    a = call.attrs
    return call(
        *call.operands,
        before=(0, *a["before"]), after=(0, *a["after"]), inner=(0, *a["inner"]),
    )  # fmt: skip


@batching("fft_c2c", "fft_r2c", "fft_c2r")
def _fft(call: Call) -> Any:
    return call(*call.operands, dims=tuple(d + 1 for d in call.attrs["dims"]))


@batching("narrow")
def _narrow(call: Call) -> Any:
    a = call.attrs
    # counted from the front, and checked, by the size for one sample
    size = call.types[0].shape[a["dim"]] if call.types[0].shape else 0
    start = a["start"] + size if a["start"] < 0 else a["start"]
    if not call.types[0].shape or not 0 <= start <= start + a["length"] <= size:
        return NotImplemented  # the body has the error
    return ops.narrow(*call.operands, dim=a["dim"] + 1, start=start, length=a["length"])
