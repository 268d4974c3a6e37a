"""What the sizes and settings of a model are, and where they are read from."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from ferrule.errors import ArgumentError, CheckpointError
from ferrule.nn import functional as F
from ferrule.tensor import Tensor

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": F.tanh,
}
"""Activation functions by the names that Hugging Face's configurations use."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Settings under the names that Hugging Face's ``config.json`` has for them.

    Attributes:
        fixed: settings of such files that have no field here, because only one value is computed.
    """

    fixed: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """The configuration that such a file describes. What says nothing of how the model
        computes is passed over.

        Raises:
            ArgumentError: it asks for a variant of the model that is not computed here, or for
                sizes that do not fit.
        """
        for name, value in cls.fixed.items():
            if settings.get(name, value) != value:
                raise ArgumentError(
                    f"{cls.__name__}: {name}={settings[name]!r} is not computed here; it must be "
                    f"{value!r}"
                )
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in names})

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Self:
        """The configuration that the file ``path`` describes, or ``config.json`` in that folder.

        Raises:
            CheckpointError: there is no such file, or it is not what it should be.
            ArgumentError: see `from_dict`.
        """
        file = Path(path)
        file = file / "config.json" if file.is_dir() else file
        try:
            settings = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise CheckpointError(
                f"{os.fspath(file)!r} cannot be read as a configuration: {error}"
            ) from error
        if not isinstance(settings, dict):
            raise CheckpointError(f"{os.fspath(file)!r} holds no settings by name")
        return cls.from_dict(settings)

    def to_dict(self) -> dict[str, Any]:
        """All settings by name."""
        return dataclasses.asdict(self)

    def check_sizes(self, *names: str) -> None:
        """Refuse settings that are not ints of at least 1."""
        for name in names:
            n = getattr(self, name)
            if not isinstance(n, int) or isinstance(n, bool) or n < 1:
                raise ArgumentError(
                    f"{type(self).__name__}: {name} must be an int of at least 1, not {n!r}"
                )

    def check_heads(self, size: str, heads: str) -> None:
        """Refuse heads that do not share out the features evenly."""
        if getattr(self, size) % getattr(self, heads):
            raise ArgumentError(
                f"{type(self).__name__}: {size}={getattr(self, size)} must be a multiple of "
                f"{heads}={getattr(self, heads)}"
            )

    def check_activation(self, name: str) -> None:
        """Refuse activations that are unknown."""
        if getattr(self, name) not in ACTIVATIONS:
            raise ArgumentError(
                f"{type(self).__name__}: {name}={getattr(self, name)!r} is unknown; take one of "
                f"{', '.join(ACTIVATIONS)}"
            )
