"""Python's operators on tensors. Each is the public function of its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe

if TYPE_CHECKING:
    from ferrule.tensor import Tensor


class Operators:
    """What `Methods` inherits. An operator that assigns gives the tensor a new value."""

    __slots__ = ()

    def __add__(self: Any, other: Any) -> Tensor:
        return fe.ops.add(self, other)

    def __radd__(self: Any, other: Any) -> Tensor:
        return fe.ops.add(other, self)

    def __iadd__(self: Any, other: Any) -> Tensor:
        return self._rebind("__iadd__", fe.ops.add(self, other))

    def __sub__(self: Any, other: Any) -> Tensor:
        return fe.ops.sub(self, other)

    def __rsub__(self: Any, other: Any) -> Tensor:
        return fe.ops.sub(other, self)

    def __isub__(self: Any, other: Any) -> Tensor:
        return self._rebind("__isub__", fe.ops.sub(self, other))

    def __mul__(self: Any, other: Any) -> Tensor:
        return fe.mul(self, other)

    def __rmul__(self: Any, other: Any) -> Tensor:
        return fe.mul(other, self)

    def __imul__(self: Any, other: Any) -> Tensor:
        return self._rebind("__imul__", fe.mul(self, other))

    def __truediv__(self: Any, other: Any) -> Tensor:
        return fe.ops.div(self, other)

    def __rtruediv__(self: Any, other: Any) -> Tensor:
        return fe.ops.div(other, self)

    def __itruediv__(self: Any, other: Any) -> Tensor:
        return self._rebind("__itruediv__", fe.ops.div(self, other))

    def __pow__(self: Any, other: Any) -> Tensor:
        return fe.pow(self, other)

    def __rpow__(self: Any, other: Any) -> Tensor:
        return fe.pow(other, self)

    def __ipow__(self: Any, other: Any) -> Tensor:
        return self._rebind("__ipow__", fe.pow(self, other))

    def __mod__(self: Any, other: Any) -> Tensor:
        return fe.remainder(self, other)

    def __rmod__(self: Any, other: Any) -> Tensor:
        return fe.remainder(other, self)

    def __imod__(self: Any, other: Any) -> Tensor:
        return self._rebind("__imod__", fe.remainder(self, other))

    def __floordiv__(self: Any, other: Any) -> Tensor:
        return fe.floor_divide(self, other)

    def __rfloordiv__(self: Any, other: Any) -> Tensor:
        return fe.floor_divide(other, self)

    def __ifloordiv__(self: Any, other: Any) -> Tensor:
        return self._rebind("__ifloordiv__", fe.floor_divide(self, other))

    def __and__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_and(self, other)

    def __rand__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_and(other, self)

    def __iand__(self: Any, other: Any) -> Tensor:
        return self._rebind("__iand__", fe.bitwise_and(self, other))

    def __or__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_or(self, other)

    def __ror__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_or(other, self)

    def __ior__(self: Any, other: Any) -> Tensor:
        return self._rebind("__ior__", fe.bitwise_or(self, other))

    def __xor__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_xor(self, other)

    def __rxor__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_xor(other, self)

    def __ixor__(self: Any, other: Any) -> Tensor:
        return self._rebind("__ixor__", fe.bitwise_xor(self, other))

    def __lshift__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_left_shift(self, other)

    def __rlshift__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_left_shift(other, self)

    def __ilshift__(self: Any, other: Any) -> Tensor:
        return self._rebind("__ilshift__", fe.bitwise_left_shift(self, other))

    def __rshift__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_right_shift(self, other)

    def __rrshift__(self: Any, other: Any) -> Tensor:
        return fe.bitwise_right_shift(other, self)

    def __irshift__(self: Any, other: Any) -> Tensor:
        return self._rebind("__irshift__", fe.bitwise_right_shift(self, other))

    def __matmul__(self: Any, other: Any) -> Tensor:
        return fe.matmul(self, other)

    def __rmatmul__(self: Any, other: Any) -> Tensor:
        return fe.matmul(other, self)

    def __imatmul__(self: Any, other: Any) -> Tensor:
        return self._rebind("__imatmul__", fe.matmul(self, other))

    def __lt__(self: Any, other: Any) -> Tensor:
        return fe.lt(self, other)

    def __le__(self: Any, other: Any) -> Tensor:
        return fe.le(self, other)

    def __gt__(self: Any, other: Any) -> Tensor:
        return fe.gt(self, other)

    def __ge__(self: Any, other: Any) -> Tensor:
        return fe.ge(self, other)

    # elementwise, where `object` promises a bool
    def __eq__(self: Any, other: Any) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return fe.eq(self, other) if _comparable(other) else NotImplemented

    def __ne__(self: Any, other: Any) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return fe.ne(self, other) if _comparable(other) else NotImplemented

    def __neg__(self: Any) -> Tensor:
        return fe.neg(self)

    def __abs__(self: Any) -> Tensor:
        return fe.abs(self)

    def __invert__(self: Any) -> Tensor:
        return fe.bitwise_not(self)

    def __pos__(self: Any) -> Tensor:
        return fe.positive(self)

    def __getitem__(self: Any, index: Any) -> Tensor:
        return fe.indexing.get(self, index)

    def __setitem__(self: Any, index: Any, value: Any) -> None:
        fe.indexing.set_(self, index, value)


def _comparable(other: Any) -> bool:
    return isinstance(other, (bool, int, float, complex, Operators, np.generic, np.ndarray))
