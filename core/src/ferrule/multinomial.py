"""Drawing indices by weight, so that one seed gives the same ones on every backend.

Sums and logarithms of floats differ between backends in their last bits, so none are taken: floats
are only multiplied by powers of two, which is exact, and become integers, of which sums do not
depend on the order.
"""

from __future__ import annotations

from ferrule import fixed_point, ops, runtime
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.fixed_point import FRACTION
from ferrule.generator import Generator, chosen
from ferrule.modes import current
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

_BITS = 62
_SERIES_BELOW = _BITS - 10
_LOG2_LN2 = -581384775430
"""``log2(ln(2))`` in fixed point."""
_NEVER = -(2**62)
_MOST = 2**24


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Indices drawn by weight: int64 of shape ``(num_samples,)``, or ``(m, num_samples)``.

    With replacement, weights become integers of which the largest in a row has at least 37 bits,
    and each draw is a uniform integer below their sum, looked up among the running totals. Without,
    each index gets the key ``log(w) - log(E)`` with exponential ``E``, in fixed point, and the
    largest keys are taken in order (Efraimidis and Spirakis, "Weighted random sampling with a
    reservoir", 2006). Given the same weights, one seed gives the same indices on every backend.

    Args:
        input: floating weights of shape ``(n,)`` or ``(m, n)``. They need not add up to one.
        replacement: an index may be drawn more than once.

    Raises:
        ArgumentError: weights are negative, infinite or NaN, all zero, or without replacement too
            few of them are not zero. Within a traced function this is not looked at.
        ShapeError: without replacement, more are drawn than there are.
    """
    if input.ndim not in (1, 2):
        raise ShapeError(f"multinomial: weights have one or two dims, not those of {input._type}")
    if not input.dtype.is_floating_point:
        raise DTypeError(f"multinomial: weights are floating, not {input.dtype.name}")
    n = input.shape[-1]
    if not 0 < n <= _MOST:
        raise ShapeError(f"multinomial: there must be 1 to 2**24 weights in a row, not {n}")
    if isinstance(num_samples, bool) or not hasattr(num_samples, "__index__") or num_samples <= 0:
        raise ArgumentError(f"multinomial: num_samples must be a positive int, not {num_samples!r}")
    if not replacement and num_samples > n:
        raise ShapeError(
            f"multinomial: {num_samples} of {n} indices cannot be drawn without replacement"
        )
    source = chosen("multinomial", runtime.device(input.device), generator)
    weights = ops.reshape(input.detach(), shape=(-1, n))
    if not current().stack and weights.numel():
        _check(weights, 1 if replacement else num_samples)
    draw = _with_replacement if replacement else _without_replacement
    found = draw(weights, num_samples, source)
    return ops.reshape(found, shape=(*input.shape[:-1], num_samples))


def _check(weights: Tensor, needed: int) -> None:
    valid = (weights >= 0) & (weights < float("inf"))
    if not bool(ops.all(valid).item()):
        raise ArgumentError("multinomial: weights must be finite and not negative")
    positive = ops.sum(weights > 0, dim=1)
    if ops.amin(positive).item() < needed:
        raise ArgumentError(
            f"multinomial: {needed} weights of each row must be positive, and there are fewer"
        )


def _with_replacement(weights: Tensor, num_samples: int, source: Generator) -> Tensor:
    m, n = weights.shape
    if not m:
        return ops.full(shape=(0, num_samples), value=0, dtype=int64, device=weights.device)
    x, _ = fixed_point.scaled(weights, ops.amax(weights, dim=1, keepdim=True))
    # below 2**bits each, so that the sum of n is below 2**62
    bits = _BITS - n.bit_length()
    ends = ops.cumsum((x * 2.0 ** (bits - 1)).to(int64), dim=1)
    total = ops.narrow(ends, dim=1, start=n - 1, length=1)
    words = source.bits((2, m, num_samples)).to(int64) & 0xFFFFFFFF
    return _places(ends, fixed_point.multiply_high((words[0], words[1]), total))


def _places(ends: Tensor, values: Tensor) -> Tensor:
    """How many of the ascending ``ends`` of its row are not above each value, by bisection."""
    n = ends.shape[1]
    found = values * 0
    for bit in range(n.bit_length() - 1, -1, -1):
        probe = found + 2**bit
        end = ops.gather(ends, ops.minimum(probe, n) - 1, dim=1)
        found = ops.where((probe <= n) & (end <= values), probe, found)
    return found


def _without_replacement(weights: Tensor, num_samples: int, source: Generator) -> Tensor:
    words = source.bits((2, *weights.shape)).to(int64)
    uniform = ((words[0] & (2 ** (_BITS - 32) - 1)) << 32) | (words[1] & 0xFFFFFFFF)
    mantissa, exponent = fixed_point.scaled(weights, weights)
    whole = ops.maximum((mantissa * 2.0**30).to(int64), 1)
    log_weight = fixed_point.log2(whole) - ((exponent + 30) << FRACTION)
    keys = ops.where(weights > 0, log_weight - _log2_exponential(uniform), _NEVER)
    order = ops.sort(keys, dim=1, descending=True)[1]
    return ops.narrow(order, dim=1, start=0, length=num_samples)


def _log2_exponential(k: Tensor) -> Tensor:
    """``log2(-ln(1 - v))`` for ``v = (k + 1/2) / 2**62``, in fixed point."""
    # for small v by the series of -ln(1 - v) / v, which keeps all digits of v
    v = ops.minimum(k, 2**_SERIES_BELOW) >> (_BITS - FRACTION)
    square = (v * v) >> FRACTION
    cube = (square * v) >> FRACTION
    factor = (v >> 1) + 5 * square // 24 + (cube >> 3)
    bits = _BITS + 1
    small = fixed_point.log2(2 * k + 1) - (bits << FRACTION) + fixed_point.per_ln2(factor)
    rest = ops.maximum((bits << FRACTION) - fixed_point.log2((2**bits - 1) - 2 * k), 1)
    large = fixed_point.log2(rest) - (FRACTION << FRACTION) + _LOG2_LN2
    return ops.where(k < 2**_SERIES_BELOW, small, large)
