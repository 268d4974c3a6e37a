"""Checkpoints in several files, with the index that Hugging Face's libraries write.

``model.safetensors.index.json`` holds ``weight_map``, the file of each tensor by name, and
``metadata`` with ``total_size``, the bytes of all tensors. The files stand beside it, and are named
``model-00001-of-00003.safetensors``.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ferrule.atomic import replacing
from ferrule.errors import ArgumentError, CheckpointError
from ferrule.serialization import safetensors_file
from ferrule.serialization.safetensors_file import unreadable
from ferrule.serialization.stored import Array, Path

INDEX = ".index.json"
"""What the name of an index has behind the name that the whole would have as one file."""

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")

# The index is held in memory and parsed whole. That of the largest models takes some megabytes.
_LARGEST_INDEX = 2**28


def byte_count(size: Any) -> int:
    """A number of bytes: an int, or a string such as ``"5GB"`` (10**9) or ``"200MiB"`` (2**20).

    Raises:
        ArgumentError: it is neither.
    """
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return size
    match = (
        re.fullmatch(r"(\d+(?:\.\d+)?) *([KMGT]?i?B)", size, re.I)
        if isinstance(size, str)
        else None
    )
    count = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if count < 1:
        raise ArgumentError(
            f'max_shard_size is a number of bytes, or a string such as "5GB" or "200MB"; it is '
            f"{size!r}"
        )
    return count


def split(arrays: Mapping[str, Array], limit: int) -> list[dict[str, Array]]:
    """Arrays in groups of at most ``limit`` bytes, in their order. A larger one stands alone."""
    groups: list[dict[str, Array]] = [{}]
    room = limit
    for name, array in arrays.items():
        if groups[-1] and array.nbytes > room:
            groups.append({})
            room = limit
        groups[-1][name] = array
        room -= array.nbytes
    return groups


def write(arrays: Mapping[str, Array], metadata: Mapping[str, str], path: Path, limit: int) -> None:
    """Write files of at most ``limit`` bytes of tensors each, and their index; or one file at
    ``path``, if that is enough. What an earlier save of the same name left is removed.

    All files are complete on the disk before the first takes its name. While they take them there
    is no index, so that a crash at that moment leaves a checkpoint that is missing, and never a
    mixture of two.

    Raises:
        NotWritten, OutputError: it cannot be written. What was there before still is.
    """
    target = pathlib.Path(path)
    groups = split(arrays, limit)
    index = target.with_name(target.name + INDEX)
    stale = _shards_of(index)
    if len(groups) == 1:
        with replacing(target) as temporary:
            safetensors_file.write(arrays, metadata, temporary)
        index.unlink(missing_ok=True)
    else:
        names = [
            f"{target.stem}-{i:05}-of-{len(groups):05}{target.suffix}"
            for i in range(1, len(groups) + 1)
        ]
        total = sum(array.nbytes for array in arrays.values())
        content = {
            "metadata": {"total_size": total, **metadata},
            "weight_map": {key: name for name, group in zip(names, groups) for key in group},
        }
        # Readers of a single file want to know its "format", and nothing else of the metadata.
        brief = {key: value for key, value in metadata.items() if key == "format"}
        with ExitStack() as stack:
            new_index = stack.enter_context(replacing(index))  # left last
            new_index.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            for name, group in zip(names, groups):
                temporary = stack.enter_context(replacing(target.with_name(name)))
                safetensors_file.write(group, brief, temporary)
            index.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
        stale -= set(names)
    for name in stale:
        target.with_name(name).unlink(missing_ok=True)


def _shards_of(index: pathlib.Path) -> set[str]:
    """The files of an earlier checkpoint that bear the names that `write` gives."""
    try:
        named = set(read_index(index)[0].values())
    except CheckpointError:
        return set()
    stem = pathlib.Path(index.name.removesuffix(INDEX)).stem
    return {name for name in named if _SHARD.sub("", pathlib.Path(name).stem) == stem}


def read_index(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The file of each tensor, and the metadata that are strings.

    Raises:
        CheckpointError: the index cannot be read, or is damaged, or names files that are not beside
            it.
    """
    name = os.fspath(path)
    try:
        if (size := pathlib.Path(path).stat().st_size) > _LARGEST_INDEX:
            raise CheckpointError(f"{name!r} is no index of a checkpoint: it has {size:,} bytes")
        content = json.loads(pathlib.Path(path).read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{name!r} is damaged, or is not an index of safetensors files: {error}. Copy it again"
        ) from error
    files = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(files, dict) or not all(isinstance(f, str) for f in files.values()):
        raise CheckpointError(
            f'{name!r} is not an index of safetensors files: it has no "weight_map" from names to '
            "files; give the index, one of its files, or their folder"
        )
    for file in set(files.values()):
        if file in ("", ".", "..") or re.search(r"[/\\:\0]|\.json$", file):
            raise CheckpointError(
                f"{name!r} names the file {file!r}, and an index names files of tensors beside "
                "it only; it was not read: find out where the index comes from"
            )
    metadata = content.get("metadata")
    pairs = metadata.items() if isinstance(metadata, dict) else ()
    return files, {key: value for key, value in pairs if isinstance(value, str)}
