"""Every function of the namespace gives what array_api_strict, the standard's own model, gives."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

import ferrule as fe
import ferrule.array_api as xp

rng = np.random.default_rng(3)
A = rng.standard_normal((3, 4))
B = rng.standard_normal((3, 4))
V = rng.standard_normal(5)
Z = A + 1j * B
N = rng.integers(-5, 6, (3, 4))
M = rng.integers(1, 6, (3, 4))
TRUE = A > 0
OTHER = B > 0
SPD = A @ A.T + 3 * np.eye(3)
SQUARE = rng.standard_normal((2, 3, 3))

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def _words(text: str) -> list[str]:
    return text.split()


def _calls() -> Iterator[Call]:
    def call(name: str, *args: Any, **options: Any) -> Call:
        return name, args, options

    for name in _words(
        "abs atan asinh ceil cos cosh exp expm1 floor isfinite isinf isnan negative "
        "positive round sign signbit sin sinh square tan tanh trunc"
    ):
        yield call(name, A)
    for name in _words("acos asin atanh"):
        yield call(name, np.tanh(A))
    for name in _words("log log10 log1p log2 reciprocal sqrt"):
        yield call(name, np.abs(A) + 0.1)
    for name in _words(
        "abs acos acosh asin asinh atan atanh conj cos cosh exp expm1 imag isfinite log "
        "negative real round sign sin sinh sqrt square tan tanh log2 log10 log1p "
        "reciprocal"
    ):
        yield call(name, Z)
    yield call("acosh", np.abs(A) + 1.1)
    for name in _words("abs ceil floor negative positive round sign square trunc bitwise_invert"):
        yield call(name, N)
    for name in _words("logical_not bitwise_invert"):
        yield call(name, TRUE)
    for name in _words(
        "add atan2 copysign divide equal floor_divide greater greater_equal hypot less "
        "less_equal logaddexp maximum minimum multiply nextafter not_equal remainder "
        "subtract"
    ):
        yield call(name, A, B)
        yield call(name, A, B[0])
    for name in _words(
        "add bitwise_and bitwise_or bitwise_xor equal floor_divide greater less maximum "
        "minimum multiply not_equal remainder subtract"
    ):
        yield call(name, N, M)
        yield call(name, N, 2)
    for name in _words("bitwise_left_shift bitwise_right_shift pow"):
        yield call(name, M, M)
    yield call("pow", np.abs(A), B)
    yield call("add", 1.5, A)
    for name in _words("add divide multiply subtract pow equal"):
        yield call(name, Z, Z[0])
    for name in _words(
        "logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor equal"
    ):
        yield call(name, TRUE, OTHER)
    yield call("clip", A, -0.5, 0.5)
    yield call("clip", N, 0, None)
    yield call("clip", A, B, None)

    for name in _words("max min mean sum prod std var all any count_nonzero"):
        for options in ({}, {"axis": 1}, {"axis": (0, 1), "keepdims": True}):
            yield call(name, TRUE if name in ("all", "any") else A, **options)
    yield call("sum", N)
    yield call("sum", A, dtype="float64")
    yield call("var", A, correction=1)
    yield call("std", A, axis=0, correction=1.0)
    for name in _words("argmax argmin"):
        yield call(name, A)
        yield call(name, A, axis=1, keepdims=True)
    for name in _words("cumulative_sum cumulative_prod"):
        yield call(name, V)
        yield call(name, A, axis=0, include_initial=True)
    yield call("diff", A, axis=0)
    yield call("diff", A, n=2, prepend=B, append=B)
    for options in ({}, {"axis": 0, "descending": True}):
        yield call("sort", A, **options)
        yield call("argsort", N, **options)
    yield call("nonzero", N)
    yield call("searchsorted", np.sort(V), A, side="right")
    yield call("where", TRUE, A, B)
    for name in _words("unique_all unique_counts unique_inverse unique_values"):
        yield call(name, N)

    yield call("broadcast_arrays", A, B[0])
    yield call("broadcast_to", B[0], (2, 3, 4))
    yield call("concat", [A, B], axis=1)
    yield call("concat", [A, V], axis=None)
    yield call("stack", [A, B], axis=-1)
    yield call("expand_dims", A, axis=1)
    yield call("flip", A)
    yield call("flip", A, axis=0)
    yield call("moveaxis", SQUARE, 0, -1)
    yield call("permute_dims", SQUARE, (2, 0, 1))
    yield call("repeat", A, 2, axis=1)
    yield call("repeat", V, np.array([1, 0, 2, 1, 3]))
    yield call("reshape", A, (2, 6))
    yield call("roll", A, 1)
    yield call("roll", A, (1, -2), axis=(0, 1))
    yield call("squeeze", A[None], 0)
    yield call("take", A, np.array([2, 0]), axis=1)
    yield call("take_along_axis", A, np.argsort(A, axis=1), axis=1)
    yield call("tile", A, (2, 1, 2))
    yield call("unstack", A, axis=1)

    yield call("arange", 5)
    yield call("arange", 1, 10, 3)
    yield call("arange", 5, 1)
    yield call("asarray", A)
    yield call("eye", 3, 4, k=1)
    yield call("eye", 3, k=-1)
    yield call("full", (2, 3), 7)
    yield call("full_like", A, 2.5)
    yield call("linspace", 0, 1, 5)
    yield call("linspace", 0, 1, 5, endpoint=False)
    yield call("meshgrid", V, V[:2])
    yield call("meshgrid", V, V[:2], indexing="ij")
    yield call("ones", (2, 0))
    yield call("ones_like", A)
    yield call("zeros", 3)
    yield call("zeros_like", N)
    yield call("tril", A, k=1)
    yield call("triu", SQUARE)
    yield call("matmul", A, B.T)
    yield call("matrix_transpose", SQUARE)
    yield call("tensordot", A, B, axes=((0,), (0,)))
    yield call("vecdot", A, B)
    yield call("vecdot", Z, Z)


CALLS = list(_calls())


def _linalg_calls() -> Iterator[Call]:
    yield "cholesky", (SPD,), {}
    yield "cholesky", (SPD,), {"upper": True}
    yield "cross", (A[:, :3], B[:, :3]), {}
    yield "det", (SQUARE,), {}
    yield "diagonal", (SQUARE,), {"offset": 1}
    yield "eigvalsh", (SPD,), {}
    yield "inv", (SQUARE,), {}
    yield "matrix_norm", (SQUARE,), {}
    yield "matrix_norm", (SQUARE,), {"ord": 2, "keepdims": True}
    yield "matrix_power", (SQUARE, -2), {}
    yield "matrix_rank", (SQUARE,), {}
    yield "outer", (V, V[:2]), {}
    yield "pinv", (A,), {}
    yield "slogdet", (SQUARE,), {}
    yield "solve", (SQUARE, V[:3]), {}
    yield "solve", (SQUARE, SQUARE), {}
    yield "svdvals", (A,), {}
    yield "trace", (SQUARE,), {"offset": 1}
    yield "vector_norm", (A,), {}
    yield "vector_norm", (A,), {"axis": 1, "ord": 3, "keepdims": True}


def _fft_calls() -> Iterator[Call]:
    for name in _words("fft ifft hfft irfft"):
        yield name, (Z,), {"n": 5, "axis": 0, "norm": "ortho"}
    for name in _words("rfft ihfft"):
        yield name, (A,), {}
    for name in _words("fftn ifftn irfftn"):
        yield name, (Z,), {"axes": (0, 1)}
    yield "rfftn", (A,), {"s": (4, 4), "axes": (0, 1)}
    yield "fftfreq", (5,), {"d": 0.5}
    yield "rfftfreq", (5,), {}
    yield "fftshift", (A,), {"axes": 0}
    yield "ifftshift", (A,), {}


def _in(namespace: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return namespace.asarray(value) if namespace is strict else fe.tensor(value)
    if value == "float64":
        return namespace.float64
    if isinstance(value, list):
        return [_in(namespace, v) for v in value]
    return value


def _out(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_out(v) for v in value]
    return value.numpy() if isinstance(value, fe.Tensor) else np.asarray(value)


def _compare(mine: Any, model: Any, call: Call) -> None:
    name, args, options = call
    got, want = (
        _out(
            getattr(functions, name)(
                *(_in(namespace, a) for a in args),
                **{key: _in(namespace, value) for key, value in options.items()},
            )
        )
        for namespace, functions in ((xp, mine), (strict, model))
    )
    pairs = list(zip(got, want)) if isinstance(got, list) else [(got, want)]
    assert not isinstance(got, list) or len(got) == len(want)
    for g, w in pairs:
        assert g.shape == w.shape
        assert g.dtype.kind == w.dtype.kind
        np.testing.assert_allclose(g, w, rtol=1e-6, atol=1e-7)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("call", CALLS, ids=lambda c: c[0])
def test_function(call: Call) -> None:
    _compare(xp, strict, call)


@pytest.mark.parametrize("call", list(_linalg_calls()), ids=lambda c: c[0])
def test_linalg(call: Call) -> None:
    _compare(xp.linalg, strict.linalg, call)


@pytest.mark.parametrize("call", list(_fft_calls()), ids=lambda c: c[0])
def test_fft(call: Call) -> None:
    _compare(xp.fft, strict.fft, call)


def test_factorisations_multiply_back() -> None:
    x = fe.tensor(A)
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    np.testing.assert_allclose(((u * s) @ vh).numpy(), A)
    q, r = xp.linalg.qr(x)
    np.testing.assert_allclose((q @ r).numpy(), A)
    values, vectors = xp.linalg.eigh(fe.tensor(SPD))
    np.testing.assert_allclose((vectors * values @ vectors.mT).numpy(), SPD)


UNSIGNED = {"uint16", "uint32", "uint64"}
OF_STRICT = {
    "Device", "ArrayAPIStrictFlags", "set_array_api_strict_flags", "get_array_api_strict_flags",
    "reset_array_api_strict_flags", "__version__",
}  # fmt: skip
NEWER = {"isin", "broadcast_shapes"}
"""Names of a later version of the standard."""


def test_no_name_of_the_standard_is_missing() -> None:
    assert set(strict.__all__) - set(dir(xp)) - OF_STRICT - NEWER == UNSIGNED
    assert set(strict.linalg.__all__) <= set(dir(xp.linalg))
    assert set(strict.fft.__all__) <= set(dir(xp.fft))


def _parameters(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    return [
        (p.name.rstrip("_"), p.kind)
        for p in inspect.signature(function).parameters.values()
        if p.kind is not inspect.Parameter.VAR_POSITIONAL
    ]


@pytest.mark.parametrize("name", sorted({c[0] for c in CALLS} - {"asarray", "clip"}))
def test_parameters_are_the_standards(name: str) -> None:
    assert _parameters(getattr(xp, name)) == _parameters(getattr(strict, name))


def test_every_function_was_called() -> None:
    called = {c[0] for c in CALLS}
    others = {
        "astype", "can_cast", "empty", "empty_like", "finfo", "from_dlpack", "iinfo", "isdtype",
        "result_type", "__array_namespace_info__",
    }  # fmt: skip
    functions = {n for n in xp.__all__ if inspect.isfunction(getattr(xp, n))}
    assert functions == called | others


def test_constants_and_dtypes() -> None:
    assert (xp.e, xp.pi, xp.inf, xp.newaxis) == (math.e, math.pi, math.inf, None)
    assert math.isnan(xp.nan)
    assert xp.bool is fe.bool and xp.float32 is fe.float32


def test_array_methods_of_the_standard() -> None:
    x = fe.tensor(A)
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(fe.ArgumentError, match=r"no version '1999\.12'"):
        x.__array_namespace__(api_version="1999.12")
    assert x.size == 12 and x.ndim == 2 and x.T.shape == (4, 3)
    assert x.to_device("cpu").tolist() == x.tolist()


def test_inspection() -> None:
    info = xp.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.default_dtypes()["real floating"] is fe.float32
    assert info.dtypes(kind="complex floating") == {
        "complex64": fe.complex64, "complex128": fe.complex128,
    }  # fmt: skip
    assert info.capabilities()["boolean indexing"]
    assert xp.isdtype(fe.int8, "integral") and not xp.isdtype(fe.bool, "numeric")
    assert xp.isdtype(fe.float16, "real floating") and xp.isdtype(fe.int8, (fe.bool, "integral"))
    with pytest.raises(fe.ArgumentError, match="no kind 'float'"):
        xp.isdtype(fe.int8, "float")
    assert xp.can_cast(fe.int8, fe.int16) and not xp.can_cast(fe.float64, fe.float32)
    assert xp.result_type(fe.ones(2, dtype=fe.int8), fe.int16, 1) is fe.int16
    assert xp.result_type(fe.float32, 1j) is fe.complex64
    assert xp.finfo(fe.complex64).bits == 32 and xp.iinfo(fe.uint8).max == 255
    assert xp.astype(fe.ones(2), fe.int32).dtype is fe.int32
    assert xp.empty((2, 3)).shape == xp.empty_like(fe.ones(2, 3)).shape == (2, 3)
    assert xp.from_dlpack(np.ones(2)).tolist() == [1, 1]


def test_refusals() -> None:
    x = fe.ones(2, 3)
    with pytest.raises(fe.DTypeError, match="is not floating"):
        xp.sqrt(fe.ones(2, dtype=fe.int64))
    with pytest.raises(fe.ArgumentError, match="is not an array of ferrule"):
        xp.sin(A)  # pyright: ignore[reportArgumentType]  the error is meant
    with pytest.raises(fe.ArgumentError, match="one of the operands must be an array"):
        xp.add(1, 2)
    with pytest.raises(fe.ArgumentError, match="give an axis"):
        xp.cumulative_sum(x)
    with pytest.raises(fe.ArgumentError, match="give an axis"):
        xp.take(x, fe.tensor([0]))
    with pytest.raises(fe.ArgumentError, match="not of size 1"):
        xp.squeeze(x, 0)
