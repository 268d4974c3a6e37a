"""Asking and saying which dtypes results have."""

from __future__ import annotations

from typing import Any

from ferrule import promotion
from ferrule.errors import ArgumentError
from ferrule.op import forget_plans
from ferrule.tensor import Tensor
from ferrule_plugins import DType
from ferrule_plugins.dtypes import CATEGORIES


def result_type(*tensors: Any) -> DType:
    """The dtype in which an op on these tensors and numbers would compute."""
    found = promotion.result_type(
        t._type if isinstance(t, Tensor) else t.__class__ for t in tensors
    )
    if found is None:
        raise ArgumentError("result_type needs at least one tensor or number")
    return found


def set_default_dtype(dtype: Any) -> None:
    """Make ``dtype`` the one that floating tensors have by default, in all threads.

    Raises:
        DTypeError: it is not a floating dtype.
    """
    promotion.set_default_float(dtype)
    forget_plans()


def can_cast(from_: DType, to: DType) -> bool:
    """Whether promotion may convert so: never to a lower category, such as float to integer."""
    return CATEGORIES.index(from_.category) <= CATEGORIES.index(to.category)
