"""All derivatives of all outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.func.derivatives import Argnums, like, name_of, of_chosen, structure_of, vjp
from ferrule.func.directions import Line
from ferrule.func.interpreter import Randomness
from ferrule.func.mapping import vmap
from ferrule.func.pytree import flatten
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The Jacobian of ``func``, by reverse mode: one backward pass for each element of the output,
    all at once. Best where outputs are smaller than inputs.

    Args:
        func: takes and returns tensors, or nested tuples, lists and dicts of them.
        argnums: the positional arguments to differentiate by: one, or a tuple of them.
        has_aux: ``func`` returns a pair, and the second of it is only passed on.
        chunk_size: how many backward passes to do at a time, to save memory.

    Returns:
        A function that gives, in the structure of the output, for each tensor of it the structure
        of the argument (a tuple of them for a tuple of ``argnums``), with tensors of the shape
        ``(*output.shape, *input.shape)``; with ``has_aux``, a pair of that and what was passed on.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ArgumentError(f"jacrev: chunk_size must be positive, not {chunk_size}")

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen, primals = of_chosen(f"jacrev({name_of(func)})", func, argnums, args, kwargs)
        found = vjp(chosen, *primals, has_aux=has_aux)
        value, vjp_fn = found[:2]
        outputs, outer = flatten(value)
        inputs, inner = flatten(primals)

        def pull(*cotangents: Tensor) -> Any:
            return vjp_fn(outer.build(list(cotangents)))

        rows = [
            flatten(vmap(pull, chunk_size=chunk_size)(*basis))[0]
            for basis in _bases(outputs, chunk_size)
        ]
        columns = [ops.cat(*parts, dim=0) for parts in zip(*rows)]
        entries, start = [], 0
        for y in outputs:
            n = y.numel()
            pieces = [
                ops.reshape(ops.narrow(c, dim=0, start=start, length=n), shape=(*y.shape, *x.shape))
                for c, x in zip(columns, inputs)
            ]
            entries.append(structure_of(argnums, inner).build(pieces))
            start += n
        jacobians = outer.build(entries)
        return (jacobians, found[2]) if has_aux else jacobians

    return like(func, jacobian)


def jacfwd(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    randomness: Randomness = "error",
) -> Callable[..., Any]:
    """The Jacobian of ``func``, by forward mode: one derivative for each element of the input, all
    at once. Best where inputs are smaller than outputs.

    The function runs once, so random functions in it draw once, whatever ``randomness`` says; it is
    understood for PyTorch's sake. Arguments and results are those of `jacrev`.
    """
    if randomness not in ("error", "same", "different"):
        raise ArgumentError(
            f'jacfwd: randomness is "error", "same" or "different", not {randomness!r}'
        )

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        name = f"jacfwd({name_of(func)})"
        chosen, primals = of_chosen(name, func, argnums, args, kwargs)
        line = Line(name, chosen, primals, has_aux, False)
        inputs, inner = flatten(primals)

        def push(*tangents: Tensor) -> Any:
            return tuple(flatten(line.along(inner.build(list(tangents))))[0])

        (basis,) = _bases(inputs, None)
        # (elements of the inputs, *output.shape) for each output
        pushed = vmap(push)(*basis)
        entries = []
        for derivative, y in zip(pushed, line.outputs):
            pieces, start = [], 0
            for x in inputs:
                n = x.numel()
                part = ops.narrow(derivative, dim=0, start=start, length=n)
                last = ops.permute(part, dims=(*range(1, y.ndim + 1), 0))
                pieces.append(ops.reshape(last, shape=(*y.shape, *x.shape)))
                start += n
            entries.append(structure_of(argnums, inner).build(pieces))
        found = line.outer.build(entries)
        return (found, line.aux) if has_aux else found

    return like(func, jacobian)


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The second derivatives of ``func``: `jacfwd` of `jacrev`, in the structure that follows."""
    return jacfwd(jacrev(func, argnums), argnums)


def _bases(tensors: list[Tensor], chunk_size: int | None) -> Iterator[list[Tensor]]:
    """Unit vectors of the space that all elements of ``tensors`` span: for each tensor its part of
    all of them, along a first dim; ``chunk_size`` of them at a time."""
    sizes = [x.numel() for x in tensors]
    total = sum(sizes)
    step = total if chunk_size is None else chunk_size
    for begin in range(0, max(total, 1), max(step, 1)):
        n = min(step, total - begin)
        parts, start = [], 0
        for x, size in zip(tensors, sizes):
            where: Any = {"dtype": int64, "device": x.device}
            rows = ops.arange(start=begin, step=1, length=n, **where)
            columns = ops.arange(start=start, step=1, length=size, **where)
            ones = ops.cast(ops.eq(ops.reshape(rows, shape=(n, 1)), columns), dtype=x.dtype)
            parts.append(ops.reshape(ones, shape=(n, *x.shape)))
            start += size
        yield parts
