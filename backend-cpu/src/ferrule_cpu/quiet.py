"""NumPy functions without floating-point warnings, at next to no cost.

``log(-1)`` is NaN in deep learning, not a warning. ``numpy.errstate`` would cost three times as
much as adding two small arrays. But the error state lives in a context variable, so a function that
runs inside a context where it is "ignore" needs nothing else, and entering a context takes 20 ns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any

import ml_dtypes
import numpy as np

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


class _Quiet(threading.local):
    """A context per thread, since a context can be entered by one thread at a time."""

    def __init__(self) -> None:
        context = Context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


_quiet = _Quiet()
_asarray = np.asarray
_ndarray = np.ndarray


def direct(function: Callable[..., Any], operands: int) -> Callable[..., Any]:
    """``function`` of one or two arrays, without warnings. It must not call what is wrapped here.

    What NumPy turns into a scalar for want of dims is made an array again.
    """
    # written out by arity: packing and unpacking arguments would take 130 ns
    if operands == 1:
        return lambda a, **attrs: _asarray(_quiet.run(function, a, **attrs))

    def binary(a: Any, b: Any) -> Any:
        if a.__class__ is not b.__class__:  # a Python scalar; 16 bits are seldom, and soon told
            if a.__class__ is not _ndarray:
                a = _fitted(a, b) if b.itemsize == 2 else a
            elif a.itemsize == 2:
                b = _fitted(b, a)
        return _asarray(_quiet.run(function, a, b))

    return binary


def _fitted(scalar: Any, array: Any) -> Any:
    """The scalar in bfloat16 where the array is of that: NumPy would widen the array instead."""
    return array.dtype.type(scalar) if array.dtype == _BFLOAT16 else scalar


def nested(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for kernels of several steps, which may call each other."""

    def quiet(*arrays: Any, **attrs: Any) -> Any:
        with np.errstate(all="ignore"):
            found = function(*arrays, **attrs)
        return tuple(map(_asarray, found)) if isinstance(found, tuple) else _asarray(found)

    return quiet
