"""Recurrent networks along a sequence: their steps with intermediate results written in place, and
the products that need no order made for all steps at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_cpu import blas

Array = np.ndarray[Any, Any]


def rnn_scan(
    projected: Array,
    hidden: Array,
    weight: Array,
    lengths: Array | None,
    *,
    nonlinearity: str,
    reverse: bool,
) -> Array:
    outputs = np.empty_like(projected)
    across = weight.T
    for t in _order(len(projected), reverse):
        state = outputs[t]
        np.add(projected[t], blas.matmul(hidden, across), out=state)
        if nonlinearity == "tanh":
            np.tanh(state, out=state)
        else:
            np.maximum(state, 0, out=state)
        if lengths is not None:
            _keep(state, hidden, lengths <= t)
        hidden = state
    return outputs


def rnn_scan_backward(
    g: Array,
    outputs: Array,
    hidden: Array,
    weight: Array,
    lengths: Array | None,
    *,
    nonlinearity: str,
    reverse: bool,
) -> tuple[Array, ...]:
    if nonlinearity == "tanh":
        slopes = outputs * outputs
        np.subtract(1, slopes, out=slopes)
    else:
        slopes = np.logical_not(outputs <= 0).astype(outputs.dtype)
    found = np.empty_like(outputs)
    arriving: Any = 0
    for t in _order(len(g), not reverse):
        total = arriving + g[t]
        own, held = _divided(total, lengths, t)
        np.multiply(own, slopes[t], out=found[t])
        arriving = blas.matmul(found[t], weight)
        if held is not None:
            arriving += held
    return found, arriving, _by_weight(found, _before(outputs, hidden, reverse))


def gru_scan(
    projected: Array,
    hidden: Array,
    weight: Array,
    bias: Array | None,
    lengths: Array | None,
    *,
    reverse: bool,
) -> Array:
    steps, batch, _ = projected.shape
    size = hidden.shape[1]
    outputs = np.empty((steps, batch, size), projected.dtype)
    across = weight.T
    for t in _order(steps, reverse):
        recurrent = blas.matmul(hidden, across)
        if bias is not None:
            recurrent += bias
        _, update, candidate = _gru_gates(projected[t], recurrent)
        state = outputs[t]
        np.subtract(hidden, candidate, out=state)
        state *= update
        state += candidate
        if lengths is not None:
            _keep(state, hidden, lengths <= t)
        hidden = state
    return outputs


def gru_scan_backward(
    g: Array,
    outputs: Array,
    projected: Array,
    hidden: Array,
    weight: Array,
    bias: Array | None,
    lengths: Array | None,
    *,
    reverse: bool,
) -> tuple[Array, ...]:
    steps, batch, size = outputs.shape
    earlier = _before(outputs, hidden, reverse)
    recurrent = _mapped(earlier, weight)
    if bias is not None:
        recurrent += bias
    other = recurrent[..., 2 * size :].copy()
    reset, update, candidate = _gru_gates(projected, recurrent)
    rest = 1 - update
    by_candidate = rest * (1 - candidate * candidate)
    slopes = np.empty((steps, batch, 3, size), outputs.dtype)
    np.multiply(other * (1 - reset) * reset, by_candidate, out=slopes[:, :, 0])
    np.multiply((earlier - candidate) * update, rest, out=slopes[:, :, 1])
    np.multiply(by_candidate, reset, out=slopes[:, :, 2])
    found = np.empty((steps, batch, 3 * size), outputs.dtype)
    totals = np.empty_like(outputs)
    arriving: Any = 0
    for t in _order(steps, not reverse):
        total = np.add(arriving, g[t], out=totals[t])
        own, held = _divided(total, lengths, t)
        if held is not None:
            totals[t] = own
        spread = found[t].reshape(batch, 3, size)  # a view
        np.multiply(slopes[t], own[:, None], out=spread)
        arriving = blas.matmul(found[t], weight)
        arriving += own * update[t]
        if held is not None:
            arriving += held
    by_weight, by_bias = _by_weight(found, earlier), np.add.reduce(found, axis=(0, 1))
    np.multiply(totals, by_candidate, out=found[..., 2 * size :])  # of the input's map
    return found, arriving, by_weight, by_bias


def _gru_gates(projected: Array, recurrent: Array) -> tuple[Array, Array, Array]:
    """Reset, update and candidate, written over ``recurrent``."""
    size = recurrent.shape[-1] // 3
    both, candidate = recurrent[..., : 2 * size], recurrent[..., 2 * size :]
    both += projected[..., : 2 * size]
    _sigmoid(both)
    reset, update = both[..., :size], both[..., size:]
    candidate *= reset
    candidate += projected[..., 2 * size :]
    return reset, update, np.tanh(candidate, out=candidate)


def lstm_scan(
    projected: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    projection: Array | None,
    lengths: Array | None,
    *,
    reverse: bool,
) -> tuple[Array, Array]:
    steps, batch, _ = projected.shape
    outputs = np.empty((steps, batch, hidden.shape[1]), projected.dtype)
    cells = np.empty((steps, batch, cell.shape[1]), projected.dtype)
    across = weight.T
    for t in _order(steps, reverse):
        gates = blas.matmul(hidden, across)
        gates += projected[t]
        entrance, forget, candidate, exit = _lstm_gates(gates)
        state, new = outputs[t], cells[t]
        entrance *= candidate
        np.multiply(forget, cell, out=new)
        new += entrance
        if projection is None:
            np.multiply(exit, np.tanh(new), out=state)
        else:
            exit *= np.tanh(new)
            state[:] = blas.matmul(exit, projection.T)
        if lengths is not None:
            _keep(state, hidden, lengths <= t)
            _keep(new, cell, lengths <= t)
        hidden, cell = state, new
    return outputs, cells


def lstm_scan_backward(
    g: Array,
    g_cells: Array,
    outputs: Array,
    cells: Array,
    projected: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    projection: Array | None,
    lengths: Array | None,
    *,
    reverse: bool,
) -> tuple[Array, ...]:
    steps, batch, size = cells.shape
    earlier = _before(outputs, hidden, reverse)
    gates = _mapped(earlier, weight)
    gates += projected
    entrance, forget, candidate, exit = _lstm_gates(gates)
    bent = np.tanh(cells)
    leaving_all = exit * bent
    # what the gradient of the cell, or of what leaves it, is multiplied by to give the gates'
    slopes = np.empty((steps, batch, 4, size), cells.dtype)
    scratch = 1 - entrance
    scratch *= entrance
    np.multiply(scratch, candidate, out=slopes[:, :, 0])
    np.subtract(1, forget, out=scratch)
    scratch *= forget
    np.multiply(scratch, _before(cells, cell, reverse), out=slopes[:, :, 1])
    np.multiply(candidate, candidate, out=scratch)
    np.subtract(1, scratch, out=scratch)
    np.multiply(scratch, entrance, out=slopes[:, :, 2])
    np.subtract(1, exit, out=scratch)
    np.multiply(scratch, leaving_all, out=slopes[:, :, 3])
    bent *= leaving_all
    into_cell = exit - bent
    found = np.empty((steps, batch, 4 * size), cells.dtype)
    totals = None if projection is None else np.empty_like(outputs)
    arriving: Any = 0
    arriving_cell: Any = 0
    for t in _order(steps, not reverse):
        own, held = _divided(arriving + g[t], lengths, t)
        inner, held_cell = _divided(arriving_cell + g_cells[t], lengths, t)
        leaving = own
        if projection is not None and totals is not None:
            totals[t] = own
            leaving = blas.matmul(own, projection)
        inner = inner + leaving * into_cell[t]
        spread = found[t].reshape(batch, 4, size)  # a view
        np.multiply(slopes[t, :, :3], inner[:, None], out=spread[:, :3])
        np.multiply(slopes[t, :, 3], leaving, out=spread[:, 3])
        arriving = blas.matmul(found[t], weight)
        inner *= forget[t]
        arriving_cell = inner
        if held is not None:
            arriving += held
            arriving_cell += held_cell
    gradients = (found, arriving, arriving_cell, _by_weight(found, earlier))
    return gradients if totals is None else (*gradients, _by_weight(totals, leaving_all))


def _lstm_gates(gates: Array) -> tuple[Array, Array, Array, Array]:
    """Input gate, forget gate, candidate and output gate, written over ``gates``."""
    size = gates.shape[-1] // 4
    both, candidate, exit = np.split(gates, [2 * size, 3 * size], axis=-1)
    np.tanh(candidate, out=candidate)
    _sigmoid(both)
    _sigmoid(exit)
    return both[..., :size], both[..., size:], candidate, exit


def _sigmoid(x: Array) -> None:
    """In place. Where ``exp`` overflows, the result is 0, as it should be."""
    x *= -1  # np.negative of NumPy 2.4 is wrong where it writes over a strided array
    np.exp(x, out=x)
    x += 1
    np.reciprocal(x, out=x)


def _order(steps: int, reverse: bool) -> range:
    return range(steps - 1, -1, -1) if reverse else range(steps)


def _keep(new: Array, old: Array, over: Array) -> None:
    """The old state for the sequences that are over."""
    new[over] = old[over]


def _divided(total: Array, lengths: Array | None, t: int) -> tuple[Array, Array | None]:
    """A gradient as that of the sequences that have a step ``t``, and that of the others, which
    passes by; the latter is None where all have it."""
    if lengths is None:
        return total, None
    runs = (lengths > t)[:, None]
    return np.where(runs, total, 0), np.where(runs, 0, total)


def _before(states: Array, first: Array, reverse: bool) -> Array:
    """The state that each step began with."""
    ends = (states[1:], first[None]) if reverse else (first[None], states[:-1])
    return np.concatenate(ends)


def _mapped(x: Array, weight: Array) -> Array:
    return blas.matmul(_rows(x), weight.T).reshape(*x.shape[:-1], len(weight))


def _by_weight(g: Array, x: Array) -> Array:
    return blas.matmul(_rows(g).T, _rows(x))


def _rows(x: Array) -> Array:
    """With all dims but the last made one; NumPy cannot tell its size where there is nothing."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


KERNELS = {
    "rnn_scan": rnn_scan,
    "rnn_scan_backward": rnn_scan_backward,
    "gru_scan": gru_scan,
    "gru_scan_backward": gru_scan_backward,
    "lstm_scan": lstm_scan,
    "lstm_scan_backward": lstm_scan_backward,
}
