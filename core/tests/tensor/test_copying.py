"""Pickling and copying keep what a tensor is, and never share it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import GraphError, Tensor
from ferrule_plugins import dtypes

WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle protocol {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, protocol=p))
        for p in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


@every_way
@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
def test_value_dtype_and_device_survive(way: Callable[[Any], Any], dtype: fe.DType) -> None:
    for x in (fe.tensor([[1, 0], [1, 1]], dtype=dtype), fe.ones((), dtype=dtype), fe.zeros(0, 2)):
        twin = way(x)
        assert twin is not x
        assert (twin.dtype, twin.shape, twin.device) == (x.dtype, x.shape, x.device)
        assert twin.tolist() == x.tolist()


@every_way
@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_leaf_stays_one_and_shares_no_gradient(
    way: Callable[[Any], Any], requires_grad: bool
) -> None:
    x = fe.ones(2, requires_grad=requires_grad)
    twin = way(x)
    assert twin.requires_grad == requires_grad
    if requires_grad:
        (twin * 3).sum().backward()
        assert twin.grad.tolist() == [3, 3]
        assert x.grad is None


@every_way
def test_writing_to_the_copy_leaves_the_original(way: Callable[[Any], Any]) -> None:
    x = fe.ones(2)
    twin = way(x)
    twin += 1
    assert x.tolist() == [1, 1]


@every_way
def test_a_computed_tensor_is_refused_for_its_graph_cannot_come_along(
    way: Callable[[Any], Any],
) -> None:
    y = fe.ones(2, requires_grad=True) * 2
    with pytest.raises(GraphError, match=r"only leaves.*detach"):
        way(y)
    assert way(y.detach()).tolist() == [2, 2]


def test_deepcopy_keeps_identity_within_one_structure() -> None:
    x: Tensor = fe.ones(2)
    a, b = copy.deepcopy([x, x])
    assert a is b
    assert a is not x


@pytest.mark.parametrize("value", [*dtypes.ALL, fe.Device("cpu:0")], ids=str)
def test_dtypes_and_devices_are_one_object_each_through_copies(value: Any) -> None:
    for way in WAYS.values():
        assert way(value) is value
