"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferrule import joining
from ferrule.errors import ArgumentError
from ferrule.tensor import Tensor


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with other parameters and buffers than its own, which are as before after.

    Args:
        module: a `Module`.
        parameter_and_buffer_dicts: tensors by dotted name, or several such mappings. What is not
            named is the module's own.
        args: one argument, or a tuple of them.
        kwargs: keyword arguments.
        tie_weights: a tensor that the module has under several names is replaced under all of them
            where one is given.
        strict: refuse names that the module does not have, and missing ones.

    Raises:
        ArgumentError: names that do not fit, or one tensor given twice under names that are tied.
    """
    given = _merged(parameter_and_buffer_dicts)
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    unknown = [name for name in given if not _is_place(module, name)]
    missing = [name for name in own if name not in given]
    if unknown or (strict and (missing or any(name not in own for name in given))):
        wrong = unknown or [name for name in given if name not in own]
        raise ArgumentError(
            f"functional_call: {type(module).__name__} has no "
            f"{', '.join(wrong) or 'such names'}; missing: {', '.join(missing) or 'none'}"
        )
    replaced = _tied(own, given) if tie_weights else given
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    before: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for name, value in replaced.items():
            attributes, last = _place(module, name)
            before.append((attributes, last, attributes[last]))
            attributes[last] = value
        return module(*args, **(kwargs or {}))
    finally:
        for attributes, last, value in reversed(before):
            attributes[last] = value


def _merged(given: Any) -> dict[str, Tensor]:
    if isinstance(given, Mapping):
        return dict(given)
    if not isinstance(given, Sequence) or not all(isinstance(d, Mapping) for d in given):
        raise ArgumentError(
            "functional_call: parameters and buffers are a dict of tensors by name, or several "
            f"dicts, not {type(given).__name__}"
        )
    merged: dict[str, Tensor] = {}
    for d in given:
        twice = merged.keys() & d.keys()
        if twice:
            raise ArgumentError(f"functional_call: {sorted(twice)[0]!r} is in two of the dicts")
        merged.update(d)
    return merged


def _place(module: Any, name: str) -> tuple[dict[str, Any], str]:
    path, _, last = name.rpartition(".")
    return module.get_submodule(path).__dict__, last


def _is_place(module: Any, name: str) -> bool:
    try:
        attributes, last = _place(module, name)
    except AttributeError:
        return False
    owner = module.get_submodule(name.rpartition(".")[0])
    return last in attributes and (isinstance(attributes[last], Tensor) or last in owner._buffers)


def _tied(own: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """``given``, with the other names of the tensors that it replaces."""
    names: dict[int, list[str]] = {}
    for name, value in own.items():
        names.setdefault(id(value), []).append(name)
    found = dict(given)
    for same in names.values():
        values = {id(given[name]): given[name] for name in same if name in given}
        if len(values) > 1:
            raise ArgumentError(
                f"functional_call: {' and '.join(same)} are one tensor, and different values are "
                "given for them; pass tie_weights=False to take them apart"
            )
        for value in values.values():
            found.update(dict.fromkeys(same, value))
    return found


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several modules of one kind, stacked along a new first dim:
    what ``vmap`` of `functional_call` takes to run an ensemble.

    Returns:
        Two dicts of tensors by name. Stacked parameters are leaves that require a gradient where
        those of the first module do.

    Raises:
        ArgumentError: there are no models, or they are of different classes or modes.
    """
    models = list(models)
    if not models:
        raise ArgumentError("stack_module_state: there are no models")
    if any(m.training is not models[0].training for m in models):
        raise ArgumentError(
            "stack_module_state: some models are in training mode and some are not; call .train() "
            "or .eval() on all"
        )
    if any(type(m) is not type(models[0]) for m in models):
        kinds = ", ".join(sorted({type(m).__name__ for m in models}))
        raise ArgumentError(f"stack_module_state: the models are of different classes: {kinds}")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return (
        {
            name: joining.stack([p[name] for p in parameters])
            .detach()
            .requires_grad_(first.requires_grad)
            for name, first in parameters[0].items()
        },
        {name: joining.stack([b[name] for b in buffers]).detach() for name in buffers[0]},
    )
