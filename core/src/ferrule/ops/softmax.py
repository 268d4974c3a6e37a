"""Numbers along a dim made into probabilities."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError
from ferrule.ops.choice import cast
from ferrule.ops.comparison import eq
from ferrule.ops.creation import arange
from ferrule.ops.exponential import exp, log
from ferrule.ops.noise import STATE, uniform
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import amax, argmax, sum
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.schema import Dim, Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

_ROWS = [sample(of(3, 4), dim=-1), sample(of(2, 3, 2), dim=1), sample(of(2, 1), dim=1)]


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.references:softmax",
    samples=_ROWS,
    tolerance=4,
)
@in_float32
def softmax(x: Tensor, *, dim: Dim) -> Tensor:
    """Exponentials along ``dim``, scaled to sum to one."""
    if not x.shape:
        return exp(x - x)
    e = exp(x - _top(x, dim))
    return e / sum(e, dim=dim, keepdim=True)


@softmax.vjp
@in_float32
def _(g, y, dim):
    if not y.shape:
        return g * 0.0
    return y * (g - sum(g * y, dim=dim, keepdim=True))


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.references:log_softmax",
    samples=_ROWS,
    tolerance=4,
)
@in_float32
def log_softmax(x: Tensor, *, dim: Dim) -> Tensor:
    """The logarithm of `softmax`, without loss of precision."""
    if not x.shape:
        return x - x
    shifted = x - _top(x, dim)
    return shifted - log(sum(exp(shifted), dim=dim, keepdim=True))


@log_softmax.vjp
@in_float32
def _(g, y, dim):
    if not y.shape:
        return g * 0.0
    return g - exp(y) * sum(g, dim=dim, keepdim=True)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:gumbel_softmax",
    samples=[
        sample(of(3, 4), STATE, dim=-1),
        sample(of(2, 3, 2), STATE, tau=0.5, dim=1),
        sample(of(5), STATE, tau=2.0, dim=0),
    ],
    tolerance=8,
)
@in_float32
def gumbel_softmax(
    x: Tensor, state: Index[Tensor], *, tau: float = 1.0, hard: bool = False, dim: Dim = -1
) -> Tensor:
    """The softmax of ``(x + noise) / tau``, whose noise is of the Gumbel distribution: a relaxed
    sample of the classes along ``dim``, whose log-probabilities are ``x``.

    Element ``i`` of the noise is ``-log(-log(u))``, with ``u`` the middle of the step that the
    upper 23 bits of word ``i`` of `random_bits` choose among 2**23 within (0, 1).

    Args:
        x: unnormalised log-probabilities.
        state: int64[2], as of `random_bits`.
        tau: the temperature; not 0.
        hard: give the most likely class as a vector of zeros and a one, whose gradient is taken to
            be that of the softmax.
        dim: the classes.

    Sources: Jang, Gu, Poole, arXiv:1611.01144; Maddison, Mnih, Teh, arXiv:1611.00712.
    """
    if tau == 0.0:
        raise ArgumentError("gumbel_softmax: tau must not be 0; give a small positive number")
    noise = -log(-log(uniform(state, x.shape, x.dtype)))
    soft = softmax((x + noise) / tau, dim=dim)
    if not hard or not x.ndim:
        return soft
    chosen = argmax(soft.detach(), dim=dim, keepdim=True)
    n = x.shape[dim]
    classes = arange(start=0, step=1, length=n, dtype=int64, device=x.device)
    classes = reshape(classes, shape=(n, *(1,) * (x.ndim - 1 - dim)))
    return cast(eq(chosen, classes), dtype=x.dtype) + (soft - soft.detach())


def _top(x: Tensor, dim: int) -> Tensor:
    """The maximum along ``dim``; 0 for no elements, which have none."""
    if x.shape[dim] == 0:
        return sum(x, dim=dim, keepdim=True)
    return amax(x, dim=dim, keepdim=True).detach()
