"""A model's weights into a file, and out of one into a model that has been built."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ferrule.errors import ArgumentError, CheckpointError
from ferrule.serialization import checkpoint, staging
from ferrule.serialization.filling import Plan, unless_it_fails
from ferrule.serialization.stored import Path, Stored
from ferrule.tensor import Tensor
from ferrule_plugins import DType

if TYPE_CHECKING:
    from ferrule.nn import Module
    from ferrule.nn.state import IncompatibleKeys

KeyMap = Mapping[str, str | None] | Callable[[str], str | None] | Sequence[tuple[str, str]]
"""How names in a file become names in a model."""


def save_model(
    model: Module,
    filename: Path,
    metadata: Mapping[str, str] | None = None,
    *,
    max_shard_size: int | str | None = None,
) -> None:
    """Write the parameters and persistent buffers of a model to a safetensors file.

    A tensor that stands in several places of the model is written once, under its first name; the
    metadata tell the first name of each other one, as ``safetensors.torch.save_model`` has them.

    Args:
        model: the model.
        filename: the file; `ferrule.save` says how it is written.
        metadata: strings by name. ``format`` is ``"pt"`` unless given: Hugging Face's libraries
            take the layouts of PyTorch by it, which these are.
        max_shard_size: the most bytes in one file, as `ferrule.save` has it.

    Raises:
        CheckpointError, ArgumentError: as `ferrule.save`.
    """
    state: dict[str, Any] = {}
    elsewhere: dict[str, str] = {}
    first: dict[int, str] = {}
    for name, value in model.state_dict(keep_vars=True).items():
        kept = first.setdefault(id(value), name) if isinstance(value, Tensor) else name
        if kept == name:
            state[name] = value
        else:
            elsewhere[name] = kept
    words = {"format": "pt", **elsewhere, **(metadata or {})}
    checkpoint.save(state, filename, metadata=words, max_shard_size=max_shard_size)


def load_model(
    model: Module,
    filename: Path,
    strict: bool = True,
    device: Any = None,
    *,
    dtype: Any = None,
    prefix: str = "",
    key_map: KeyMap | None = None,
) -> IncompatibleKeys:
    """Give a model the weights in a file, one tensor after the other, so that never two copies of
    the model are in memory.

    Args:
        model: a model of the same layout.
        filename: a safetensors file, an index of several, a folder with either, or PyTorch's
            ``.pt``, ``.pth`` or ``.bin``. Tensors in nested structures bear dotted names:
            ``model.0.weight``.
        strict: whether missing and unexpected names are errors. Wrong shapes always are.
        device: where to put the whole model; by default it stays where it is.
        dtype: what floating parameters and buffers become; by default they keep their dtypes, and
            what is in the file is converted.
        prefix: only names that begin with it are looked at, and are taken without it.
        key_map: how names in the file become the model's: a dict of whole names, a list of pairs
            of a regular expression and its replacement, applied in order, or a function. A name
            that becomes None is passed over.

    Returns:
        The missing and the unexpected names. Of a tensor that stands in several places of the model
        one name is enough.

    Raises:
        CheckpointError: the file cannot be read, or something does not fit; it lists all that does
            not, and nothing has been changed.
        ArgumentError: ``dtype`` is not floating, or ``key_map`` is of no such kind.
    """
    from ferrule.nn.state import IncompatibleKeys

    wanted = None if dtype is None else DType.of(dtype)
    if wanted is not None and not wanted.is_floating_point:
        raise ArgumentError(f"load_model: a model has floating dtypes, not {wanted.name}")
    with _renamed(filename, prefix, key_map) as (given, all_names):
        for stored in given.values():
            stored.check()
        plan = Plan(model, given)
        if plan.whole:
            waiting = staging.device(model)
            shared = plan.under_all_names()
            state = {name: stored.tensor(waiting) for name, stored in shared.items()}
            with unless_it_fails([model]):
                model.to(device=device, dtype=wanted)
                found = model.load_state_dict(state, strict)
        else:
            found = plan.fill(filename, strict, device, wanted, prefix, all_names)
        if device is not None or wanted is not None:
            _convert(model, device, wanted)
        return IncompatibleKeys(*found)


@contextmanager
def _renamed(
    filename: Path, prefix: str, key_map: KeyMap | None
) -> Iterator[tuple[dict[str, Stored], list[str]]]:
    """The tensors of a file by the names that the model has for them; and all names in the file."""
    rename = _renaming(key_map)
    path = checkpoint.located(filename)
    with checkpoint.opened(path) as (parts, metadata):
        tensors = checkpoint.with_complex(path, parts, metadata)
        given: dict[str, Stored] = {}
        origin: dict[str, str] = {}
        for name, stored in tensors.items():
            target = rename(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if target is None:
                continue
            if target in given:
                raise CheckpointError(
                    f"load_model: {origin[target]!r} and {name!r} of {os.fspath(filename)!r} both "
                    f"become {target!r}; change key_map"
                )
            given[target], origin[target] = stored, name
        yield given, list(tensors)


def _renaming(key_map: KeyMap | None) -> Callable[[str], str | None]:
    if key_map is None:
        return lambda name: name
    if isinstance(key_map, Mapping):
        return lambda name: key_map.get(name, name)
    if callable(key_map):
        return key_map
    try:
        rules = [(re.compile(pattern), replacement) for pattern, replacement in key_map]
    except (TypeError, ValueError, re.error) as error:
        raise ArgumentError(
            "load_model: key_map is a dict of names, a function, or a list of pairs of a regular "
            f"expression and its replacement, not {key_map!r}: {error}"
        ) from error

    def rename(name: str) -> str:
        for pattern, replacement in rules:
            name = pattern.sub(replacement, name)
        return name

    return rename


def _convert(model: Module, device: Any, dtype: DType | None) -> None:
    """Bring what the file did not have to where the rest is."""
    from ferrule.nn.state import move

    move(
        [*model.parameters(), *model.buffers()],
        lambda x: x.to(device=device, dtype=dtype if x.dtype.is_floating_point else None),
    )
