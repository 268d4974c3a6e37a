"""Primitives that move elements and compute nothing."""

from __future__ import annotations

import math
from typing import Any

from ferrule.declare import composite, everything, primitive
from ferrule.errors import ShapeError
from ferrule.ops.choice import where
from ferrule.ops.creation import full
from ferrule.ops.inference import broadcast_shapes
from ferrule.promotion import check_fits
from ferrule.samples import of, sample
from ferrule.schema import Dim, Dims, Scalar, Sizes
from ferrule.tensor import Tensor
from ferrule_plugins import Shape, Shaped, Spec
from ferrule_plugins.dtypes import bool_

_DEEP = (2, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of more dims than kernels often have room for."""


@primitive(
    dtypes=everything,
    ref="numpy:reshape",
    samples=[
        sample(of(3, 4), shape=(2, 6)),
        sample(of(2, 3), shape=(-1,)),
        sample(of(1), shape=()),
        sample(of(0, 3), shape=(3, 0, 2)),
        sample(of(3, 8), shape=_DEEP),
    ],
)
def reshape(x: Shaped, *, shape: Sizes) -> Spec:
    """The same elements in row-major order in another shape. One size may be -1: what remains."""
    size = math.prod(x.shape)
    if math.prod(shape) != size or min(shape, default=0) < 0:
        raise ShapeError(f"{size} elements do not fill the shape {shape}")
    return Spec(shape, x.dtype)


@reshape.vjp
def _(g, x: Shaped):
    return reshape(g, shape=x.shape)


@primitive(
    dtypes=everything,
    ref="numpy:transpose",
    samples=[
        sample(of(2, 3, 4), dims=(2, 0, 1)),
        sample(of(3), dims=(0,)),
        sample(of(), dims=()),
        sample(of(*_DEEP), dims=tuple(range(16))[::-1]),
    ],
)
def permute(x: Shaped, *, dims: Dims) -> Spec:
    """The dims in another order."""
    if len(dims) != len(x.shape):
        raise ShapeError(f"dims={dims} does not name each of the {len(x.shape)} dims once")
    return Spec(tuple(x.shape[d] for d in dims), x.dtype)


@permute.vjp
def _(g, dims):
    return permute(g, dims=tuple(dims.index(d) for d in range(len(dims))))


@primitive(
    dtypes=everything,
    ref="numpy:broadcast_to",
    samples=[
        sample(of(3, 1), shape=(2, 3, 4)),
        sample(of(), shape=(2, 2)),
        sample(of(1), shape=(0,)),
        sample(of(2, *(1,) * 12), shape=(*(1,) * 3, *_DEEP[:13])),
    ],
)
def expand(x: Shaped, *, shape: Shape) -> Spec:
    """Repeated along dims of size 1, and new leading ones, to fill ``shape``."""
    if broadcast_shapes(x.shape, shape) != shape:
        raise ShapeError(f"{x} does not broadcast to {shape}")
    return Spec(shape, x.dtype)


@expand.vjp
def _(g):
    return g


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:flip",
    samples=[sample(of(3, 4), dims=(0,)), sample(of(2, 3), dims=(0, 1)), sample(of(0), dims=(0,))],
)
def flip(x: Shaped, *, dims: Dims) -> Shaped:
    """In reverse order along ``dims``."""
    return x


@flip.vjp
def _(g, dims):
    return flip(g, dims=dims)


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:cat",
    samples=[
        sample(of(2, 3), of(1, 3)),
        sample(of(2, 3), of(2, 1), of(2, 2), dim=-1),
        sample(of(0, 2), of(3, 2)),
    ],
)
def cat(*tensors: Shaped, dim: Dim = 0) -> Spec:
    """One after the other along ``dim``; their other sizes are equal."""
    first = tensors[0]
    for i, t in enumerate(tensors):
        if len(t.shape) != len(first.shape) or any(
            n != m for d, (n, m) in enumerate(zip(t.shape, first.shape)) if d != dim
        ):
            raise ShapeError(
                f"operand {i} has the shape {t.shape}, operand 0 {first.shape}; all sizes but that "
                f"of dim {dim} must agree"
            )
    if not first.shape:
        raise ShapeError("tensors without dims cannot be joined; use stack")
    size = sum(t.shape[dim] for t in tensors)
    return Spec((*first.shape[:dim], size, *first.shape[dim + 1 :]), first.dtype)


@cat.vjp
def _(g, tensors: tuple[Shaped, ...], dim):
    gradients, start = [], 0
    for t in tensors:
        length = t.shape[dim]
        gradients.append(lambda s=start, n=length: narrow(g, dim=dim, start=s, length=n))
        start += length
    return tuple(gradients)


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:slice",
    samples=[
        sample(of(5, 4), starts=(1, 0), stops=(4, 4), steps=(1, 2)),
        sample(of(7), starts=(6,), stops=(7,), steps=(3,)),
        sample(of(3, 2), starts=(2, 0), stops=(2, 2), steps=(1, 1)),
        sample(of(), starts=(), stops=(), steps=()),
        sample(of(*_DEEP), starts=(0,) * 16, stops=_DEEP, steps=(2,) * 16),
    ],
)
def slice(
    x: Shaped,
    *,
    starts: tuple[int, ...],
    stops: tuple[int, ...],
    steps: tuple[int, ...],
) -> Spec:
    """``x[start:stop:step, ...]`` with one entry per dim, ``0 <= start <= stop <= size`` and
    ``step >= 1``."""
    if not len(starts) == len(stops) == len(steps) == len(x.shape):
        raise ShapeError(f"starts, stops and steps must each have {len(x.shape)} entries")
    for d, (a, b, s, n) in enumerate(zip(starts, stops, steps, x.shape)):
        if not (0 <= a <= b <= n and s >= 1):
            raise ShapeError(f"{a}:{b}:{s} is not a slice of dim {d}, whose size is {n}")
    shape = tuple(-(-(b - a) // s) for a, b, s in zip(starts, stops, steps))
    return Spec(shape, x.dtype)


@slice.vjp
def _(g, x: Shaped, starts, steps):
    after = tuple(
        n - a - (s * (m - 1) + 1 if m else 0) for n, a, s, m in zip(x.shape, starts, steps, g.shape)
    )
    return pad(g, before=starts, after=after, inner=tuple(s - 1 for s in steps))


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:pad",
    samples=[
        sample(of(2, 3), before=(1, 0), after=(0, 2), inner=(0, 0)),
        sample(of(2, 3), before=(0, 1), after=(2, 0), inner=(1, 2), value=0.0),
        sample(of(0, 2), before=(1, 0), after=(1, 0), inner=(3, 0)),
        sample(of(), before=(), after=(), inner=()),
        sample(of(*_DEEP[:12]), before=(1,) + (0,) * 11, after=(0,) * 11 + (1,), inner=(0,) * 12),
    ],
)
def pad(
    x: Shaped,
    *,
    before: tuple[int, ...],
    after: tuple[int, ...],
    inner: tuple[int, ...],
    value: Scalar = 0,
) -> Spec:
    """``value`` around the elements of each dim and, ``inner`` times, between neighbours: the
    transpose of `slice`. Counts are not negative."""
    if not len(before) == len(after) == len(inner) == len(x.shape):
        raise ShapeError(f"before, after and inner must each have {len(x.shape)} entries")
    if min((*before, *after, *inner), default=0) < 0:
        raise ShapeError("before, after and inner must not be negative")
    check_fits(value, x.dtype)
    shape = tuple(
        a + n + max(n - 1, 0) * i + b for a, b, i, n in zip(before, after, inner, x.shape)
    )
    return Spec(shape, x.dtype)


@pad.vjp
def _(g, x: Shaped, before, inner):
    stops = tuple(a + (n + (n - 1) * i if n else 0) for a, i, n in zip(before, inner, x.shape))
    return slice(g, starts=before, stops=stops, steps=tuple(i + 1 for i in inner))


@composite(
    dtypes=everything,
    samples=[
        sample(of(5, 3), dim=0, start=1, length=3),
        sample(of(5, 3), dim=-1, start=2, length=0),
    ],
)
def narrow(x: Tensor, *, dim: Dim, start: int, length: int) -> Tensor:
    """The ``length`` elements along ``dim`` from ``start`` on."""
    if not x.ndim:
        raise ShapeError(f"{x._type} has no dims to be narrowed along")
    size = x.shape[dim]
    if start < 0:
        start += size
    if not 0 <= start <= start + length <= size:
        raise ShapeError(f"{start}:{start + length} is not within dim {dim}, whose size is {size}")
    starts = tuple(start if d == dim else 0 for d in range(x.ndim))
    stops = tuple(start + length if d == dim else n for d, n in enumerate(x.shape))
    return slice(x, starts=starts, stops=stops, steps=(1,) * x.ndim)


@composite(
    dtypes=everything,
    samples=[
        sample(of(4, 5), of(2, 2), starts=(1, 0), stops=(3, 3), steps=(1, 2)),
        sample(of(3), of(0), starts=(1,), stops=(1,), steps=(1,)),
    ],
)
def slice_scatter(
    x: Tensor,
    source: Tensor,
    *,
    starts: tuple[int, ...],
    stops: tuple[int, ...],
    steps: tuple[int, ...],
) -> Tensor:
    """``x`` with ``x[start:stop:step, ...]`` replaced by ``source``, which has just that shape."""
    around: dict[str, Any] = {
        "before": starts,
        "after": tuple(
            n - a - (s * (m - 1) + 1 if m else 0)
            for n, a, s, m in zip(x.shape, starts, steps, source.shape)
        ),
        "inner": tuple(s - 1 for s in steps),
    }
    target = slice(x, starts=starts, stops=stops, steps=steps)
    if target.shape != source.shape:
        raise ShapeError(f"a slice of the shape {target.shape} cannot be set to {source}")
    ones = full(shape=source.shape, value=True, dtype=bool_, device=x.device)
    inside = pad(ones, **around)
    return where(inside, pad(source, **around), x)


@slice_scatter.vjp
def _(g, source: Shaped, starts, stops, steps):
    place = {"starts": starts, "stops": stops, "steps": steps}
    return (
        lambda: slice_scatter(
            g, full(shape=source.shape, value=0, dtype=g.dtype, device=g.device), **place
        ),
        lambda: slice(g, **place),
    )
