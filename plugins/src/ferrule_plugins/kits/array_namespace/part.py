"""What the parts of the kit have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferrule_plugins.device import Device
from ferrule_plugins.dtypes import DType

Array = Any


class Part:
    """Kernels over a namespace. Every public method is the kernel of the op of its name.

    Args:
        xp: the namespace.
        dtype_of: the namespace's dtype for a ferrule dtype.
        device_of: what the namespace's creation functions take as ``device``.
    """

    def __init__(
        self, xp: Any, dtype_of: Callable[[DType], Any], device_of: Callable[[Device], Any]
    ) -> None:
        self.xp = xp
        self.dtype_of = dtype_of
        self.device_of = device_of

    def _inexact(self, x: Array) -> bool:
        return self.xp.isdtype(x.dtype, ("real floating", "complex floating"))
