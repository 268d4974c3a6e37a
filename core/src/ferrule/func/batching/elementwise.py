"""Ops of which each element depends on one element of each operand."""

from __future__ import annotations

from typing import Any

from ferrule.func.batching.call import Call, batching
from ferrule.tensor_type import TensorType

_PRIMITIVES = (
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "cast",
    "ceil", "complex", "copysign", "cos", "cosh", "div", "eq", "erf", "erfc", "exp", "expm1",
    "floor", "floor_divide", "fmod", "ge", "gt", "hypot", "imag", "le", "log", "log10", "log1p",
    "log2", "lt", "maximum", "minimum", "mul", "ne", "neg", "nextafter", "pow", "real", "remainder",
    "round", "sign", "sin", "sinh", "sqrt", "sub", "tan", "tanh", "trunc", "where",
)  # fmt: skip

# their kernels and gradient rules serve many samples as well as one
_COMPOSITES = (
    "addcdiv", "addcmul", "angle", "bessel_j0", "bessel_j1", "celu", "clamp", "conj", "deg2rad",
    "digamma", "elu", "entr", "erfcx", "erfinv", "exp2", "fmax", "fmin", "frac", "frexp",
    "gammainc", "gammaincc", "gelu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "heaviside", "i0", "i0e", "i1", "i1e", "isclose", "isfinite", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "ldexp", "leaky_relu", "lerp", "lgamma", "log_ndtr", "logaddexp",
    "logaddexp2", "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logsigmoid",
    "mish", "multigammaln", "nan_to_num", "ndtr", "ndtri", "polygamma", "rad2deg", "reciprocal",
    "relu", "round_decimals", "rsqrt", "selu", "sgn", "sigmoid", "signbit", "silu", "sinc",
    "softplus", "softshrink", "softsign", "square", "tanhshrink", "threshold", "trunc_divide",
    "xlog1py", "xlogy", "zeta",
)  # fmt: skip


@batching(*_PRIMITIVES, *_COMPOSITES)
def elementwise(call: Call) -> Any:
    """The op itself, on operands whose samples broadcast as they would alone."""
    ndim = max(t.ndim for t in call.types if isinstance(t, TensorType))
    return call(*(call.aligned(i, ndim) for i in range(len(call.operands))))
