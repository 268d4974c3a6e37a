"""Saving and loading: safetensors files, written whole or not at all, without pickle.

The tensors of a nested structure become the tensors of the file, named by their place in it
(``model.0.weight``). The structure itself is one JSON string in the file's metadata, with every
dict, list and tuple and every number and string, so that it comes back as it was. Other readers of
safetensors see the tensors and pass over the string.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ferrule import factories
from ferrule.atomic import OutputError, replacing
from ferrule.errors import CheckpointError
from ferrule.tensor import Tensor

FORMAT = 1
"""The version of the JSON string's layout. A reader refuses those that it does not know."""

_KEY = "ferrule"
_RESERVED = "__metadata__"

Array = np.ndarray[Any, Any]


def save(obj: Any, path: str | os.PathLike[str]) -> None:
    """Write ``obj`` to a safetensors file, which takes the place of an older one only when whole.

    Args:
        obj: a tensor, or dicts, lists and tuples of tensors, numbers, strings, booleans and None,
            nested at will. Keys of dicts are strings and ints. A flat dict from names to tensors
            makes a file that every reader of safetensors understands in full.
        path: the file.

    Raises:
        CheckpointError: the file cannot be written, or something in ``obj`` cannot be saved.
    """
    writer = _Writer()
    tree = json.dumps(
        {"version": FORMAT, "tree": writer.encode(obj, ())}, separators=(",", ":"), allow_nan=False
    )
    try:
        with replacing(path) as temporary:
            save_file(writer.arrays, temporary, {_KEY: tree})
    except OutputError as error:
        raise CheckpointError(f"fe.save: {error}") from error
    except SafetensorError as error:
        raise CheckpointError(
            f"fe.save: {os.fspath(path)!r} cannot be written: {error}; make room, or choose "
            "another place"
        ) from error


def load(path: str | os.PathLike[str], map_location: Any = None) -> Any:
    """What `save` wrote; of other programs' safetensors files, a dict from names to tensors.

    Args:
        path: the file.
        map_location: the device to put the tensors on; by default the selected backend's, wherever
            they were when they were saved.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or is no safetensors file that this
            version understands.
    """
    arrays, metadata = _read(path)
    if _KEY not in metadata:
        return {name: _tensor(name, array, map_location, path) for name, array in arrays.items()}
    try:
        header = json.loads(metadata[_KEY])
        version = header["version"]
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(path, "the description of its structure is unreadable") from error
    if version != FORMAT:
        raise CheckpointError(
            f"{os.fspath(path)!r} has version {version} of ferrule's checkpoint format, and this "
            f"ferrule reads version {FORMAT}. To mend it: pip install --upgrade ferrule"
        )
    tensors = {name: _tensor(name, array, map_location, path) for name, array in arrays.items()}
    try:
        return _decode(header["tree"], tensors)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise _damaged(path, "the description of its structure does not fit its tensors") from error


def is_safetensors(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts as safetensors files do, whole or not."""
    with open(path, "rb") as file:
        head = file.read(9)
    return len(head) == 9 and head.endswith(b"{")


class _Writer:
    """Takes a structure apart into JSON and arrays.

    In JSON, numbers, strings, booleans and None stand for themselves, and an object with one
    member says what else there is: ``dict`` (pairs of key and value), ``list``, ``tuple``,
    ``tensor`` (its name), ``complex`` (the name of a tensor whose last dim is real and imaginary
    part), ``float`` (one that JSON lacks).
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def encode(self, value: Any, place: tuple[Any, ...]) -> Any:
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
        array = np.array(tensor.detach().numpy(), order="C")
        if tensor.dtype.is_complex:  # which safetensors has only in part, and not in all versions
            self.arrays[name] = array[..., None].view(f"f{tensor.dtype.itemsize // 2}")
            return {"complex": name}
        self.arrays[name] = array
        return {"tensor": name}


def _decode(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case {"dict": pairs}:
            return {key: _decode(member, tensors) for key, member in pairs}
        case {"list": members}:
            return [_decode(member, tensors) for member in members]
        case {"tuple": members}:
            return tuple(_decode(member, tensors) for member in members)
        case {"float": text}:
            return float(text)
        case {"tensor": name}:
            return tensors[name]
        case {"complex": name}:
            parts = tensors[name].numpy()
            values = parts.view(np.result_type(parts.dtype, np.complex64))[..., 0]
            return factories.tensor(values, device=tensors[name].device)
    raise ValueError(f"{value!r} stands for nothing")


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    if not Path(path).is_file():
        what = "is a folder" if Path(path).is_dir() else "does not exist"
        raise CheckpointError(f"{os.fspath(path)!r} {what}; give the file that was saved")
    try:
        with safe_open(path, framework="numpy") as file:
            # what safe_open gives has keys, and cannot be iterated over
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, file.metadata() or {}
    except SafetensorError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise CheckpointError(
            f"{os.fspath(path)!r} cannot be read: {error.strerror or error}; check that it may be"
        ) from error


def _tensor(name: str, array: Array, device: Any, path: str | os.PathLike[str]) -> Tensor:
    try:
        return factories.tensor(array, device=device)
    except TypeError as error:
        raise CheckpointError(f"{os.fspath(path)!r}: tensor {name!r}: {error}") from error


def _damaged(path: str | os.PathLike[str], what: str) -> CheckpointError:
    return CheckpointError(
        f"{os.fspath(path)!r} is damaged, or is not a safetensors file: {what}. Copy it again, or "
        "go back to an older checkpoint"
    )


def _unsaved(place: tuple[Any, ...], what: str, remedy: str) -> CheckpointError:
    where = "".join(f"[{part!r}]" for part in place)
    return CheckpointError(f"fe.save: obj{where} is {what}, which cannot be saved; {remedy}")
