"""Making tensors from Python and NumPy data, from sizes, and from other libraries' arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule import dims as dims_
from ferrule import ops, promotion, runtime
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device, DType, Shape, Spec


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
    where = device_of("tensor", device)
    wanted = None if dtype is None else dtype_of("tensor", dtype)
    if isinstance(data, Tensor):
        array = data.detach().numpy()
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        array = _from_python(data)
        # Python's numbers are double as NumPy sees them, and of the default dtype as we do
        if wanted is None and array.dtype in _DOUBLE and not _has_double(data):
            whole = array.dtype.kind == "f"
            wanted = promotion.default_float() if whole else promotion.dtype_of_scalar(complex)
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


_DOUBLE = (np.dtype(np.float64), np.dtype(np.complex128))


def _has_double(data: Any) -> bool:
    """Whether a number within is of double precision by itself, not as Python's numbers are."""
    if isinstance(data, (list, tuple)):
        plain = promotion.WEAK.issuperset(map(type, data))  # without a call for each
        return not plain and any(map(_has_double, data))
    return hasattr(data, "__array__") and np.asarray(data).dtype in _DOUBLE


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


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` itself if it is a tensor of that dtype and device, otherwise as `tensor`."""
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of ``obj``: a tensor, an array of any library that has ``__array__``, a number, or
    nested sequences of numbers.

    Args:
        copy: False refuses where a copy would be needed: for all but tensors of that dtype and
            device. Otherwise nobody can tell, because tensors have value semantics.

    Raises:
        ArgumentError: ``copy`` is False and a copy is needed.
    """
    if isinstance(obj, Tensor):
        found = obj.to(device=device, dtype=dtype, copy=bool(copy))
        same = found.dtype is obj.dtype and found.device is obj.device
    else:
        found, same = tensor(obj, dtype=dtype, device=device), False
    if copy is False and not same:
        raise ArgumentError(f"asarray: a {type(obj).__name__} cannot become this tensor uncopied")
    return found.requires_grad_() if requires_grad else found


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor without dims, of the default dtype unless one is given."""
    found = dtype_of("scalar_tensor", dtype)
    return _filled("scalar_tensor", (), s, found, device, requires_grad)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor with a copy of a NumPy array. Later writes to the array do not reach it."""
    if not isinstance(ndarray, np.ndarray):
        raise ArgumentError(f"from_numpy takes a NumPy array, not {type(ndarray).__name__}")
    return tensor(ndarray)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor with the elements of another library's array, through DLPack.

    Where the array lies in memory that the device's backend can use, the tensor shares it: do not
    write to the array while the tensor is in use, for a tensor is a value.

    Args:
        ext_tensor: an array with ``__dlpack__``.
        device: by default the selected backend's.
        copy: True for memory of the tensor's own; False to refuse where that would be needed; None
            for whichever is cheaper.

    Raises:
        ArgumentError: it is no such array, or ``copy`` is False and its memory cannot be shared.
        DTypeError: ferrule has no such dtype.
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise ArgumentError(
            f"from_dlpack: {type(ext_tensor).__name__} does not speak DLPack; use fe.asarray(...)"
        )
    where = runtime.device(device)
    active = runtime.active(where.backend)
    if copy is not True and "from_dlpack" in active.backend.capabilities.features:
        try:
            data = active.backend.from_dlpack(ext_tensor, where)  # pyright: ignore[reportAttributeAccessIssue]  the feature says that it is there
            spec = active.backend.spec(data)
        except (
            BufferError,
            RuntimeError,
            TypeError,
            ValueError,
        ):  # memory or dtype of another kind
            pass
        else:
            active.check_dtype(spec.dtype)
            return Tensor(data, TensorType(spec, where))
    if copy is False:
        raise ArgumentError(f"from_dlpack: {where} cannot use the array's memory; pass copy=None")
    try:
        array = np.from_dlpack(ext_tensor, device="cpu")
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(
            f"from_dlpack: the array cannot be brought to the host: {error}"
        ) from error
    return tensor(array, device=where)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A tensor of one dim with a copy of the bytes of a buffer, read as elements of ``dtype``.

    Args:
        count: how many elements; all by default.
        offset: how many bytes to skip.

    Raises:
        ArgumentError: the buffer does not hold so many elements, or its length is not a multiple.
    """
    found = dtype_of("frombuffer", dtype)
    try:
        array = np.frombuffer(buffer, dtype=found.numpy, count=count, offset=offset)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"frombuffer: {error}") from None
    return tensor(array).requires_grad_(requires_grad)


# Arguments that many functions take.


def shape_of(name: str, sizes: tuple[Any, ...], size: Any = None) -> Shape:
    """``(2, 3)`` from ``zeros(2, 3)``, ``zeros((2, 3))`` and ``zeros(size=(2, 3))``."""
    if size is not None:
        if sizes:
            raise ArgumentError(f"{name}: got the size twice, by position and by name")
        sizes = (size,)
    return dims_.sizes(name, dims_.several(sizes))


def dtype_of(name: str, dtype: Any) -> DType:
    """A dtype; the default one for None.

    Raises:
        DTypeError: there is no such dtype; its text begins with ``name``, the call.
    """
    if dtype is None:
        return promotion.default_float()
    try:
        return DType.of(dtype)
    except TypeError as error:
        raise DTypeError(f"{name}: {error}") from None


def device_of(name: str, device: Any) -> Device:
    """A device; the selected one for None.

    Raises:
        ArgumentError: it is not written as one; its text begins with ``name``, the call.
        BackendError: its backend cannot be used.
    """
    try:
        return runtime.device(device)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name}: {error}") from None


def _number(value: Any) -> Any:
    """The Python number in a NumPy scalar, or in a tensor of one element."""
    return value.item() if isinstance(value, (np.generic, Tensor)) else value


def _filled(
    name: str, shape: Shape, value: Any, dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    found, where, value = dtype_of(name, dtype), device_of(name, device), _number(value)
    try:
        made = ops.full(shape=shape, value=value, dtype=found, device=where)
    except (ArgumentError, DTypeError, ShapeError) as error:
        if name == "full":
            raise
        reason = str(error).partition(": ")[2] or str(error)
        raise type(error)(f"{name}: {reason}") from None
    return made.requires_grad_() if requires_grad else made


# Constants.


def zeros(
    *sizes: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Zeros of shape ``size``: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return _filled("zeros", shape_of("zeros", sizes, size), 0, dtype, device, requires_grad)


def ones(
    *sizes: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones of shape ``size``: ``ones(2, 3)`` or ``ones((2, 3))``."""
    return _filled("ones", shape_of("ones", sizes, size), 1, dtype, device, requires_grad)


def empty(
    *sizes: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor whose elements do not matter. They are zeros, so that runs can be repeated."""
    return _filled("empty", shape_of("empty", sizes, size), 0, dtype, device, requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``fill_value`` everywhere. Without a dtype, it has that of the value."""
    fill_value = _number(fill_value)
    if dtype is None:
        dtype = promotion.dtype_of_scalar(type(fill_value))
    return _filled("full", shape_of("full", (size,)), fill_value, dtype, device, requires_grad)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of the shape, dtype and device of ``input``."""
    return _like("zeros_like", input, 0, dtype, device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of the shape, dtype and device of ``input``."""
    return _like("ones_like", input, 1, dtype, device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor whose elements do not matter, of the shape, dtype and device of ``input``."""
    return _like("empty_like", input, 0, dtype, device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``fill_value``, in the shape, dtype and device of ``input``."""
    return _like("full_like", input, fill_value, dtype, device, requires_grad)


def _like(
    name: str, input: Tensor, value: Any, dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    if not isinstance(input, Tensor):
        raise ArgumentError(f"{name} takes a tensor, not {type(input).__name__}")
    return _filled(
        name, input.shape, value, dtype or input.dtype, device or input.device, requires_grad
    )
