"""Indices are checked before a kernel sees them, by whoever does it best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ferrule as fe
from ferrule import ops
from ferrule.declare import composite, floating, primitive
from ferrule.op import OPS
from ferrule.samples import of
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Capabilities, Shaped, Spec, dtypes

FRONT = {
    "gather": lambda x, i: fe.gather(x, 0, i),
    "index_select": lambda x, i: fe.index_select(x, 0, i),
    "scatter": lambda x, i: fe.scatter(x, 0, i, 5.0),
    "scatter_add": lambda x, i: fe.scatter_add(x, 0, i, fe.ones(2, device=x.device)),
    "scatter_reduce": lambda x, i: fe.scatter_reduce(x, 0, i, fe.ones(2, device=x.device), "prod"),
    "index_add": lambda x, i: fe.index_add(x, 0, i, fe.ones(2, device=x.device)),
    "index_copy": lambda x, i: fe.index_copy(x, 0, i, fe.ones(2, device=x.device)),
}
"""Functions whose indices count from the front."""

WRAPPING = {
    "get": lambda x, i: x[i],
    "index_fill": lambda x, i: fe.index_fill(x, 0, i, 5.0),
    "index_put": lambda x, i: fe.index_put(x, (i,), fe.ones(2, device=x.device)),
    "put": lambda x, i: fe.put(x, i, fe.ones(2, device=x.device)),
    "take": fe.take,
    "take_along_dim": lambda x, i: fe.take_along_dim(x, i, dim=0),
}
"""Functions whose negative indices count from the end."""


@pytest.fixture(params=["cpu", "plain"])
def device(request: Any, add_backend: Callable[..., Any]) -> str:
    """A backend whose kernels look at indices themselves, and one whose kernels do not."""
    if request.param == "plain":
        add_backend("plain")
    return request.param


@pytest.mark.parametrize("call", FRONT)
@pytest.mark.parametrize("wrong", [3, -1, 10**12, -(10**12)])
def test_an_index_outside_is_refused_by_name(device: str, call: str, wrong: int) -> None:
    x, index = fe.zeros(3, device=device), fe.tensor([0, wrong], device=device)
    with pytest.raises(fe.OutOfRange) as caught:
        FRONT[call](x, index)
    message = str(caught.value)
    assert message.startswith(f"{call}(float32[3], int64[2]")
    assert f"index {wrong} is out of range for dim 0 of size 3: it must lie in [0, 3)" in message
    assert ("do not count from the end" in message) == (wrong == -1)
    assert x.tolist() == [0, 0, 0]


@pytest.mark.parametrize("call", WRAPPING)
def test_where_negative_indices_count_from_the_end(device: str, call: str) -> None:
    x = fe.arange(3.0, device=device)
    right = WRAPPING[call](x, fe.tensor([0, -3], device=device))
    same = WRAPPING[call](x, fe.tensor([0, 0], device=device))
    assert right.tolist() == same.tolist()
    for wrong in (3, -4):
        with pytest.raises(fe.OutOfRange, match=f"index {wrong} is out of range"):
            WRAPPING[call](x, fe.tensor([0, wrong], device=device))


def test_a_composite_is_named_and_not_its_parts(device: str) -> None:
    weight = fe.ones(4, 2, device=device)
    with pytest.raises(fe.OutOfRange, match=r"^embedding\(.*index 4 is out of range"):
        ops.embedding(weight, fe.tensor([[0, 4]], device=device))


def test_the_kernel_does_not_run(add_backend: Callable[..., Any]) -> None:
    backend = add_backend("plain")
    x, index = fe.zeros(3, device="plain"), fe.tensor([5], device="plain")
    backend.calls.clear()
    with pytest.raises(fe.OutOfRange):
        fe.index_select(x, 0, index)
    assert backend.calls == {"amin": 1, "amax": 1}


def test_indices_that_core_made_are_not_looked_at_again(add_backend: Callable[..., Any]) -> None:
    backend = add_backend("plain")
    x = fe.ones(3, device="plain").requires_grad_()
    y = fe.index_select(x, 0, fe.tensor([0, 2], device="plain"))
    assert backend.calls["amin"] == 1
    y.sum().backward()
    y = x[fe.tensor([0, -1], device="plain")]
    assert backend.calls["amin"] == 2  # once, to count from the end
    y = x[fe.tensor([True, False, True], device="plain")]
    assert backend.calls["amin"] == 2


def test_nothing_is_computed_for_no_indices(add_backend: Callable[..., Any]) -> None:
    backend = add_backend("plain")
    none = fe.tensor([], dtype=fe.int64, device="plain")
    assert fe.index_select(fe.ones(3, device="plain"), 0, none).shape == (0,)
    assert backend.calls["amin"] == 0


def test_an_index_into_nothing_is_refused_without_a_look(device: str) -> None:
    with pytest.raises(fe.OutOfRange, match="there are indices, and dim 0 has the size 0"):
        fe.index_select(fe.ones(0, 2, device=device), 0, fe.tensor([0], device=device))
    with pytest.raises(fe.OutOfRange):
        fe.ones(0, device=device)[fe.tensor([0], device=device)]


def test_a_missing_kernel_runs_on_the_host_with_checked_indices(
    add_backend: Callable[..., Any],
) -> None:
    add_backend("plain", without=("gather",))
    fe.set_backend("plain", fallback="allow")
    with pytest.raises(fe.OutOfRange, match="index -1"):
        fe.gather(fe.zeros(3), 0, fe.tensor([-1]))


def test_a_backend_that_claims_to_check_is_asked_what_was_wrong(
    add_backend: Callable[..., Any],
) -> None:
    def refuse(x: Any, index: Any, *, dim: int) -> Any:
        if (index >= x.shape[dim]).any():
            raise IndexError("somewhere")
        raise IndexError("of another kind")

    backend = add_backend("plain", extra={"index_select": refuse})
    backend.capabilities = Capabilities(frozenset(dtypes.ALL), checks_indices=True)
    x = fe.zeros(3, device="plain")
    with pytest.raises(fe.OutOfRange, match="index 7 is out of range"):
        fe.index_select(x, 0, fe.tensor([7], device="plain"))
    with pytest.raises(IndexError, match="of another kind") as caught:
        fe.index_select(x, 0, fe.tensor([1], device="plain"))
    assert not isinstance(caught.value, fe.OutOfRange)
    assert "'index_select' kernel of backend 'plain'" in caught.value.__notes__[0]


def test_every_dtype_of_indices_is_checked(device: str) -> None:
    x = fe.zeros(3, device=device)
    for dtype in (fe.uint8, fe.int8, fe.int16, fe.int32, fe.int64):
        right = fe.tensor([2] * 40, dtype=dtype, device=device)
        assert fe.index_select(x, 0, right).shape == (40,)
        wrong = [100, 3] if dtype is fe.uint8 else [100, 3, -1, -100]
        for value in wrong:
            index = fe.tensor([2] * 40 + [value], dtype=dtype, device=device)
            with pytest.raises(fe.OutOfRange, match=f"index {value} "):
                fe.index_select(x, 0, index)


# Declaring bounds.


def test_bounds_ask_by_name_and_may_be_a_range() -> None:
    @composite(dtypes=floating, samples=[(of(3), of(2, dtype="int64", low=1, high=3))])
    def behind(x: Tensor, at: Index[Tensor]) -> Tensor:
        """The elements before those at ``at``."""
        return ops.index_select(x, at - 1, dim=0)

    try:

        @behind.bounds
        def _(x: Shaped) -> range:
            return range(1, x.shape[0] + 1)

        x = fe.arange(3.0)
        assert behind(x, fe.tensor([1, 3])).tolist() == [0, 2]
        for wrong in (0, 4):
            with pytest.raises(fe.OutOfRange, match=rf"^behind\(.*index {wrong} .*in \[1, 4\)"):
                behind(x, fe.tensor([wrong]))
    finally:
        del OPS["behind"]


def test_bounds_that_cannot_be_are_refused_where_they_are_declared() -> None:
    @primitive(dtypes=floating, ref="numpy:exp", samples=[(of(3),)], differentiable=False)
    def without_index(x: Shaped) -> Spec:
        """Nothing to bound."""
        return Spec(x.shape, x.dtype)

    try:
        with pytest.raises(fe.DeclarationError, match="has 0 operands that are an Index"):
            without_index.bounds(lambda x: 3)
        with pytest.raises(fe.DeclarationError, match="ask for 'size'"):
            ops.gather.bounds(lambda size: 3)
    finally:
        del OPS["without_index"]
