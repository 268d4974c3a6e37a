"""From NumPy and DLPack, and back."""

from __future__ import annotations

import sys
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, DTypeError, GraphError, ShapeError
from ferrule_plugins import dtypes


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_every_dtype_survives_the_round_trip(dtype: fe.DType, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype.numpy)
    x = fe.from_numpy(array)
    assert (x.dtype, x.shape) == (dtype, shape)
    back = x.numpy()
    assert (type(back), back.dtype, back.shape) == (np.ndarray, dtype.numpy, shape)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::-1],
        lambda a: a.T,
        lambda a: a[:, ::2],
        lambda a: np.broadcast_to(a[:1], (4, 4)),
    ],
    ids=["negative strides", "transposed", "steps", "broadcast"],
)
def test_arrays_of_any_strides(view: Any) -> None:
    array = view(np.arange(16.0).reshape(4, 4))
    x = fe.from_numpy(array)
    np.testing.assert_array_equal(x.numpy(), array)
    np.testing.assert_array_equal((x * 2).numpy(), array * 2)


def test_arrays_of_another_byte_order_or_read_only() -> None:
    array = np.arange(3, dtype=">i4")
    assert fe.tensor(array).tolist() == [0, 1, 2]
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    x = fe.from_numpy(frozen)
    x += 1
    assert x.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array([None]),
        np.zeros(2, "datetime64[s]"),
        np.zeros(1, "u8"),
        np.zeros(1, "O"),
    ],
    ids=["strings", "objects", "dates", "uint64", "object dtype"],
)
def test_arrays_of_what_ferrule_has_no_dtype_for_are_refused(array: Any) -> None:
    with pytest.raises(DTypeError, match=r"tensor: .*not a dtype that ferrule knows"):
        fe.tensor(array)


def test_python_data() -> None:
    assert fe.tensor([1, 2]).dtype is fe.int64
    assert fe.tensor([1, 2.0]).dtype is fe.float32
    assert fe.tensor(True).dtype is fe.bool
    assert fe.tensor([1j]).dtype is fe.complex64
    assert fe.tensor([]).dtype is fe.float32
    assert fe.tensor([[], []]).shape == (2, 0)
    assert fe.tensor(range(3)).tolist() == [0, 1, 2]
    assert fe.tensor(np.float64(1)).dtype is fe.float64
    assert fe.tensor([fe.tensor(1.0), fe.tensor(2.0)]).tolist() == [1, 2]
    assert fe.tensor([[fe.tensor([1, 2])], [[3, 4]]]).shape == (2, 1, 2)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ([[1], [1, 2]], ShapeError),
        (["a"], DTypeError),
        ([None], DTypeError),
        ({"a": 1}, DTypeError),
        ([2**70], DTypeError),
        (object(), DTypeError),
    ],
    ids=["ragged", "string", "None", "dict", "too large", "object"],
)
def test_data_that_are_no_tensor_are_refused_with_a_word_why(data: Any, error: Any) -> None:
    with pytest.raises(error, match=r"^tensor: "):
        fe.tensor(data)


def test_only_arrays_come_from_numpy() -> None:
    with pytest.raises(ArgumentError, match="from_numpy takes a NumPy array, not list"):
        fe.from_numpy([1])  # pyright: ignore[reportArgumentType]


def test_a_tensor_that_requires_a_gradient_must_be_detached_first() -> None:
    x = fe.ones(2).requires_grad_()
    for call in (x.numpy, x.__dlpack__):
        with pytest.raises(GraphError, match="detach"):
            call()
    assert x.detach().numpy().tolist() == [1, 1]


def test_asarray_takes_dtype_and_copy() -> None:
    x = fe.tensor([1.5, 2.5])
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.asarray(x, dtype=np.int32).tolist() == [1, 2]
    assert np.array(x, copy=True).flags.writeable
    assert np.asarray(x, copy=False).base is not None
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(x, dtype=np.float64, copy=False)


def test_numpy_functions_take_tensors() -> None:
    x = fe.arange(4)
    assert np.sum(np.asarray(x)) == 6
    assert np.concatenate([x, x]).tolist() == [0, 1, 2, 3] * 2
    np.testing.assert_array_equal(x, [0, 1, 2, 3])


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "@", "<", "&"])
def test_arithmetic_between_arrays_and_tensors_is_refused_from_both_sides(symbol: str) -> None:
    names = {"x": fe.arange(2), "array": np.arange(2)}
    for expression in (f"x {symbol} array", f"array {symbol} x"):
        with pytest.raises(ArgumentError, match=r"is of type ndarray, not a tensor.*fe\.tensor"):
            eval(expression, names)


def test_numpy_scalars_on_the_left_leave_the_operation_to_the_tensor() -> None:
    x = fe.ones(2)
    for y in (np.float64(2) * x, np.float32(2) * x, np.int64(2) * x):
        assert type(y) is fe.Tensor
        assert y.dtype is fe.float32
        assert y.tolist() == [2, 2]


@pytest.mark.parametrize("dtype", [d for d in dtypes.ALL if d is not fe.bfloat16], ids=str)
def test_dlpack_both_ways(dtype: fe.DType) -> None:
    x = fe.tensor([[0, 1, 1]], dtype=dtype)
    array = np.from_dlpack(x)
    np.testing.assert_array_equal(array, x.numpy())
    again = fe.from_dlpack(array)
    assert again.dtype is dtype
    assert again.tolist() == x.tolist()
    assert fe.from_dlpack(x).tolist() == x.tolist()
    assert x.__dlpack_device__() == (1, 0)


@pytest.mark.usefixtures("on_cpu")
def test_dlpack_shares_memory_both_ways() -> None:
    array = np.arange(3.0)
    x = fe.from_dlpack(array)
    assert np.shares_memory(x.numpy(), array)
    y = fe.ones(2)
    assert np.shares_memory(np.from_dlpack(y), y.numpy())
    with pytest.raises(ArgumentError, match="does not speak DLPack"):
        fe.from_dlpack([1, 2])


class Old:
    """A consumer of the time before capsules could be read-only."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __dlpack__(self, **options: Any) -> Any:
        return self.x.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.x.__dlpack_device__()


@pytest.mark.usefixtures("on_cpu")
def test_an_old_consumer_gets_a_copy() -> None:
    x = fe.ones(2)
    array = np.from_dlpack(Old(x))
    assert not np.shares_memory(array, x.numpy())
    with pytest.raises(BufferError):
        x.__dlpack__(copy=False)


def test_what_cannot_be_shared_is_copied_unless_that_is_refused() -> None:
    swapped = np.arange(3, dtype=">i4")  # DLPack has no byte order but the machine's
    with pytest.raises(ArgumentError, match="cannot use the array's memory"):
        fe.from_dlpack(swapped, copy=False)
    with pytest.raises(ArgumentError, match="cannot be brought to the host"):
        fe.from_dlpack(swapped)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has __buffer__ from 3.12 on")
def test_buffer_protocol() -> None:
    x = fe.tensor([[1.0, 2.0]])
    view = memoryview(x)
    assert view.readonly and view.tolist() == [[1.0, 2.0]]


def test_buffers_are_read_only() -> None:
    assert fe.ones(2).__buffer__(0).readonly
    with pytest.raises(BufferError, match="read-only"):
        fe.ones(2).__buffer__(1)


def test_size_is_the_standards_and_pytorchs() -> None:
    x = fe.zeros(2, 3)
    assert x.size == 6 and isinstance(x.size, int)
    assert x.size() == (2, 3) and x.size(0) == 2 and x.size(dim=-1) == 3


def test_bfloat16_is_ml_dtypes() -> None:
    x = fe.tensor([1.0, 3.140625], dtype=fe.bfloat16)
    assert x.numpy().dtype == ml_dtypes.bfloat16
    assert fe.tensor(x.numpy()).dtype is fe.bfloat16
