"""The Elman network along a sequence."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.ops.choice import where
from ferrule.ops.linalg import matmul
from ferrule.ops.precision import in_float32
from ferrule.ops.recurrent.cells import nonlinear, rnn_cell
from ferrule.ops.recurrent.steps import (
    at,
    before,
    by_weight,
    check,
    chosen,
    in_order,
    order,
    runs,
    swapped,
)
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor

LENGTHS = of(2, dtype="int64", low=1, high=4)


def _positive(*shape: int) -> Input:
    """Away from the kink of relu."""
    return of(*shape, low=0.1, high=0.6)


@composite(
    dtypes=floating,
    autocast="lower",
    ref="ferrule_conformance.recurrent_references:rnn_scan",
    samples=[
        sample(of(3, 2, 2), of(2, 2), of(2, 2), None),
        sample(of(3, 2, 2), of(2, 2), of(2, 2), LENGTHS, reverse=True),
        sample(
            _positive(2, 2, 3), _positive(2, 3), _positive(3, 3), None,
            nonlinearity="relu",
        ),
        sample(of(1, 0, 2), of(0, 2), of(2, 2), None),
    ],
    tolerance=8,
)  # fmt: skip
@in_float32
def rnn_scan(
    projected: Tensor,
    hidden: Tensor,
    weight: Tensor,
    lengths: Index[Tensor] | None = None,
    *,
    nonlinearity: str = "tanh",
    reverse: bool = False,
) -> Tensor:
    """`rnn_cell` at each step: ``h[t] = tanh(projected[t] + h[t - 1] @ weight.T)``.

    Args:
        projected: ``(T, B, H)``: the affine map of the inputs.
        hidden: ``(B, H)``: the initial state.
        weight: ``(H, H)``.
        lengths: ``(B,)``: how many steps each sequence has; by default T. Behind its end the state
            stays as it is.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        reverse: the scan begins with the last step.

    Returns:
        ``(T, B, H)``: the state after each step.
    """
    size = projected.shape[-1] if projected.ndim else 0
    check("rnn_scan", projected, 1, size, size, hidden, weight, lengths)
    across = swapped(weight)
    found: dict[int, Tensor] = {}
    for t in order(projected.shape[0], reverse):
        new = rnn_cell(at(projected, t), matmul(hidden, across), nonlinearity=nonlinearity)
        hidden = found[t] = chosen(runs(lengths, t), new, hidden)
    return in_order(found)


@rnn_scan.vjp
@in_float32
def _(g, y, hidden, weight, lengths, nonlinearity, reverse):
    return rnn_scan_backward(
        g, y, hidden, weight, lengths, nonlinearity=nonlinearity, reverse=reverse
    )


@composite(
    dtypes=floating,
    ref="ferrule_conformance.recurrent_references:rnn_scan_backward",
    samples=[
        sample(of(3, 2, 2), of(3, 2, 2), of(2, 2), of(2, 2), None),
        sample(of(3, 2, 2), of(3, 2, 2), of(2, 2), of(2, 2), LENGTHS, reverse=True),
        sample(of(2, 2, 3), _positive(2, 2, 3), of(2, 3), of(3, 3), None, nonlinearity="relu"),
    ],
    tolerance=16,
)
@in_float32
def rnn_scan_backward(
    g: Tensor,
    outputs: Tensor,
    hidden: Tensor,
    weight: Tensor,
    lengths: Index[Tensor] | None = None,
    *,
    nonlinearity: str = "tanh",
    reverse: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of ``projected``, ``hidden`` and ``weight`` in `rnn_scan`.

    Args:
        g: ``(T, B, H)``: the gradient of what it returned.
        outputs: what it returned.
        hidden, weight, lengths, nonlinearity, reverse: what it was given.
    """
    size = g.shape[-1] if g.ndim else 0
    check("rnn_scan_backward", g, 1, size, size, hidden, weight, lengths,
          outputs=(outputs, g.shape))  # fmt: skip
    nonlinear("rnn_scan_backward", hidden, nonlinearity)
    slopes = 1.0 - outputs * outputs
    if nonlinearity == "relu":
        slopes = where(outputs <= 0, 0.0, 1.0)
    found: dict[int, Tensor] = {}
    arriving: Tensor | None = None
    for t in order(g.shape[0], not reverse):
        total = at(g, t) if arriving is None else arriving + at(g, t)
        running = runs(lengths, t)
        found[t] = chosen(running, total * at(slopes, t), 0.0)
        arriving = matmul(found[t], weight)
        if running is not None:
            arriving = arriving + where(running, 0.0, total)
    assert arriving is not None
    through = in_order(found)
    return through, arriving, by_weight(through, before(outputs, hidden, reverse))
