"""What happens where a backend lacks the kernel of a primitive."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import ferrule as fe
from ferrule import MissingKernel
from ferrule_plugins import Shaped


def ledger(name: str) -> dict[str, Any]:
    return {entry.op: entry for entry in fe.fallbacks() if entry.backend == name}


def test_a_missing_kernel_is_an_error_that_names_op_backend_and_remedy(add_backend: Any) -> None:
    add_backend("poor", without=("exp",))
    x = fe.ones(2, device="poor")
    assert (x + 1).tolist() == [2, 2]
    for _ in range(2):
        with pytest.raises(
            MissingKernel,
            match=r"backend 'poor' has no kernel for the primitive 'exp'.*"
            r'fe\.set_backend\("poor", fallback="warn"\)',
        ):
            fe.exp(x)
    assert ledger("poor") == {}


def test_an_error_may_be_chosen_again(add_backend: Any) -> None:
    add_backend("poor", without=("exp",))
    fe.set_backend("poor", fallback="allow")
    assert fe.exp(fe.zeros(1)).item() == 1
    fe.set_backend("poor")
    with pytest.raises(MissingKernel):
        fe.exp(fe.zeros(1))


def test_allowed_it_runs_on_the_host_and_says_so_in_the_ledger(add_backend: Any) -> None:
    backend = add_backend("poor", without=("exp",))
    fe.set_backend("poor", fallback="allow")
    x = fe.zeros(3, dtype=fe.float64)
    fe.exp(x)
    y = fe.exp(x)
    assert y.tolist() == [1, 1, 1]
    assert str(y.device) == "poor:0"
    assert backend.calls["exp"] == 0
    entry = ledger("poor")["exp"]
    assert (entry.op, entry.backend, entry.calls) == ("exp", "poor", 2)
    assert entry.bytes == 2 * (24 + 24)
    assert entry.seconds > 0


def test_warned_of_once_an_op(add_backend: Any) -> None:
    add_backend("poor", without=("exp", "sin"))
    fe.set_backend("poor", fallback="warn")
    x = fe.zeros(2)
    with pytest.warns(RuntimeWarning, match="backend 'poor' has no kernel for 'exp': it runs on"):
        fe.exp(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fe.exp(x)
        fe.exp(fe.zeros(5))
    with pytest.warns(RuntimeWarning, match="'sin'"):
        fe.sin(x)
    assert ledger("poor")["exp"].calls == 3


def test_gradients_flow_through_the_host(add_backend: Any) -> None:
    add_backend("poor", without=("exp", "mul", "expand", "sort", "scatter_add"))
    fe.set_backend("poor", fallback="allow")
    x = fe.tensor([0.5, -1.0], dtype=fe.float64, requires_grad=True)
    assert fe.autograd.gradcheck(lambda x: fe.sort(x.exp() * x).values, x)
    assert set(ledger("poor")) >= {"exp", "mul", "sort", "scatter_add"}


@pytest.mark.parametrize("dtype", [fe.bfloat16, fe.bool, fe.complex64, fe.uint8], ids=str)
def test_creation_and_conversion_fall_back_for_every_dtype(add_backend: Any, dtype: Any) -> None:
    add_backend("poor", without=("full", "cast", "arange"))
    fe.set_backend("poor", fallback="allow")
    x = fe.ones(2, dtype=dtype)
    assert (x.dtype, x.tolist()) == (dtype, [1, 1])
    assert fe.arange(2).to(dtype).tolist() == [0, 1]
    assert ledger("poor")["full"].bytes == 2 * dtype.itemsize


def test_results_come_back_to_the_device_that_asked(add_backend: Any) -> None:
    add_backend("poor", without=("exp", "full"), devices=2)
    fe.set_backend("poor", fallback="allow")
    x = fe.zeros(2, device="poor:1")
    y = fe.exp(x)
    assert str(y.device) == "poor:1"
    assert (y + x).tolist() == [1, 1]  # the kernel refuses arrays of two devices
    assert (fe.exp(fe.zeros(2)) + 1).tolist() == [2, 2]


def test_a_composite_without_a_kernel_is_no_fallback(add_backend: Any) -> None:
    add_backend("kit")
    with fe.use_backend("kit"):
        fe.softmax(fe.ones(3), 0)
    assert ledger("kit") == {}


def test_an_op_that_the_host_has_not_either_says_who_must_supply_it(add_backend: Any) -> None:
    @fe.primitive(dtypes=fe.exp.dtypes, samples=[])
    def test_nowhere(x: Shaped) -> Shaped:
        """Nobody has a kernel for it."""
        return x

    add_backend("poor")
    fe.set_backend("poor", fallback="allow")
    with pytest.raises(MissingKernel, match=r"'test_nowhere', and neither has the host.*package"):
        test_nowhere(fe.ones(1))


@pytest.mark.parametrize("wrong", ["maybe", None, True, ""], ids=repr)
def test_a_fallback_that_does_not_exist_is_refused_and_nothing_changes(
    add_backend: Any, wrong: Any
) -> None:
    add_backend("poor")
    before = fe.get_backend()
    with pytest.raises(ValueError, match='"error", "warn" or "allow", not'):
        fe.set_backend("poor", fallback=wrong)
    assert fe.get_backend() == before


def test_a_dtype_that_the_backend_lacks_is_refused_with_those_it_has(add_backend: Any) -> None:
    add_backend("poor", supported=(fe.bool, fe.int64, fe.float32))
    x = fe.ones(2, device="poor")
    message = (
        r"backend 'poor' has no float64; convert with \.to\(dtype\) to one of bool int64 float32"
    )
    for call in (
        lambda: fe.ones(2, dtype=fe.float64, device="poor"),
        lambda: fe.tensor([1.0], dtype=fe.float64, device="poor"),
        lambda: x.double(),
        lambda: fe.ones(2, dtype=fe.float64).to("poor"),
    ):
        with pytest.raises(fe.DTypeError, match=message):
            call()
    assert fe.argmax(x).dtype is fe.int64
    assert (x > 0).dtype is fe.bool
