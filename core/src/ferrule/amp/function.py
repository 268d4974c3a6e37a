"""Custom functions under autocast."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import ferrule as fe
from ferrule.amp.autocast import autocast, get_autocast_dtype, is_autocast_enabled
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float64


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None
) -> Callable[..., Any]:
    """Decorates the ``forward`` of a ``fe.autograd.Function``.

    Args:
        device_type: the backend whose `autocast` is meant.
        cast_inputs: the dtype to which forward's floating tensors on that backend, those of
            float64 aside, are converted where an `autocast` is in force; it is off inside then.
            By default forward runs under it, and so does a backward with `custom_bwd`.
    """
    if fwd is None:
        return partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @wraps(fwd)
    def run(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        on = is_autocast_enabled(device_type)
        ctx._autocast = get_autocast_dtype(device_type) if on and cast_inputs is None else None
        if not on or cast_inputs is None:
            return fwd(ctx, *args, **kwargs)
        leaves, structure = fe.func.pytree.flatten((args, kwargs))
        args, kwargs = structure.build([_cast(x, device_type, cast_inputs) for x in leaves])
        with autocast(device_type, enabled=False):
            return fwd(ctx, *args, **kwargs)

    return run


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Callable[..., Any]:
    """Decorates the ``backward`` of a ``fe.autograd.Function`` whose forward has `custom_fwd`: it
    runs under `autocast` if forward did."""
    if bwd is None:
        return partial(custom_bwd, device_type=device_type)

    @wraps(bwd)
    def run(ctx: Any, *args: Any) -> Any:
        dtype = ctx._autocast
        with autocast(device_type, dtype=dtype, enabled=dtype is not None):
            return bwd(ctx, *args)

    return run


def _cast(x: Any, device_type: str, dtype: Any) -> Any:
    if not (isinstance(x, Tensor) and x.is_floating_point() and x.dtype is not float64):
        return x
    return x.to(dtype) if x.device.backend == device_type else x
