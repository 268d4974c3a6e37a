"""A backend that conforms, from which the tests make others that do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ferrule_plugins import Kernel
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

Array = np.ndarray[Any, Any]

_QUIET = np.errstate(all="ignore")

KIT: dict[str, Kernel] = {
    op: _QUIET(kernel) for op, kernel in array_namespace.kernels(np, bools_are_numbers=True).items()
}
"""Kernels of the kit on NumPy."""


@_QUIET
def _nextafter(a: Any, b: Any) -> Array:
    y = np.nextafter(a, b)
    return np.where(a == b, b, y) if y.dtype == np.float16 else y


KIT["nextafter"] = _nextafter  # of equal zeros NumPy's float16 gives the first, and C the second


class SoundBackend(ArrayNamespaceBackend):
    """The kit on NumPy, which conforms.

    Args:
        name: what selects it.
        kernels: what takes the place of the kit's kernels.
        members: what takes the place of the backend's own members.
    """

    def __init__(self, name: str, kernels: Mapping[str, Any] | None = None, **members: Any) -> None:
        table = {op: _QUIET(kernel) for op, kernel in (kernels or {}).items()}
        super().__init__(name, np, {**KIT, **table})
        vars(self).update(members)

    def to_host(self, array: Any) -> Array:
        return np.asarray(array)


backend = SoundBackend("sound")
