"""One call of an op: operands in host memory, and attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.op import Op
from ferrule.tensor_type import TensorType
from ferrule_conformance.failure import Failure
from ferrule_plugins import Device, DType, Spec
from ferrule_plugins.dtypes import CONTINUOUS

Array = np.ndarray[Any, Any]
Operand = Any
"""A NumPy array, a Python scalar, or None for an optional operand that is not given."""


@dataclass(frozen=True)
class Call:
    """A call that can be made on any device.

    Attributes:
        op: the op.
        operands: what it is called with.
        attrs: all attributes.
    """

    op: Op
    operands: tuple[Operand, ...]
    attrs: dict[str, Any]

    def __str__(self) -> str:
        operands = [
            f"{DType.of(x.dtype).name}[{','.join(map(str, x.shape))}]"
            if isinstance(x, np.ndarray)
            else repr(x)
            for x in self.operands
        ]
        attrs = [
            f"{n}={v.name if isinstance(v, DType) else repr(v)}"
            for n, v in self.attrs.items()
            if n != "device" and v != self.op.schema.attributes[n].default
        ]
        return f"{self.op.name}({', '.join(operands + attrs)})"

    @property
    def arrays(self) -> list[Array]:
        return [x for x in self.operands if isinstance(x, np.ndarray)]

    @property
    def continuous(self) -> list[int]:
        """Which operands can have gradients."""
        return [
            i
            for i, x in enumerate(self.operands)
            if isinstance(x, np.ndarray)
            and self.op.schema.role(i) == "value"
            and DType.of(x.dtype).category in CONTINUOUS
        ]

    def with_operands(self, operands: Iterable[Operand]) -> Call:
        return Call(self.op, tuple(operands), self.attrs)

    def map(self, function: Callable[[Array], Operand]) -> Call:
        """The same call with ``function`` of each array."""
        return self.with_operands(
            function(x) if isinstance(x, np.ndarray) else x for x in self.operands
        )

    def widened(self) -> Call:
        """The same call in float64 and complex128."""
        return self.map(widen)

    def tensors(self, device: Device) -> tuple[Any, ...]:
        """The operands as tensors there. Scalars and None stay what they are."""
        return tuple(place(x, device) for x in self.operands)

    def on(self, device: Device) -> tuple[fe.Tensor, ...]:
        """The results of the call there."""
        return self.of(self.tensors(device), device)

    def of(self, operands: tuple[Any, ...], device: Device) -> tuple[fe.Tensor, ...]:
        """The results of the op for other operands, which are tensors already."""
        return several(self.op(*operands, **self._attrs_on(device)))

    def canonical(self, device: Device) -> dict[str, Any]:
        """The attributes as kernels and bodies receive them."""
        types = tuple(
            TensorType(Spec(x.shape, DType.of(x.dtype)), device) if isinstance(x, np.ndarray) else x
            for x in self.operands
        )
        return self.op.schema.canonical(types, self._attrs_on(device))

    def _attrs_on(self, device: Device) -> dict[str, Any]:
        return {**self.attrs, "device": device} if "device" in self.attrs else self.attrs


def place(operand: Operand, device: Device) -> Any:
    """A tensor with the values of a NumPy array."""
    return fe.tensor(operand, device=device) if isinstance(operand, np.ndarray) else operand


def several(results: Any) -> tuple[fe.Tensor, ...]:
    """Results as a tuple, also where there is one."""
    return results if isinstance(results, tuple) else (results,)


def host(x: fe.Tensor) -> Array:
    """The values of a tensor, as an array of one's own.

    Raises:
        Failure: they are not of the tensor's type.
    """
    array = np.array(x.detach().numpy())
    if array.shape != x.shape or array.dtype != x.dtype.numpy:
        raise Failure(
            f"the backend's array is {array.dtype}{list(array.shape)}, and {x._type} was inferred"
        )
    return array


def widen(x: Array) -> Array:
    """Floats in float64 and complex numbers in complex128; others as they are."""
    wide = {"floating": np.float64, "complex": np.complex128}.get(DType.of(x.dtype).category)
    return x if wide is None else x.astype(wide)
