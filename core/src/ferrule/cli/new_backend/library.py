"""A look at a library before it is wrapped: can the array-namespace kit compute with it?"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import numpy as np

from ferrule.errors import ArgumentError
from ferrule_plugins import Device, DType, dtypes
from ferrule_plugins.kits.array_namespace.elementwise import BINARY, OTHERS
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

COMPAT = "array_api_compat"
"""A package with the standard's names for libraries that have others."""

_FURTHER = """
all any arange argmax argmin argsort asarray astype bool broadcast_to complex128 complex64 concat
cumulative_prod cumulative_sum expand_dims eye flip float32 float64 from_dlpack full int64 isdtype
isfinite isnan logical_and logical_or max min moveaxis nonzero permute_dims pow prod reshape
searchsorted stack sum take tril triu uint8 zeros zeros_like
"""

NEEDED = frozenset({*BINARY.values(), *OTHERS.values(), *_FURTHER.split()})
"""What the kit uses of a namespace, extensions of the standard left aside."""


@dataclass(frozen=True)
class Library:
    """What a package that wraps the library must say of it.

    Attributes:
        module: the namespace, as it is imported.
        requirements: the distributions that it comes from, with the least versions.
        dtypes: those that reach it from NumPy and come back the same, by name.
        remarks: what the author should know, a sentence each.
    """

    module: str
    requirements: tuple[str, ...]
    dtypes: tuple[str, ...]
    remarks: tuple[str, ...]


def examine(module: str) -> Library:
    """Import a library and see whether it can be wrapped. Where it has other names than the
    standard's, and array-api-compat knows it, it is wrapped through that.

    Raises:
        ArgumentError: it cannot be wrapped; says what is missing.
    """
    xp = _imported(module)
    remarks: list[str] = []
    lacks = _lacking(xp)
    if lacks:
        xp = _through_compat(module, lacks)
        remarks.append(
            f"{module} lacks {len(lacks)} names of the array API ({_few(lacks)}), so "
            f"{xp.__name__} is wrapped"
        )
    kept = [d for d in dtypes.ALL if _comes_back(xp, d)]
    kept = [d for d in kept if not d.is_complex or _PARTS[d] in kept]
    if not any(d.is_floating_point for d in kept):
        raise ArgumentError(
            f"{xp.__name__} cannot be wrapped: no floating dtype comes back the same from "
            "asarray(numpy_array) and numpy.asarray(array); write a backend from scratch"
        )
    left_out = [d.name for d in dtypes.ALL if d not in kept and hasattr(xp, d.name)]
    if left_out:
        remarks.append(
            f"declared without {' '.join(left_out)}, which do not get there and back through "
            "asarray: override from_host and to_host to have them"
        )
    return Library(
        xp.__name__, _requirements(xp.__name__), tuple(d.name for d in kept), tuple(remarks)
    )


_PARTS = {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}


def _imported(module: str) -> Any:
    if not all(map(str.isidentifier, module.split("."))):
        raise ArgumentError(f"--namespace {module}: write a module's name, such as jax.numpy")
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name == top:
            raise ArgumentError(
                f"there is no module {top!r}; install the library first, in this environment: pip "
                f"install {top.replace('_', '-')}"
            ) from error
        if error.name is not None and (module + ".").startswith(error.name + "."):
            raise ArgumentError(
                f"{top} has no module {error.name!r}; name the one that holds its functions"
            ) from error
        raise _not_importable(module, error) from error
    except Exception as error:
        raise _not_importable(module, error) from error


def _not_importable(module: str, error: Exception) -> ArgumentError:
    return ArgumentError(
        f"importing {module} raised {type(error).__name__}: {error}; mend its installation first"
    )


def _lacking(xp: Any) -> list[str]:
    return sorted(name for name in NEEDED if not hasattr(xp, name))


def _through_compat(module: str, lacks: list[str]) -> Any:
    if len(lacks) < len(NEEDED) / 2:
        if find_spec(COMPAT) is None:
            raise ArgumentError(
                f"{module} lacks {_few(lacks)} of the Python array API standard. array-api-compat "
                "has them for some libraries: pip install array-api-compat, and once more"
            )
        if not module.startswith(COMPAT) and _exists(f"{COMPAT}.{module}"):
            xp = _imported(f"{COMPAT}.{module}")
            lacks = _lacking(xp)
            if not lacks:
                return xp
            module = xp.__name__
    raise ArgumentError(
        f"{module} does not look like a namespace of the Python array API standard: it lacks "
        f"{_few(lacks)}. Name the module that has them, as in jax.numpy, or write a backend with "
        "--kind from-scratch"
    )


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even a package that might hold it
        return False


def _few(names: list[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _comes_back(xp: Any, dtype: DType) -> bool:
    """Whether the library stores the dtype and NumPy can read it there."""
    array = np.array([0, 1, 1]).astype(dtype.numpy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            backend = ArrayNamespaceBackend("trial", xp)
            there = backend.from_host(array, Device("trial"))
            back = backend.to_host(there)
            told = dtype in backend.capabilities.dtypes and backend.spec(there).dtype is dtype
            return told and back.dtype == dtype.numpy and bool((back == array).all())
        except Exception:  # libraries refuse in many ways
            return False


def _requirements(module: str) -> tuple[str, ...]:
    """The distributions of a module, and of the library that a compatibility layer wraps."""
    parts = module.split(".")
    tops = parts[:2] if parts[0] == COMPAT else parts[:1]
    suppliers = metadata.packages_distributions()
    found: list[str] = []
    for top in tops:
        for name in sorted(set(suppliers.get(top, ()))):
            release = re.match(r"\d+(\.\d+)*", metadata.version(name))  # not what was built here
            title = re.sub(r"[-_.]+", "-", name).lower()
            found.append(f"{title}>={release[0]}" if release else title)
    return tuple(found)
