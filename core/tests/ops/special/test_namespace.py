"""``fe.special`` has PyTorch's names, argument names and defaults."""

import numpy as np
import pytest

import ferrule as fe
from ferrule import special

# `dir(torch.special)` of PyTorch 2.13 without orthogonal polynomials, Airy, and Bessel functions of
# other kinds.
NAMES = [
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

TOP = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expm1",
    "i0",
    "igamma",
    "igammac",
    "lgamma",
    "log1p",
    "logaddexp",
    "logaddexp2",
    "logit",
    "mvlgamma",
    "polygamma",
    "sigmoid",
    "sinc",
    "xlogy",
]


def test_all_names_are_there() -> None:
    assert sorted(special.__all__) == sorted(NAMES)
    assert all(callable(getattr(special, name)) for name in NAMES)
    assert all(callable(getattr(fe, name)) for name in TOP)


def test_one_function_under_several_names() -> None:
    assert special.psi is special.digamma is fe.digamma
    assert special.gammaln is fe.lgamma
    assert special.expit is fe.sigmoid
    assert special.multigammaln is fe.mvlgamma
    assert special.round is fe.round


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("polygamma", "round")])
def test_arguments_have_the_names_of_pytorch(name: str) -> None:
    x = fe.tensor([0.25, 0.5])
    function = getattr(special, name)
    named = {"input": x}
    if name in ("gammainc", "gammaincc", "zeta", "xlogy", "xlog1py"):
        named["other"] = x + 1
    if name in ("softmax", "log_softmax", "logsumexp"):
        by_position, extra = function(x, 0), {"dim": 0}
    elif name == "multigammaln":
        by_position, extra = function(x, 1), {"p": 1}
    else:
        by_position, extra = function(*named.values()), {}
    np.testing.assert_array_equal(np.asarray(function(**named, **extra)), np.asarray(by_position))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_in_another_dtype(name: str) -> None:
    function = getattr(special, name)
    x = fe.tensor([[1, 2, 3]])
    y = function(x, 1, dtype=fe.float64)
    assert y.dtype is fe.float64
    e = np.exp([1.0, 2.0, 3.0])
    wanted = e / e.sum()
    np.testing.assert_allclose(
        np.asarray(y)[0], wanted if name == "softmax" else np.log(wanted), rtol=1e-15
    )


def test_round_to_decimals() -> None:
    x = fe.tensor([2.675, -1.005, 0.5], dtype=fe.float64)
    np.testing.assert_allclose(np.asarray(special.round(x, decimals=1)), [2.7, -1.0, 0.5])
