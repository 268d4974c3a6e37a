"""Making tensors from Python and NumPy data, from sizes, and from other libraries' arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule import ops, promotion, runtime
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType, Shape, Spec, dtypes


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor with a copy of ``data``.

    Args:
        data: a number, nested sequences of numbers, a NumPy array, a tensor, or anything with
            ``__array__``.
        dtype: by default that of ``data``; Python floats become the default dtype, and float64
            arrays stay float64.
        device: by default the selected backend's.
        requires_grad: whether `backward` is to leave a gradient on it.

    Raises:
        DTypeError: the data are not numbers, or ferrule has no such dtype.
        ShapeError: the sequences are ragged.
    """
    where = runtime.device(device)
    wanted = None if dtype is None else DType.of(dtype)
    if isinstance(data, Tensor):
        array = data.detach().numpy()
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        array = _from_python(data)
        if wanted is None and array.dtype == np.float64 and not hasattr(data, "__array__"):
            wanted = promotion.default_float()
        elif wanted is None and array.dtype == np.complex128 and not hasattr(data, "__array__"):
            wanted = promotion.dtype_of_scalar(complex)
        if wanted is not None and array.size and array.dtype.kind in "iufc":
            _check_range(array, wanted)
    return _place(array, wanted, where).requires_grad_(requires_grad)


def _from_python(data: Any) -> np.ndarray[Any, Any]:
    if isinstance(data, (list, tuple)) and _holds_tensors(data):
        data = _unwrapped(data)
    try:
        array = np.asarray(data)
    except OverflowError as error:
        raise DTypeError(f"tensor: {error}; integers must fit in int64") from None
    except ValueError as error:
        raise ShapeError(
            f"tensor: the nested sequences are ragged ({error}); all rows must be of one length"
        ) from None
    if array.size == 0 and isinstance(data, (list, tuple)):
        array = array.astype(promotion.default_float().numpy)
    return array


def _check_range(array: np.ndarray[Any, Any], dtype: DType) -> None:
    """Refuse numbers that ``dtype`` cannot hold, where NumPy would wrap them around."""
    ends = (array.ravel()[0],) if array.dtype.kind == "c" else (array.min(), array.max())
    try:
        for end in ends:
            promotion.check_fits(end.item(), dtype)
    except DTypeError as error:
        raise DTypeError(f"tensor: {error}") from None


def _holds_tensors(data: Any) -> bool:
    return bool(data) and (
        isinstance(data[0], Tensor)
        or (isinstance(data[0], (list, tuple)) and _holds_tensors(data[0]))
    )


def _unwrapped(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data.detach().numpy()
    return [_unwrapped(d) for d in data] if isinstance(data, (list, tuple)) else data


def _place(array: np.ndarray[Any, Any], dtype: DType | None, device: Device) -> Tensor:
    if dtype is None:
        try:
            dtype = DType.of(array.dtype.newbyteorder("="))
        except TypeError as error:
            raise DTypeError(f"tensor: {error}") from None
    elif array.dtype.kind not in "biufcV":
        raise DTypeError(f"tensor: {array.dtype} data are not numbers")
    active = runtime.active(device.backend)
    active.check_dtype(dtype)
    if array.dtype != dtype.numpy:
        with np.errstate(all="ignore"):
            array = array.astype(dtype.numpy)
    data = active.backend.from_host(array, device)
    return Tensor(data, TensorType(Spec(array.shape, dtype), device))


def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` itself if it is a tensor of that dtype and device, otherwise as `tensor`."""
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor with a copy of a NumPy array. Later writes to the array do not reach it."""
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"from_numpy takes a NumPy array, not {type(array).__name__}")
    return tensor(array)


def from_dlpack(array: Any) -> Tensor:
    """A tensor with a copy of another library's array in host memory, through DLPack."""
    return tensor(np.from_dlpack(array))


def _shape(name: str, size: tuple[Any, ...]) -> Shape:
    """``(2, 3)`` from ``zeros(2, 3)`` and from ``zeros((2, 3))``."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    for n in size:
        if not hasattr(n, "__index__") or isinstance(n, bool):
            raise ArgumentError(f"{name}: a size must be an int, not {n!r}")
        if n.__index__() < 0:
            raise ShapeError(f"{name}: sizes are not negative, and this one is {n}")
    return tuple(n.__index__() for n in size)


def _number(value: Any) -> Any:
    """The Python number in a NumPy scalar, or in a tensor of one element."""
    return value.item() if isinstance(value, (np.generic, Tensor)) else value


def _filled(
    shape: Shape, value: Any, dtype: Any, device: Any, requires_grad: bool = False
) -> Tensor:
    found = promotion.default_float() if dtype is None else DType.of(dtype)
    value = _number(value)
    made = ops.full(shape=shape, value=value, dtype=found, device=runtime.device(device))
    return made.requires_grad_() if requires_grad else made


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of shape ``size``: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return _filled(_shape("zeros", size), 0, dtype, device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of shape ``size``: ``ones(2, 3)`` or ``ones((2, 3))``."""
    return _filled(_shape("ones", size), 1, dtype, device, requires_grad)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose elements do not matter. They are zeros, so that runs can be repeated."""
    return _filled(_shape("empty", size), 0, dtype, device, requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``fill_value`` everywhere. Without a dtype, it has that of the value."""
    fill_value = _number(fill_value)
    if dtype is None:
        dtype = promotion.dtype_of_scalar(type(fill_value))
    return _filled(_shape("full", (size,)), fill_value, dtype, device, requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros of the shape, dtype and device of ``input``."""
    return full_like(input, 0, dtype=dtype, device=device)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones of the shape, dtype and device of ``input``."""
    return full_like(input, 1, dtype=dtype, device=device)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """``fill_value``, in the shape, dtype and device of ``input``."""
    return _filled(input.shape, fill_value, dtype or input.dtype, device or input.device)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """``start``, ``start + step``, ... below ``end``; with one argument, from 0 to below it.

    Raises:
        ShapeError: ``step`` is 0 or leads away from ``end``.
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = map(_number, (start, end, step))
    if dtype is None:
        whole = all(isinstance(v, int) for v in (start, end, step))
        dtype = dtypes.int64 if whole else promotion.default_float()
    if step == 0:
        raise ShapeError("arange: step must not be 0")
    length = math.ceil((end - start) / step)
    if length < 0:
        raise ShapeError(f"arange: a step of {step} leads away from {end}, starting at {start}")
    return ops.arange(
        start=start, step=step, length=length, dtype=DType.of(dtype),
        device=runtime.device(device),
    )  # fmt: skip


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """``steps`` values at equal distances from ``start`` to ``end``, both included."""
    found = promotion.default_float() if dtype is None else DType.of(dtype)
    if steps < 0:
        raise ShapeError(f"linspace: steps is not negative, and this is {steps}")
    ramp = arange(steps, device=device).to(dtypes.float64)
    values = ramp * ((end - start) / max(steps - 1, 1)) + start
    if steps > 1:  # exact at both ends
        values = ops.where(ramp == steps - 1, float(end), values)
    return values.to(found)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones on the diagonal of an ``n`` by ``m`` matrix, zeros elsewhere."""
    found = promotion.default_float() if dtype is None else DType.of(dtype)
    rows = arange(n, device=device).reshape(n, 1)
    columns = arange(n if m is None else m, device=device)
    return (rows == columns).to(found)
