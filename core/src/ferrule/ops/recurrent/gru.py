"""Gated recurrent units along a sequence."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.choice import where
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import in_float32
from ferrule.ops.recurrent.cells import gru_cell, gru_gates, part
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
from ferrule.ops.reduction import sum
from ferrule.ops.shape import cat, reshape
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.recurrent_references:gru_scan",
    samples=[
        sample(of(3, 2, 6), of(2, 2), of(6, 2), of(6), None),
        sample(of(3, 2, 3), of(2, 1), of(3, 1), None, LENGTHS, reverse=True),
        sample(of(1, 0, 6), of(0, 2), of(6, 2), of(6), None),
    ],
    tolerance=16,
)
@in_float32
def gru_scan(
    projected: Tensor,
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    lengths: Index[Tensor] | None = None,
    *,
    reverse: bool = False,
) -> Tensor:
    """`gru_cell` at each step, whose ``recurrent`` is ``h[t - 1] @ weight.T + bias``.

    Args:
        projected: ``(T, B, 3 * H)``: the affine map of the inputs.
        hidden: ``(B, H)``: the initial state.
        weight: ``(3 * H, H)``.
        bias: ``(3 * H,)``.
        lengths: ``(B,)``: how many steps each sequence has; by default T. Behind its end the state
            stays as it is.
        reverse: the scan begins with the last step.

    Returns:
        ``(T, B, H)``: the state after each step.
    """
    size = projected.shape[-1] // 3 if projected.ndim else 0
    check("gru_scan", projected, 3, size, size, hidden, weight, lengths, bias=(bias, (3 * size,)))
    across = swapped(weight)
    found: dict[int, Tensor] = {}
    for t in order(projected.shape[0], reverse):
        recurrent = matmul(hidden, across)
        if bias is not None:
            recurrent = recurrent + bias
        new = gru_cell(at(projected, t), recurrent, hidden)
        hidden = found[t] = chosen(runs(lengths, t), new, hidden)
    return in_order(found)


@gru_scan.vjp
@in_float32
def _(g, y, projected, hidden, weight, bias, lengths, reverse):
    found = gru_scan_backward(
        g, y, projected, hidden, weight, bias, lengths, reverse=reverse
    )  # fmt: skip
    return found if bias is not None else (*found[:3], None)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.recurrent_references:gru_scan_backward",
    samples=[
        sample(of(3, 2, 2), of(3, 2, 2), of(3, 2, 6), of(2, 2), of(6, 2), of(6), None),
        sample(
            of(3, 2, 1), of(3, 2, 1), of(3, 2, 3), of(2, 1), of(3, 1), None, LENGTHS, reverse=True
        ),
    ],
    tolerance=32,
)
@in_float32
def gru_scan_backward(
    g: Tensor,
    outputs: Tensor,
    projected: Tensor,
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    lengths: Index[Tensor] | None = None,
    *,
    reverse: bool = False,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of ``projected``, ``hidden``, ``weight`` and ``bias`` in `gru_scan`.

    Args:
        g: ``(T, B, H)``: the gradient of what it returned.
        outputs: what it returned.
        projected, hidden, weight, bias, lengths, reverse: what it was given.
    """
    steps, batch, size = g.shape if g.ndim == 3 else (0, 0, 0)
    check("gru_scan_backward", projected, 3, size, size, hidden, weight, lengths,
          bias=(bias, (3 * size,)), g=(g, (*projected.shape[:2], size)),
          outputs=(outputs, g.shape))  # fmt: skip
    earlier = before(outputs, hidden, reverse)
    recurrent = mapped(earlier, weight)
    if bias is not None:
        recurrent = recurrent + bias
    reset, update, candidate = gru_gates(projected, recurrent)
    # what the gradient of the state is multiplied by to give those of the affine maps
    by_candidate = (1.0 - update) * (1.0 - candidate * candidate)
    by_update = (earlier - candidate) * (update * (1.0 - update))
    by_reset = by_candidate * part(recurrent, 2 * size, size) * (reset * (1.0 - reset))
    slopes = reshape(
        cat(by_reset, by_update, by_candidate * reset, dim=-1), shape=(steps, batch, 3, size)
    )
    totals: dict[int, Tensor] = {}
    found: dict[int, Tensor] = {}
    arriving: Tensor | None = None
    for t in order(steps, not reverse):
        total = at(g, t) if arriving is None else arriving + at(g, t)
        running = runs(lengths, t)
        totals[t] = own = chosen(running, total, 0.0)
        spread = reshape(own, shape=(batch, 1, size)) * at(slopes, t)
        found[t] = reshape(spread, shape=(batch, 3 * size))
        arriving = matmul(found[t], weight) + own * at(update, t)
        if running is not None:
            arriving = arriving + where(running, 0.0, total)
    assert arriving is not None
    through = in_order(found)
    by_projected = cat(part(through, 0, 2 * size), in_order(totals) * by_candidate, dim=-1)
    return by_projected, arriving, by_weight(through, earlier), sum(through, dim=(0, 1))
