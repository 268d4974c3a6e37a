"""Gradients as a call's tape gives them, and as differences of its results give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import ferrule as fe
from ferrule_conformance.call import Array, Call, host, place, several
from ferrule_conformance.invariants import unique
from ferrule_plugins import Device, DType, dtypes
from ferrule_plugins.dtypes import CONTINUOUS

Function = Callable[..., Any]
"""From operands as tensors to results."""

ELEMENTS = (48, 6)
"""Beyond so many elements of an operand, differences are taken along random directions: those of
results, and those of gradients, each of which costs a backward pass."""
DIRECTIONS = (4, 6)
"""How many. All elements take part in each, so one that is wrong alone is always seen, and each
direction leaves errors that might cancel at most every other chance."""

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
    shared: Sequence[int] = (),
) -> tuple[list[fe.Tensor], list[fe.Tensor], list[fe.Tensor]]:
    """Differentiate the call in reverse.

    Args:
        entering: the gradients of the floating and complex outputs, or of what is unique about
            them.
        function: what to differentiate; by default the call's op.
        leaves, entering_layout: how operands and entering gradients become tensors, whose memory
            layout matters.
        shared: operands that are one tensor, whose gradient each of them is then given.

    Returns:
        The leaves, the gradients that entered, and the gradients of the leaves.
    """
    tensors = list(call.tensors(device))
    for i in call.continuous:
        tensors[i] = leaves(call.operands[i], device).detach().requires_grad_()
    for i in shared:
        tensors[i] = tensors[shared[0]]
    xs = [tensors[i] for i in call.continuous]
    results = several(function(*tensors)) if function else call.of(tuple(tensors), device)
    results = unique(call, results, device)
    ys = [y for y in results if y.dtype.category in CONTINUOUS]
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
    """The gradients of the call's floating and complex operands, as arrays."""
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
    """The inner product of ``entering`` and the results, as a function of the floating and complex
    operands."""

    def value(arrays: Sequence[Array]) -> float:
        operands = list(call.operands)
        for i, array in zip(call.continuous, arrays):
            operands[i] = array
        with fe.no_grad():
            results = unique(call, call.with_operands(operands).on(device), device)
        ys = [host(y) for y in results if y.dtype.category in CONTINUOUS]
        return _inner(entering, ys)

    return value


def weighted_gradients(call: Call, weights: Sequence[Array], device: Device) -> Scalar:
    """The inner product of ``weights`` and the gradients, as a function of floating and complex
    operands and of entering gradients."""
    n = len(call.continuous)

    def value(arrays: Sequence[Array]) -> float:
        operands = list(call.operands)
        for i, array in zip(call.continuous, arrays):
            operands[i] = array
        found = gradients(call.with_operands(operands), arrays[n:], device)
        return _inner(weights, found)

    return value


def _inner(weights: Sequence[Array], arrays: Sequence[Array]) -> float:
    """The sum of products of real numbers; a complex number is two."""
    return float(sum(coordinates(w) @ coordinates(a) for w, a in zip(weights, arrays)))


def coordinates(x: Array) -> Array:
    """The real numbers of which an array consists, as float64 of one dim."""
    wide = np.complex128 if np.iscomplexobj(x) else np.float64
    return np.ascontiguousarray(x, wide).reshape(-1).view(np.float64)


def differences(
    value: Scalar,
    arrays: Sequence[Array],
    k: int,
    width: float,
    rng: np.random.Generator,
    *,
    order: int = 1,
    hermitian: bool = False,
) -> tuple[Array, Array]:
    """Central differences of ``value`` by ``arrays[k]``.

    Args:
        order: 2 if ``value`` is one of gradients.
        hermitian: that array stays a stack of Hermitian matrices.

    Returns:
        Directions, one in each row, and the derivatives along them: the unit vectors, or for
        large arrays a few random ones; where ``hermitian``, the Hermitian parts of these.
    """
    x = arrays[k]
    size = coordinates(x).size
    few = size <= ELEMENTS[order - 1]
    directions = np.eye(size) if few else rng.choice([-1.0, 1.0], (DIRECTIONS[order - 1], size))
    slopes = []
    for i, direction in enumerate(directions):
        step = (direction.view(np.complex128) if np.iscomplexobj(x) else direction).reshape(x.shape)
        if hermitian:
            step = (step + step.conj().swapaxes(-1, -2)) / 2
            directions[i] = coordinates(step)
        sides = []
        for sign in (width, -width):
            moved = list(arrays)
            moved[k] = np.asarray(x + sign * step)
            sides.append(value(moved))
        slopes.append((sides[0] - sides[1]) / (2 * width))
    return directions, np.array(slopes)


def precision(call: Call, outputs: Sequence[DType]) -> DType:
    """The least precise floating or complex dtype on the way from operands to results."""
    there = [DType.of(call.operands[i].dtype) for i in call.continuous]
    met = [d for d in (*there, *outputs) if d.category in CONTINUOUS]
    return max(met, key=lambda d: float(dtypes.finfo(d).eps))
