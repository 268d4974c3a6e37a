"""`ferrule.save` and `ferrule.load`: which file is of which kind, and what is made of it."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from ferrule.atomic import OutputError, replacing
from ferrule.errors import ArgumentError, CheckpointError
from ferrule.serialization import safetensors_file, shards, structure, torch_file
from ferrule.serialization.safetensors_file import damaged, unreadable
from ferrule.serialization.stored import Path, Stored
from ferrule.serialization.structure import as_complex
from ferrule.tensor import Tensor

FORMAT = 1
"""The version of the JSON string's layout. A reader refuses those that it does not know."""

KEY = "ferrule"
"""Under which the JSON string stands in the file's metadata."""

_ZIP = (b"PK\3\4", b"PK\5\6")
_OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""PyTorch's format before version 1.6 begins with this number, pickled."""

_IN_FOLDER = (
    "model.safetensors",
    "model.safetensors" + shards.INDEX,
    "pytorch_model.bin",
    "pytorch_model.bin" + shards.INDEX,
)
"""The files that are looked for in a folder, first to last: the names that Hugging Face's use."""


def save(
    obj: Any,
    path: Path,
    *,
    metadata: Mapping[str, str] | None = None,
    max_shard_size: int | str | None = None,
) -> None:
    """Write ``obj`` to a safetensors file, which takes the place of an older one only when whole.

    Args:
        obj: a tensor, or dicts, lists and tuples of tensors, numbers, strings, booleans and None,
            nested at will. Keys of dicts are strings and ints. A flat dict from names to tensors
            makes a file that every reader of safetensors understands in full.
        path: the file.
        metadata: strings by name, which go into the file's header.
        max_shard_size: the most bytes of tensors in one file (``"5GB"``, ``200_000_000``). What is
            larger becomes files ``NAME-00001-of-00003.safetensors`` and an index
            ``NAME.safetensors.index.json``, as Hugging Face's libraries have them, and `load` finds
            them by ``path``.

    Raises:
        CheckpointError: a file cannot be written, or something in ``obj`` cannot be saved.
        ArgumentError: ``metadata`` or ``max_shard_size`` is not what it should be.
    """
    words = dict(metadata or {})
    if KEY in words or not all(isinstance(s, str) for pair in words.items() for s in pair):
        raise ArgumentError(
            f"fe.save: metadata are strings by name, and the name {KEY!r} is taken; they are "
            f"{metadata!r}"
        )
    limit = None if max_shard_size is None else shards.byte_count(max_shard_size)
    encoder = structure.Encoder()
    tree = json.dumps(
        {"version": FORMAT, "tree": encoder.encode(obj)}, separators=(",", ":"), allow_nan=False
    )
    try:
        if limit is None:
            with replacing(path) as temporary:
                safetensors_file.write(encoder.arrays, {**words, KEY: tree}, temporary)
        else:
            shards.write(encoder.arrays, {**words, KEY: tree}, path, limit)
    except OutputError as error:
        raise CheckpointError(f"fe.save: {error}") from error
    except safetensors_file.NotWritten as error:
        raise CheckpointError(
            f"fe.save: {os.fspath(path)!r} cannot be written: {error}; make room, or choose "
            "another place"
        ) from error


def load(path: Path, map_location: Any = None) -> Any:
    """What `save` wrote; of other programs' safetensors files, a dict from names to tensors; of
    PyTorch's checkpoints, what ``torch.save`` was given.

    Of PyTorch's files only tensors, containers, numbers and strings are read, and nothing in them
    is executed. Which kind a file is of is told by its content. Tensors are read one by one.

    Args:
        path: the file; of a checkpoint in several files the index, the name that it was saved
            under, or the folder.
        map_location: the device to put the tensors on; by default the selected backend's, wherever
            they were when they were saved.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or is of no kind that this version
            understands.
    """
    found = located(path)
    if is_torch(found):
        return _load_torch(found, map_location)
    with opened(found) as (parts, metadata):
        tensors = with_complex(found, parts, metadata)
        if KEY not in metadata:
            return {name: stored.tensor(map_location) for name, stored in tensors.items()}
        try:
            return structure.decode(
                _tree(found, metadata), lambda name: tensors[name].tensor(map_location)
            )
        except CheckpointError:
            raise
        except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            raise damaged(
                found, "the description of its structure does not fit its tensors"
            ) from error


def load_metadata(path: Path) -> dict[str, str]:
    """The strings by name in the header of a safetensors file, or in the index of several.

    Raises:
        CheckpointError: the file cannot be read, or has no place for such strings.
    """
    found = located(path)
    if is_torch(found):
        raise CheckpointError(
            f"{os.fspath(found)!r} is PyTorch's, and has no metadata; load it with fe.load(path)"
        )
    with opened(found) as (_, metadata):
        return {name: text for name, text in metadata.items() if name != KEY}


def located(path: Path) -> pathlib.Path:
    """The file that is meant by ``path``: itself, the index beside it, or one in the folder.

    Raises:
        CheckpointError: there is none.
    """
    given = pathlib.Path(path)
    if given.is_file():
        return given
    index = given.with_name(given.name + shards.INDEX) if given.name else given
    if not given.is_dir():
        if index.is_file():
            return index
        raise CheckpointError(f"{os.fspath(path)!r} does not exist; give the file that was saved")
    for name in _IN_FOLDER:
        if (given / name).is_file():
            return given / name
    raise CheckpointError(
        f"{os.fspath(path)!r} is a folder, and has no {', '.join(_IN_FOLDER)}; give the file that "
        "was saved"
    )


def is_torch(path: Path) -> bool:
    """Whether a file is one of PyTorch's checkpoints, in the format that is read.

    Raises:
        CheckpointError: it cannot be read, or is a pickle of another kind.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError as error:
        raise unreadable(path, error) from error
    if head[8:9] == b"{":  # a safetensors file, whose length may look like anything
        return False
    if head.startswith(_OLD_TORCH) or head[257:262] == b"ustar":
        raise CheckpointError(
            f"{os.fspath(path)!r} is in the format of PyTorch before version 1.6, which can "
            "only be read by executing it. If you trust the file, convert it where PyTorch is "
            "installed: torch.save(torch.load(path, weights_only=True), new_path)"
        )
    if head.startswith(b"\x80"):
        raise CheckpointError(
            f"{os.fspath(path)!r} is a pickle, which can be read only by executing it; save "
            "tensors with safetensors, or with torch.save of version 1.6 or newer"
        )
    return head.startswith(_ZIP)


@contextmanager
def opened(path: pathlib.Path) -> Iterator[tuple[dict[str, Stored], dict[str, str]]]:
    """All tensors of a checkpoint by name, whichever kind it is of, and its metadata.

    Those in nested structures bear dotted names, as `save` gives them: ``model.0.weight``.

    Args:
        path: a file, as `located` finds it.

    Raises:
        CheckpointError: something cannot be read, or is damaged.
    """
    with ExitStack() as stack:
        if path.name.endswith(".json"):
            yield _index(path, stack)
        elif is_torch(path):
            whole = stack.enter_context(torch_file.opened(path, lambda stored, _: stored))
            yield _named(whole, path), {}
        else:
            yield stack.enter_context(safetensors_file.opened(path))


def _index(path: pathlib.Path, stack: ExitStack) -> tuple[dict[str, Stored], dict[str, str]]:
    files, metadata = shards.read_index(path)
    held: dict[str, dict[str, Stored]] = {}
    for file in dict.fromkeys(files.values()):
        shard = path.with_name(file)
        if not shard.is_file():
            raise CheckpointError(
                f"{os.fspath(path)!r} names the file {file!r}, which is not beside it; copy all "
                "files of the checkpoint into one folder"
            )
        held[file] = stack.enter_context(opened(shard))[0]
    lacking = [name for name, file in files.items() if name not in held[file]]
    if lacking:
        raise CheckpointError(
            f"{os.fspath(path)!r} does not fit its files: {files[lacking[0]]!r} has no tensor "
            f"{lacking[0]!r}; copy all files of the checkpoint again"
        )
    return {name: held[file][name] for name, file in files.items()}, metadata


def with_complex(
    path: pathlib.Path, tensors: dict[str, Stored], metadata: Mapping[str, str]
) -> dict[str, Stored]:
    """``tensors`` with those made complex that `save` wrote as pairs of real numbers."""
    if KEY not in metadata:
        return tensors
    try:
        names = set(structure.complex_names(_tree(path, metadata)))
        pairs = {name: tensors[name] for name in names}
        whole = {name: _whole(pair) for name, pair in pairs.items()}
    except CheckpointError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged(path, "the description of its structure does not fit its tensors") from error
    return {name: whole.get(name, stored) for name, stored in tensors.items()}


def _whole(pair: Stored) -> Stored:
    if pair.shape[-1:] != (2,):
        raise ValueError(f"a tensor of shape {pair.shape} holds no complex numbers")
    return replace(pair, shape=pair.shape[:-1], read=lambda: as_complex(pair.read()))


def _tree(path: Path, metadata: Mapping[str, str]) -> Any:
    try:
        header = json.loads(metadata[KEY])
        version, tree = header["version"], header.get("tree")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(path, "the description of its structure is unreadable") from error
    if version != FORMAT:
        raise CheckpointError(
            f"{os.fspath(path)!r} has version {version} of ferrule's checkpoint format, and this "
            f"ferrule reads version {FORMAT}. To mend it: pip install --upgrade ferrule"
        )
    if "tree" not in header:
        raise damaged(path, "the description of its structure has no structure")
    return tree


def _load_torch(path: pathlib.Path, device: Any) -> Any:
    def tensor(stored: Stored, gradient: bool) -> Tensor:
        stored.check()
        value = stored.tensor(device)
        return value.requires_grad_() if gradient else value

    with torch_file.opened(path, tensor) as whole:
        return whole


def _named(whole: Any, path: Path) -> dict[str, Stored]:
    """The tensors in nested containers, by dotted names.

    A container that stands in several places is named at the first: otherwise a small file could
    ask for any number of names.
    """
    found: dict[str, Stored] = {}
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", whole)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Stored):
            if name in found:
                raise CheckpointError(
                    f"{os.fspath(path)!r} has two tensors that would be called {name!r}; load it "
                    "with fe.load(path), and take what is wanted"
                )
            found[name or "tensor"] = value
        elif isinstance(value, (dict, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{name}.{key}" if name else str(key), v) for key, v in parts][::-1]
    return found
