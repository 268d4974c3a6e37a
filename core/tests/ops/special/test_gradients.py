"""What all special functions promise: gradients, 16-bit floats, promotion, any shape."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special as scipy_special

import ferrule as fe
from ferrule import special
from ferrule.autograd import gradcheck, gradgradcheck
from ferrule.ops import special as ops

Function = Callable[[fe.Tensor], fe.Tensor]

# Points on both sides of every boundary between approximations, and on it.
POINTS: dict[str, tuple[Function, list[float]]] = {
    "erf": (special.erf, [0.0, 0.468, 0.46875, 0.469, 5.9, 6.1, 40.0]),
    "erfc": (special.erfc, [0.0, 0.468, 0.46875, 0.469, 3.99, 4.0, 4.01, 40.0]),
    "erfcx": (special.erfcx, [-26.0, -1.0, -0.46875, 0.0, 0.46875, 3.99, 4.0, 4.01, 1e6]),
    "erfinv": (special.erfinv, [-0.99, -0.851, 0.0, 0.849, 0.85, 0.851, 0.99]),
    "ndtr": (special.ndtr, [-40.0, -0.663, -0.66, 0.0, 0.66, 0.663, 50.0]),
    "ndtri": (special.ndtri, [1e-9, 0.0749, 0.0751, 0.5, 0.9249, 0.9251]),
    "log_ndtr": (special.log_ndtr, [-90.0, -1.01, -1.0, -0.99, 0.0, 0.5, 9.0, 60.0]),
    "lgamma": (special.gammaln, [-7.3, -0.51, -0.5, -0.49, 0.4, 0.5, 1.0, 1.5, 2.0, 2.5, 2.6, 1e5]),
    "digamma": (special.digamma, [-7.3, -0.51, -0.5, -0.49, 0.5, 1.0, 1.46, 2.0, 2.1, 1e5]),
    "polygamma": (lambda x: special.polygamma(2, x), [-3.4, -0.5, 0.5, 1.0, 30.0]),
    "zeta": (lambda x: special.zeta(3.0, x), [-3.4, -0.5, 0.5, 1.0, 30.0]),
    "gammainc": (lambda x: special.gammainc(2.0, x), [0.1, 2.9, 3.0, 3.1, 60.0, 900.0]),
    "gammainc, large": (lambda x: special.gammainc(20.0, x), [1.0, 6.0, 6.1, 20.0, 47.0, 48.0]),
    "gammaincc": (lambda x: special.gammaincc(0.5, x), [0.1, 1.9, 2.0, 2.1, 60.0, 900.0]),
    "i0": (special.i0, [-30.0, 0.0, 1.0, 19.9, 20.0, 20.1]),
    "i1": (special.i1, [-30.0, 0.0, 1.9, 2.0, 2.1, 19.9, 20.0, 20.1]),
    "i0e": (special.i0e, [-30.0, 0.1, 1.0, 19.9, 20.0, 20.1, 1e9]),
    "i1e": (special.i1e, [-30.0, 0.1, 1.9, 2.0, 2.1, 19.9, 20.0, 20.1, 1e9]),
    "bessel_j0": (special.bessel_j0, [-30.0, 0.0, 2.4, 24.9, 25.0, 25.1]),
    "bessel_j1": (special.bessel_j1, [-30.0, 0.0, 1.9, 2.0, 2.1, 24.9, 25.0, 25.1]),
    "sinc": (special.sinc, [-3.0, -0.5, 0.0, 0.49, 0.5, 0.51, 1e3]),
    "entr": (special.entr, [0.1, 1.0, 30.0]),
    "exp2": (special.exp2, [-300.0, 0.0, 9.0]),
    "logit": (special.logit, [1e-6, 0.24, 0.25, 0.26, 0.5, 0.75, 0.76]),
    "xlogy": (lambda x: special.xlogy(x, x), [0.1, 1.0, 30.0]),
    "xlog1py": (lambda x: special.xlog1py(x, x), [-0.5, 0.1, 1.0, 30.0]),
    "logaddexp": (lambda x: fe.logaddexp(x, -x), [-900.0, 0.0, 0.1, 900.0]),
    "logaddexp2": (lambda x: fe.logaddexp2(x, -x), [-900.0, 0.0, 0.1, 900.0]),
    "multigammaln": (lambda x: special.multigammaln(x, 2), [0.6, 1.0, 2.5, 90.0]),
}


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("dtype", [fe.float32, fe.float64])
def test_derivatives_to_the_third_are_numbers(name: str, dtype: fe.DType) -> None:
    function, points = POINTS[name]
    x = fe.tensor(points, dtype=dtype, requires_grad=True)
    y = function(x)
    for order in range(4):
        assert np.isfinite(np.asarray(y.detach())).all() or dtype is fe.float32, (order, y)
        assert not np.isnan(np.asarray(y.detach())).any(), (order, y)
        if order < 3:
            (y,) = fe.autograd.grad(y.sum(), x, create_graph=True)


@pytest.mark.parametrize("name", POINTS)
def test_gradients_are_those_of_differences(name: str) -> None:
    function, points = POINTS[name]
    moderate = [p + 0.003 for p in points if abs(p) < 8 and abs(p) > 0.05] or [0.3]
    x = fe.tensor(moderate, dtype=fe.float64, requires_grad=True)
    assert gradcheck(function, x, atol=1e-6, rtol=1e-5)
    assert gradgradcheck(function, x, atol=1e-5, rtol=1e-4)


HALVES: dict[str, tuple[Function, Callable[..., np.ndarray], list[float]]] = {
    "erfc": (special.erfc, scipy_special.erfc, [-1.0, 0.3, 2.0]),
    "gammaln": (special.gammaln, scipy_special.gammaln, [0.3, 1.25, 300.0]),
    "i0e": (special.i0e, scipy_special.i0e, [0.3, 30.0, 3000.0]),
    "ndtri": (special.ndtri, scipy_special.ndtri, [0.01, 0.3, 0.99]),
    "sinc": (special.sinc, np.sinc, [0.3, 1.25, 30.25]),
    "zeta": (lambda x: special.zeta(2.0, x), lambda x: scipy_special.zeta(2.0, x), [0.3, 3.0]),
    "gammainc": (
        lambda x: special.gammainc(3.0, x),
        lambda x: scipy_special.gammainc(3.0, x),
        [0.3, 3.0],
    ),
}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_halves_are_rounded_once(name: str, dtype: fe.DType) -> None:
    function, reference, points = HALVES[name]
    x = fe.tensor(points, dtype=dtype)
    wanted = reference(np.asarray(x.to(fe.float64)))
    y = function(x)
    assert y.dtype is dtype
    unit = float(fe.finfo(dtype).eps)
    np.testing.assert_allclose(np.asarray(y.to(fe.float64)), wanted, rtol=0.51 * unit)


def test_slopes_of_halves_are_rounded_once() -> None:
    x = fe.tensor([1.0, 2.5], dtype=fe.bfloat16, requires_grad=True)
    special.erf(x).sum().backward()
    assert x.grad is not None and x.grad.dtype is fe.bfloat16
    wanted = 2 / math.sqrt(math.pi) * np.exp(-(np.array([1.0, 2.5]) ** 2))
    np.testing.assert_allclose(np.asarray(x.grad.to(fe.float64)), wanted, rtol=0.51 * 2**-7)


@pytest.mark.parametrize("name", sorted(n for n in POINTS if "," not in n))
def test_any_shape(name: str) -> None:
    function, points = POINTS[name]
    for shape in ((), (0,), (2, 0, 3), (1, 2)):
        x = fe.full(shape, points[-2], dtype=fe.float64)
        assert function(x).shape == shape
        assert function(x).dtype is fe.float64


@pytest.mark.parametrize("op", [op for op in vars(ops).values() if isinstance(op, fe.Op)])
def test_integers_become_floats(op: fe.Op) -> None:
    if op.promote != "float":
        assert op in (fe.logaddexp, fe.logaddexp2)  # which PyTorch has for floats only
        return
    attrs = {name: 1 for name in ("n", "p") if name in op.schema.attributes}
    y = op(*[fe.tensor([1, 2])] * op.schema.arity, **attrs)
    assert y.dtype is fe.float32
