"""Independent references of recurrent networks: step by step and sequence by sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

Array = np.ndarray[Any, Any]


def rnn_cell(projected: Array, recurrent: Array, *, nonlinearity: str) -> Array:
    return _bent(projected + recurrent, nonlinearity)


def _bent(x: Array, nonlinearity: str) -> Array:
    return np.tanh(x) if nonlinearity == "tanh" else np.maximum(x, 0.0)


def gru_cell(projected: Array, recurrent: Array, hidden: Array) -> Array:
    p, q = (np.split(x, 3, axis=-1) for x in (projected, recurrent))
    r, z = expit(p[0] + q[0]), expit(p[1] + q[1])
    return (1 - z) * np.tanh(p[2] + r * q[2]) + z * hidden


def lstm_cell(gates: Array, cell: Array) -> tuple[Array, Array]:
    i, f, g, o = np.split(gates, 4, axis=-1)
    c = expit(f) * cell + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c), c


def _steps(steps: int, lengths: Array | None, b: int, reverse: bool) -> list[int]:
    """The steps of sequence ``b``, in the order of the scan."""
    own = list(range(steps if lengths is None else lengths[b]))
    return own[::-1] if reverse else own


def _carried(
    found: list[Array], first: list[Array], lengths: Array | None, reverse: bool
) -> tuple[Array, ...]:
    """States where a sequence has no step: the last ones behind its end, which a reversed scan
    meets first."""
    for b in range(found[0].shape[1]):
        end = found[0].shape[0] if lengths is None else lengths[b]
        for states, initial in zip(found, first):
            states[end:, b] = initial[b] if reverse else states[end - 1, b]
    return tuple(found)


def rnn_scan(
    projected: Array,
    hidden: Array,
    weight: Array,
    lengths: Array | None = None,
    *,
    nonlinearity: str,
    reverse: bool,
) -> Array:
    y = np.zeros_like(projected)
    for b in range(projected.shape[1]):
        h = hidden[b]
        for t in _steps(len(projected), lengths, b, reverse):
            h = y[t, b] = _bent(projected[t, b] + weight @ h, nonlinearity)
    return _carried([y], [hidden], lengths, reverse)[0]


def gru_scan(
    projected: Array,
    hidden: Array,
    weight: Array,
    bias: Array | None = None,
    lengths: Array | None = None,
    *,
    reverse: bool,
) -> Array:
    steps, batch, _ = projected.shape
    y = np.zeros((steps, batch, hidden.shape[1]))
    for b in range(batch):
        h = hidden[b]
        for t in _steps(steps, lengths, b, reverse):
            q = weight @ h + (0.0 if bias is None else bias)
            h = y[t, b] = gru_cell(projected[t, b], q, h)
    return _carried([y], [hidden], lengths, reverse)[0]


def lstm_scan(
    projected: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    projection: Array | None = None,
    lengths: Array | None = None,
    *,
    reverse: bool,
) -> tuple[Array, ...]:
    steps, batch, _ = projected.shape
    y, cells = np.zeros((steps, batch, hidden.shape[1])), np.zeros((steps, batch, cell.shape[1]))
    for b in range(batch):
        h, c = hidden[b], cell[b]
        for t in _steps(steps, lengths, b, reverse):
            h, c = lstm_cell(projected[t, b] + weight @ h, c)
            h = h if projection is None else projection @ h
            y[t, b], cells[t, b] = h, c
    return _carried([y, cells], [hidden, cell], lengths, reverse)


# Backward: the chain rule, one element of the batch and one step after the other. What a sequence
# was carried through brings its gradient to where it was carried from.


def _before(states: Array, first: Array, t: int, b: int, reverse: bool) -> Array:
    earlier = t + 1 if reverse else t - 1
    return states[earlier, b] if 0 <= earlier < len(states) else first[b]


def _backward_steps(steps: int, reverse: bool) -> list[int]:
    return list(range(steps)) if reverse else list(range(steps))[::-1]


def rnn_scan_backward(
    g: Array,
    outputs: Array,
    hidden: Array,
    weight: Array,
    lengths: Array | None = None,
    *,
    nonlinearity: str,
    reverse: bool,
) -> tuple[Array, ...]:
    by_projected, by_hidden, by_weight = (np.zeros(x.shape) for x in (outputs, hidden, weight))
    for b in range(g.shape[1]):
        dh = np.zeros(hidden.shape[1])
        for t in _backward_steps(len(g), reverse):
            dh = dh + g[t, b]
            if lengths is not None and t >= lengths[b]:
                continue
            y = outputs[t, b]
            da = by_projected[t, b] = dh * (1 - y**2 if nonlinearity == "tanh" else y > 0)
            by_weight += np.outer(da, _before(outputs, hidden, t, b, reverse))
            dh = weight.T @ da
        by_hidden[b] = dh
    return by_projected, by_hidden, by_weight


def gru_scan_backward(
    g: Array,
    outputs: Array,
    projected: Array,
    hidden: Array,
    weight: Array,
    bias: Array | None = None,
    lengths: Array | None = None,
    *,
    reverse: bool,
) -> tuple[Array, ...]:
    by_projected, by_hidden, by_weight = (np.zeros(x.shape) for x in (projected, hidden, weight))
    by_bias = np.zeros(len(weight))
    for b in range(g.shape[1]):
        dh = np.zeros(hidden.shape[1])
        for t in _backward_steps(len(g), reverse):
            dh = dh + g[t, b]
            if lengths is not None and t >= lengths[b]:
                continue
            h = _before(outputs, hidden, t, b, reverse)
            q = weight @ h + (0.0 if bias is None else bias)
            (p_r, p_z, p_n), (q_r, q_z, q_n) = np.split(projected[t, b], 3), np.split(q, 3)
            r, z = expit(p_r + q_r), expit(p_z + q_z)
            n = np.tanh(p_n + r * q_n)
            dz, dn = dh * (h - n), dh * (1 - z)
            da_n = dn * (1 - n**2)
            da_r, da_z = da_n * q_n * r * (1 - r), dz * z * (1 - z)
            by_projected[t, b] = np.concatenate([da_r, da_z, da_n])
            dq = np.concatenate([da_r, da_z, da_n * r])
            by_weight += np.outer(dq, h)
            by_bias += dq
            dh = weight.T @ dq + dh * z
        by_hidden[b] = dh
    return by_projected, by_hidden, by_weight, by_bias


def lstm_scan_backward(
    g: Array,
    g_cells: Array,
    outputs: Array,
    cells: Array,
    projected: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    projection: Array | None = None,
    lengths: Array | None = None,
    *,
    reverse: bool,
) -> tuple[Array, ...]:
    by_projected, by_hidden = np.zeros(projected.shape), np.zeros(hidden.shape)
    by_cell, by_weight = np.zeros(cell.shape), np.zeros(weight.shape)
    by_projection = None if projection is None else np.zeros(projection.shape)
    for b in range(g.shape[1]):
        dh, dc = np.zeros(hidden.shape[1]), np.zeros(cell.shape[1])
        for t in _backward_steps(len(g), reverse):
            dh, dc = dh + g[t, b], dc + g_cells[t, b]
            if lengths is not None and t >= lengths[b]:
                continue
            h, c = (_before(x, x0, t, b, reverse) for x, x0 in ((outputs, hidden), (cells, cell)))
            a_i, a_f, a_g, a_o = np.split(projected[t, b] + weight @ h, 4)
            i, f, k, o = expit(a_i), expit(a_f), np.tanh(a_g), expit(a_o)
            bent = np.tanh(cells[t, b])
            du = dh
            if projection is not None and by_projection is not None:
                by_projection += np.outer(dh, o * bent)
                du = projection.T @ dh
            dc = dc + du * o * (1 - bent**2)
            da = np.concatenate(
                [
                    dc * k * i * (1 - i),
                    dc * c * f * (1 - f),
                    dc * i * (1 - k**2),
                    du * bent * o * (1 - o),
                ]
            )
            by_projected[t, b] = da
            by_weight += np.outer(da, h)
            dh, dc = weight.T @ da, dc * f
        by_hidden[b], by_cell[b] = dh, dc
    found = (by_projected, by_hidden, by_cell, by_weight)
    return found if by_projection is None else (*found, by_projection)
