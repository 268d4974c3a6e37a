"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferrule_plugins import FerruleError


class OutputError(FerruleError, OSError):
    """A file cannot be written where it was asked for."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write to the path that this yields; at the end of the block it takes the place of ``path``.

    The new file is on the disk before it takes the name, so that a crash leaves the old one or the
    new one, whole. If the block raises, ``path`` is as it was and nothing is left beside it.

    Raises:
        OutputError: the file cannot be written there.
    """
    target = _target(path)
    # In a folder of its own: those who write may have temporary files too, which they leave beside
    # it if they are killed.
    folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    temporary = folder / target.name
    try:
        folder.mkdir()
        temporary.touch()
        # Whoever writes may put a private file in its place; what others may do with it stays.
        mode = (target if target.exists() else temporary).stat().st_mode
        yield temporary
        temporary.chmod(mode)
        _flush(temporary, os.O_RDWR)
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if os.name == "posix":
        _flush(target.parent, os.O_RDONLY)


def leftovers(path: str | os.PathLike[str]) -> list[Path]:
    """What `replacing` had begun to write for ``path`` in processes that were killed, and what it
    is writing in others that run."""
    target = Path(os.path.realpath(path))
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.tmp")
    return [file for file in target.parent.iterdir() if name.fullmatch(file.name)]


def take_over(path: str | os.PathLike[str]) -> None:
    """Make sure that a file can be written at ``path``, and remove what writers that were killed
    had begun to write for it. No other process may be writing there.

    Raises:
        OutputError: it cannot be written.
    """
    check_writable(path)
    for folder in leftovers(path):
        shutil.rmtree(folder, ignore_errors=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Make sure that a file can be written at ``path``, and change nothing.

    Raises:
        OutputError: it cannot.
    """
    target = _target(path)
    probe = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that is meant, links followed: it is the file that is replaced, not the link."""
    target = Path(os.path.realpath(path))
    if not os.fspath(path) or target.is_dir():
        raise _unwritable(path, "it is a folder" if os.fspath(path) else "it has no name")
    if target.exists() and not target.is_file():
        raise _unwritable(path, "it is not a regular file")
    if target.exists() and not os.access(target, os.W_OK):
        raise _unwritable(path, "it is read-only")
    if not target.parent.is_dir():
        raise _unwritable(path, f"there is no folder {target.parent}")
    return target


def _flush(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: str | os.PathLike[str], reason: str) -> OutputError:
    return OutputError(
        f"{os.fspath(path)!r} cannot be written: {reason}; choose a file in a folder that exists "
        "and is yours to write to"
    )
