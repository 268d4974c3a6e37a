"""Level 0: arrays keep what they are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import ferrule as fe
from ferrule_conformance.call import host
from ferrule_conformance.case import Case
from ferrule_conformance.check import check
from ferrule_conformance.comparison import agree, same_bits
from ferrule_conformance.failure import Failure, NotApplicable
from ferrule_conformance.references import cast
from ferrule_conformance.special import special_numbers
from ferrule_plugins import DType, Spec, dtypes

Array = np.ndarray[Any, Any]

_SHAPES = ((), (1,), (0,), (7,), (3, 4), (2, 0, 3), (2, 3, 2, 2))


@check(each="dtype", level=0)
def round_trip(case: Case) -> None:
    """What goes from the host to the backend and back is the same, bit by bit, special values
    included."""
    for array in _arrays(case):
        there = case.backend.from_host(array, case.device)
        back = case.backend.to_host(there)
        if not isinstance(back, np.ndarray):
            raise Failure(f"to_host returned a {type(back).__name__}, not a NumPy array")
        same_bits(back, array, f"{array.dtype}{list(array.shape)}: ")


@check(each="dtype", level=0)
def host_layouts(case: Case) -> None:
    """Host arrays may be transposed, reversed, sliced, broadcast or read-only."""
    base = _random(case, (4, 6))
    frozen = base.copy()
    frozen.flags.writeable = False
    layouts = {
        "transposed": base.T,
        "reversed": base[::-1, ::-1],
        "sliced": base[1::2, ::3],
        "broadcast": np.broadcast_to(base[:1], (3, 6)),
        "read-only": frozen,
    }
    for name, array in layouts.items():
        back = case.backend.to_host(case.backend.from_host(array, case.device))
        same_bits(np.array(back), np.array(array), f"a {name} host array: ")


@check(each="dtype", level=0)
def independence(case: Case) -> None:
    """The backend copies: later writes to the host array do not reach its own."""
    for shape in ((5,), (3, 4), ()):
        array = _random(case, shape)
        before = array.copy()
        there = case.backend.from_host(array, case.device)
        array[...] = np.logical_not(array) if array.dtype == np.bool_ else array + 1
        same_bits(
            np.array(case.backend.to_host(there)), before, "after a write to the host array: "
        )


@check(each="dtype", level=0)
def array_spec(case: Case) -> None:
    """``spec`` tells shape and dtype."""
    for shape in _SHAPES:
        there = case.backend.from_host(_random(case, shape), case.device)
        spec, want = case.backend.spec(there), Spec(shape, case.stored)
        if spec is not want:
            raise Failure(f"spec of a {want} is {spec!r}")


@check(each="dtype", level=0)
def dlpack(case: Case) -> None:
    """An array that speaks DLPack tells the truth."""
    for array in (_random(case, (3, 4)), _random(case, ())):
        there = case.backend.from_host(array, case.device)
        if not hasattr(there, "__dlpack__"):
            raise NotApplicable("the backend's arrays do not speak DLPack")
        try:
            back = np.from_dlpack(there, device="cpu", copy=True)
        except (BufferError, RuntimeError, TypeError) as error:
            raise NotApplicable(f"DLPack refuses {case.stored.name}: {error}") from error
        same_bits(np.array(back), array, "through DLPack: ")
        if "from_dlpack" in case.backend.capabilities.features:
            same_bits(host(fe.from_dlpack(array, device=case.device)), array, "from DLPack: ")


@check(each="dtype", level=0)
def filled(case: Case) -> None:
    """Tensors of zeros, ones and one value are just that."""
    number: Any = {"bool": True, "integer": 3, "floating": -1.5, "complex": -1.5 + 0.5j}[
        case.stored.category
    ]
    for shape in _SHAPES:
        for value in (0, 1, number):
            got = host(fe.full(shape, value, dtype=case.stored, device=case.device))
            same_bits(got, np.full(shape, value, case.stored.numpy), f"full of {value}: ")


@check(each="dtype", level=0)
def conversions(case: Case) -> None:
    """Elements become those of every other dtype: floats lose their fraction in integers, and what
    is not 0 is true."""
    for target in case.target.dtypes:
        array = _convertible(case, target)
        x = fe.tensor(array, device=case.device)
        got = host(fe.ops.cast(x, dtype=target))
        if got.dtype != target.numpy:
            raise Failure(f"cast to {target.name} gave {got.dtype}")
        wide = {"floating": np.float64, "complex": np.complex128}.get(case.stored.category)
        want = cast(array if wide is None else array.astype(wide), dtype=target)
        with np.errstate(all="ignore"):
            want = want.astype(target.numpy)
        agree(got, want, what=f"to {target.name}: ", signed_zero=case.stored.is_floating_point)


def _random(case: Case, shape: tuple[int, ...]) -> Array:
    rng, dtype = case.rng(), case.stored
    if dtype.category == "bool":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if dtype.category == "integer":
        return np.asarray(rng.integers(0, 100, shape)).astype(dtype.numpy)
    values = np.asarray(rng.uniform(-9, 9, shape))
    if dtype.is_complex:
        values = values + 1j * np.asarray(rng.uniform(-9, 9, shape))
    return np.asarray(values).astype(dtype.numpy)


def _arrays(case: Case) -> Iterator[Array]:
    yield np.array(special_numbers(case.stored))
    for shape in _SHAPES:
        yield _random(case, shape)


def _convertible(case: Case, target: DType) -> Array:
    """Numbers that ``target`` can hold, up to a fraction. What it cannot is not defined."""
    source = case.stored
    if source.category == "bool":
        return np.array([False, True, True])
    low, high = -100, 100
    if target is dtypes.uint8 or source is dtypes.uint8:
        low = 0
    if source.category == "integer":
        return np.arange(low, high, 7).astype(source.numpy)
    values = np.append(np.linspace(low, high, 41), [0.0, -0.0, 0.75, 0.3])
    if target.category == "integer" and target is not dtypes.uint8:
        values = np.append(values, [-0.75, -1.5])
    elif target.category != "integer":
        values = np.append(values, [np.nan, np.inf, -np.inf])
    if source.is_complex:
        numbers = np.array(values, np.complex128)
        numbers.imag = values[::-1]
        return numbers.astype(source.numpy)
    return values.astype(source.numpy)
