"""Parameters, the tensors that a module learns, and buffers, which it keeps."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.autograd.node import Leaf
from ferrule.errors import DTypeError
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import CONTINUOUS


class Parameter(Tensor):
    """A tensor that a `Module` lists among its parameters when it is assigned as an attribute.

    Args:
        data: its value; a tensor, or what `ferrule.tensor` takes.
        requires_grad: whether `backward` leaves a gradient on it.

    Raises:
        DTypeError: it is to have a gradient, and its dtype is neither floating nor complex.
    """

    __slots__ = ()

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        value = data if isinstance(data, Tensor) else fe.tensor(data)
        if requires_grad and value.dtype.category not in CONTINUOUS:
            raise DTypeError(
                f"Parameter: only floating and complex tensors have gradients, and this is "
                f"{value._type}; convert it with .float(), or pass requires_grad=False"
            )
        super().__init__(value._data, value._type, Leaf() if requires_grad else None)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _restore, (self.detach().numpy(), str(self.device), self.requires_grad)


class Buffer(Tensor):
    """A tensor that a `Module` lists among its buffers when it is assigned as an attribute. What
    is assigned in its place later may be any tensor.

    Args:
        data: its value; a tensor, or what `ferrule.tensor` takes.
        persistent: whether `Module.state_dict` has it.
    """

    __slots__ = ()

    persistent: bool = True

    def __new__(cls, data: Any = (), persistent: bool = True) -> Buffer:
        # which of the two it is, its class says: all tensors have the same slots
        kind: type[Buffer] = cls if persistent else _TransientBuffer
        return Tensor.__new__(kind)

    def __init__(self, data: Any = (), persistent: bool = True) -> None:
        value = data if isinstance(data, Tensor) else fe.tensor(data)
        super().__init__(value._data, value._type, value._node)

    def __reduce_ex__(self, protocol: Any) -> Any:
        restore, values = super().__reduce_ex__(protocol)
        return Buffer, (restore(*values), self.persistent)


class _TransientBuffer(Buffer):
    __slots__ = ()

    persistent = False


def _restore(array: Any, device: str, requires_grad: bool) -> Parameter:
    return Parameter(fe.tensor(array, device=device), requires_grad)
