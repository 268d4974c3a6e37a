"""Discrete Fourier transforms: the primitives behind ``ferrule.fft``, which scale nothing.

Along a dim of size ``n`` they compute ``y[k] = sum_j x[j] exp(-2 pi i jk / n)``, the inverse with
the other sign.
"""

from __future__ import annotations

from ferrule import promotion
from ferrule.declare import primitive
from ferrule.errors import ShapeError
from ferrule.ops.choice import where
from ferrule.ops.complex import real
from ferrule.ops.creation import arange
from ferrule.ops.shape import pad
from ferrule.samples import of, sample
from ferrule.schema import Dims
from ferrule_plugins import Shape, Shaped, Spec
from ferrule_plugins.dtypes import complex64, complex128, float32, float64, int64


def _checked(x: Shaped, dims: Shape) -> None:
    if not dims:
        raise ShapeError(f"{x} has no dims to transform")
    for d in dims:
        if x.shape[d] == 0:
            raise ShapeError(f"dim {d} has no elements, so it has no transform")


def _with_last(x: Shaped, dims: Shape, size: int) -> Shape:
    return tuple(size if d == dims[-1] else n for d, n in enumerate(x.shape))


@primitive(
    dtypes={complex64, complex128},
    autocast="float32",
    feature="fft",
    ref="ferrule_conformance.fourier_references:fft_c2c",
    samples=[
        sample(of(3, 5), dims=(1,), forward=True),
        sample(of(2, 4, 3), dims=(0, 2), forward=False),
        sample(of(7), dims=(0,), forward=False),
        sample(of(0, 2), dims=(1,), forward=True),
    ],
    tolerance=4,
)
def fft_c2c(x: Shaped, *, dims: Dims, forward: bool) -> Shaped:
    """The transform of complex numbers along ``dims``, or its inverse."""
    _checked(x, dims)
    return x


@fft_c2c.vjp
def _(g, dims, forward):
    return fft_c2c(g, dims=dims, forward=not forward)


@primitive(
    dtypes={float32, float64},
    autocast="float32",
    feature="fft",
    ref="ferrule_conformance.fourier_references:fft_r2c",
    samples=[
        sample(of(3, 5), dims=(1,)),
        sample(of(2, 4, 3), dims=(2, 1)),
        sample(of(6), dims=(0,)),
    ],
    tolerance=4,
)
def fft_r2c(x: Shaped, *, dims: Dims) -> Spec:
    """The transform of real numbers along ``dims``. Of the last of them, whose size is ``n``, the
    first ``n // 2 + 1`` frequencies are given; the others are their conjugates."""
    _checked(x, dims)
    size = x.shape[dims[-1]] // 2 + 1
    return Spec(_with_last(x, dims, size), promotion.complex_of(x.dtype))


@fft_r2c.vjp
def _(g, x: Shaped, dims):
    missing = x.shape[dims[-1]] - g.shape[dims[-1]]
    none = (0,) * g.ndim
    behind = tuple(missing if d == dims[-1] else 0 for d in range(g.ndim))
    return real(fft_c2c(pad(g, before=none, after=behind, inner=none), dims=dims, forward=False))


@primitive(
    dtypes={complex64, complex128},
    autocast="float32",
    feature="fft",
    ref="ferrule_conformance.fourier_references:fft_c2r",
    samples=[
        sample(of(3, 4), dims=(1,), size=6),
        sample(of(3, 4), dims=(1,), size=7),
        sample(of(2, 3, 2), dims=(2, 1), size=5),
        sample(of(1), dims=(0,), size=1),
    ],
    tolerance=4,
)
def fft_c2r(x: Shaped, *, dims: Dims, size: int) -> Spec:
    """The inverse transform of a spectrum whose other half are conjugates: the inverse of
    `fft_r2c`, with ``size`` elements along the last of ``dims``. Imaginary parts that have no
    conjugate to cancel them are dropped."""
    _checked(x, dims)
    if size < 1 or size // 2 + 1 != x.shape[dims[-1]]:
        raise ShapeError(
            f"{size} elements have {size // 2 + 1} frequencies, and dim {dims[-1]} has "
            f"{x.shape[dims[-1]]}"
        )
    return Spec(_with_last(x, dims, size), promotion.real_of(x.dtype))


@fft_c2r.vjp
def _(g, x: Shaped, dims, size):
    spectrum = fft_r2c(g, dims=dims)
    n = x.shape[dims[-1]]
    # frequencies that stand for their conjugates too count twice
    k = arange(start=0, step=1, length=n, dtype=int64, device=g.device)
    weight = where((k >= 1) & (k <= size - n), 2.0, 1.0)
    trailing = len(x.shape) - 1 - dims[-1]
    return spectrum * weight.reshape((n, *(1,) * trailing))
