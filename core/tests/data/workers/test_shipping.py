"""Objects taken apart and put together, with their arrays in memory of their own."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule.data.workers import shipping

ARRAYS = hnp.arrays(
    st.sampled_from([np.bool_, np.uint8, np.int64, np.float16, np.float32, np.complex64, "U3"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


def travelled(value: Any) -> Any:
    packed = shipping.pack(value)
    if not any(packed.sizes):
        return shipping.unpack(packed.pickled, packed.buffers)
    return shipping.unpack(
        packed.pickled, shipping.read(shipping.write(packed.buffers), packed.sizes)
    )


@given(arrays=st.lists(ARRAYS, max_size=3), turned=st.booleans())
def test_arrays_arrive_as_they_were(arrays: list[np.ndarray[Any, Any]], turned: bool) -> None:
    sent = [a.T[::-1] if turned and a.ndim else a for a in arrays]
    found = travelled({"arrays": sent, "n": len(sent)})["arrays"]
    for a, b in zip(sent, found, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (40, 50)])
@pytest.mark.parametrize("name", ["bool", "int8", "bfloat16", "float16", "float32", "complex128"])
def test_tensors_arrive_as_they_were(name: str, shape: tuple[int, ...]) -> None:
    x = fe.randint(0, 2, shape).to(getattr(fe, name))
    found = travelled([x, 1])[0]
    assert (found.dtype, found.shape, found.device) == (x.dtype, x.shape, x.device)
    assert found.tolist() == x.tolist()


def test_a_tensor_turned_arrives_as_it_was() -> None:
    x = fe.arange(12).reshape(3, 4).T
    assert travelled(x).tolist() == x.tolist()


def test_leaves_keep_asking_for_gradients() -> None:
    assert travelled(fe.ones(2, requires_grad=True)).requires_grad
    p = fe.nn.Parameter(fe.ones(3))
    found = travelled(p)
    assert isinstance(found, fe.nn.Parameter)
    assert found.tolist() == [1, 1, 1]


def test_the_bytes_of_arrays_are_not_in_the_pickle() -> None:
    packed = shipping.pack([np.zeros(10_000), fe.zeros(10_000), np.zeros((100, 100)).T[::2]])
    assert len(packed.pickled) < 1000
    assert packed.sizes == [80_000, 40_000, 40_000]


@pytest.mark.usefixtures("on_cpu")
def test_tensors_lie_in_the_memory_that_was_mapped() -> None:
    packed = shipping.pack([np.arange(5000.0), fe.arange(5000.0)])
    buffers = shipping.read(shipping.write(packed.buffers), packed.sizes)
    array, tensor = shipping.unpack(packed.pickled, buffers)
    for found, buffer in zip((array, tensor.numpy()), buffers):
        assert np.shares_memory(found, np.asarray(buffer))
        assert found.ctypes.data % 64 == 0
    array += 1  # arrays can be written to
    assert array[0] == 1


def test_two_readers_do_not_see_each_others_writes() -> None:
    descriptor = shipping.write([memoryview(bytes(5000))])
    first, second = (shipping.read(os.dup(descriptor), [5000])[0] for _ in range(2))
    os.close(descriptor)
    first[0] = 7
    assert (first[0], second[0]) == (7, 0)


@pytest.mark.parametrize("lacking", ["memfd_create", "mmap"])
def test_systems_that_lack_something(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacking == "mmap":
        monkeypatch.setattr(shipping, "_mmap", None)
    else:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    found = travelled([np.arange(50_000), fe.ones(3)])
    assert found[0].tolist() == list(range(50_000))
    found[0][0] = 1


def test_without_descriptors_all_goes_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "SENDS_MEMORY", False)
    x = fe.randn(300, 300)
    (batch,) = fe.data.DataLoader([x], num_workers=1)
    assert batch[0].equal(x)
