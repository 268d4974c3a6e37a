"""Special functions: composites of arithmetic and exponentials, for every backend alike."""

from ferrule.ops.special.bessel import bessel_j0, bessel_j1
from ferrule.ops.special.entropy import entr, xlog1py, xlogy
from ferrule.ops.special.error import erf, erfc, erfcx
from ferrule.ops.special.gamma import digamma, lgamma, multigammaln
from ferrule.ops.special.incomplete_gamma import gammainc, gammaincc
from ferrule.ops.special.logarithmic import exp2, logaddexp, logaddexp2, logit
from ferrule.ops.special.modified_bessel import i0, i0e, i1, i1e
from ferrule.ops.special.normal import erfinv, log_ndtr, ndtr, ndtri
from ferrule.ops.special.sine import sinc
from ferrule.ops.special.zeta import polygamma, zeta

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
    "gammainc",
    "gammaincc",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "lgamma",
    "log_ndtr",
    "logaddexp",
    "logaddexp2",
    "logit",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "sinc",
    "xlog1py",
    "xlogy",
    "zeta",
]
