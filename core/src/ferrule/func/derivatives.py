"""Derivatives as functions, by reverse mode: `grad` and `vjp`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ferrule import ops
from ferrule.errors import ArgumentError, GraphError
from ferrule.func.pytree import Structure, flatten
from ferrule.func.tape import Taped, zeros_for
from ferrule.tensor import Tensor

Argnums = int | tuple[int, ...]


def grad(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of ``func``, as a function of the same arguments.

    Args:
        func: returns a tensor without dims.
        argnums: the positional arguments to differentiate by: one, or a tuple of them. They may be
            nested tuples, lists and dicts of tensors.
        has_aux: ``func`` returns a pair, and the second of it is only passed on.

    Returns:
        A function that gives the gradient by the argument, or a tuple of them for a tuple of
        ``argnums``; with ``has_aux``, a pair of that and what was passed on.

    Raises:
        GraphError: ``func`` returned something else, or an argument cannot be differentiated by.
    """

    def gradient(*args: Any, **kwargs: Any) -> Any:
        gradients, _, aux = _grad(f"grad({name_of(func)})", func, argnums, has_aux, args, kwargs)
        return (gradients, aux) if has_aux else gradients

    return like(func, gradient)


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad`; what it gives returns ``(gradient, value)``, or, with ``has_aux``,
    ``(gradient, (value, aux))``. That is PyTorch's order."""

    def gradient(*args: Any, **kwargs: Any) -> Any:
        gradients, value, aux = _grad(
            f"grad_and_value({name_of(func)})", func, argnums, has_aux, args, kwargs
        )
        return (gradients, (value, aux)) if has_aux else (gradients, value)

    return like(func, gradient)


def value_and_grad(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad_and_value` with the value first, which is JAX's order: ``(value, gradient)``, or
    ``((value, aux), gradient)``."""

    def gradient(*args: Any, **kwargs: Any) -> Any:
        gradients, value, aux = _grad(
            f"value_and_grad({name_of(func)})", func, argnums, has_aux, args, kwargs
        )
        return ((value, aux), gradients) if has_aux else (value, gradients)

    return like(func, gradient)


def _grad(
    name: str,
    func: Callable[..., Any],
    argnums: Argnums,
    has_aux: bool,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, Any, Any]:
    """Gradients in the structure of ``argnums``, the value, and what was passed on."""
    places = chosen(name, argnums, len(args))
    leaves, structure = flatten(tuple(args[i] for i in places))
    tape = Taped(name, leaves)
    with tape.running():
        given = structure.build(list(tape.inputs))
        result = func(*_replaced(args, places, given), **kwargs)
    value, aux = split(name, result, has_aux)
    if not isinstance(value, Tensor):
        raise GraphError(
            f"{name}: the function must return a tensor, and returned {type(value).__name__}"
        )
    if value.ndim:
        raise GraphError(
            f"{name}: the function must return a tensor without dims, and returned {value._type}; "
            "call .sum() or .mean(), or use jacrev for all derivatives"
        )
    if value.dtype.is_complex:
        raise GraphError(
            f"{name}: the function must return a real tensor, and returned {value._type}; take its "
            "real part or its absolute value"
        )
    aux_leaves, aux_structure = flatten(aux)
    passed_on = tape.leave([value, *aux_leaves])
    # where results keep the graph, it must stay whole
    kept = any(isinstance(y, Tensor) and y.requires_grad for y in passed_on)
    one = ops.full(shape=(), value=1, dtype=value.dtype, device=value.device)
    found = tape.gradients([value], [one], retain_graph=kept)
    gradients = structure.build(materialised(tape, tape.inputs, found))
    value, *aux_leaves = passed_on
    chosen_one = gradients if isinstance(argnums, tuple) else gradients[0]
    return chosen_one, value, aux_structure.build(aux_leaves)


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of ``func`` at ``primals``, and the function that takes a gradient of the value
    back to one of the arguments.

    Args:
        func: takes and returns tensors, or nested tuples, lists and dicts of them.
        has_aux: ``func`` returns a pair, and the second of it is only passed on.

    Returns:
        ``(value, vjp_fn)``, or ``(value, vjp_fn, aux)``. ``vjp_fn(cotangents)`` may be called
        often; it returns a tuple with one entry for each primal.
    """
    name = f"vjp({name_of(func)})"
    if not primals:
        raise GraphError(f"{name}: there are no primals to differentiate by")
    leaves, structure = flatten(primals)
    tape = Taped(name, leaves)
    with tape.running():
        result = func(*structure.build(list(tape.inputs)))
    value, aux = split(name, result, has_aux)
    outputs, outer = flatten(value)
    check_tensors(name, outputs)

    def vjp_fn(*cotangents: Any) -> Any:
        given: Any = cotangents
        if len(cotangents) == 1 and not (outer.kind is tuple and len(outer.children) == 1):
            (given,) = cotangents
        gradients, found = flatten(given)
        if found != outer:
            raise GraphError(
                f"{name}: the cotangents are {found}, and the function returned {outer}; they must "
                "have one structure"
            )
        check_types(name, "cotangent", gradients, outputs)
        gradients = materialised(tape, tape.inputs, tape.gradients(outputs, gradients))
        return structure.build(gradients)

    value = outer.build(tape.leave(outputs))
    if not has_aux:
        return value, vjp_fn
    aux_leaves, aux_structure = flatten(aux)
    return value, vjp_fn, aux_structure.build(tape.leave(aux_leaves))


def materialised(tape: Taped, like: list[Any], found: list[Tensor | None]) -> list[Any]:
    """Gradients with zeros in the place of those that nothing depends on; apart from each other."""
    return [zeros_for(x) if g is None else g._apart() for x, g in zip(like, found)]


def chosen(name: str, argnums: Argnums, n: int) -> list[int]:
    """The places of the arguments to differentiate by."""
    given = argnums if isinstance(argnums, tuple) else (argnums,)
    if not given or any(isinstance(i, bool) or not isinstance(i, int) for i in given):
        raise ArgumentError(f"{name}: argnums is an int or a tuple of ints, not {argnums!r}")
    for i in given:
        if not -n <= i < n:
            raise GraphError(f"{name}: argnums names argument {i}, and {n} were given by position")
    places = [i % n for i in given]
    if len(set(places)) < len(places):
        raise GraphError(f"{name}: argnums {argnums} names an argument twice")
    return places


def _replaced(args: tuple[Any, ...], places: list[int], given: tuple[Any, ...]) -> list[Any]:
    found = list(args)
    for i, x in zip(places, given):
        found[i] = x
    return found


def of_chosen(
    name: str, func: Callable[..., Any], argnums: Argnums, args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Callable[..., Any], tuple[Any, ...]]:  # fmt: skip
    """``func`` as a function of the arguments that ``argnums`` names, and these."""
    places = chosen(name, argnums, len(args))
    return (
        lambda *given: func(*_replaced(args, places, given), **kwargs),
        tuple(args[i] for i in places),
    )


def split(name: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """A function's value, and what it passes on besides."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise GraphError(
            f"{name}: with has_aux=True the function returns a pair (value, aux), and it returned "
            f"{type(result).__name__}"
        )
    return result


def check_tensors(name: str, outputs: list[Any]) -> None:
    """Refuse what is no tensor among a function's results."""
    for y in outputs:
        if not isinstance(y, Tensor):
            raise GraphError(
                f"{name}: the function must return tensors, and returned {type(y).__name__}; pass "
                "other things on with has_aux=True"
            )
    if not outputs:
        raise GraphError(f"{name}: the function returned nothing to differentiate")


def check_types(name: str, what: str, given: list[Any], wanted: list[Any]) -> None:
    """Refuse tensors of other shapes than those that they belong to."""
    for i, (g, y) in enumerate(zip(given, wanted)):
        if not isinstance(g, Tensor):
            raise GraphError(f"{name}: {what} {i} must be a tensor, not {type(g).__name__}")
        if g.shape != y.shape:
            raise GraphError(
                f"{name}: {what} {i} is {g._type}, and must have the shape of {y._type}"
            )


def name_of(func: Any) -> str:
    """What messages call a function."""
    return getattr(func, "__name__", type(func).__name__)


def like(func: Any, made: Callable[..., Any]) -> Callable[..., Any]:
    """``made``, with the name and documentation of ``func``."""
    return wraps(func)(made) if hasattr(func, "__name__") else made


def structure_of(argnums: Argnums, structure: Structure) -> Structure:
    """The structure of the arguments differentiated by, as results show it: a tuple of them for a
    tuple of ``argnums``, and for one argument its own."""
    return structure if isinstance(argnums, tuple) else structure.children[0]
