"""The element types that ferrule knows, and the groups that op declarations speak of."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import ml_dtypes
import numpy as np

Category = Literal["bool", "integer", "floating", "complex"]


@final
class DType:
    """One element type. There is exactly one object per type, so ``is`` compares them.

    Attributes:
        name: the spelling shared with NumPy and the Python array API standard (``"float32"``).
        category: ``"bool" < "integer" < "floating" < "complex"``, the order of promotion.
        itemsize: bytes per element.
        numpy: the NumPy dtype with the same bits (``bfloat16`` comes from ml_dtypes).
    """

    __slots__ = ("category", "itemsize", "name", "numpy")

    _by_name: ClassVar[dict[str, DType]] = {}
    _by_numpy: ClassVar[dict[np.dtype[Any], DType]] = {}

    name: str
    category: Category
    itemsize: int
    numpy: np.dtype[Any]

    def __init__(self, name: str, category: Category, numpy: Any) -> None:
        self.name = name
        self.category = category
        self.numpy = np.dtype(numpy)
        self.itemsize = self.numpy.itemsize
        DType._by_name[name] = self
        DType._by_numpy[self.numpy] = self

    @staticmethod
    def of(value: Any) -> DType:
        """The type that ``value`` names: a `DType`, a name, or anything ``numpy.dtype`` accepts.

        Raises:
            TypeError: no ferrule dtype has that name or those bits.
        """
        if isinstance(value, DType):
            return value
        found = DType._by_name.get(value) if isinstance(value, str) else None
        if found is None:
            try:
                found = DType._by_numpy.get(np.dtype(value))
            except TypeError:
                found = None
        if found is None:
            names = ", ".join(DType._by_name)
            raise TypeError(f"{value!r} is not a dtype that ferrule knows; choose one of {names}")
        return found

    @property
    def is_floating_point(self) -> bool:
        return self.category == "floating"

    @property
    def is_complex(self) -> bool:
        return self.category == "complex"

    @property
    def is_signed(self) -> bool:
        return self.category != "bool" and self is not uint8

    def __repr__(self) -> str:
        return f"ferrule.{self.name}"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return DType.of, (self.name,)


bool_ = DType("bool", "bool", np.bool_)
uint8 = DType("uint8", "integer", np.uint8)
int8 = DType("int8", "integer", np.int8)
int16 = DType("int16", "integer", np.int16)
int32 = DType("int32", "integer", np.int32)
int64 = DType("int64", "integer", np.int64)
float16 = DType("float16", "floating", np.float16)
bfloat16 = DType("bfloat16", "floating", ml_dtypes.bfloat16)
float32 = DType("float32", "floating", np.float32)
float64 = DType("float64", "floating", np.float64)
complex64 = DType("complex64", "complex", np.complex64)
complex128 = DType("complex128", "complex", np.complex128)

ALL: tuple[DType, ...] = tuple(DType._by_name.values())
CATEGORIES: tuple[Category, ...] = ("bool", "integer", "floating", "complex")
CONTINUOUS: tuple[Category, ...] = ("floating", "complex")
"""What can have gradients."""


def finfo(dtype: DType) -> np.finfo[Any] | ml_dtypes.finfo:
    """Machine limits of a floating or complex dtype, as ``numpy.finfo`` gives them."""
    return ml_dtypes.finfo(dtype.numpy) if dtype is bfloat16 else np.finfo(dtype.numpy)


def iinfo(dtype: DType) -> np.iinfo[Any]:
    """Limits of an integer dtype, as ``numpy.iinfo`` gives them."""
    return np.iinfo(dtype.numpy)
