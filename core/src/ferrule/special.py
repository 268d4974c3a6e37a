"""``fe.special``: special functions, by the names that PyTorch has for them.

All are elementwise and take floats; integers become the default float. Each is differentiable to
any order by its continuous arguments, unless its documentation says otherwise. Where a function
takes two, they broadcast, and either may be a Python number.
"""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.ops import expm1, log1p, logsumexp
from ferrule.ops import sigmoid as expit
from ferrule.ops.special import (
    bessel_j0,
    bessel_j1,
    digamma,
    entr,
    erf,
    erfc,
    erfcx,
    erfinv,
    exp2,
    gammainc,
    gammaincc,
    i0,
    i0e,
    i1,
    i1e,
    log_ndtr,
    logit,
    multigammaln,
    ndtr,
    ndtri,
    sinc,
    xlog1py,
    xlogy,
    zeta,
)
from ferrule.ops.special import digamma as psi
from ferrule.ops.special import lgamma as gammaln
from ferrule.pointwise import round
from ferrule.tensor import Tensor


def polygamma(n: int, input: Tensor) -> Tensor:
    """The ``n``-th derivative of `digamma`.

    Args:
        n: 0 or more.
        input: any shape; at 0 and at negative integers the result is infinite.

    Raises:
        ArgumentError: ``n`` is negative.
    """
    return ops.polygamma(input, n=n)


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Exponentials along ``dim``, scaled to sum to one; computed in ``dtype`` where one is given,
    to which ``input`` is converted first."""
    return ops.softmax(input if dtype is None else input.to(dtype=dtype), dim=dim)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, without loss of precision."""
    return ops.log_softmax(input if dtype is None else input.to(dtype=dtype), dim=dim)


__all__ = [
    "bessel_j0",
    "bessel_j1",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]
