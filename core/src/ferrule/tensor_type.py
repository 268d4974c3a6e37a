"""The type of a tensor: what dispatch decides by, and nothing else."""

from __future__ import annotations

import threading
import weakref
from typing import ClassVar, final

from ferrule_plugins import Device, DType, Shape, Spec


@final
class TensorType:
    """Shape, dtype and device. Equal types are one object, so a cache looks them up by identity.

    One look-up keyed by the types of the operands therefore settles inference, the backend, its
    kernel and whether devices mix, all at once.
    """

    __slots__ = ("__weakref__", "device", "dtype", "ndim", "shape", "spec")

    spec: Spec
    device: Device
    shape: Shape
    dtype: DType
    ndim: int

    _interned: ClassVar[weakref.WeakValueDictionary[tuple[Spec, Device], TensorType]] = (
        weakref.WeakValueDictionary()
    )
    _lock = threading.Lock()

    def __new__(cls, spec: Spec, device: Device) -> TensorType:
        key = (spec, device)
        found = cls._interned.get(key)
        if found is None:
            with cls._lock:
                found = cls._interned.get(key)
                if found is None:
                    found = object.__new__(cls)
                    found.spec = spec
                    found.device = device
                    found.shape = spec.shape
                    found.dtype = spec.dtype
                    found.ndim = len(spec.shape)
                    cls._interned[key] = found
        return found

    def __repr__(self) -> str:
        return repr(self.spec)
