"""What can be said of an array without looking at its elements."""

from __future__ import annotations

import math
import threading
import weakref
from typing import Any, ClassVar, Protocol, final

from ferrule_plugins.dtypes import DType

Shape = tuple[int, ...]


class Shaped(Protocol):
    """What an inference rule may look at: a `Spec`, or anything else with a shape and a dtype."""

    @property
    def shape(self) -> Shape: ...
    @property
    def dtype(self) -> DType: ...


@final
class Spec:
    """A shape and a dtype. Equal specs are the same object, so that caches compare by identity.

    Args:
        shape: sizes, all non-negative; ``()`` is a scalar.
        dtype: the element type.
    """

    __slots__ = ("__weakref__", "dtype", "shape")

    shape: Shape
    dtype: DType

    _interned: ClassVar[weakref.WeakValueDictionary[tuple[Shape, DType], Spec]] = (
        weakref.WeakValueDictionary()
    )
    _lock = threading.Lock()

    def __new__(cls, shape: Shape, dtype: DType) -> Spec:
        key = (shape, dtype)
        found = cls._interned.get(key)
        if found is None:
            with cls._lock:
                found = cls._interned.get(key)
                if found is None:
                    found = object.__new__(cls)
                    found.shape = tuple(map(int, shape))
                    found.dtype = dtype
                    cls._interned[(found.shape, dtype)] = found
        return found

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"

    def __reduce__(self) -> tuple[Any, tuple[Shape, DType]]:
        return Spec, (self.shape, self.dtype)
