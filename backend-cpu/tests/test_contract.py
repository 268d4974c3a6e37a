"""What every kernel promises: arrays come back, operands stay, nothing is warned of."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from ferrule_cpu.backend import NumpyBackend
from ferrule_plugins import Backend, Device, DType, Spec, dtypes

Array = np.ndarray[Any, Any]

CPU = Device("cpu")
EDGES = [0.0, -0.0, 1.0, -1.5, 1e30, -1e30, 1e-30, np.inf, -np.inf, np.nan]
UNARY = (
    "neg", "abs", "sign", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "floor",
    "ceil", "round", "relu",
)  # fmt: skip
BINARY = (
    "add", "sub", "mul", "div", "pow", "remainder", "floor_divide", "maximum", "minimum", "eq",
    "ne", "lt", "le", "gt", "ge",
)  # fmt: skip
FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


def test_it_is_a_backend_that_works_here() -> None:
    backend = NumpyBackend()
    assert isinstance(backend, Backend)
    report = backend.probe()
    assert report.ok
    assert [d.kind for d in report.devices] == ["cpu"]
    assert report.details["numpy"] == np.__version__
    assert backend.capabilities.dtypes == frozenset(dtypes.ALL)
    total = backend.memory_stats(CPU).total
    assert total is None or total > 2**20
    backend.synchronize(CPU)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
def test_storage_copies_in_and_knows_what_it_holds(dtype: DType) -> None:
    backend = NumpyBackend()
    array = np.ones((2, 3), dtype.numpy)
    held = backend.from_host(array, CPU)
    array[...] = 0
    assert backend.spec(held) is Spec((2, 3), dtype)
    assert backend.to_host(held).tolist() == np.ones((2, 3), dtype.numpy).tolist()
    assert type(backend.from_host(np.array(1, dtype.numpy), CPU)) is np.ndarray


def test_there_is_one_device() -> None:
    with pytest.raises(ValueError, match="cpu:1 does not exist"):
        NumpyBackend().from_host(np.zeros(1), Device("cpu:1"))


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("shape", [(), (10,), (0, 3)], ids=str)
def test_unary_kernels_at_the_edges(kernels: Any, op: str, dtype: Any, shape: Any) -> None:
    with np.errstate(all="ignore"):
        x = np.array(EDGES).astype(dtype)
    x = x if shape == (10,) else x[:1].reshape(()) if shape == () else np.zeros(shape, dtype)
    found = kernels[op](x)
    assert found.shape == x.shape
    assert found.dtype == dtype


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_binary_kernels_at_the_edges_broadcast_and_take_scalars(
    kernels: Any, op: str, dtype: Any
) -> None:
    with np.errstate(all="ignore"):
        x = np.array(EDGES).astype(dtype)
    wanted = np.bool_ if op in ("eq", "ne", "lt", "le", "gt", "ge") else dtype
    for a, b in ((x[:, None], x), (x, 2.0), (2, x), (x[0].reshape(()), x[1].reshape(())), (x, x)):
        found = kernels[op](a, b)
        assert found.dtype == wanted
        assert found.shape == np.broadcast_shapes(np.shape(a), np.shape(b))


@pytest.mark.parametrize("op", UNARY)
def test_unary_kernels_agree_with_float64(kernels: Any, op: str) -> None:
    x = np.linspace(0.1, 3.0, 50)
    exact = kernels[op](x)
    for dtype in FLOATS[:3]:
        short = x.astype(dtype)
        again = kernels[op](short.astype(np.float64))
        eps = float(ml_dtypes.finfo(dtype).eps)
        np.testing.assert_allclose(
            kernels[op](short).astype(float), again, rtol=4 * eps, atol=4 * eps * eps
        )
    assert np.isfinite(exact).all()


@pytest.mark.parametrize("op", ["floor_divide", "remainder"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64], ids=str)
def test_integer_division_by_zero_is_silent(kernels: Any, op: str, dtype: Any) -> None:
    found = kernels[op](np.array([1, 0], dtype), np.array([0, 0], dtype))
    assert found.dtype == dtype


@pytest.mark.parametrize("source", dtypes.ALL, ids=lambda d: d.name)
@pytest.mark.parametrize("target", dtypes.ALL, ids=lambda d: d.name)
def test_casts_between_all_dtypes(kernels: Any, source: DType, target: DType) -> None:
    with np.errstate(all="ignore"):
        x = np.array([0, 1, 3]).astype(source.numpy)
    found = kernels["cast"](x, dtype=target)
    assert found.dtype == target.numpy
    assert bool(found[1])
    assert not bool(found[0])


def test_casts_of_what_does_not_fit_are_silent(kernels: Any) -> None:
    x = np.array([np.nan, np.inf, 1e300, -1e300])
    for target in dtypes.ALL:
        kernels["cast"](x, dtype=target)
        kernels["cast"](x + 1j, dtype=target)


NO_DIMS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "sum": ((), {"dim": (), "keepdim": False}),
    "prod": ((), {"dim": (), "keepdim": False}),
    "amax": ((), {"dim": (), "keepdim": False}),
    "amin": ((), {"dim": (), "keepdim": False}),
    "any": ((), {"dim": (), "keepdim": False}),
    "all": ((), {"dim": (), "keepdim": False}),
    "argmax": ((), {"dim": 0, "keepdim": False}),
    "argmin": ((), {"dim": 0, "keepdim": True}),
    "sort": ((), {"dim": 0, "descending": True}),
    "softmax": ((), {"dim": 0}),
    "log_softmax": ((), {"dim": 0}),
    "reshape": ((), {"shape": ()}),
    "permute": ((), {"dims": ()}),
    "expand": ((), {"shape": ()}),
    "flip": ((), {"dims": ()}),
    "slice": ((), {"starts": (), "stops": (), "steps": ()}),
    "pad": ((), {"before": (), "after": (), "inner": (), "value": 0}),
    "slice_scatter": ((np.array(2.0),), {"starts": (), "stops": (), "steps": ()}),
    "cast": ((), {"dtype": dtypes.float32}),
}


@pytest.mark.parametrize("op", NO_DIMS)
def test_arrays_without_dims_stay_arrays(kernels: Any, op: str) -> None:
    operands, attrs = NO_DIMS[op]
    found = kernels[op](np.array(1.5), *operands, **attrs)
    for result in found if isinstance(found, tuple) else (found,):
        assert result.shape == ()


def test_reductions_to_no_dims_stay_arrays(kernels: Any) -> None:
    x = np.ones((2, 3))
    for op in ("sum", "prod", "amax", "amin", "any", "all"):
        assert kernels[op](x, dim=(0, 1), keepdim=False).shape == ()
    assert kernels["where"](np.array(True), np.array(1.0), np.array(2.0)).shape == ()
    assert kernels["full"](shape=(), value=1, dtype=dtypes.int8, device=CPU).shape == ()


def test_a_result_may_share_memory_but_an_operand_never_becomes_writable(kernels: Any) -> None:
    x = np.ones((2, 3))
    for op, attrs in (
        ("reshape", {"shape": (6,)}),
        ("permute", {"dims": (1, 0)}),
        ("flip", {"dims": (0,)}),
        ("expand", {"shape": (4, 2, 3)}),
    ):
        found = kernels[op](x, **attrs)
        assert not (np.shares_memory(found, x) and found.flags.writeable)


def test_the_error_state_of_the_caller_is_neither_heeded_nor_changed(kernels: Any) -> None:
    with np.errstate(all="raise"):
        before = np.geterr()
        kernels["log"](np.array([-1.0, 0.0]))
        kernels["div"](np.ones(2), np.zeros(2))
        kernels["softmax"](np.array([-np.inf, -np.inf]), dim=0)
        kernels["sum"](np.array([np.inf, -np.inf]), dim=(0,), keepdim=False)
        assert np.geterr() == before


def test_many_threads_at_once(kernels: Any) -> None:
    rng = np.random.default_rng(0)
    work: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
    square = rng.standard_normal((40, 40))
    options = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    image, weight = rng.standard_normal((2, 3, 9, 9)), rng.standard_normal((4, 3, 3, 3))
    work.append((kernels["log"], (square,), {}))
    work.append((kernels["add"], (square, square[0]), {}))
    work.append((kernels["matmul"], (square, square), {}))
    work.append((kernels["softmax"], (square,), {"dim": 1}))
    work.append((kernels["conv"], (image, weight, None), options))
    work.append((kernels["sort"], (square,), {"dim": 0, "descending": False}))
    work.append((kernels["scatter_add"], (square, np.abs(square).astype(int), square), {"dim": 0}))
    expected = [function(*operands, **attrs) for function, operands, attrs in work]
    failures: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(10):
                for (function, operands, attrs), value in zip(work, expected):
                    found = function(*operands, **attrs)
                    pairs = zip(found, value) if isinstance(found, tuple) else [(found, value)]
                    for a, b in pairs:
                        np.testing.assert_allclose(a, b, rtol=1e-12)
        except BaseException as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failures, failures
