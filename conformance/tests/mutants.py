"""Backends that are wrong in one way each, and the checks that must find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sound import KIT, Array, SoundBackend

from ferrule_plugins import Capabilities, DType, Report, Spec, dtypes

EVERYTHING = frozenset(dtypes.ALL) - {dtypes.bfloat16}


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        name: of the backend.
        caught_by: checks that must fail.
        says: what the message of the first of them contains.
        ops: the ops to run; without any, level 0 runs.
        kernels: wrong kernels, each made of the right one.
        members: wrong members of the backend.
    """

    name: str
    caught_by: tuple[str, ...]
    says: str
    ops: tuple[str, ...] = ()
    kernels: Mapping[str, Callable[[Any], Any]] | None = None
    members: Mapping[str, Any] | None = None

    def backend(self) -> SoundBackend:
        wrong = {op: make(KIT.get(op)) for op, make in (self.kernels or {}).items()}
        return SoundBackend(self.name, wrong, **(self.members or {}))


def _kernel(
    name: str, op: str, make: Callable[[Any], Any], says: str, *checks: str, of: str = ""
) -> Mutant:
    """A fault in the kernel of ``op``, looked for in that op or in the one called ``of``."""
    return Mutant(name, checks, says, (of or op,), {op: make})


def _member(name: str, says: str, *checks: str, **members: Any) -> Mutant:
    return Mutant(name, checks, says, members=members)


# Kernels that take memory for something else than it is.


def _reads_memory_order(right: Any) -> Any:
    return lambda x: right(x.ravel(order="K").reshape(x.shape))


def _ignores_strides(right: Any) -> Any:
    def kernel(x: Array) -> Array:
        if all(stride > 0 for stride in x.strides):
            strides = np.empty(x.shape, x.dtype).strides
            x = np.lib.stride_tricks.as_strided(x, strides=strides)
        return right(x)

    return kernel


def _drops_signs_of_strides(right: Any) -> Any:
    def kernel(x: Array) -> Array:
        return right(x[tuple(slice(None, None, -1 if s < 0 else 1) for s in x.strides)])

    return kernel


def _repeats_nothing(right: Any) -> Any:
    def kernel(*arrays: Any) -> Array:
        y = np.array(right(*arrays))
        if any(isinstance(x, np.ndarray) and x.size > 1 and 0 in x.strides for x in arrays):
            y[1:] = 0
        return y

    return kernel


def _reads_from_the_start(right: Any) -> Any:
    def kernel(x: Array) -> Array:
        base: Any = x
        while isinstance(base.base, np.ndarray):
            base = base.base
        if x.flags.c_contiguous and base.dtype == x.dtype and base.size > x.size:
            x = base.reshape(-1)[: x.size].reshape(x.shape)
        return right(x)

    return kernel


def _merges_beyond_eight(right: Any) -> Any:
    return lambda x: right(x.ravel(order="K").reshape(x.shape) if x.ndim > 8 else x)


def _counts_to_65536(right: Any) -> Any:
    def kernel(x: Array) -> Array:
        y = right(x)
        if y.ndim:
            y[..., 1 << 16 :] = 0
        return y

    return kernel


# Kernels with a memory of their own.


def _borrows_second(right: Any) -> Any:
    """Negates the second operand where it lies, subtracts or adds, and restores it."""
    opposite = {"add": np.subtract, "subtract": np.add}[right.__name__]

    def kernel(a: Any, b: Any) -> Array:
        if not isinstance(b, np.ndarray) or not b.flags.writeable or b.dtype == np.bool_:
            return right(a, b)
        np.negative(b, out=b)
        y = np.asarray(opposite(a, b))
        np.negative(b, out=b)
        return y

    return kernel


def _into_first(right: Any) -> Any:
    def kernel(a: Any, b: Any) -> Array:
        into = isinstance(a, np.ndarray) and a.flags.writeable and a.shape == np.shape(b)
        return right(a, b, out=a) if into else right(a, b)

    return kernel


def _one_buffer_for_all(right: Any) -> Any:
    buffers: dict[Any, Array] = {}

    def kernel(x: Array) -> Array:
        y = right(x)
        buffer = buffers.setdefault((x.shape, y.dtype), np.empty(x.shape, y.dtype))
        buffer[...] = y
        return buffer

    return kernel


def _last_bit_at_whim(right: Any) -> Any:
    calls = [0]

    def kernel(x: Array) -> Array:
        calls[0] += 1
        y = np.asarray(right(x))
        moved: Any = y.copy()
        parts = moved.real
        parts[...] = np.where(np.isfinite(parts), np.nextafter(parts, parts.dtype.type(9)), parts)
        return moved if calls[0] % 2 else y

    return kernel


def _in_place(right: Any) -> Any:
    return lambda x: np.negative(x, out=x)


# Kernels with wrong arithmetic.


def _other_dim(right: Any) -> Any:
    def kernel(x: Array, *, dim: tuple[int, ...], keepdim: bool) -> Array:
        return right(x, dim=tuple(x.ndim - 1 - d for d in dim), keepdim=keepdim)

    return kernel


def _last_among_equals(right: Any) -> Any:
    def kernel(x: Array, *, dim: int, keepdim: bool) -> Array:
        return x.shape[dim] - 1 - right(np.flip(x, dim), dim=dim, keepdim=keepdim)

    return kernel


def _last_equal_first(right: Any) -> Any:
    def kernel(x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return right(x, dim=dim, descending=descending)
        values, order = right(np.flip(x, dim), dim=dim, descending=descending)
        return values, x.shape[dim] - 1 - order

    return kernel


def _aligned_to_the_left(right: Any) -> Any:
    def kernel(a: Any, b: Any) -> Array:
        shape = np.broadcast_shapes(np.shape(a), np.shape(b))
        return right(np.resize(a, shape).astype(a.dtype), np.resize(b, shape).astype(b.dtype))

    return kernel


def _index_before(right: Any) -> Any:
    def kernel(x: Array, index: Array, source: Array, *, dim: int) -> Array:
        return right(x, (index - 1) % max(x.shape[dim], 1), source, dim=dim)

    return kernel


def _sorts_by_upper_bits(right: Any) -> Any:
    """Large integers that differ in their lower bits are taken for equal."""
    return lambda x, **attrs: right(x >> 56 if x.dtype == np.int64 else x, **attrs)


def _one_wrong_word(right: Any) -> Any:
    from ferrule_conformance.philox import random_bits

    def kernel(state: Array, *, shape: tuple[int, ...]) -> Array:
        words = random_bits(state, shape=shape).copy()
        words.reshape(-1)[5:6] ^= 1
        return words

    return kernel


def flushes(right: Any) -> Any:
    def kernel(*arrays: Any) -> Array:
        y = np.array(right(*(_without_denormals(x) for x in arrays)))
        return _without_denormals(y)

    return kernel


def _without_denormals(x: Any) -> Any:
    if not isinstance(x, np.ndarray) or x.dtype != np.float32:
        return x
    return np.where(np.abs(x) < np.finfo(x.dtype).smallest_normal, np.copysign(x * 0, x), x)


def _saturates(right: Any) -> Any:
    def kernel(x: Array, *, dtype: DType) -> Array:
        if x.dtype.kind in "iu" and dtype.category == "integer":
            info = np.iinfo(dtype.numpy)
            x = np.array([min(max(int(n), info.min), info.max) for n in x.flat]).reshape(x.shape)
        return right(x, dtype=dtype)

    return kernel


def _poisons_the_batch(right: Any) -> Any:
    return lambda x: right(x) + x.dtype.type(0 if np.isfinite(x).all() else np.nan)


def _softmax(x: Array, *, dim: int) -> Array:
    if not x.ndim:
        return x * 0 + 1
    if x.shape[dim] == 0:
        return x
    e = np.exp((x - x.max(axis=dim, keepdims=True)).astype(np.float64))
    return (e / e.sum(axis=dim, keepdims=True)).astype(x.dtype)


def _slightly_wrong_softmax(right: Any) -> Any:
    return lambda x, *, dim: _softmax(x, dim=dim) * x.dtype.type(1.01)


def _strided_wrong_softmax(right: Any) -> Any:
    return lambda x, *, dim: _softmax(x.ravel(order="K").reshape(x.shape), dim=dim)


def _forgiving_softmax(right: Any) -> Any:
    return lambda x, *, dim: _softmax(np.nan_to_num(x), dim=dim)


KERNELS = (
    _kernel("wrong_axis", "sum", _other_dim, "float32[4], and float32[3]", "forward"),
    _kernel(
        "wrong_dtype",
        "argmax",
        lambda right: lambda x, **attrs: right(x, **attrs).astype(np.int32),
        "int32",
        "inferred_spec",
    ),
    _kernel(
        "keepdim_ignored",
        "amax",
        lambda right: lambda x, *, dim, keepdim: right(x, dim=dim, keepdim=False),
        "was inferred",
        "inferred_spec",
    ),
    _kernel("mutated_input", "neg", _in_place, "written to", "inputs_unmodified"),
    _kernel("at_whim", "exp", _last_bit_at_whim, "second run", "determinism"),
    _kernel("stale_buffer", "exp", _one_buffer_for_all, "earlier result", "fresh_output"),
    _kernel("wrong_broadcasting", "mul", _aligned_to_the_left, "elements are wrong", "forward"),
    _kernel(
        "half_precision",
        "exp",
        lambda right: lambda x: right(x.astype(np.float32)).astype(x.dtype),
        "ULPs of float64",
        "forward",
    ),
    _kernel("unconjugated", "conj", lambda right: lambda x: x + 0, "elements are wrong", "forward"),
    _kernel("sign_of_remainder", "remainder", lambda right: np.fmod, "want", "forward"),
    _kernel("rough_order", "sort", _sorts_by_upper_bits, "multinomial", "draws", of="random_bits"),
    _kernel("random_word", "random_bits", _one_wrong_word, "1 of 10 elements", "forward"),
    _kernel("memory_order", "exp", _reads_memory_order, "elements are wrong", "transposed"),
    _kernel("no_strides", "exp", _ignores_strides, "elements are wrong", "sliced"),
    _kernel("no_signs", "exp", _drops_signs_of_strides, "elements are wrong", "reversed"),
    _kernel("no_repeats", "exp", _repeats_nothing, "elements are wrong", "broadcast"),
    _kernel(
        "one_block_only",
        "exp",
        lambda right: lambda x: np.where(np.arange(x.size).reshape(x.shape) < 1024, right(x), 0),
        "of 2028 elements",
        "large",
    ),
    _kernel("no_offsets", "exp", _reads_from_the_start, "elements are wrong", "offset"),
    _kernel("borrowing", "sub", _borrows_second, "elements are wrong", "aliased"),
    _kernel("eight_dims", "exp", _merges_beyond_eight, "elements are wrong", "many_dims"),
    _kernel("short_count", "exp", _counts_to_65536, "of 196617 elements", "long_dim"),
    _kernel(
        "one_dim_at_least",
        "maximum",
        lambda right: lambda a, b: np.atleast_1d(right(a, b)),
        "[1], and",
        "zero_dim",
    ),
    _kernel(
        "never_empty",
        "maximum",
        lambda right: lambda a, b: right(a, b) if np.size(a) else 1 // 0,
        "ZeroDivisionError",
        "empty",
    ),
    _kernel(
        "scalars_are_float64",
        "mul",
        lambda right: lambda a, b: right(a, np.asarray(b)),
        "operand 1 is the Python scalar",
        "python_scalar",
    ),
    _kernel("flushing", "neg", flushes, "elements are wrong", "denormals", "special_values"),
    _kernel("saturating", "cast", _saturates, "elements are wrong", "extremes"),
    _kernel(
        "contagious", "cholesky", _poisons_the_batch, "beside what has nan", "nonfinite_in_batch"
    ),
    _kernel("nan_swallowed", "maximum", lambda right: np.fmax, "want nan", "special_values"),
    _kernel("zero_unsigned", "neg", lambda right: lambda x: 0 - x, "want -0", "special_values"),
    _kernel(
        "int8_sum",
        "sum",
        lambda right: (
            lambda x, *, dim, keepdim: np.add.reduce(
                x, axis=dim, keepdims=keepdim, dtype=x.dtype
            ).astype(np.int64 if x.dtype.kind in "biu" else x.dtype)
        ),
        "elements are wrong",
        "extremes",
    ),
    _kernel(
        "nan_skipped",
        "amax",
        lambda right: (
            lambda x, *, dim, keepdim: np.asarray(np.fmax.reduce(x, axis=dim, keepdims=keepdim))
        ),
        "want nan",
        "nonfinite",
    ),
    _kernel("last_maximum", "argmax", _last_among_equals, "elements are wrong", "ties"),
    _kernel("unstable_sort", "sort", _last_equal_first, "output 1", "ties", "forward"),
    _kernel(
        "index_off_by_one", "index_add", _index_before, "operand 0", "gradient", of="index_select"
    ),
    _kernel(
        "no_negation",
        "neg",
        lambda right: lambda x: x,
        "operand 0",
        "second_gradient",
        of="sin",
    ),
    _kernel(
        "no_repeated_gradient", "mul", _repeats_nothing, "operand 0", "strided_gradient", of="exp"
    ),
    _kernel("scaled_in_place", "mul", _into_first, "was written to", "gradient", of="exp"),
    _kernel("borrowing_sum", "add", _borrows_second, "operand 0", "aliased_gradient"),
    _kernel(
        "one_dim_in_gradients",
        "mul",
        lambda right: lambda a, b: np.atleast_1d(right(a, b)),
        "[1], and",
        "zero_dim_gradient",
        of="exp",
    ),
    _kernel(
        "never_empty_in_gradients",
        "mul",
        lambda right: lambda a, b: right(a, b) if np.size(a) else 1 // 0,
        "ZeroDivisionError",
        "empty_gradient",
        of="exp",
    ),
    _kernel(
        "softmax_off",
        "softmax",
        _slightly_wrong_softmax,
        "against the body",
        "kernel_is_body",
        "gradient_is_body",
        "forward",
    ),
    _kernel("softmax_strided", "softmax", _strided_wrong_softmax, "are wrong", "transposed"),
    _kernel(
        "softmax_forgiving", "softmax", _forgiving_softmax, "want nan", "kernel_is_body_nonfinite"
    ),
)


# Storage.


def _rounding_cast(right: Any) -> Any:
    def kernel(x: Array, *, dtype: DType) -> Array:
        return right(np.round(x) if x.dtype.kind == "f" else x, dtype=dtype)

    return kernel


class _Reversed(np.ndarray[Any, Any]):
    """An array that tells DLPack something else."""

    def __dlpack__(self, **options: Any) -> Any:
        return np.array(self)[..., ::-1].copy().__dlpack__(**options)


def _told_in_reverse(array: Array, device: Any) -> Array:
    return np.array(array, order="C").view(_Reversed) if array.ndim else np.array(array)


STORAGE = (
    _member("transposing", "and", "round_trip", to_host=lambda array: np.asarray(array).T),
    _member(
        "nan_normalised",
        "bits",
        "round_trip",
        from_host=lambda array, device: np.where(np.isnan(array), np.nan, array).astype(
            array.dtype
        ),
    ),
    _member(
        "wide_complex",
        "complex128",
        "round_trip",
        from_host=lambda array, device: array.astype(
            np.complex128 if array.dtype == np.complex64 else array.dtype
        ),
    ),
    _member(
        "order_of_memory",
        "transposed host array",
        "host_layouts",
        from_host=lambda array, device: array.ravel(order="K").reshape(array.shape).copy(),
    ),
    _member("aliasing", "after a write", "independence", from_host=lambda array, device: array),
    _member(
        "mirrored_spec",
        "spec of a",
        "array_spec",
        spec=lambda array: Spec(array.shape[::-1], DType.of(array.dtype)),
    ),
    _member("lying_capsule", "through DLPack", "dlpack", from_host=_told_in_reverse),
    Mutant(
        "nothing_but_zeros",
        ("filled",),
        "full of 1",
        kernels={"full": lambda right: lambda **attrs: right(**{**attrs, "value": 0})},
    ),
    Mutant("rounding", ("conversions",), "are wrong", kernels={"cast": _rounding_cast}),
)


# The contract.


class _Generous(frozenset[DType]):
    """Lists few dtypes and says yes to all."""

    def __contains__(self, dtype: object) -> bool:
        return True


def _capabilities(**changed: Any) -> Capabilities:
    return replace(Capabilities(dtypes=EVERYTHING), **changed)


def _raise(*args: Any) -> Report:
    raise RuntimeError("no driver")


CONTRACT = (
    _member("from_the_future", "contract 2.0", "protocol", contract=(2, 0)),
    _member(
        "unknown_op_named",
        "softmx",
        "capabilities",
        capabilities=_capabilities(nondeterministic=frozenset({"softmx"})),
    ),
    _member(
        "undecided",
        "not True or False",
        "capabilities",
        capabilities=_capabilities(asynchronous=None),
    ),
    _member(
        "flushing_integers",
        "no floating dtype",
        "capabilities",
        capabilities=_capabilities(flushes_denormals=frozenset({dtypes.int8})),
    ),
    _member("thawed", "frozenset", "capabilities", capabilities=_capabilities(features={"x"})),
    _member(
        "no_parts",
        "without float64",
        "capabilities",
        capabilities=_capabilities(dtypes=EVERYTHING - {dtypes.float64}),
    ),
    _member(
        "promising",
        "no method fused",
        "features",
        capabilities=_capabilities(features=frozenset({"fused"})),
    ),
    _member("silent", "not declared", "features", compile=lambda graph: graph),
    _member("raising_probe", "no driver", "probe", probe=_raise),
    _member("excusing", "gives a reason", "probe", probe=lambda: Report(True, (), "none")),
    Mutant("misspelt", ("kernel_names",), "sofmax", kernels={"sofmax": lambda right: _softmax}),
    _member("counting", "not MemoryStats", "bookkeeping", memory_stats=lambda device: {}),
    _member(
        "generous",
        "is not declared, and",
        "undeclared_dtype",
        capabilities=_capabilities(dtypes=_Generous(EVERYTHING - {dtypes.float16})),
    ),
)

# Indices.

INDICES = (
    Mutant(
        "trusting",
        ("index_out_of_range",),
        "was not refused",
        ("gather",),
        members={"capabilities": _capabilities(checks_indices=True)},
    ),
)

MUTANTS = (*KERNELS, *STORAGE, *CONTRACT, *INDICES)
