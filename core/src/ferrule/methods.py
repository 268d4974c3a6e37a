"""Methods of tensors. Each is the public function of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import ferrule as fe
from ferrule.errors import ArgumentError, ShapeError
from ferrule.operators import Operators
from ferrule_plugins import Device, DType

if TYPE_CHECKING:
    from ferrule.tensor import Tensor


class Methods(Operators):
    """What `Tensor` inherits. An in-place method gives the tensor the value of its namesake."""

    __slots__ = ()

    # Elementwise.

    def neg(self: Any) -> Tensor:
        return fe.neg(self)

    def neg_(self: Any) -> Tensor:
        return self._rebind("neg_", fe.neg(self))

    def abs(self: Any) -> Tensor:
        return fe.abs(self)

    def abs_(self: Any) -> Tensor:
        return self._rebind("abs_", fe.abs(self))

    def sign(self: Any) -> Tensor:
        return fe.sign(self)

    def sign_(self: Any) -> Tensor:
        return self._rebind("sign_", fe.sign(self))

    def exp(self: Any) -> Tensor:
        return fe.exp(self)

    def exp_(self: Any) -> Tensor:
        return self._rebind("exp_", fe.exp(self))

    def expm1(self: Any) -> Tensor:
        return fe.expm1(self)

    def expm1_(self: Any) -> Tensor:
        return self._rebind("expm1_", fe.expm1(self))

    def log(self: Any) -> Tensor:
        return fe.log(self)

    def log_(self: Any) -> Tensor:
        return self._rebind("log_", fe.log(self))

    def log1p(self: Any) -> Tensor:
        return fe.log1p(self)

    def log1p_(self: Any) -> Tensor:
        return self._rebind("log1p_", fe.log1p(self))

    def sqrt(self: Any) -> Tensor:
        return fe.sqrt(self)

    def sqrt_(self: Any) -> Tensor:
        return self._rebind("sqrt_", fe.sqrt(self))

    def rsqrt(self: Any) -> Tensor:
        return fe.rsqrt(self)

    def rsqrt_(self: Any) -> Tensor:
        return self._rebind("rsqrt_", fe.rsqrt(self))

    def reciprocal(self: Any) -> Tensor:
        return fe.reciprocal(self)

    def reciprocal_(self: Any) -> Tensor:
        return self._rebind("reciprocal_", fe.reciprocal(self))

    def square(self: Any) -> Tensor:
        return fe.square(self)

    def square_(self: Any) -> Tensor:
        return self._rebind("square_", fe.square(self))

    def sin(self: Any) -> Tensor:
        return fe.sin(self)

    def sin_(self: Any) -> Tensor:
        return self._rebind("sin_", fe.sin(self))

    def cos(self: Any) -> Tensor:
        return fe.cos(self)

    def cos_(self: Any) -> Tensor:
        return self._rebind("cos_", fe.cos(self))

    def tanh(self: Any) -> Tensor:
        return fe.tanh(self)

    def tanh_(self: Any) -> Tensor:
        return self._rebind("tanh_", fe.tanh(self))

    def floor(self: Any) -> Tensor:
        return fe.floor(self)

    def floor_(self: Any) -> Tensor:
        return self._rebind("floor_", fe.floor(self))

    def ceil(self: Any) -> Tensor:
        return fe.ceil(self)

    def ceil_(self: Any) -> Tensor:
        return self._rebind("ceil_", fe.ceil(self))

    def round(self: Any) -> Tensor:
        return fe.round(self)

    def round_(self: Any) -> Tensor:
        return self._rebind("round_", fe.round(self))

    def sigmoid(self: Any) -> Tensor:
        return fe.sigmoid(self)

    def sigmoid_(self: Any) -> Tensor:
        return self._rebind("sigmoid_", fe.sigmoid(self))

    def relu(self: Any) -> Tensor:
        return fe.relu(self)

    def relu_(self: Any) -> Tensor:
        return self._rebind("relu_", fe.relu(self))

    def erf(self: Any) -> Tensor:
        return fe.erf(self)

    def erf_(self: Any) -> Tensor:
        return self._rebind("erf_", fe.erf(self))

    def isnan(self: Any) -> Tensor:
        return fe.isnan(self)

    def isfinite(self: Any) -> Tensor:
        return fe.isfinite(self)

    def logical_not(self: Any) -> Tensor:
        return fe.logical_not(self)

    def bitwise_not(self: Any) -> Tensor:
        return fe.bitwise_not(self)

    def add(self: Any, other: Any) -> Tensor:
        return fe.add(self, other)

    def add_(self: Any, other: Any) -> Tensor:
        return self._rebind("add_", fe.add(self, other))

    def sub(self: Any, other: Any) -> Tensor:
        return fe.sub(self, other)

    def sub_(self: Any, other: Any) -> Tensor:
        return self._rebind("sub_", fe.sub(self, other))

    def mul(self: Any, other: Any) -> Tensor:
        return fe.mul(self, other)

    def mul_(self: Any, other: Any) -> Tensor:
        return self._rebind("mul_", fe.mul(self, other))

    def div(self: Any, other: Any) -> Tensor:
        return fe.div(self, other)

    def div_(self: Any, other: Any) -> Tensor:
        return self._rebind("div_", fe.div(self, other))

    def pow(self: Any, other: Any) -> Tensor:
        return fe.pow(self, other)

    def pow_(self: Any, other: Any) -> Tensor:
        return self._rebind("pow_", fe.pow(self, other))

    def remainder(self: Any, other: Any) -> Tensor:
        return fe.remainder(self, other)

    def remainder_(self: Any, other: Any) -> Tensor:
        return self._rebind("remainder_", fe.remainder(self, other))

    def floor_divide(self: Any, other: Any) -> Tensor:
        return fe.floor_divide(self, other)

    def floor_divide_(self: Any, other: Any) -> Tensor:
        return self._rebind("floor_divide_", fe.floor_divide(self, other))

    def maximum(self: Any, other: Any) -> Tensor:
        return fe.maximum(self, other)

    def minimum(self: Any, other: Any) -> Tensor:
        return fe.minimum(self, other)

    def eq(self: Any, other: Any) -> Tensor:
        return fe.eq(self, other)

    def ne(self: Any, other: Any) -> Tensor:
        return fe.ne(self, other)

    def lt(self: Any, other: Any) -> Tensor:
        return fe.lt(self, other)

    def le(self: Any, other: Any) -> Tensor:
        return fe.le(self, other)

    def gt(self: Any, other: Any) -> Tensor:
        return fe.gt(self, other)

    def ge(self: Any, other: Any) -> Tensor:
        return fe.ge(self, other)

    def logical_and(self: Any, other: Any) -> Tensor:
        return fe.logical_and(self, other)

    def logical_or(self: Any, other: Any) -> Tensor:
        return fe.logical_or(self, other)

    def bitwise_and(self: Any, other: Any) -> Tensor:
        return fe.bitwise_and(self, other)

    def bitwise_or(self: Any, other: Any) -> Tensor:
        return fe.bitwise_or(self, other)

    def bitwise_xor(self: Any, other: Any) -> Tensor:
        return fe.bitwise_xor(self, other)

    def matmul(self: Any, other: Any) -> Tensor:
        return fe.matmul(self, other)

    def clamp(self: Any, min: Any = None, max: Any = None) -> Tensor:
        return fe.clamp(self, min, max)

    def clamp_(self: Any, min: Any = None, max: Any = None) -> Tensor:
        return self._rebind("clamp_", fe.clamp(self, min, max))

    def where(self: Any, condition: Tensor, other: Any) -> Tensor:
        return fe.where(condition, self, other)

    # In place, without a namesake.

    def zero_(self: Any) -> Tensor:
        return self._rebind("zero_", fe.zeros_like(self))

    def fill_(self: Any, value: Any) -> Tensor:
        return self._rebind("fill_", fe.full_like(self, value))

    def copy_(self: Any, src: Tensor) -> Tensor:
        """Take the values of ``src``, converted and broadcast to this tensor's type."""
        src = fe.broadcast_to(src.to(device=self.device, dtype=self.dtype), self.shape)
        return self._rebind("copy_", src)

    # Reductions.

    def sum(self: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        return fe.sum(self, dim, keepdim, dtype=dtype)

    def prod(self: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        return fe.prod(self, dim, keepdim, dtype=dtype)

    def mean(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return fe.mean(self, dim=dim, keepdim=keepdim)

    def amax(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return fe.amax(self, dim=dim, keepdim=keepdim)

    def amin(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return fe.amin(self, dim=dim, keepdim=keepdim)

    def any(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return fe.any(self, dim=dim, keepdim=keepdim)

    def all(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return fe.all(self, dim=dim, keepdim=keepdim)

    def var(self: Any, dim: Any = None, *, correction: int = 1, keepdim: bool = False) -> Tensor:
        return fe.var(self, dim=dim, correction=correction, keepdim=keepdim)

    def std(self: Any, dim: Any = None, *, correction: int = 1, keepdim: bool = False) -> Tensor:
        return fe.std(self, dim=dim, correction=correction, keepdim=keepdim)

    def logsumexp(self: Any, dim: Any, keepdim: bool = False) -> Tensor:
        return fe.logsumexp(self, dim=dim, keepdim=keepdim)

    def softmax(self: Any, dim: int) -> Tensor:
        return fe.softmax(self, dim=dim)

    def log_softmax(self: Any, dim: int) -> Tensor:
        return fe.log_softmax(self, dim=dim)

    def max(self: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return fe.max(self, dim, keepdim)

    def min(self: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return fe.min(self, dim, keepdim)

    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return fe.argmax(self, dim, keepdim)

    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return fe.argmin(self, dim, keepdim)

    def sort(self: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
        return fe.sort(self, dim, descending, stable)

    def argsort(self: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
        return fe.argsort(self, dim, descending, stable)

    # Selection.

    def gather(self: Any, dim: int, index: Tensor) -> Tensor:
        return fe.gather(self, dim, index)

    def scatter_add(self: Any, dim: int, index: Tensor, src: Tensor) -> Tensor:
        return fe.scatter_add(self, dim, index, src)

    def index_select(self: Any, dim: int, index: Tensor) -> Tensor:
        return fe.index_select(self, dim, index)

    def index_add(self: Any, dim: int, index: Tensor, source: Tensor) -> Tensor:
        return fe.index_add(self, dim, index, source)

    def narrow(self: Any, dim: int, start: int, length: int) -> Tensor:
        return fe.narrow(self, dim, start, length)

    def split(self: Any, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
        return fe.split(self, split_size, dim)

    def chunk(self: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        return fe.chunk(self, chunks, dim)

    # Shapes.

    @property
    def T(self: Any) -> Tensor:
        """The dims in reverse order."""
        return fe.permute(self, range(self.ndim - 1, -1, -1))

    @property
    def mT(self: Any) -> Tensor:
        """The last two dims exchanged."""
        return fe.transpose(self, -2, -1)

    def t(self: Any) -> Tensor:
        """A matrix transposed; tensors of fewer dims as they are."""
        if self.ndim > 2:
            raise ShapeError(f"t: {self._type} has more than two dims; use .mT or .transpose(...)")
        return self.T

    def reshape(self: Any, *shape: Any) -> Tensor:
        return fe.reshape(self, shape=_sizes(shape))

    def view(self: Any, *shape: Any) -> Tensor:
        """As `reshape`: tensors have value semantics, so the two do not differ."""
        return fe.reshape(self, shape=_sizes(shape))

    def permute(self: Any, *dims: Any) -> Tensor:
        return fe.permute(self, _sizes(dims))

    def expand(self: Any, *sizes: Any) -> Tensor:
        """Repeated to fill ``sizes``; -1 keeps a size."""
        sizes = _sizes(sizes)
        lead = len(sizes) - self.ndim
        shape = tuple(
            self.shape[d - lead] if n == -1 and d >= lead else n for d, n in enumerate(sizes)
        )
        return fe.broadcast_to(self, shape)

    def transpose(self: Any, dim0: int, dim1: int) -> Tensor:
        return fe.transpose(self, dim0, dim1)

    def squeeze(self: Any, dim: Any = None) -> Tensor:
        return fe.squeeze(self, dim)

    def unsqueeze(self: Any, dim: int) -> Tensor:
        return fe.unsqueeze(self, dim)

    def flatten(self: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        return fe.flatten(self, start_dim, end_dim)

    def flip(self: Any, *dims: Any) -> Tensor:
        return fe.flip(self, _sizes(dims))

    def contiguous(self: Any) -> Tensor:
        """The tensor itself: memory order is the backend's affair."""
        return self

    def clone(self: Any) -> Tensor:
        """The same value, with a place of its own on the tape."""
        return fe.clone(self)

    # Dtypes and devices.

    def to(self: Any, *args: Any, device: Any = None, dtype: Any = None) -> Tensor:
        """The same values with another dtype or on another device: ``x.to("cuda")``,
        ``x.to(fe.float64)``, ``x.to("cuda", fe.float16)``, ``x.to(other)``."""
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
        return x if device is None else fe.transfer(x, fe.runtime.device(device))

    def type_as(self: Any, other: Tensor) -> Tensor:
        return self.to(dtype=other.dtype)

    def bool(self: Any) -> Tensor:
        return self.to(dtype=fe.bool)

    def int(self: Any) -> Tensor:
        return self.to(dtype=fe.int32)

    def long(self: Any) -> Tensor:
        return self.to(dtype=fe.int64)

    def half(self: Any) -> Tensor:
        return self.to(dtype=fe.float16)

    def bfloat16(self: Any) -> Tensor:
        return self.to(dtype=fe.bfloat16)

    def float(self: Any) -> Tensor:
        return self.to(dtype=fe.float32)

    def double(self: Any) -> Tensor:
        return self.to(dtype=fe.float64)

    def cpu(self: Any) -> Tensor:
        """On the device named ``cpu``."""
        return self.to(device="cpu")


def _sizes(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """``(2, 3)`` from ``x.reshape(2, 3)`` and from ``x.reshape((2, 3))``."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list, range)):
        return tuple(sizes[0])
    return sizes
