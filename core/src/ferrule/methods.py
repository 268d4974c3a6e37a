"""Methods of tensors that differ from the public functions of their names.

All others *are* those functions: `ferrule.method_table` names them, and attaches them here when
everything is imported. What type checkers and editors see is ``methods.pyi``, which
``tools/method_stubs.py`` writes from the class as it then is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe
from ferrule import dims as dims_
from ferrule.errors import ArgumentError, ShapeError
from ferrule.operators import Operators
from ferrule_plugins import Device, DType

if TYPE_CHECKING:
    from ferrule.tensor import Tensor


class Methods(Operators):
    """What `Tensor` inherits. An in-place method gives the tensor the value of its namesake."""

    __slots__ = ()

    def to_device(self: Any, device: Any, /, *, stream: Any = None) -> Tensor:
        """On another device, as the Python array API standard spells it. There are no streams to
        choose from."""
        return self.to(device=device)

    # In place, without a namesake.

    def zero_(self: Any) -> Tensor:
        """Make every element 0."""
        return self._rebind("zero_", fe.zeros_like(self))

    def fill_(self: Any, value: Any) -> Tensor:
        """Make every element ``value``, a number or a tensor without dims, whose gradient is the
        sum of all."""
        if isinstance(value, fe.Tensor):
            if value.ndim:
                raise ShapeError(f"fill_: the value must be without dims, not {value._type}")
            return self.copy_(value)
        return self._rebind("fill_", fe.full_like(self, value))

    def copy_(self: Any, src: Any, non_blocking: bool = False) -> Tensor:
        """Take the values of ``src``, a tensor or a number, converted and broadcast to this
        tensor's type. ``non_blocking`` is understood and makes no difference."""
        if not isinstance(src, fe.Tensor):
            return self._rebind("copy_", fe.full_like(self, src))
        src = fe.broadcast_to(src.to(device=self.device, dtype=self.dtype), self.shape)
        return self._rebind("copy_", src)

    def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Tensor:
        """Make the elements whose indices are all equal ``fill_value``.

        Args:
            wrap: in a matrix with more rows than columns, begin again after each block of one row
                more than there are columns.

        Raises:
            ShapeError: there are fewer than two dims, or more of sizes that differ.
        """
        shape = self.shape
        if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
            raise ShapeError(
                f"fill_diagonal_: {self._type} must be a matrix, or have dims of one size"
            )
        chosen = np.zeros(shape, np.bool_)
        if chosen.size:
            step = sum(np.cumprod((1, *shape[:0:-1])))
            end = None if wrap or len(shape) > 2 else shape[1] * shape[1]
            chosen.reshape(-1)[:end:step] = True
        mask = fe.tensor(chosen, device=self.device)
        if isinstance(fill_value, fe.Tensor):
            value = fill_value.to(self.dtype)
        else:
            value = fe.full((), fill_value, dtype=self.dtype, device=self.device)
        return self._rebind("fill_diagonal_", fe.where(mask, value, self))

    def detach_(self: Any) -> Tensor:
        """Cut this tensor from the tape."""
        self._node = None
        return self

    # With the sizes or dims one by one, or under other names.

    def reshape(self: Any, *sizes: Any, shape: Any = None) -> Tensor:
        """The same elements in row-major order in another shape: ``x.reshape(2, -1)``. One size
        may be -1: what remains."""
        if shape is not None or (len(sizes) == 1 and isinstance(sizes[0], (tuple, list))):
            sizes = dims_.several(sizes, shape)
        return fe.ops.reshape(self, shape=sizes)

    def view(self: Any, *shape: Any, size: Any = None) -> Tensor:
        """As `reshape`: tensors have value semantics, so the two do not differ."""
        if len(shape) == 1 and isinstance(shape[0], (DType, type, np.dtype)):
            raise ArgumentError(
                "view: the bits of a tensor cannot be seen as another dtype; use .to(dtype) to "
                "convert the values"
            )
        return fe.ops.reshape(self, shape=dims_.several(shape, size))

    def reshape_as(self: Any, other: Tensor) -> Tensor:
        """In the shape of ``other``."""
        return fe.ops.reshape(self, shape=other.shape)

    def view_as(self: Any, other: Tensor) -> Tensor:
        """In the shape of ``other``."""
        return fe.ops.reshape(self, shape=other.shape)

    def expand_as(self: Any, other: Tensor) -> Tensor:
        """Broadcast to the shape of ``other``."""
        return fe.broadcast_to(self, other.shape)

    def permute(self: Any, *order: Any, dims: Any = None) -> Tensor:
        """The dims in another order: ``x.permute(1, 0)``."""
        return fe.permute(self, dims_.several(order, dims))

    def flip(self: Any, *along: Any, dims: Any = None) -> Tensor:
        """In reverse order along ``dims``: ``x.flip(0, 1)``."""
        return fe.flip(self, dims_.several(along, dims))

    def split(self: Any, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces along ``dim``: of one size (the last may be smaller), or of the sizes given."""
        return fe.split(self, split_size, dim)

    def where(self: Any, condition: Tensor, other: Any) -> Tensor:
        """This tensor where ``condition`` holds, ``other`` elsewhere."""
        return fe.where(condition, self, other)

    def polygamma(self: Any, n: int) -> Tensor:
        """The ``n``-th derivative of `digamma`."""
        return fe.ops.polygamma(self, n=n)

    def polygamma_(self: Any, n: int) -> Tensor:
        """In place, `polygamma`: this tensor takes the value of its result."""
        return self._rebind("polygamma_", fe.ops.polygamma(self, n=n))

    @property
    def T(self: Any) -> Tensor:
        """The dims in reverse order."""
        return fe.ops.permute(self, dims=tuple(range(self.ndim - 1, -1, -1)))

    @property
    def H(self: Any) -> Tensor:
        """A matrix transposed, and complex elements conjugated."""
        if self.ndim not in (0, 2):
            raise ShapeError(f"H: {self._type} is not a matrix; use .mH for several")
        return fe.adjoint(self)

    @property
    def mT(self: Any) -> Tensor:
        """The last two dims exchanged."""
        from ferrule import shapes  # which imports this module

        return shapes.matrix_transpose("mT", self)

    @property
    def mH(self: Any) -> Tensor:
        """The last two dims exchanged, and complex elements conjugated."""
        return fe.adjoint(self)

    def contiguous(self: Any) -> Tensor:
        """The tensor itself: memory order is the backend's affair."""
        return self

    def is_contiguous(self: Any) -> bool:
        """True: memory order is the backend's affair, and every tensor reads as row-major."""
        return True

    def nelement(self: Any) -> int:
        """The number of elements: `numel`."""
        return self.numel()

    def ndimension(self: Any) -> int:
        """The number of dims: `dim`."""
        return self.ndim

    @property
    def itemsize(self: Any) -> int:
        """Bytes per element: `element_size`."""
        return self.dtype.itemsize

    @property
    def nbytes(self: Any) -> int:
        """Bytes of all elements."""
        return self.numel() * self.dtype.itemsize

    @property
    def retains_grad(self: Any) -> bool:
        """Whether it is no leaf and `retain_grad` was called."""
        hooks = None if self.is_leaf else self._node.hooks
        return hooks is not None and hooks.retain

    # New tensors like this one.

    def new_tensor(
        self: Any, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> Tensor:
        """A tensor of ``data``, with this one's dtype and device unless others are given."""
        return fe.tensor(
            data,
            dtype=dtype or self.dtype,
            device=device or self.device,
            requires_grad=requires_grad,
        )

    def new_full(
        self: Any,
        size: Any,
        fill_value: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """``fill_value`` everywhere, with this one's dtype and device unless others are given."""
        return fe.full(
            size,
            fill_value,
            dtype=dtype or self.dtype,
            device=device or self.device,
            requires_grad=requires_grad,
        )

    def new_zeros(self: Any, *size: Any, **options: Any) -> Tensor:
        """Zeros, with this one's dtype and device unless ``dtype=`` and ``device=`` are given."""
        return self.new_full(dims_.several(size), 0, **options)

    def new_ones(self: Any, *size: Any, **options: Any) -> Tensor:
        """Ones, with this one's dtype and device unless ``dtype=`` and ``device=`` are given."""
        return self.new_full(dims_.several(size), 1, **options)

    def new_empty(self: Any, *size: Any, **options: Any) -> Tensor:
        """A tensor whose elements do not matter, with this one's dtype and device unless
        ``dtype=`` and ``device=`` are given."""
        return self.new_full(dims_.several(size), 0, **options)

    # Dtypes and devices.

    def to(
        self: Any,
        *args: Any,
        device: Any = None,
        dtype: Any = None,
        non_blocking: bool = False,
        copy: bool = False,
    ) -> Tensor:
        """The same values with another dtype or on another device: ``x.to("cuda")``,
        ``x.to(fe.float64)``, ``x.to("cuda", fe.float16)``, ``x.to(other)``.

        Args:
            non_blocking: understood, and without effect.
            copy: give another object even if nothing is to be converted.
        """
        for arg in args:
            if isinstance(arg, fe.Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, DType):
                dtype = arg
            elif isinstance(arg, (str, Device)):
                device = arg
            elif isinstance(arg, (type, np.dtype)):
                dtype = arg
            else:
                raise ArgumentError(f"to: {arg!r} is neither a device nor a dtype nor a tensor")
        x = self
        if dtype is not None and DType.of(dtype) is not x.dtype:
            x = fe.ops.cast(x, dtype=DType.of(dtype))
        if device is not None:
            x = fe.transfer(x, fe.runtime.device(device))
        return fe.clone(x) if copy and x is self else x

    def type(self: Any, dtype: Any = None) -> Any:
        """The values in ``dtype``; without one, the name of the dtype."""
        return self.dtype.name if dtype is None else self.to(dtype=dtype)

    def type_as(self: Any, other: Tensor) -> Tensor:
        """The values in the dtype of ``other``."""
        return self.to(dtype=other.dtype)

    def bool(self: Any) -> Tensor:
        """The values as bool."""
        return self.to(dtype=fe.bool)

    def byte(self: Any) -> Tensor:
        """The values as uint8."""
        return self.to(dtype=fe.uint8)

    def char(self: Any) -> Tensor:
        """The values as int8."""
        return self.to(dtype=fe.int8)

    def short(self: Any) -> Tensor:
        """The values as int16."""
        return self.to(dtype=fe.int16)

    def int(self: Any) -> Tensor:
        """The values as int32."""
        return self.to(dtype=fe.int32)

    def long(self: Any) -> Tensor:
        """The values as int64."""
        return self.to(dtype=fe.int64)

    def half(self: Any) -> Tensor:
        """The values as float16."""
        return self.to(dtype=fe.float16)

    def bfloat16(self: Any) -> Tensor:
        """The values as bfloat16."""
        return self.to(dtype=fe.bfloat16)

    def float(self: Any) -> Tensor:
        """The values as float32."""
        return self.to(dtype=fe.float32)

    def double(self: Any) -> Tensor:
        """The values as float64."""
        return self.to(dtype=fe.float64)

    def cfloat(self: Any) -> Tensor:
        """The values as complex64."""
        return self.to(dtype=fe.complex64)

    def cdouble(self: Any) -> Tensor:
        """The values as complex128."""
        return self.to(dtype=fe.complex128)

    def cpu(self: Any) -> Tensor:
        """On the device named ``cpu``."""
        return self.to(device="cpu")

    def cuda(self: Any, device: Any = None) -> Tensor:
        """On the device named ``cuda``, or on another of that backend: ``1`` or ``"cuda:1"``."""
        if device is None or hasattr(device, "__index__"):
            device = f"cuda:{0 if device is None else device.__index__()}"
        return self.to(device=device)
