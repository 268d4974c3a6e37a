"""`vmap`: a function of one sample as a function of many."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ferrule import generator, ops
from ferrule.errors import ArgumentError, GraphError, OutOfRange, ShapeError
from ferrule.func.batched import Batched, lower
from ferrule.func.interpreter import Randomness, Vmap
from ferrule.func.pytree import Structure, flatten, spread
from ferrule.tensor import Tensor


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: Randomness = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """``func`` of one sample, made a function of many, which computes them all at once::

        per_sample = fe.func.vmap(fe.func.grad(loss), in_dims=(None, 0, 0))(weights, images, labels)

    Inside of ``func`` tensors have the shapes of one sample. What differs from sample to sample
    cannot become a Python value (``item``, ``if``).

    Args:
        func: takes tensors, or nested tuples, lists and dicts of them; returns the same.
        in_dims: for each positional argument the dim along which the samples lie, or None for one
            that all share: an int for all arguments, or a tree that their trees begin with.
            Keyword arguments are shared.
        out_dims: where the samples lie in what is returned, likewise.
        randomness: what random functions inside do: ``"error"``, ``"same"`` numbers for all
            samples, or ``"different"`` ones.
        chunk_size: compute so many samples at a time, to save memory.

    Raises:
        ArgumentError: ``in_dims`` or ``out_dims`` does not fit; nothing is mapped over; ``func``
            returned something that is no tensor.
        ShapeError: the numbers of samples differ.
        GraphError: something that cannot be done for many samples at once; it says what instead.
    """
    name = getattr(func, "__name__", repr(func))
    if randomness not in ("error", "same", "different"):
        raise ArgumentError(
            f'vmap({name}): randomness is "error", "same" or "different", not {randomness!r}'
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ArgumentError(f"vmap({name}): chunk_size must be positive, not {chunk_size}")

    def mapped(*args: Any, **kwargs: Any) -> Any:
        leaves, dims, structure = _inputs(name, in_dims, args)
        size = _size(name, leaves, dims)
        step = size if chunk_size is None else min(chunk_size, size)
        fronted = [x if d is None else _moved(x, d, 0) for x, d in zip(leaves, dims)]
        if step == size:
            found, places, outer = _run(
                name, func, fronted, dims, structure, kwargs, size, randomness, out_dims
            )
        else:
            parts = []
            state = generator.states() if randomness == "same" else None
            for start in range(0, size, step):
                if state is not None:
                    generator.set_states(state)
                n = min(step, size - start)
                chunk = [
                    x if d is None else ops.narrow(x, dim=0, start=start, length=n)
                    for x, d in zip(fronted, dims)
                ]
                parts.append(
                    _run(name, func, chunk, dims, structure, kwargs, n, randomness, out_dims)
                )
            _, places, outer = parts[0]
            found = [
                each[0] if place is None else ops.cat(*each, dim=0)
                for place, *each in zip(places, *(part[0] for part in parts))
            ]
        return outer.build(
            [y if place is None else _moved(y, 0, place) for y, place in zip(found, places)]
        )

    return wraps(func)(mapped) if hasattr(func, "__name__") else mapped


def _inputs(
    name: str, in_dims: Any, args: tuple[Any, ...]
) -> tuple[list[Any], list[Any], Structure]:
    if not isinstance(in_dims, (int, tuple, list)) or isinstance(in_dims, bool):
        raise ArgumentError(
            f"vmap({name}): in_dims is an int or a tuple with one entry for each argument, not "
            f"{in_dims!r}"
        )
    if not args:
        raise ArgumentError(
            f"vmap({name}): there is no positional argument, so nothing to map over"
        )
    leaves, structure = flatten(args)
    prefix = tuple(in_dims) if isinstance(in_dims, list) else in_dims
    dims = spread(prefix, structure)
    if dims is None:
        raise ArgumentError(
            f"vmap({name}): in_dims {in_dims} does not fit the arguments {structure}; it is an "
            "int, or has one entry for each positional argument, which may be a tree as they are"
        )
    for i, (x, d) in enumerate(zip(leaves, dims)):
        if d is None:
            continue
        if isinstance(d, bool) or not isinstance(d, int):
            raise ArgumentError(f"vmap({name}): an entry of in_dims is an int or None, not {d!r}")
        if not isinstance(x, Tensor):
            raise ArgumentError(
                f"vmap({name}): in_dims is {d} for an argument of type {type(x).__name__}, which "
                "is no tensor; give None for it"
            )
        if not -x.ndim <= d < x.ndim:
            raise OutOfRange(
                f"vmap({name}): in_dims is {d} for an argument of type {x._type}, which has "
                f"{x.ndim} dims"
            )
        dims[i] = d % x.ndim
    return leaves, dims, structure


def _size(name: str, leaves: list[Any], dims: list[Any]) -> int:
    sizes = {x.shape[d]: x for x, d in zip(leaves, dims) if d is not None}
    if not sizes:
        raise ArgumentError(
            f"vmap({name}): in_dims is None for every argument, so nothing is mapped over; call "
            "the function itself"
        )
    if len(sizes) > 1:
        raise ShapeError(
            f"vmap({name}): the arguments have different numbers of samples: {sorted(sizes)}; the "
            "dims that in_dims names must be of one size"
        )
    return next(iter(sizes))


def _run(
    name: str,
    func: Callable[..., Any],
    leaves: list[Any],
    dims: list[Any],
    structure: Structure,
    kwargs: dict[str, Any],
    size: int,
    randomness: Randomness,
    out_dims: Any,
) -> tuple[list[Any], list[Any], Structure]:
    """The results with their samples as the first dim, those of which ``out_dims`` is None without;
    their final places; and the tree that they make up."""
    level = Vmap(size, randomness)
    try:
        with level:
            inside = [x if d is None else Batched(x, level) for x, d in zip(leaves, dims)]
            result = func(*structure.build(inside), **kwargs)
            del inside
            found, outer = flatten(result)
            del result
            places = _places(name, out_dims, found, outer)
            results = [y if place is None else lower(y, level) for y, place in zip(found, places)]
    except Exception as error:
        _drop_writes(level, error)
        raise
    for y, place in zip(found, places):
        if place is None and isinstance(y, Batched) and y._batch.vmap is level:
            raise ArgumentError(
                f"vmap({name}): out_dims is None for a result that differs from sample to sample; "
                "give it a dim"
            )
    level.end(found)
    return results, places, outer


def _drop_writes(level: Vmap, error: Exception) -> None:
    """After an error, tensors that were written to get their values back without another one."""
    try:
        level.end([])
    except GraphError as second:
        error.add_note(str(second))


def _places(name: str, out_dims: Any, found: list[Any], outer: Structure) -> list[Any]:
    for y in found:
        if not isinstance(y, Tensor):
            raise ArgumentError(
                f"vmap({name}): the function returned {type(y).__name__}, and only tensors can be "
                "put together; return tensors, or tuples, lists and dicts of them"
            )
    prefix = out_dims
    if isinstance(out_dims, (tuple, list)) and outer.kind is None and len(out_dims) == 1:
        (prefix,) = out_dims  # one result may have its dim in a tuple
    places = spread(prefix, outer)
    if places is None:
        raise ArgumentError(
            f"vmap({name}): out_dims {out_dims} does not fit what the function returned, {outer}"
        )
    for y, d in zip(found, places):
        if d is not None and (isinstance(d, bool) or not isinstance(d, int)):
            raise ArgumentError(f"vmap({name}): an entry of out_dims is an int or None, not {d!r}")
        if d is not None and not -y.ndim - 1 <= d <= y.ndim:
            raise OutOfRange(
                f"vmap({name}): out_dims is {d} for a result of type {y._type}, which with the "
                f"samples has {y.ndim + 1} dims"
            )
    return places


def _moved(x: Tensor, source: int, target: int) -> Tensor:
    target %= x.ndim
    if source == target:
        return x
    order = [d for d in range(x.ndim) if d != source]
    order.insert(target, source)
    return ops.permute(x, dims=tuple(order))
