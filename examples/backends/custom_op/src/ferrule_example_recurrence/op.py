"""The declaration: what the op is, how it is differentiated, and the samples that check both."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.declare import floating
from ferrule.samples import of, sample
from ferrule.schema import Dim


@fe.composite(
    dtypes=floating,
    ref="ferrule_example_recurrence.reference:linear_recurrence",
    samples=[
        (of(3, 5), of(3, 5, low=-1.0, high=1.0)),
        sample(of(6, 2), of(6, 2, low=-1.0, high=1.0), dim=0),
        sample(of(2, 4, 3), of(4, 1, low=-1.0, high=1.0), dim=1),
        (of(1), of(1)),
        (of(2, 0), of(2, 0)),
    ],
)
def linear_recurrence(x: fe.Tensor, a: fe.Tensor, *, dim: Dim = -1) -> fe.Tensor:
    """``y[0] = x[0]`` and ``y[t] = a[t] * y[t - 1] + x[t]`` along ``dim``, in the shape of ``x``.

    ``a`` broadcasts to ``x``, or is a number: with 0.9 this is a discounted sum. The first ``a``
    along ``dim`` has no effect. The body takes log2(n) steps of n elements each.

    Source: Blelloch, "Prefix sums and their applications", CMU-CS-90-190, section 1.4.

    Raises:
        ferrule.ShapeError: ``x`` has no dims, or ``a`` does not broadcast to it.
    """
    a = _as_large_as(x, a)
    n = x.shape[dim]
    step = 1
    while step < n:
        later = fe.narrow(a, dim, step, n - step)
        met = fe.narrow(x, dim, step, n - step) + later * fe.narrow(x, dim, 0, n - step)
        x = fe.cat([fe.narrow(x, dim, 0, step), met], dim)
        # of the first ``step`` elements of ``a`` none is used again
        joined = later * fe.narrow(a, dim, 0, n - step)
        a = fe.cat([fe.narrow(a, dim, 0, step), joined], dim)
        step *= 2
    return x


@linear_recurrence.vjp
def _(g, y, a, dim):
    """The gradient by ``x`` is the same recurrence, backwards; by ``a``, it meets the ``y`` before.

    ``l[t] = g[t] + a[t + 1] * l[t + 1]``, and the gradients are ``l[t]`` and ``l[t] * y[t - 1]``.
    """
    n = y.shape[dim]
    if n == 0:
        return g, g
    a = fe.flip(_as_large_as(y, a), [dim])
    a = fe.cat([fe.narrow(a, dim, 0, 1), fe.narrow(a, dim, 0, n - 1)], dim)
    by_x = fe.flip(linear_recurrence(fe.flip(g, [dim]), a, dim=dim), [dim])
    met = fe.narrow(by_x, dim, 1, n - 1) * fe.narrow(y, dim, 0, n - 1)
    return by_x, fe.cat([fe.zeros_like(fe.narrow(y, dim, 0, 1)), met], dim)


def _as_large_as(x: Any, a: Any) -> fe.Tensor:
    """``a``, which may be a number, in the shape of ``x``."""
    if not isinstance(x, fe.Tensor) or not x.ndim:
        raise fe.ShapeError(
            "it runs along a dim of its first operand, and that has none; give it one with "
            "x.reshape(1)"
        )
    if not isinstance(a, fe.Tensor):
        return fe.full_like(x, a)
    sizes = zip(reversed(a.shape), reversed(x.shape))
    if a.ndim > x.ndim or any(m not in (1, n) for m, n in sizes):
        raise fe.ShapeError(f"a of shape {a.shape} does not broadcast to x of shape {x.shape}")
    return fe.broadcast_to(a, x.shape)
