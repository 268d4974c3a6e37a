"""The canonical ops: strict, one meaning each. ``ferrule.functions`` has PyTorch's overloads.

Importing this package declares them all.
"""

from ferrule.ops.activation import erf, gelu, log_softmax, relu, sigmoid, silu, softmax
from ferrule.ops.creation import arange, full
from ferrule.ops.elementwise import (
    abs, add, bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift,
    bitwise_xor, cast, ceil, cos, div, eq, exp, expm1, floor, floor_divide, ge, gt, le, log, log1p,
    lt, maximum, minimum, mul, ne, neg, pow, remainder, round, sign, sin, sqrt, sub, tanh, where,
)  # fmt: skip
from ferrule.ops.indexing import gather, index_add, index_select, scatter_add
from ferrule.ops.linalg import matmul
from ferrule.ops.reduction import all, amax, amin, any, argmax, argmin, prod, sort, sum
from ferrule.ops.shape import (
    cat, expand, flip, narrow, pad, permute, reshape, slice, slice_scatter,
)  # fmt: skip
from ferrule.ops.random_bits import random_bits
from ferrule.ops.statistics import (
    clamp, isfinite, isnan, logical_and, logical_not, logical_or, logsumexp, mean, reciprocal,
    rsqrt, square, var,
)  # fmt: skip
