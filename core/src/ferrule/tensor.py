"""The tensor: a value, its type, and its place on the tape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.autograd.node import Hooks, Leaf, Node
from ferrule.errors import ArgumentError, DTypeError, GraphError, ShapeError
from ferrule.methods import Methods
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType, Shape
from ferrule_plugins.dtypes import CONTINUOUS

_HOST_MEMORY = 1
"""DLPack's number for it, ``kDLCPU``."""

_WRITABLE = 1
"""What asks for a buffer that can be written to: Python's ``PyBUF_WRITABLE``."""


class ElementCount(int):
    """The number of elements, as the Python array API standard has ``x.size``. Called, it gives the
    shape or the size of one dim, as PyTorch has ``x.size()``."""

    _shape: Shape

    def __new__(cls, shape: Shape) -> ElementCount:
        found = super().__new__(cls, math.prod(shape))
        found._shape = shape
        return found

    def __call__(self, dim: int | None = None) -> Any:
        return self._shape if dim is None else self._shape[dim]


class Tensor(Methods):
    """A multi-dimensional array on some backend, with value semantics.

    Writing to a tensor (``x += 1``, ``x.add_(1)``, ``x[0] = 1``) gives this object a new value and
    changes no other tensor, views included. Make tensors with ``fe.tensor``, ``fe.zeros`` and the
    like.

    Attributes:
        _data: the backend's array. It is never written to.
        _type: shape, dtype and device.
        _node: where gradients arrive; None if none is asked for.
    """

    __slots__ = ("__weakref__", "_data", "_node", "_type")

    __array_ufunc__ = None  # ndarray + Tensor is decided here, not by NumPy

    def __init__(self, data: Any, type_: TensorType, node: Node | None = None) -> None:
        self._data = data
        self._type = type_
        self._node = node

    # What it is.

    @property
    def shape(self) -> Shape:
        return self._type.shape

    @property
    def dtype(self) -> DType:
        return self._type.dtype

    @property
    def device(self) -> Device:
        return self._type.device

    @property
    def ndim(self) -> int:
        return self._type.ndim

    @property
    def size(self) -> ElementCount:
        """PyTorch's ``x.size()``, the shape, and ``x.size(dim)``; and the array API's ``x.size``,
        the number of elements: an int that can be called."""
        return ElementCount(self.shape)

    def dim(self) -> int:
        """The number of dims."""
        return self._type.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self._type.spec.size

    def element_size(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    # Its place on the tape.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor. Setting it works on leaves only."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient, or stop asking, in place.

        Raises:
            DTypeError: the dtype is neither floating nor complex.
            GraphError: asking to stop, of a tensor that was computed.
        """
        if requires_grad and self._node is None:
            if self.dtype.category not in CONTINUOUS:
                raise DTypeError(
                    f"requires_grad_: only floating and complex tensors have gradients, and this "
                    f"one is {self._type}; convert it with .float()"
                )
            self._node = Leaf()
        elif not requires_grad and self._node is not None:
            if not self.is_leaf:
                raise GraphError(
                    "requires_grad_(False): this tensor was computed from others that require a "
                    "gradient; use .detach() for one that does not"
                )
            self._node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was not computed from tensors that require a gradient."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad_fn(self) -> Node | None:
        """The node that computed it; None for a leaf."""
        return None if self.is_leaf else self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has accumulated here, on leaves and after `retain_grad`."""
        if isinstance(self._node, Leaf):
            return self._node.grad
        hooks = None if self._node is None else self._node.hooks
        return None if hooks is None else hooks.gradient

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if not isinstance(self._node, Leaf):
            if value is None:
                return
            raise GraphError(
                "grad can only be set on a leaf that requires a gradient; call requires_grad_() "
                "first"
            )
        if value is not None and value._type is not self._type:
            raise ShapeError(f"grad: a gradient of type {value._type} was set on {self._type}")
        self._node.grad = value

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of the leaves it was computed from.

        See ``fe.autograd.backward``.
        """
        fe.autograd.backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same value, cut from the tape."""
        return Tensor(self._data, self._type)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in ``.grad``, though it is not a leaf."""
        if self._node is None:
            raise GraphError("retain_grad: this tensor does not require a gradient")
        self._hooks(self._node).retain = True

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(gradient)`` when the gradient of this tensor is complete.

        The hook may return a tensor that takes its place.
        """
        if self._node is None:
            raise GraphError("register_hook: this tensor does not require a gradient")
        return RemovableHandle(self._hooks(self._node).functions, hook)

    @staticmethod
    def _hooks(node: Node) -> Hooks:
        if node.hooks is None:
            node.hooks = Hooks()
        return node.hooks

    def _rebind(self, name: str, value: Tensor, reshaped: bool = False) -> Tensor:
        """Take another's value and place on the tape: what in-place methods do. Only where it is
        ``reshaped`` may the shape change."""
        if isinstance(self._node, Leaf) and fe.is_grad_enabled():
            raise GraphError(
                f"{name}: a leaf that requires a gradient was written to in place, so its gradient "
                "could never be read. Write inside `with fe.no_grad():`, or bind the result to a "
                "name: y = x + 1"
            )
        value = self._written(name, value, reshaped)
        leaf = self._node if isinstance(self._node, Leaf) else None
        value._give(self)
        self._node = leaf or value._node
        return self

    def _written(self, name: str, value: Tensor, reshaped: bool) -> Tensor:
        """What becomes of ``value`` when it is written to this tensor."""
        if value.shape != self.shape and not reshaped:
            raise ShapeError(
                f"{name}: the result is {value._type}, which does not fit {self._type}"
            )
        if value.dtype is not self.dtype:
            if not fe.can_cast(value.dtype, self.dtype):
                raise DTypeError(
                    f"{name}: a result of dtype {value.dtype.name} cannot be written to "
                    f"{self._type}; convert one of them first"
                )
            value = value.to(self.dtype)
        return value

    def _give(self, target: Tensor) -> None:
        """Give ``target`` this tensor's value."""
        target._data, target._type = self._data, self._type

    def _apart(self) -> Tensor:
        """The same value, at the same place on the tape, as an object of its own."""
        return Tensor(self._data, self._type, self._node)

    def _placed(self, node: Node | None) -> Tensor:
        """The same value at another place on the tape."""
        return Tensor(self._data, self._type, node)

    # Out of ferrule, and into Python.

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as a NumPy array: read-only, and without a copy where the backend can.

        Raises:
            GraphError: the tensor requires a gradient, which would be lost; ``detach`` it first. Or
                only its type is known.
            OutOfRange: an earlier op on the device was given an index out of range, and
                ``fe.debug.check_indices`` found it.
        """
        if self._node is not None:
            raise GraphError("numpy: this tensor requires a gradient; use .detach().numpy()")
        if self._data is None:
            raise GraphError(
                f"numpy: {self._type} has no values here, where only types are known. What depends "
                "on values (.item(), if, int) must stay outside, or be written with where"
            )
        if fe.debug.pending:
            fe.debug.report(self.device)
        view = fe.runtime.active(self.device.backend).backend.to_host(self._data).view()
        view.flags.writeable = False
        return view

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.detach().numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError("a tensor of another dtype cannot become an array without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(self, **options: Any) -> Any:
        """A DLPack capsule of the tensor's own memory, marked read-only where that is host memory;
        of a copy for a consumer that does not know the mark, or asks for a copy.

        Not every consumer minds the mark. One that writes nevertheless (PyTorch can) changes what
        should be a value.

        Raises:
            GraphError: the tensor requires a gradient, which would be lost; ``detach`` it first.
            BufferError: what is asked for cannot be had, or DLPack has no such dtype.
        """
        if self._node is not None:
            raise GraphError("__dlpack__: this tensor requires a gradient; detach() it first")
        if self.__dlpack_device__()[0] != _HOST_MEMORY:
            return self._data.__dlpack__(**options)
        view = self.numpy()
        if options.get("copy") is None and (options.get("max_version") or (0,)) < (1, 0):
            options["copy"] = True
        return view.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        own = getattr(self._data, "__dlpack_device__", None)
        return (_HOST_MEMORY, 0) if own is None else own()  # without one, the host has a copy

    def __buffer__(self, flags: int) -> memoryview:
        """The values through Python's buffer protocol (from Python 3.12 on), read-only.

        Raises:
            BufferError: the buffer is to be written to.
        """
        if flags & _WRITABLE:
            raise BufferError("tensors have value semantics, so their buffers are read-only")
        return self.numpy().data

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The namespace of the Python array API standard: `ferrule.array_api`.

        Raises:
            ArgumentError: another version of the standard is asked for.
        """
        served = fe.array_api.__array_api_version__
        if api_version not in (None, "2021.12", "2022.12", "2023.12", served):
            raise ArgumentError(
                f"__array_namespace__: there is no version {api_version!r}; ask for {served!r}"
            )
        return fe.array_api

    def item(self) -> Any:
        """The one element, as a Python number.

        Raises:
            ShapeError: there is not exactly one.
        """
        if self.numel() != 1:
            raise ShapeError(f"item: {self._type} has {self.numel()} elements, not one")
        array = self.detach().numpy()
        return array.astype(np.float32).item() if self.dtype is fe.bfloat16 else array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        array = self.detach().numpy()
        return (array.astype(np.float32) if self.dtype is fe.bfloat16 else array).tolist()

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise ShapeError(f"the truth value of {self._type} is ambiguous; use .any() or .all()")
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.dtype.category != "integer":
            raise DTypeError(f"only integer tensors can be an index, and this one is {self._type}")
        return int(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("a tensor without dims has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise ShapeError("a tensor without dims cannot be iterated over")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool(fe.ops.eq(self, value).any())

    def __hash__(self) -> int:
        return id(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GraphError("only leaves can be copied; detach() this tensor first")
        twin = self.__class__.__new__(self.__class__)
        memo[id(self)] = twin
        Tensor.__init__(twin, self._data, self._type, None if self._node is None else Leaf())
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise GraphError("only leaves can be pickled or copied; detach() this tensor first")
        return _restore, (self.detach().numpy(), str(self.device), self.requires_grad)

    def __repr__(self) -> str:
        return fe.printing.represent(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and not self.shape else str(self)


def _restore(array: np.ndarray[Any, Any], device: str, requires_grad: bool) -> Tensor:
    return fe.tensor(array, device=device, requires_grad=requires_grad)


class RemovableHandle:
    """Takes a hook away again. Usable in a ``with`` statement."""

    _next = 0

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks = hooks
        RemovableHandle._next += 1
        self.id = RemovableHandle._next
        hooks[self.id] = hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
