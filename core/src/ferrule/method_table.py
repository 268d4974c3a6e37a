"""Which public functions are methods of tensors too, and which of them can work in place.

A method *is* the function of its name, called with the tensor first, so one word makes one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ferrule import arrangement, random_fill, shapes
from ferrule.methods import Methods
from ferrule.op import Op

# A trailing underscore: there is an in-place method of that name besides.
_WORDS = """
abs_ absolute_ acos_ acosh_ add_ addbmm_ addcdiv_ addcmul_ addmm_ addmv_ addr_ adjoint all allclose
amax amin aminmax angle any arccos_ arccosh_ arcsin_ arcsinh_ arctan2_ arctan_ arctanh_ argmax
argmin argsort argwhere asin_ asinh_ atan2_ atan_ atanh_ baddbmm_ bernoulli bincount bitwise_and_
bitwise_left_shift_ bitwise_not_ bitwise_or_ bitwise_right_shift_ bitwise_xor_ bmm broadcast_to
ceil_ cholesky cholesky_inverse cholesky_solve chunk clamp_ clamp_max_ clamp_min_ clip_ clone conj
conj_physical_ copysign_ corrcoef cos_ cosh_ count_nonzero cov cross cummax cummin cumprod_ cumsum_
deg2rad_ det diag diag_embed diagflat diagonal diagonal_scatter diff digamma_ dist div_ divide_ dot
dsplit eq_ equal erf_ erfc_ erfinv_ exp2_ exp_ expm1_ fix_ flatten fliplr flipud float_power_ floor_
floor_divide_ fmax fmin fmod_ frac_ frexp gather ge_ ger greater_ greater_equal_ gt_ hardshrink
heaviside_ histc histogram hsplit hypot_ i0_ igamma_ igammac_ index_add_ index_copy_ index_fill_
index_put_ index_reduce_ index_select inner inverse is_complex is_nonzero is_same_size is_signed
isclose isfinite isinf isnan isneginf isposinf isreal kron kthvalue ldexp_ le_ lerp_ less_
less_equal_ lgamma_ log10_ log1p_ log2_ log_ log_softmax logaddexp logaddexp2 logcumsumexp logdet
logical_and_ logical_not_ logical_or_ logical_xor_ logit_ logsumexp lt_ lu lu_solve masked_fill_
masked_scatter_ masked_select matmul matrix_exp matrix_power max maximum mean median min minimum mm
mode moveaxis movedim msort mul_ multinomial multiply_ mv mvlgamma_ nan_to_num_ nanmean nanmedian
nanquantile nansum narrow ne_ neg_ negative_ nextafter_ nonzero norm not_equal_ orgqr ormqr outer
pinverse positive pow_ prelu prod put_ qr quantile rad2deg_ ravel reciprocal_ relu_ remainder_
renorm_ repeat_interleave resolve_conj roll rot90 round_ rsqrt_ scatter_ scatter_add_
scatter_reduce_ select select_scatter sgn_ sigmoid_ sign_ signbit sin_ sinc_ sinh_ slice_scatter
slogdet softmax sort split_with_sizes sqrt_ square_ squeeze_ std sub_ subtract_ sum svd swapaxes_
swapdims_ t_ take take_along_dim tan_ tanh_ tensor_split tile topk trace transpose_ triangular_solve
tril_ triu_ true_divide_ trunc_ unbind unflatten unique unique_consecutive unsqueeze_ var vdot
vsplit xlogy_
"""
METHODS = tuple(_WORDS.split())

_ONLY_METHODS: tuple[Callable[..., Any], ...] = (
    shapes.expand,
    shapes.sum_to_size,
    arrangement.repeat,
    arrangement.unfold,
    random_fill.bernoulli_,
    random_fill.cauchy_,
    random_fill.exponential_,
    random_fill.geometric_,
    random_fill.log_normal_,
    random_fill.normal_,
    random_fill.random_,
    random_fill.uniform_,
)
"""Functions that PyTorch has as methods alone."""

PROPERTIES = ("real", "imag")
"""Functions of one tensor that are properties of it."""

_RESHAPING = ("squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze")
"""In place, these change the tensor's shape."""


def attach(functions: dict[str, Any]) -> None:
    """Make methods of public functions.

    Args:
        functions: the public functions by name.
    """
    for word in METHODS:
        name = word.rstrip("_")
        if name not in functions:
            continue  # tests say that there is none such
        function = functions[name]
        setattr(Methods, name, _method(name, function))
        if word.endswith("_"):
            setattr(Methods, word, _in_place(name, function))
    for function in _ONLY_METHODS:
        setattr(Methods, function.__name__, function)
    for name in PROPERTIES:
        if name in functions:
            setattr(Methods, name, property(functions[name]))


def _method(name: str, function: Any) -> Callable[..., Any]:
    """A function that binds to instances, as ops, being objects, do not."""
    if not isinstance(function, Op):
        return function
    # Written out by form, because `*args` costs as much as the rest of the way to the kernel.
    if _is_unary(function):

        def method(self):  # pyright: ignore[reportRedeclaration]  one of three
            return function(self)

    elif _is_binary(function):

        def method(self, other):  # pyright: ignore[reportRedeclaration]  one of three
            return function(self, other)

        method = _second_named(method, function)

    else:

        def method(self, *args, **attrs):
            return function(self, *args, **attrs)

    return _named(method, name, function)


def _in_place(name: str, function: Any) -> Callable[..., Any]:
    title = name + "_"
    reshaped = name in _RESHAPING
    if _is_unary(function):

        def method(self):  # pyright: ignore[reportRedeclaration]  one of four
            return self._rebind(title, function(self))

    elif _is_binary(function):

        def method(self, other):  # pyright: ignore[reportRedeclaration]  one of four
            return self._rebind(title, function(self, other))

        method = _second_named(method, function)

    elif _is_binary_with_options(function):

        def method(self, other, **options):  # pyright: ignore[reportRedeclaration]  one of four
            return self._rebind(title, function(self, other, **options))

    else:

        def method(self, *args, **options):
            return self._rebind(title, function(self, *args, **options), reshaped)

    named = _named(method, title, function)
    named.__doc__ = f"In place, `{name}`: this tensor takes the value of its result."
    return named


def _is_unary(function: Any) -> bool:
    if not isinstance(function, Op):
        return False
    schema = function.schema
    return schema.arity == 1 and not schema.variadic and not schema.attributes


def _is_binary(function: Any) -> bool:
    if not isinstance(function, Op):
        return False
    schema = function.schema
    return schema.roles == ("value", "value") and schema.required == 2 and not schema.attributes


def _second_named(method: Callable[..., Any], op: Op) -> Callable[..., Any]:
    """``method`` with its second parameter called as the op calls it: ``x.pow(exponent=2)``."""
    name = op.schema.operands[1].name
    if name not in ("b", "other"):
        method.__code__ = method.__code__.replace(co_varnames=("self", name))
    return method


def _is_binary_with_options(function: Any) -> bool:
    """``add(input, other, *, alpha=1)`` and the like."""
    kinds = [(p.name, p.kind) for p in inspect.signature(function).parameters.values()]
    named = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return (
        not isinstance(function, Op)
        and kinds[:2] == [("input", named), ("other", named)]
        and all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind in kinds[2:])
    )


def _named(method: Callable[..., Any], name: str, function: Any) -> Callable[..., Any]:
    """``method`` with the identity of the function that it calls."""
    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__doc__ = function.__doc__
    method.__wrapped__ = function  # pyright: ignore[reportFunctionMemberAccess]  for inspect
    return method
