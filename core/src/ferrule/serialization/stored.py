"""Tensors that lie in a file and have not been read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferrule import factories
from ferrule.errors import CheckpointError
from ferrule.tensor import Tensor
from ferrule_plugins import DType, Shape

Array = np.ndarray[Any, Any]
Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Stored:
    """One tensor in a file.

    Attributes:
        path: the file, for messages.
        name: what messages call the tensor.
        shape: its shape.
        read: its elements. Every call reads the file.
        check: raises `CheckpointError` if the file's own checksum says that `read` would return
            something else than what was saved.
    """

    path: Path
    name: str
    shape: Shape
    read: Callable[[], Array]
    check: Callable[[], None] = lambda: None

    def tensor(self, device: Any, dtype: DType | None = None) -> Tensor:
        """Read it onto ``device``; by default the selected backend's.

        Raises:
            CheckpointError: ferrule, or the backend, has no such dtype.
        """
        try:
            return factories.tensor(self.read(), device=device, dtype=dtype)
        except (TypeError, ValueError) as error:
            raise CheckpointError(
                f"{os.fspath(self.path)!r}: tensor {self.name!r}: {error}"
            ) from error
