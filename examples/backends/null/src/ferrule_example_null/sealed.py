"""Arrays that say nothing."""

from __future__ import annotations

from typing import Any, NoReturn

_NUMBERS = (bool, int, float, complex, type(None))
"""What a kernel may be given besides arrays: Python numbers, and None for an absent operand."""


class Sealed:
    """Another backend's array in a box that has no shape, no dtype, no elements and no protocol.

    All that can be done with it is to hand it back to its backend. Whatever else is tried raises a
    `TypeError`, or an `AttributeError` for what NumPy's arrays would have.
    """

    __slots__ = ("__array", "__weakref__")

    __array_ufunc__ = None  # NumPy's functions refuse it

    def __init__(self, array: Any) -> None:
        self.__array = array

    def _refuse(self, *args: Any, **options: Any) -> NoReturn:
        raise TypeError(
            "an array of the backend 'null' was used as if its elements could be reached; only its "
            "backend's to_host, spec and kernels may do that"
        )

    # NumPy would make an array of objects of what has no __array__, and Python takes for true what
    # has no __bool__, for equal only to itself what has no __eq__.
    __array__ = __bool__ = __len__ = __iter__ = __getitem__ = __eq__ = __ne__ = _refuse
    __reduce_ex__ = __copy__ = __deepcopy__ = _refuse
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "<a sealed array>"


def unseal(value: Any, receiver: str) -> Any:
    """What is in the box; a Python number as it is.

    Args:
        value: what came through the contract.
        receiver: what was given it, for the message.

    Raises:
        TypeError: something else came.
    """
    if value.__class__ is Sealed:
        return value._Sealed__array
    if value.__class__ in _NUMBERS:
        return value
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise TypeError(
        f"{receiver} of the backend 'null' was given a {kind}, which is neither one of its arrays "
        "nor a Python number"
    )
