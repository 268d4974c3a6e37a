"""Gradients as a call's tape gives them, and as differences of its results give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import ferrule as fe
from ferrule_conformance.call import Array, Call, host, place, several
from ferrule_plugins import Device, DType, dtypes

Function = Callable[..., Any]
"""From operands as tensors to results."""

ELEMENTS = 48
"""Beyond so many elements of an operand, differences are taken along random directions."""
DIRECTIONS = 4

Scalar = Callable[[Sequence[Array]], float]
"""A number that depends on some arrays."""


def pull(
    call: Call,
    entering: Sequence[Array],
    device: Device,
    function: Function | None = None,
    leaves: Callable[[Array, Device], fe.Tensor] = place,
    entering_layout: Callable[[Array, Device], fe.Tensor] = place,
    create_graph: bool = False,
) -> tuple[list[fe.Tensor], list[fe.Tensor], list[fe.Tensor]]:
    """Differentiate the call in reverse.

    Args:
        entering: the gradients of the floating outputs.
        function: what to differentiate; by default the call's op.
        leaves, entering_layout: how operands and entering gradients become tensors, whose memory
            layout matters.

    Returns:
        The leaves, the gradients that entered, and the gradients of the leaves.
    """
    tensors = list(call.tensors(device))
    for i in call.continuous:
        tensors[i] = leaves(call.operands[i], device).detach().requires_grad_()
    xs = [tensors[i] for i in call.continuous]
    results = several(function(*tensors)) if function else call.of(tuple(tensors), device)
    ys = [y for y in results if y.dtype.is_floating_point]
    gs = [entering_layout(g.astype(y.dtype.numpy), device).detach() for g, y in zip(entering, ys)]
    if create_graph:
        gs = [g.requires_grad_() for g in gs]
    live = [(y, g) for y, g in zip(ys, gs) if y.requires_grad]
    if not live:
        return xs, gs, [fe.zeros_like(x) for x in xs]
    found = fe.autograd.grad(
        [y for y, _ in live],
        xs,
        [g for _, g in live],
        create_graph=create_graph,
        materialize_grads=True,
    )
    return xs, gs, [g for g in found if g is not None]


def gradients(call: Call, entering: Sequence[Array], device: Device, **how: Any) -> list[Array]:
    """The gradients of the call's floating operands, as arrays."""
    return [host(g) for g in pull(call, entering, device, **how)[2]]


def second_gradients(
    call: Call, entering: Sequence[Array], weights: Sequence[Array], device: Device
) -> list[Array]:
    """The gradients of ``sum(weights * gradients)``, by the operands and by what entered."""
    xs, gs, first = pull(call, entering, device, create_graph=True)
    live = [(y, w) for y, w in zip(first, weights) if y.requires_grad]
    if not live:
        return [np.zeros(x.shape) for x in (*xs, *gs)]
    found = fe.autograd.grad(
        [y for y, _ in live],
        [*xs, *gs],
        [place(w.astype(y.dtype.numpy), device) for y, w in live],
        materialize_grads=True,
    )
    return [host(g) for g in found if g is not None]


def weighted_result(call: Call, entering: Sequence[Array], device: Device) -> Scalar:
    """``sum(entering * results)`` as a function of the floating operands."""

    def value(arrays: Sequence[Array]) -> float:
        operands = list(call.operands)
        for i, array in zip(call.continuous, arrays):
            operands[i] = array
        with fe.no_grad():
            results = call.with_operands(operands).on(device)
        ys = [host(y) for y in results if y.dtype.is_floating_point]
        return _weighted_sum(entering, ys)

    return value


def weighted_gradients(call: Call, weights: Sequence[Array], device: Device) -> Scalar:
    """``sum(weights * gradients)`` as a function of floating operands and entering gradients."""
    n = len(call.continuous)

    def value(arrays: Sequence[Array]) -> float:
        operands = list(call.operands)
        for i, array in zip(call.continuous, arrays):
            operands[i] = array
        found = gradients(call.with_operands(operands), arrays[n:], device)
        return _weighted_sum(weights, found)

    return value


def _weighted_sum(weights: Sequence[Array], arrays: Sequence[Array]) -> float:
    return float(sum(np.sum(w * a.astype(np.float64)) for w, a in zip(weights, arrays)))


def differences(
    value: Scalar, arrays: Sequence[Array], k: int, width: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Central differences of ``value`` by ``arrays[k]``.

    Returns:
        Directions, one in each row, and the derivatives along them: the unit vectors, or for
        large arrays a few random ones.
    """
    x = arrays[k]
    if x.size <= ELEMENTS:
        directions = np.eye(x.size)
    else:
        directions = rng.choice([-1.0, 1.0], (DIRECTIONS, x.size))
    slopes = []
    for direction in directions:
        sides = []
        for sign in (width, -width):
            moved = list(arrays)
            moved[k] = np.asarray(x + sign * direction.reshape(x.shape))
            sides.append(value(moved))
        slopes.append((sides[0] - sides[1]) / (2 * width))
    return directions, np.array(slopes)


def precision(call: Call, outputs: Sequence[DType]) -> DType:
    """The least precise floating dtype on the way from operands to results."""
    there = [DType.of(call.operands[i].dtype) for i in call.continuous]
    met = [d for d in (*there, *outputs) if d.is_floating_point]
    return max(met, key=lambda d: float(dtypes.finfo(d).eps))
