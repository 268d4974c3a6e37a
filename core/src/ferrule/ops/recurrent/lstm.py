"""Long short-term memory along a sequence."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.choice import where
from ferrule.ops.exponential import tanh
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import in_float32
from ferrule.ops.recurrent.cells import lstm_cell, lstm_gates
from ferrule.ops.recurrent.rnn import LENGTHS
from ferrule.ops.recurrent.steps import (
    at,
    before,
    by_weight,
    check,
    chosen,
    in_order,
    mapped,
    order,
    runs,
    swapped,
)
from ferrule.ops.shape import cat, reshape
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.recurrent_references:lstm_scan",
    samples=[
        sample(of(3, 2, 8), of(2, 2), of(2, 2), of(8, 2), None, None),
        sample(of(3, 2, 8), of(2, 1), of(2, 2), of(8, 1), of(1, 2), None),
        sample(of(3, 2, 4), of(2, 1), of(2, 1), of(4, 1), None, LENGTHS, reverse=True),
        sample(of(1, 0, 4), of(0, 1), of(0, 1), of(4, 1), None, None),
    ],
    tolerance=16,
)
@in_float32
def lstm_scan(
    projected: Tensor,
    hidden: Tensor,
    cell: Tensor,
    weight: Tensor,
    projection: Tensor | None = None,
    lengths: Index[Tensor] | None = None,
    *,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """`lstm_cell` at each step, whose ``gates`` are ``projected[t] + h[t - 1] @ weight.T``.

    Args:
        projected: ``(T, B, 4 * H)``: the affine map of the inputs.
        hidden: ``(B, P)``: the initial state; P is H without ``projection``.
        cell: ``(B, H)``: the initial cell.
        weight: ``(4 * H, P)``.
        projection: ``(P, H)``: the matrix that what leaves the cell is multiplied by.
        lengths: ``(B,)``: how many steps each sequence has; by default T. Behind its end state and
            cell stay as they are.
        reverse: the scan begins with the last step.

    Returns:
        ``(T, B, P)`` and ``(T, B, H)``: the state and the cell after each step.

    Source: see `lstm_cell`; with projection: Sak, Senior, Beaufays, arXiv:1402.1128.
    """
    _check("lstm_scan", projected, hidden, cell, weight, projection, lengths)
    across = swapped(weight)
    out = None if projection is None else swapped(projection)
    states: dict[int, Tensor] = {}
    cells: dict[int, Tensor] = {}
    for t in order(projected.shape[0], reverse):
        new, new_cell = lstm_cell(at(projected, t) + matmul(hidden, across), cell)
        if out is not None:
            new = matmul(new, out)
        running = runs(lengths, t)
        hidden = states[t] = chosen(running, new, hidden)
        cell = cells[t] = chosen(running, new_cell, cell)
    return in_order(states), in_order(cells)


@lstm_scan.vjp
@in_float32
def _(g, y, projected, hidden, cell, weight, projection, lengths, reverse):
    found = lstm_scan_backward(
        *g, *y, projected, hidden, cell, weight, projection, lengths, reverse=reverse
    )
    return found if projection is not None else (*found, None)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.recurrent_references:lstm_scan_backward",
    samples=[
        sample(
            of(3, 2, 2), of(3, 2, 2), of(3, 2, 2), of(3, 2, 2),
            of(3, 2, 8), of(2, 2), of(2, 2), of(8, 2), None, None,
        ),
        sample(
            of(3, 2, 1), of(3, 2, 2), of(3, 2, 1), of(3, 2, 2),
            of(3, 2, 8), of(2, 1), of(2, 2), of(8, 1), of(1, 2), None,
        ),
        sample(
            of(3, 2, 1), of(3, 2, 1), of(3, 2, 1), of(3, 2, 1),
            of(3, 2, 4), of(2, 1), of(2, 1), of(4, 1), None, LENGTHS, reverse=True,
        ),
    ],
    tolerance=32,
)  # fmt: skip
@in_float32
def lstm_scan_backward(
    g: Tensor,
    g_cells: Tensor,
    outputs: Tensor,
    cells: Tensor,
    projected: Tensor,
    hidden: Tensor,
    cell: Tensor,
    weight: Tensor,
    projection: Tensor | None = None,
    lengths: Index[Tensor] | None = None,
    *,
    reverse: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of ``projected``, ``hidden``, ``cell``, ``weight`` and, if there is one,
    ``projection`` in `lstm_scan`.

    Args:
        g, g_cells: ``(T, B, P)``, ``(T, B, H)``: the gradients of what it returned.
        outputs, cells: what it returned.
        projected, hidden, cell, weight, projection, lengths, reverse: what it was given.
    """
    _check("lstm_scan_backward", projected, hidden, cell, weight, projection, lengths,
           g=(g, outputs.shape), g_cells=(g_cells, cells.shape),
           outputs=(outputs, (*projected.shape[:2], *hidden.shape[-1:])),
           cells=(cells, (*projected.shape[:2], *cell.shape[-1:])))  # fmt: skip
    steps, batch, size = cells.shape
    earlier, cells_before = before(outputs, hidden, reverse), before(cells, cell, reverse)
    entrance, forget, candidate, exit = lstm_gates(projected + mapped(earlier, weight))
    bent = tanh(cells)
    # what the gradient of the cell, or of what leaves it, is multiplied by to give the gates'
    by_cell = reshape(
        cat(
            candidate * (entrance * (1.0 - entrance)),
            cells_before * (forget * (1.0 - forget)),
            entrance * (1.0 - candidate * candidate),
            dim=-1,
        ),
        shape=(steps, batch, 3, size),
    )
    by_exit = bent * (exit * (1.0 - exit))
    into_cell = exit * (1.0 - bent * bent)
    found: dict[int, Tensor] = {}
    totals: dict[int, Tensor] = {}
    arriving = arriving_cell = None
    for t in order(steps, not reverse):
        total = at(g, t) if arriving is None else arriving + at(g, t)
        total_cell = at(g_cells, t) if arriving_cell is None else arriving_cell + at(g_cells, t)
        running = runs(lengths, t)
        totals[t] = own = chosen(running, total, 0.0)
        leaving = own if projection is None else matmul(own, projection)
        inner = chosen(running, total_cell, 0.0) + leaving * at(into_cell, t)
        spread = reshape(inner, shape=(batch, 1, size)) * at(by_cell, t)
        found[t] = cat(reshape(spread, shape=(batch, 3 * size)), leaving * at(by_exit, t), dim=-1)
        arriving, arriving_cell = matmul(found[t], weight), inner * at(forget, t)
        if running is not None:
            arriving = arriving + where(running, 0.0, total)
            arriving_cell = arriving_cell + where(running, 0.0, total_cell)
    assert arriving is not None and arriving_cell is not None
    through = in_order(found)
    gradients = (through, arriving, arriving_cell, by_weight(through, earlier))
    if projection is None:
        return gradients
    return (*gradients, by_weight(in_order(totals), exit * bent))


def _check(
    op: str, projected: Tensor, hidden: Tensor, cell: Tensor, weight: Tensor,
    projection: Tensor | None, lengths: Tensor | None,
    **others: tuple[Tensor, tuple[int, ...]],
) -> None:  # fmt: skip
    size = projected.shape[-1] // 4 if projected.ndim else 0
    outer = hidden.shape[-1] if hidden.ndim and projection is not None else size
    check(
        op, projected, 4, size, outer, hidden, weight, lengths,
        cell=(cell, (*projected.shape[1:2], size)), projection=(projection, (outer, size)),
        **others,
    )  # fmt: skip
