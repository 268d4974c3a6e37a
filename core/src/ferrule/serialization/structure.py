"""Nested structures as JSON, with their tensors set apart.

In JSON, numbers, strings, booleans and None stand for themselves, and an object with one member
says what else there is: ``dict`` (pairs of key and value), ``list``, ``tuple``, ``tensor`` (its
name), ``complex`` (the name of a tensor whose last dim is real and imaginary part), ``float`` (one
that JSON lacks).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ferrule.errors import CheckpointError
from ferrule.serialization.stored import Array
from ferrule.tensor import Tensor

_RESERVED = "__metadata__"
"""The one name that safetensors does not allow."""


class Encoder:
    """Takes a structure apart.

    Attributes:
        arrays: the tensors met so far, by name: by their place in the structure
            (``model.0.weight``).
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def encode(self, value: Any, place: tuple[Any, ...] = ()) -> Any:
        """``value`` in JSON's terms.

        Args:
            value: the structure.
            place: the keys and indices that lead to it.

        Raises:
            CheckpointError: something in it cannot be saved; its text says where and what.
        """
        match value:
            case None | bool() | str():
                return value
            case int():
                return int(value)
            case float():
                return float(value) if math.isfinite(value) else {"float": repr(float(value))}
            case Tensor():
                return self._tensor(value, place)
            case Mapping():
                for key in value:
                    if not isinstance(key, (str, int)) or isinstance(key, bool):
                        raise _unsaved(
                            place, f"a dict with the key {key!r}", "keys are strings and ints"
                        )
                return {"dict": [[k, self.encode(v, (*place, k))] for k, v in value.items()]}
            case list() | tuple():
                kind = "list" if isinstance(value, list) else "tuple"
                return {kind: [self.encode(v, (*place, i)) for i, v in enumerate(value)]}
        remedy = "make it a tensor, a number, a string, or a dict, list or tuple of these"
        raise _unsaved(place, f"an object of type {type(value).__name__}", remedy)

    def _tensor(self, tensor: Tensor, place: tuple[Any, ...]) -> dict[str, str]:
        name = stem = ".".join(map(str, place)) or "tensor"
        count = 1
        while name in self.arrays or name == _RESERVED:
            count += 1
            name = f"{stem}~{count}"
        # What the library is given must be in row order; it would not look at the strides.
        array = np.asarray(tensor.detach().numpy(), order="C")
        if tensor.dtype.is_complex:  # which safetensors has only in part, and not in all versions
            self.arrays[name] = array[..., None].view(f"f{tensor.dtype.itemsize // 2}")
            return {"complex": name}
        self.arrays[name] = array
        return {"tensor": name}


def decode(value: Any, tensor: Callable[[str], Tensor]) -> Any:
    """The structure that `Encoder.encode` took apart.

    Args:
        value: what it returned.
        tensor: gives the tensor of a name.

    Raises:
        ValueError, TypeError, KeyError: ``value`` is not what `Encoder.encode` returns.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case {"dict": pairs}:
            return {key: decode(member, tensor) for key, member in pairs}
        case {"list": members}:
            return [decode(member, tensor) for member in members]
        case {"tuple": members}:
            return tuple(decode(member, tensor) for member in members)
        case {"float": text}:
            return float(text)
        case {"tensor": name} | {"complex": name}:
            return tensor(name)
    raise ValueError(f"{value!r} stands for nothing")


def complex_names(value: Any) -> Iterator[str]:
    """The names of the complex tensors in what `Encoder.encode` returned."""
    match value:
        case {"dict": pairs}:
            for _, member in pairs:
                yield from complex_names(member)
        case {"list": members} | {"tuple": members}:
            for member in members:
                yield from complex_names(member)
        case {"complex": str(name)}:
            yield name


def as_complex(parts: Array) -> Array:
    """Complex numbers from a last dim of real and imaginary part."""
    return parts.view(np.result_type(parts.dtype, np.complex64))[..., 0]


def _unsaved(place: tuple[Any, ...], what: str, remedy: str) -> CheckpointError:
    where = "".join(f"[{part!r}]" for part in place)
    return CheckpointError(f"fe.save: obj{where} is {what}, which cannot be saved; {remedy}")
