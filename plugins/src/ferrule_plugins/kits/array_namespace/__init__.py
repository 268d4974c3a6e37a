"""A complete kernel table over any library that follows the Python array API standard.

`kernels` uses the standard alone (version 2024.12, which mixes arrays and Python scalars), so it
serves NumPy, CuPy, dpnp, torch, jax.numpy and whatever comes next. A backend overlays it with the
kernels that its library does better: ``{**kernels(xp), "exp": my_exp}``.

Source: https://data-apis.org/array-api/2024.12/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferrule_plugins.backend import Kernel
from ferrule_plugins.device import Device
from ferrule_plugins.dtypes import DType
from ferrule_plugins.kits.array_namespace.creation import Creation
from ferrule_plugins.kits.array_namespace.elementwise import (
    BINARY,
    ON_BOOLS,
    OTHERS,
    Bools,
    Complex,
    Powers,
)
from ferrule_plugins.kits.array_namespace.fourier import Fourier
from ferrule_plugins.kits.array_namespace.linalg import Factorisations, GeneralEigenvalues
from ferrule_plugins.kits.array_namespace.order import Order
from ferrule_plugins.kits.array_namespace.part import Part
from ferrule_plugins.kits.array_namespace.scan import Scan
from ferrule_plugins.kits.array_namespace.shape import Movement


class _Kit(Bools, Complex, Powers, Scan, Order, Movement, Creation):
    """The kernels whose attributes or meaning differ from the standard's functions."""


_EXTENSIONS: dict[str, type[Part]] = {
    "fft": Fourier,
    "linalg": Factorisations,
    "linalg.eig": GeneralEigenvalues,
}
"""Kernels for optional features, by the names of what the namespace must have: extensions of the
standard, or functions in them that go beyond it."""


def features(xp: Any) -> frozenset[str]:
    """The optional features for which `kernels` has kernels: what the namespace has extensions
    for."""
    return frozenset(name for name in _EXTENSIONS if _has(xp, name))


def _has(xp: Any, path: str) -> bool:
    name, _, rest = path.partition(".")
    return hasattr(xp, name) and (not rest or _has(getattr(xp, name), rest))


def kernels(
    xp: Any,
    *,
    dtype_of: Callable[[DType], Any] | None = None,
    device_of: Callable[[Device], Any] | None = None,
    bools_are_numbers: bool = False,
) -> dict[str, Kernel]:
    """Kernels for every primitive, and for those of the `features` that the namespace has.

    Args:
        xp: the namespace.
        dtype_of: the namespace's dtype for a ferrule dtype; by default the attribute of its name.
        device_of: what the namespace's creation functions take as ``device``; by default None,
            which is the library's own choice.
        bools_are_numbers: the library adds, multiplies and orders bools, and mixes them with
            numbers, as NumPy and CuPy do beyond the standard. Its functions are then kernels as
            they are.
    """
    settings = (
        xp,
        dtype_of or (lambda dtype: getattr(xp, dtype.name)),
        device_of or (lambda device: None),
    )
    kit = _Kit(*settings)
    table: dict[str, Kernel] = {}
    for op, name in {**BINARY, **OTHERS}.items():
        table[op] = getattr(xp, name)
    if not bools_are_numbers:
        for op in BINARY:
            table[op] = kit._with_bools(table[op], ON_BOOLS.get(op, ""))
    for part in (kit, *(_EXTENSIONS[name](*settings) for name in features(xp))):
        for op in dir(part):
            if not op.startswith("_") and op not in _SETTINGS:
                table[op] = getattr(part, op)
    return table


_SETTINGS = ("xp", "dtype_of", "device_of")
