"""One step of a recurrent network: from the affine maps of input and state to the next state.

The maps themselves are products of matrices, which belong to the caller: those of the inputs can be
made for a whole sequence at once.
"""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.activation import relu, sigmoid
from ferrule.ops.exponential import tanh
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import cat, narrow
from ferrule.samples import of, sample
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.recurrent_references:rnn_cell",
    samples=[
        sample(of(2, 3), of(2, 3)),
        sample(of(3, low=0.1, high=1.0), of(3, low=0.1, high=1.0), nonlinearity="relu"),
        sample(of(0, 3), of(0, 3)),
    ],
    tolerance=2,
)
@in_float32
def rnn_cell(projected: Tensor, recurrent: Tensor, *, nonlinearity: str = "tanh") -> Tensor:
    """``tanh(projected + recurrent)``, the next state of an Elman network.

    Args:
        projected: ``(..., H)``: the affine map of the input.
        recurrent: of the same shape: the affine map of the state.
        nonlinearity: ``"tanh"`` or ``"relu"``.

    Source: Elman, "Finding structure in time", Cognitive Science 14 (1990).
    """
    if projected.shape != recurrent.shape:
        raise ShapeError(
            f"rnn_cell: projected is {projected._type} and recurrent is {recurrent._type}; their "
            "shapes must be equal"
        )
    return nonlinear("rnn_cell", projected + recurrent, nonlinearity)


def nonlinear(op: str, x: Tensor, nonlinearity: str) -> Tensor:
    """The one that is named."""
    if nonlinearity not in ("tanh", "relu"):
        raise ArgumentError(f'{op}: nonlinearity must be "tanh" or "relu", not {nonlinearity!r}')
    return tanh(x) if nonlinearity == "tanh" else relu(x)


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.recurrent_references:gru_cell",
    samples=[
        (of(2, 9), of(2, 9), of(2, 3)),
        (of(3), of(3), of(1)),
        (of(2, 2, 6), of(2, 2, 6), of(2, 2, 2)),
        (of(0, 6), of(0, 6), of(0, 2)),
    ],
    tolerance=8,
)
@in_float32
def gru_cell(projected: Tensor, recurrent: Tensor, hidden: Tensor) -> Tensor:
    """The next state of a gated recurrent unit, of the affine maps ``p`` of the input and ``q`` of
    the state ``h``::

        r = sigmoid(p_r + q_r)
        z = sigmoid(p_z + q_z)
        n = tanh(p_n + r * q_n)
        (1 - z) * n + z * h

    Args:
        projected, recurrent: ``(..., 3 * H)``: r, z and n one after the other.
        hidden: ``(..., H)``.

    Returns:
        ``(..., H)``.

    Source: Cho et al., arXiv:1406.1078.
    """
    _check("gru_cell", 3, hidden, projected=projected, recurrent=recurrent)
    _, update, candidate = gru_gates(projected, recurrent)
    return candidate + update * (hidden - candidate)


def gru_gates(projected: Tensor, recurrent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Reset, update and candidate."""
    size = projected.shape[-1] // 3
    both = sigmoid(part(projected, 0, 2 * size) + part(recurrent, 0, 2 * size))
    reset, update = part(both, 0, size), part(both, size, size)
    own, other = part(projected, 2 * size, size), part(recurrent, 2 * size, size)
    return reset, update, tanh(own + reset * other)


@gru_cell.vjp
@in_float32
def _(g, projected, recurrent, hidden):
    size = hidden.shape[-1]
    reset, update, candidate = gru_gates(projected, recurrent)
    by_candidate = g * (1.0 - update) * (1.0 - candidate * candidate)
    by_update = g * (hidden - candidate) * (update * (1.0 - update))
    by_reset = by_candidate * part(recurrent, 2 * size, size) * (reset * (1.0 - reset))
    return (
        lambda: cat(by_reset, by_update, by_candidate, dim=-1),
        lambda: cat(by_reset, by_update, by_candidate * reset, dim=-1),
        lambda: g * update,
    )


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.recurrent_references:lstm_cell",
    samples=[
        (of(2, 12), of(2, 3)),
        (of(4), of(1)),
        (of(2, 2, 8), of(2, 2, 2)),
        (of(0, 8), of(0, 2)),
    ],
    tolerance=8,
)
@in_float32
def lstm_cell(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """The next state of long short-term memory, of the sum ``a`` of the affine maps of the input
    and of the state::

        i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
        c = f * cell + i * tanh(a_g)
        h = o * tanh(c)

    Args:
        gates: ``(..., 4 * H)``: i, f, g and o one after the other.
        cell: ``(..., H)``.

    Returns:
        ``h`` and ``c``, both ``(..., H)``.

    Source: Hochreiter, Schmidhuber, Neural Computation 9 (1997); with the forget gate of Gers,
    Schmidhuber, Cummins, Neural Computation 12 (2000).
    """
    _check("lstm_cell", 4, cell, gates=gates)
    entrance, forget, candidate, exit = lstm_gates(gates)
    cell = forget * cell + entrance * candidate
    return exit * tanh(cell), cell


def lstm_gates(gates: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Input gate, forget gate, candidate and output gate."""
    size = gates.shape[-1] // 4
    both = sigmoid(part(gates, 0, 2 * size))
    return (
        part(both, 0, size),
        part(both, size, size),
        tanh(part(gates, 2 * size, size)),
        sigmoid(part(gates, 3 * size, size)),
    )


@lstm_cell.vjp
@in_float32
def _(g, y, gates, cell):
    entrance, forget, candidate, exit = lstm_gates(gates)
    bent = tanh(y[1])
    by_cell = g[1] + g[0] * exit * (1.0 - bent * bent)

    def by_gates():
        return cat(
            by_cell * candidate * (entrance * (1.0 - entrance)),
            by_cell * cell * (forget * (1.0 - forget)),
            by_cell * entrance * (1.0 - candidate * candidate),
            g[0] * bent * (exit * (1.0 - exit)),
            dim=-1,
        )

    return by_gates, lambda: by_cell * forget


def part(x: Tensor, start: int, length: int) -> Tensor:
    """Of the last dim, the ``length`` elements from ``start`` on."""
    return narrow(x, dim=-1, start=start, length=length)


def _check(op: str, times: int, state: Tensor, **maps: Tensor) -> None:
    wanted = (*state.shape[:-1], times * state.shape[-1]) if state.ndim else None
    for name, x in maps.items():
        if x.shape != wanted:
            raise ShapeError(
                f"{op}: the state is {state._type} and {name} is {x._type}; they must be (..., H) "
                f"and (..., {times} * H)"
            )
