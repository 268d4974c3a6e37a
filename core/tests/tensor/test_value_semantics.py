"""Writing to a tensor changes that object, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import Tensor

VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "int": lambda x: x[0],
    "slice": lambda x: x[:1],
    "everything": lambda x: x[...],
    "reversed": lambda x: x[::-1],
    "reshape": lambda x: x.reshape(-1),
    "same shape": lambda x: x.reshape(2, 3),
    "view": lambda x: x.view(3, 2),
    "transpose": lambda x: x.T,
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(1, 0),
    "expand": lambda x: x.expand(2, 2, 3),
    "flip": lambda x: x.flip(0),
    "squeeze": lambda x: x.squeeze(),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "flatten": lambda x: x.flatten(),
    "narrow": lambda x: x.narrow(0, 0, 1),
    "split": lambda x: x.split(1)[0],
    "chunk": lambda x: x.chunk(2)[1],
    "detach": lambda x: x.detach(),
    "clone": lambda x: x.clone(),
    "real of a real one": fe.real,
    "conj of a real one": fe.conj,
    "resolve_conj": lambda x: x.resolve_conj(),
    "product of one": lambda x: fe.chain_matmul(x),
    "shifted nowhere": lambda x: fe.fft.fftshift(x, ()),
    "iteration": lambda x: next(iter(x)),
    "cat of one": lambda x: fe.cat([x]),
    "sum over nothing": lambda x: x.sum(()),
    "max of no dims": lambda x: fe.max(x[0, 0], 0).values,
}


def six() -> Tensor:
    return fe.arange(6, dtype=fe.float32).reshape(2, 3)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_writing_to_what_may_be_a_view_leaves_the_source_alone(
    view: Callable[[Tensor], Tensor],
) -> None:
    x = six()
    y = view(x)
    y += 100
    y[...] = -1
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_writing_to_the_source_leaves_what_may_be_a_view_alone(
    view: Callable[[Tensor], Tensor],
) -> None:
    x = six()
    y = view(x)
    before = y.tolist()
    x += 100
    x[...] = -1
    x.zero_()
    assert y.tolist() == before


def test_another_name_for_the_same_object_sees_what_is_written() -> None:
    x = six()
    y = x
    y += 1
    assert x is y
    assert x[0, 0].item() == 1


def test_from_numpy_copies() -> None:
    array = np.zeros(3)
    for x in (fe.from_numpy(array), fe.tensor(array), fe.as_tensor(array)):
        array[0] += 1
        assert x.tolist()[0] == array[0] - 1
        array[...] = 0


def test_from_dlpack_copies_when_asked_to() -> None:
    array = np.zeros(3)
    x = fe.from_dlpack(array, copy=True)
    array[0] = 1
    assert x.tolist() == [0, 0, 0]


def test_numpy_gives_what_cannot_be_written_to() -> None:
    x = six()
    array = x.numpy()
    assert not array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


@pytest.mark.usefixtures("on_cpu")
def test_asarray_and_dlpack_give_nothing_that_writes_back() -> None:
    x = six()
    exported: list[Any] = [np.array(x), np.from_dlpack(x, copy=True), np.asarray(x, copy=True)]
    for array in exported:
        array[...] = 100
    for shared in (np.asarray(x), np.from_dlpack(x)):
        assert np.shares_memory(shared, x.numpy()) and not shared.flags.writeable
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_numpy_gave_does_not_change_when_the_tensor_does() -> None:
    x = six()
    array = x.numpy()
    x += 1
    x[0] = 7
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_tensor_made_of_a_tensor_is_its_own() -> None:
    x = six()
    y = fe.tensor(x)
    y += 1
    assert x[0, 0].item() == 0


def test_the_value_of_an_op_with_one_object_twice_is_its_own() -> None:
    x = fe.ones(2)
    x += x
    x *= x
    assert x.tolist() == [4, 4]


@pytest.mark.parametrize("kind", [lambda x: x, lambda x: (x, x)], ids=["one", "several"])
def test_an_op_whose_body_returns_its_operand_gives_an_object_of_its_own(kind: Any) -> None:
    def test_same(x: Tensor) -> Any:
        """``x``"""
        return kind(x)

    op = fe.composite(dtypes=fe.exp.dtypes, samples=[])(test_same)
    try:
        for x in (fe.ones(2), fe.ones(2).requires_grad_() * 1):
            found = op(x)
            y = found[0] if isinstance(found, tuple) else found
            y += 1
            assert x.tolist() == [1, 1]
            assert y.requires_grad == x.requires_grad
    finally:
        del fe.OPS["test_same"]
