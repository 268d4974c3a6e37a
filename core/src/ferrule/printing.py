"""How tensors are shown: as NumPy shows arrays, with what NumPy does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import ferrule as fe

if TYPE_CHECKING:
    from ferrule.tensor import Tensor

_SHOWN_WITHOUT_SAYING = ("bool", "int64", "complex64")


def represent(x: Tensor) -> str:
    """``tensor([1., 2.], device='cuda:0', requires_grad=True)``"""
    name = "Parameter" if type(x).__name__ == "Parameter" else "tensor"
    if x._data is None:
        return f"{name}(<{x._type}, not computed>)"
    array = x.detach().numpy()
    if x.dtype is fe.bfloat16:
        array = array.astype(np.float32)
    indent = len(name) + 1
    body = np.array2string(
        array, separator=", ", prefix=" " * indent, precision=4, threshold=1000, edgeitems=3
    )
    notes = []
    if x.dtype is not fe.get_default_dtype() and x.dtype.name not in _SHOWN_WITHOUT_SAYING:
        notes.append(f"dtype={x.dtype!r}")
    if array.size == 0:
        notes.append(f"size={x.shape}")
    notes.append(f"device='{x.device}'")
    if x.grad_fn is not None:
        notes.append(f"grad_fn={x.grad_fn.name}")
    elif x.requires_grad:
        notes.append("requires_grad=True")
    return f"{name}({body}, {', '.join(notes)})"
