"""ferrule: a deep-learning framework whose hardware support is made of plugins."""

from ferrule_plugins import (
    BackendBroken,
    BackendError,
    BackendIncompatible,
    BackendNotInstalled,
    BackendUnavailable,
    Device,
    DType,
    FerruleError,
)
from ferrule_plugins.dtypes import (
    bfloat16, complex64, complex128, finfo, float16, float32, float64, iinfo, int8, int16, int32,
    int64, uint8,
)  # fmt: skip
from ferrule_plugins.dtypes import bool_ as bool
from ferrule_plugins.selection import use_backend

from ferrule import autograd, indexing, ops, printing, profiler, random, runtime
from ferrule.runtime import backends, fallbacks, get_backend, set_backend, synchronize
from ferrule.errors import (
    ArgumentError, CheckpointError, DataError, DeclarationError, DeviceError, DTypeError,
    GraphError, MissingKernel, ShapeError,
)  # fmt: skip
from ferrule.factories import (
    arange, as_tensor, empty, eye, from_dlpack, from_numpy, full, full_like, linspace, ones,
    ones_like, tensor, zeros, zeros_like,
)  # fmt: skip
from ferrule.functions import (
    argmax, argmin, argsort, broadcast_to, can_cast, cat, chunk, clamp, clone, flatten, flip,
    gather, index_add, index_select, matmul, max, min, permute, prod, result_type, scatter_add,
    set_default_dtype, sort, split, squeeze, stack, std, sum, transpose, unsqueeze,
)  # fmt: skip
from ferrule.modes import (
    Interpreter, enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad,
    set_grad_enabled,
)  # fmt: skip
from ferrule.op import OPS, Op, composite, primitive
from ferrule.ops import (
    abs, add, all, amax, amin, any, bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or,
    bitwise_right_shift, bitwise_xor, ceil, cos, div, eq, erf, exp, expm1, floor, floor_divide, ge,
    gt, isfinite, isnan, le, log, log1p, log_softmax, logical_and, logical_not, logical_or,
    logsumexp, lt, maximum, mean, minimum, mul, narrow, ne, neg, pow, reciprocal, relu, remainder,
    reshape, round, rsqrt, sigmoid, sign, sin, softmax, sqrt, square, sub, tanh, var, where,
)  # fmt: skip
from ferrule.promotion import default_float as get_default_dtype
from ferrule.promotion import promote_types
from ferrule.random import (
    Generator, default_generator, manual_seed, rand, rand_like, randint, randn, randn_like,
    randperm,
)  # fmt: skip
from ferrule.tensor import Tensor
from ferrule.transfer import transfer

__version__ = "0.1.0"
