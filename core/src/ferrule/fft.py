"""Discrete Fourier transforms, with the names and arguments of ``torch.fft``.

Along a dim of size ``n``, ``fft`` computes ``y[k] = sum_j x[j] exp(-2 pi i jk / n)``. ``norm`` says
what the result is scaled by:

==============  ==========  =================
norm            transforms  inverse ones
==============  ==========  =================
``"backward"``  1           ``1 / n``
``"ortho"``     ``1/sqrt(n)``  ``1/sqrt(n)``
``"forward"``   ``1 / n``   1
==============  ==========  =================

None is ``"backward"``; with several dims, ``n`` is the product of their sizes. Integers become
floats, and ``float16`` and ``bfloat16`` are refused. A dim is cut or filled with zeros at its end
to the size that is asked for. These functions need a backend with the feature ``"fft"``.

Source: Cooley, Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965,
and the Python array API standard 2024.12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule import ops, promotion
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2",
    "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft",
    "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

Size = Sequence[int] | int | None
Dims = Sequence[int] | int | None


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform along ``dim``, of size ``n``: complex."""
    return _complex("fft", input, _one(n), (dim,), norm, True)


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `fft`: complex."""
    return _complex("ifft", input, _one(n), (dim,), norm, False)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first ``n // 2 + 1`` frequencies of the transform of a real ``input``."""
    return _from_real("rfft", input, _one(n), (dim,), norm, True)


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `rfft`: real, of size ``n``, by default ``2 * (m - 1)`` for ``m``
    frequencies."""
    return _to_real("irfft", input, _one(n), (dim,), norm, False)


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform, which is real, of a signal whose second half are the conjugates of its first,
    ``input``."""
    return _to_real("hfft", input, _one(n), (dim,), norm, True)


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `hfft`: the first half of the inverse transform of a real ``input``."""
    return _from_real("ihfft", input, _one(n), (dim,), norm, False)


def fftn(input: Tensor, s: Size = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The transform along several dims, by default all, of sizes ``s``: complex."""
    return _complex("fftn", input, s, dim, norm, True)


def ifftn(input: Tensor, s: Size = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The inverse of `fftn`: complex."""
    return _complex("ifftn", input, s, dim, norm, False)


def rfftn(input: Tensor, s: Size = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The transform of a real ``input`` along several dims, halved along the last of them."""
    return _from_real("rfftn", input, s, dim, norm, True)


def irfftn(input: Tensor, s: Size = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The inverse of `rfftn`: real."""
    return _to_real("irfftn", input, s, dim, norm, False)


def hfftn(input: Tensor, s: Size = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """`hfft` along the last of several dims, after `fft` along the others: real."""
    return _to_real("hfftn", input, s, dim, norm, True)


def ihfftn(input: Tensor, s: Size = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The inverse of `hfftn`."""
    return _from_real("ihfftn", input, s, dim, norm, False)


_LAST_TWO = (-2, -1)


def fft2(input: Tensor, s: Size = None, dim: Dims = _LAST_TWO, norm: str | None = None) -> Tensor:
    """`fftn` along the last two dims."""
    return _complex("fft2", input, s, dim, norm, True)


def ifft2(input: Tensor, s: Size = None, dim: Dims = _LAST_TWO, norm: str | None = None) -> Tensor:
    """`ifftn` along the last two dims."""
    return _complex("ifft2", input, s, dim, norm, False)


def rfft2(input: Tensor, s: Size = None, dim: Dims = _LAST_TWO, norm: str | None = None) -> Tensor:
    """`rfftn` along the last two dims."""
    return _from_real("rfft2", input, s, dim, norm, True)


def irfft2(input: Tensor, s: Size = None, dim: Dims = _LAST_TWO, norm: str | None = None) -> Tensor:
    """`irfftn` along the last two dims."""
    return _to_real("irfft2", input, s, dim, norm, False)


def hfft2(input: Tensor, s: Size = None, dim: Dims = _LAST_TWO, norm: str | None = None) -> Tensor:
    """`hfftn` along the last two dims."""
    return _to_real("hfft2", input, s, dim, norm, True)


def ihfft2(input: Tensor, s: Size = None, dim: Dims = _LAST_TWO, norm: str | None = None) -> Tensor:
    """`ihfftn` along the last two dims."""
    return _from_real("ihfft2", input, s, dim, norm, False)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `fft` of ``n`` samples ``d`` apart: ``[0, 1, ..., -2, -1] / (n d)``.

    Raises:
        ArgumentError: ``n`` is not positive.
    """
    k = fe.arange(_count("fftfreq", n), device=device)
    return _over(fe.where(k < (n + 1) // 2, k, k - n), n * d, dtype)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `rfft` of ``n`` samples at distances ``d``: ``[0, 1, ...] / (n d)``.

    Raises:
        ArgumentError: ``n`` is not positive.
    """
    return _over(fe.arange(_count("rfftfreq", n) // 2 + 1, device=device), n * d, dtype)


def fftshift(input: Tensor, dim: Dims = None) -> Tensor:
    """The frequency 0 moved to the middle of each of ``dim``, by default of all."""
    dims = _dims("fftshift", input, dim)
    shifts = tuple(input.shape[d] // 2 for d in dims)
    return fe.roll(input, shifts, dims) if dims else input._apart()


def ifftshift(input: Tensor, dim: Dims = None) -> Tensor:
    """The inverse of `fftshift`."""
    dims = _dims("ifftshift", input, dim)
    shifts = tuple(-(input.shape[d] // 2) for d in dims)
    return fe.roll(input, shifts, dims) if dims else input._apart()


def _count(name: str, n: int) -> int:
    if n < 1:
        raise ArgumentError(f"{name}: n must be positive, not {n}")
    return n


def _over(k: Tensor, length: float, dtype: Any) -> Tensor:
    return (k.to(fe.float64) / length).to(dtype or promotion.default_float())


def _one(n: int | None) -> tuple[int, ...] | None:
    return None if n is None else (n,)


def _complex(
    name: str, input: Tensor, s: Size, dim: Dims, norm: str | None, forward: bool
) -> Tensor:
    x = _inexact(name, input)
    x, dims = _sized(name, x, s, dim)
    if not x.dtype.is_complex:
        x = x.to(promotion.complex_of(x.dtype))
    if not dims:
        return x._apart()
    y = ops.fft_c2c(x, dims=dims, forward=forward)
    return _scaled(name, y, [x.shape[d] for d in dims], norm, forward)


def _from_real(
    name: str, input: Tensor, s: Size, dim: Dims, norm: str | None, forward: bool
) -> Tensor:
    x = _inexact(name, input)
    if x.dtype.is_complex:
        raise DTypeError(
            f"{name}: the input must be real, not {x._type}; use {name.replace('r', '')}"
        )
    x, dims = _sized(name, x, s, dim)
    if not dims:
        raise ShapeError(f"{name}: there must be at least one dim to transform in {x._type}")
    y = ops.fft_r2c(x, dims=dims)
    if not forward:
        y = fe.conj(y)
    return _scaled(name, y, [x.shape[d] for d in dims], norm, forward)


def _to_real(
    name: str, input: Tensor, s: Size, dim: Dims, norm: str | None, forward: bool
) -> Tensor:
    x = _inexact(name, input)
    dims = _dims_of(name, x, s, dim)
    if not dims:
        raise ShapeError(f"{name}: there must be at least one dim to transform in {x._type}")
    sizes = [-1] * len(dims) if s is None else list(_sizes(s))
    last = sizes[-1] if sizes[-1] != -1 else 2 * (x.shape[dims[-1]] - 1)
    if last < 1:
        raise ShapeError(f"{name}: dim {dims[-1]} of the result would have {last} elements; give n")
    x = _resized(name, x, dims, [*sizes[:-1], last // 2 + 1])
    if not x.dtype.is_complex:
        x = x.to(promotion.complex_of(x.dtype))
    if forward:
        x = fe.conj(x)
    y = ops.fft_c2r(x, dims=dims, size=last)
    return _scaled(name, y, [y.shape[d] for d in dims], norm, forward)


def _inexact(name: str, input: Tensor) -> Tensor:
    if input.dtype in (fe.float16, fe.bfloat16):
        raise DTypeError(f"{name}: {input._type} is not precise enough; convert it with .float()")
    if input.dtype.category in ("bool", "integer"):
        return input.to(promotion.default_float())
    return input


def _dims(name: str, x: Tensor, dim: Dims) -> tuple[int, ...]:
    if dim is None:
        return tuple(range(x.ndim))
    given = tuple(dim) if isinstance(dim, Sequence) else (dim,)
    for d in given:
        if not -x.ndim <= d < x.ndim:
            raise fe.OutOfRange(f"{name}: dim {d} is out of range; {x._type} has {x.ndim} dims")
    found = tuple(d % x.ndim for d in given)
    if len(set(found)) < len(found):
        raise ShapeError(f"{name}: dim={given} names one dim twice")
    return found


def _dims_of(name: str, x: Tensor, s: Size, dim: Dims) -> tuple[int, ...]:
    """The dims to transform: without ``dim``, as many of the last as ``s`` has sizes."""
    if s is None:
        return _dims(name, x, dim)
    s = _sizes(s)
    if dim is None:
        if len(s) > x.ndim:
            raise ShapeError(f"{name}: s has {len(s)} sizes, and {x._type} has {x.ndim} dims")
        return tuple(range(x.ndim - len(s), x.ndim))
    dims = _dims(name, x, dim)
    if len(dims) != len(s):
        raise ShapeError(f"{name}: s has {len(s)} sizes for {len(dims)} dims")
    return dims


def _sized(name: str, x: Tensor, s: Size, dim: Dims) -> tuple[Tensor, tuple[int, ...]]:
    dims = _dims_of(name, x, s, dim)
    return (x if s is None else _resized(name, x, dims, _sizes(s))), dims


def _sizes(s: Sequence[int] | int) -> Sequence[int]:
    return s if isinstance(s, Sequence) else (s,)


def _resized(name: str, x: Tensor, dims: tuple[int, ...], sizes: Sequence[int]) -> Tensor:
    """Cut, or filled with zeros, to these sizes; -1 keeps one."""
    wanted = {d: n for d, n in zip(dims, sizes) if n != -1 and n != x.shape[d]}
    for d, n in wanted.items():
        if n < 1:
            raise ShapeError(f"{name}: dim {d} is to have {n} elements; there must be at least one")
        if n < x.shape[d]:
            x = ops.narrow(x, dim=d, start=0, length=n)
    behind = tuple(max(wanted.get(d, 0) - n, 0) for d, n in enumerate(x.shape))
    none = (0,) * x.ndim
    return ops.pad(x, before=none, after=behind, inner=none) if any(behind) else x


def _scaled(name: str, y: Tensor, sizes: Sequence[int], norm: str | None, forward: bool) -> Tensor:
    if norm not in (None, "backward", "ortho", "forward"):
        raise ArgumentError(f'{name}: norm must be "backward", "ortho" or "forward", not {norm!r}')
    n = math.prod(sizes)
    if norm == "ortho":
        return y * (1.0 / math.sqrt(n))
    return y * (1.0 / n) if (norm == "forward") == forward else y
