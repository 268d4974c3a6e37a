"""Parameters and buffers whose shape is not known before their module has seen an input."""

from __future__ import annotations

from typing import Any, NoReturn, TypeGuard

import ferrule as fe
from ferrule.errors import ShapeError
from ferrule.nn.parameter import Parameter
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType

_slot: Any = vars(Tensor)["_type"]  # the storage that `Uninitialized._type` hides


class Uninitialized(Tensor):
    """A tensor of known dtype and device, without a shape."""

    __slots__ = ()

    @property
    def _type(self) -> NoReturn:
        raise ShapeError(
            f"{type(self).__name__}: it has no shape as yet; call the module that it belongs to "
            "once, or load a state dict, before using it"
        )

    @_type.setter
    def _type(self, value: TensorType) -> None:
        _slot.__set__(self, value)

    @property
    def dtype(self) -> DType:
        return _slot.__get__(self).dtype

    @property
    def device(self) -> Device:
        return _slot.__get__(self).device

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter or buffer of ``shape``, with undefined values."""
        value = fe.empty(shape, device=device or self.device, dtype=dtype or self.dtype)
        kind: Any = Parameter if isinstance(self, Parameter) else Tensor
        self.__class__ = kind
        self._data = value._data
        _slot.__set__(self, value._type)

    def follow(self, other: Uninitialized) -> None:
        """Take the dtype and the device of another."""
        self._data = other._data
        _slot.__set__(self, _slot.__get__(other))

    def detach(self) -> Tensor:
        return self

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same without a shape, of another dtype or on another device."""
        like = fe.empty(0, device=self.device, dtype=self.dtype).to(*args, **kwargs)
        return _made(type(self), self.requires_grad, like.device, like.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        twin = _made(type(self), self.requires_grad, self.device, self.dtype)
        memo[id(self)] = twin
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _made, (type(self), self.requires_grad, str(self.device), self.dtype.name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(Uninitialized, Parameter):
    """A `Parameter` whose shape is not known as yet.

    Args:
        requires_grad, device, dtype: of what it becomes.
    """

    __slots__ = ()

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(fe.empty(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(Uninitialized):
    """A buffer whose shape is not known as yet."""

    __slots__ = ()

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        value = fe.empty(0, device=device, dtype=dtype)
        super().__init__(value._data, value._type)
        if requires_grad:
            self.requires_grad_()


def _made(kind: Any, requires_grad: bool, device: Any, dtype: Any) -> Tensor:
    if isinstance(dtype, str):
        dtype = DType.of(dtype)
    return kind(requires_grad, device, dtype)


def is_uninitialized(x: Any) -> TypeGuard[Uninitialized]:
    """Whether ``x`` has no shape as yet."""
    return isinstance(x, Uninitialized)
