"""Single safetensors files: https://github.com/huggingface/safetensors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ferrule.errors import CheckpointError
from ferrule.serialization.stored import Array, Path, Stored


class NotWritten(Exception):
    """The library cannot write a file. The text says why."""


def is_safetensors(path: Path) -> bool:
    """Whether a file starts as safetensors files do, whole or not."""
    with open(path, "rb") as file:
        head = file.read(9)
    return len(head) == 9 and head.endswith(b"{")


def write(arrays: Mapping[str, Array], metadata: Mapping[str, str], path: Path) -> None:
    """Write a file.

    Args:
        arrays: contiguous ones, by name.
        metadata: strings by name.
        path: the file.

    Raises:
        NotWritten: it cannot be written.
    """
    try:
        save_file(dict(arrays), path, dict(metadata))
    except SafetensorError as error:
        raise NotWritten(str(error)) from error


@contextmanager
def opened(path: Path) -> Iterator[tuple[dict[str, Stored], dict[str, str]]]:
    """The tensors of a file and its metadata, for as long as it is open.

    Raises:
        CheckpointError: the file cannot be read, or is damaged.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(safe_open(path, framework="numpy"))
        except SafetensorError as error:
            raise damaged(path, str(error)) from error
        except OSError as error:
            raise unreadable(path, error) from error
        # what safe_open gives has keys, and cannot be iterated over
        yield {name: _stored(file, name, path) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _stored(file: Any, name: str, path: Path) -> Stored:
    info = file.get_slice(name)

    def read() -> Array:
        try:
            return file.get_tensor(name)
        except SafetensorError as error:
            raise damaged(path, f"tensor {name!r}: {error}") from error
        except (AttributeError, KeyError, TypeError) as error:  # the library's, for want of a dtype
            raise CheckpointError(
                f"{os.fspath(path)!r}: tensor {name!r} is of dtype {info.get_dtype()}, which "
                "ferrule does not have; convert it where the file was made"
            ) from error

    return Stored(path, name, tuple(info.get_shape()), read)


def damaged(path: Path, what: str) -> CheckpointError:
    """A file that is not what it should be."""
    return CheckpointError(
        f"{os.fspath(path)!r} is damaged, or is not a safetensors file: {what}. Copy it again, or "
        "go back to an older checkpoint"
    )


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """A file that the operating system does not give."""
    return CheckpointError(
        f"{os.fspath(path)!r} cannot be read: {error.strerror or error}; check that it may be"
    )
