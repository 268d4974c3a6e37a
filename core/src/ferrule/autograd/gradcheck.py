"""Checking gradients against central differences, in float64.

A complex number is two real ones here: its real and its imaginary part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.autograd.engine import grad
from ferrule.errors import DTypeError, GraphError
from ferrule.tensor import Tensor

Array = np.ndarray[Any, Any]


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Compare the gradients of ``func`` with central differences.

    Args:
        func: takes ``inputs``, returns a tensor or a tuple of them. Must give the same result for
            the same inputs.
        inputs: tensors and other arguments. Those that require a gradient are checked, and must be
            float64 or complex128.
        eps: half the width of a difference.
        atol, rtol: how far the two may be apart.
        raise_exception: raise on a mismatch, instead of returning False.
        fast_mode: check one random direction instead of every element; for big inputs.

    Raises:
        GraphError: a gradient is wrong; its text names input, output, element and both values.
        DTypeError: an input that requires a gradient is neither float64 nor complex128.
    """
    arguments = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, x in enumerate(arguments) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise GraphError("gradcheck: no input requires a gradient")
    for i in checked:
        if arguments[i].dtype not in (fe.float64, fe.complex128):
            raise DTypeError(
                f"gradcheck: input {i} is {arguments[i]._type}; differences need float64 or "
                "complex128"
            )
    check = _along_a_direction if fast_mode else _element_by_element
    try:
        check(func, arguments, checked, eps, atol, rtol)
    except GraphError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Check the gradients of the gradients of ``func``: `gradcheck` of its backward pass.

    Args:
        grad_outputs: gradients of the outputs; by default drawn at random from a fixed seed.
    """
    arguments = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    outputs = _differentiable(func(*arguments))
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        entering = [_like(y, rng.standard_normal(_size(y))).requires_grad_() for y in outputs]
    else:
        entering = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    n = len(arguments)

    def backward_pass(*both: Any) -> tuple[Tensor, ...]:
        xs = [x for x in both[:n] if isinstance(x, Tensor) and x.requires_grad]
        gradients = grad(
            _differentiable(func(*both[:n])), xs, both[n:], create_graph=True, allow_unused=True
        )
        return tuple(g for g in gradients if g is not None and g.requires_grad)

    return gradcheck(
        backward_pass,
        [*arguments, *entering],
        eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, fast_mode=fast_mode,
    )  # fmt: skip


def _differentiable(outputs: Any) -> list[Tensor]:
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return [y for y in outputs if isinstance(y, Tensor) and y.requires_grad]


def _size(x: Tensor) -> int:
    """How many real numbers it consists of."""
    return x.numel() * (2 if x.dtype.is_complex else 1)


def _coordinates(x: Tensor) -> Array:
    """The real numbers that it consists of, as float64 of one dim. The gradient of a real number
    by a complex one has those by its parts."""
    wide = np.complex128 if x.dtype.is_complex else np.float64
    return x.detach().numpy().astype(wide).reshape(-1).view(np.float64)


def _like(x: Tensor, coordinates: Array) -> Tensor:
    """The tensor of the type of ``x`` that consists of those numbers."""
    array = coordinates.view(np.complex128) if x.dtype.is_complex else coordinates
    return fe.tensor(array.reshape(x.shape), device=x.device).to(x.dtype)


def _difference(
    func: Callable[..., Any], arguments: list[Any], steps: dict[int, Array]
) -> list[Array]:
    """Half of ``func(x + step) - func(x - step)``, in coordinates."""
    sides: list[list[Array]] = []
    for sign in (1.0, -1.0):
        moved = list(arguments)
        for i, step in steps.items():
            x = arguments[i]
            moved[i] = _like(x, _coordinates(x) + sign * step).requires_grad_()
        sides.append([_coordinates(y) for y in _differentiable(func(*moved))])
    return [(a - b) / 2 for a, b in zip(*sides)]


def _element_by_element(
    func: Callable[..., Any], arguments: list[Any], checked: list[int],
    eps: float, atol: float, rtol: float,
) -> None:  # fmt: skip
    outputs = _differentiable(func(*arguments))
    inputs = [arguments[i] for i in checked]
    jacobians = [[np.zeros((_size(y), _size(x))) for x in inputs] for y in outputs]
    for k, y in enumerate(outputs):
        for row in range(_size(y)):
            one = np.zeros(_size(y))
            one[row] = 1.0
            gradients = grad(y, inputs, _like(y, one), retain_graph=True, allow_unused=True)
            for j, g in enumerate(gradients):
                if g is not None:
                    jacobians[k][j][row] = _coordinates(g)
    for j, i in enumerate(checked):
        x = arguments[i]
        for column in range(_size(x)):
            step = np.zeros(_size(x))
            step[column] = eps
            difference = _difference(func, arguments, {i: step})
            for k, d in enumerate(difference):
                numeric, analytic = d / eps, jacobians[k][j][:, column]
                wrong = ~np.isclose(analytic, numeric, rtol=rtol, atol=atol, equal_nan=True)
                if wrong.any():
                    row = int(np.argmax(wrong))
                    raise GraphError(
                        f"gradcheck: the gradient of {_place(outputs[k], row)} of output {k} by "
                        f"{_place(x, column)} of input {i} ({x._type}) is {analytic[row]:.9g}, "
                        f"and central differences give {numeric[row]:.9g}"
                    )


def _place(x: Tensor, coordinate: int) -> str:
    if not x.dtype.is_complex:
        return f"element {coordinate}"
    return f"the {('real', 'imaginary')[coordinate % 2]} part of element {coordinate // 2}"


def _along_a_direction(
    func: Callable[..., Any], arguments: list[Any], checked: list[int],
    eps: float, atol: float, rtol: float,
) -> None:  # fmt: skip
    rng = np.random.default_rng(0)
    outputs = _differentiable(func(*arguments))
    inputs = [arguments[i] for i in checked]
    entering = [rng.standard_normal(_size(y)) for y in outputs]
    gradients = grad(
        outputs,
        inputs,
        [_like(y, e) for e, y in zip(entering, outputs)],
        allow_unused=True,
    )
    direction = {i: rng.standard_normal(_size(arguments[i])) for i in checked}
    length = np.sqrt(sum(float((v * v).sum()) for v in direction.values())) or 1.0
    direction = {i: v / length for i, v in direction.items()}
    analytic = sum(
        float((_coordinates(g) * v).sum())
        for g, v in zip(gradients, direction.values())
        if g is not None
    )
    steps = {i: eps * v for i, v in direction.items()}
    difference = _difference(func, arguments, steps)
    numeric = sum(float((e * d).sum()) for e, d in zip(entering, difference)) / eps
    if not np.isclose(analytic, numeric, rtol=rtol, atol=atol, equal_nan=True):
        raise GraphError(
            f"gradcheck: along a random direction of inputs {checked} the derivative is "
            f"{analytic:.9g}, and central differences give {numeric:.9g}"
        )
