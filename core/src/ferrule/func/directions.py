"""Derivatives in one direction: `jvp` and `linearize`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferrule import modes
from ferrule.errors import GraphError
from ferrule.func.derivatives import check_tensors, check_types, materialised, name_of, split
from ferrule.func.pytree import flatten
from ferrule.func.tape import Taped, zeros_for


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """The value of ``func``, and its derivative in one direction.

    The backward pass is linear in the gradient that enters it; the derivative in a direction is its
    transpose. So this costs about three calls of the function, whatever its sizes.

    Args:
        func: takes and returns tensors, or nested tuples, lists and dicts of them.
        primals: a tuple: where to differentiate.
        tangents: the direction, in the structure, shapes and dtypes of ``primals``.
        strict: refuse an output that does not depend on the primals.
        has_aux: ``func`` returns a pair, and the second of it is only passed on.

    Returns:
        ``(value, derivative)``, or ``(value, derivative, aux)``.
    """
    name = f"jvp({name_of(func)})"
    if not isinstance(primals, tuple) or not primals:
        raise GraphError(f"{name}: primals is a tuple with at least one argument, not {primals!r}")
    if not isinstance(tangents, tuple):
        raise GraphError(f"{name}: tangents is a tuple like primals, not {tangents!r}")
    line = Line(name, func, primals, has_aux, strict)
    derivative = line.along(tangents)
    return (line.value, derivative, line.aux) if has_aux else (line.value, derivative)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of ``func`` at ``primals``, and its derivative there: a linear function of a
    direction, which does not call ``func`` again.

    Returns:
        ``(value, jvp_fn)``; ``jvp_fn(*tangents)`` is as in `jvp`.
    """
    name = f"linearize({name_of(func)})"
    if not primals:
        raise GraphError(f"{name}: there are no primals to differentiate by")
    line = Line(name, func, primals, False, False)
    return line.value, lambda *tangents: line.along(tangents)


class Line:
    """A function's derivative at one place.

    Attributes:
        value: the function's value.
        aux: what it passed on.
        outer: the structure of the value.
    """

    def __init__(
        self, name: str, func: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool,
        strict: bool,
    ) -> None:  # fmt: skip
        self.name = name
        self.primals, self.structure = flatten(primals)
        self._tape = tape = Taped(name, self.primals)
        with tape.running():
            result = func(*self.structure.build(list(tape.inputs)))
        value, aux = split(name, result, has_aux)
        self.outputs, self.outer = flatten(value)
        check_tensors(name, self.outputs)
        primal_entries = list(tape.entries)
        with modes.record_always():
            # the backward pass, as a function of the gradients that enter it
            floating = [y.dtype.category in ("floating", "complex") for y in self.outputs]
            self._cotangents = [
                tape.enter(zeros_for(y)) if f else None for y, f in zip(self.outputs, floating)
            ]
            self._cotangent_entries = tape.entries[len(primal_entries) :]
            self._pulled = tape.gradients(
                [y for y, f in zip(self.outputs, floating) if f],
                [u for u in self._cotangents if u is not None],
                targets=primal_entries,
                create_graph=True,
            )
        if strict:
            self._refuse_constants(primal_entries)
        self.value = self.outer.build(tape.leave(self.outputs))
        aux_leaves, aux_structure = flatten(aux)
        self.aux = aux_structure.build(tape.leave(aux_leaves))

    def along(self, tangents: tuple[Any, ...]) -> Any:
        """The derivative in one direction."""
        leaves, structure = flatten(tangents)
        if structure != self.structure:
            raise GraphError(
                f"{self.name}: the tangents are {structure}, and the primals {self.structure}; "
                "they must have one structure"
            )
        check_types(self.name, "tangent", leaves, self.primals)
        pairs = [(g, t) for g, t in zip(self._pulled, leaves) if g is not None]
        found = iter(
            self._tape.gradients(
                [g for g, _ in pairs],
                [t for _, t in pairs],
                targets=self._cotangent_entries,
            )
        )
        derivatives = [None if u is None else next(found) for u in self._cotangents]
        return self.outer.build(materialised(self._tape, self.outputs, derivatives))

    def _refuse_constants(self, entries: list[Any]) -> None:
        for i, y in enumerate(self.outputs):
            found = self._tape.gradients([y], [zeros_for(y)], targets=entries, create_graph=False)
            if all(g is None for g in found):
                raise GraphError(
                    f"{self.name}: output {i} does not depend on the inputs, which strict=True "
                    "does not allow"
                )
