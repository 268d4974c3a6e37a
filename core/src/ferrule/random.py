"""Random tensors. One seed gives the same bits on every backend."""

from __future__ import annotations

import math
import os
import threading
from typing import Any

from ferrule import factories, ops, promotion, runtime
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType, Shape, dtypes


class Generator:
    """A stream of random bits on one device.

    Attributes:
        device: where it draws.
        state: int64 of shape (2,): the seed, and the number of blocks of four 32-bit words drawn.
            It may be saved and set again, which continues the stream from there.
    """

    def __init__(self, device: Any = None, seed: int | None = None) -> None:
        self.device = runtime.device(device)
        self._lock = threading.Lock()
        self.manual_seed(_fresh_seed() if seed is None else seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed``, an integer of at most 64 bits."""
        self._state = factories.tensor([_signed(seed), 0], dtype=dtypes.int64, device=self.device)
        return self

    @property
    def state(self) -> Tensor:
        return self._state.detach()  # which the caller may write to

    @state.setter
    def state(self, value: Tensor) -> None:
        if value.shape != (2,) or value.dtype is not dtypes.int64:
            raise ShapeError(f"a generator's state is int64[2], not {value._type}")
        self._state = value.detach().to(device=self.device)

    def reserve(self, words: int) -> Tensor:
        """The state from which to draw the next ``words`` words, which nobody else will draw."""
        step = factories.tensor([0, -(-words // 4)], dtype=dtypes.int64, device=self.device)
        with self._lock:
            state, self._state = self._state, self._state + step
        return state

    def bits(self, shape: Shape) -> Tensor:
        """The next 32-bit words of the stream, as int32 of that shape."""
        return ops.random_bits(self.reserve(math.prod(shape)), shape=shape)


def _fresh_seed() -> int:
    return int.from_bytes(os.urandom(8), "little")


def _signed(seed: int) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ArgumentError(f"manual_seed: a seed is an int, not {seed!r}")
    seed = seed.__index__()
    if not -(2**63) <= seed < 2**64:
        raise ArgumentError(f"manual_seed: {seed} does not fit in 64 bits")
    return seed - 2**64 if seed >= 2**63 else seed


_generators: dict[Device, Generator] = {}
_seed: int | None = None
_lock = threading.Lock()


def default_generator(device: Any = None) -> Generator:
    """The generator that is used on ``device`` where no other is given."""
    where = runtime.device(device)
    with _lock:
        found = _generators.get(where)
        if found is None:
            found = _generators[where] = Generator(where, _seed)
    return found


def manual_seed(seed: int) -> None:
    """Start the stream of ``seed`` on every device, those not yet in use included."""
    global _seed
    _signed(seed)
    with _lock:
        _seed = seed
        for generator in _generators.values():
            generator.manual_seed(seed)


def _bits(shape: Shape, device: Device, generator: Generator | None) -> Tensor:
    if generator is None:
        generator = default_generator(device)
    elif generator.device is not device:
        raise ArgumentError(
            f"the generator draws on {generator.device}, and the tensor is to be on {device}"
        )
    return generator.bits(shape)


def _floating(kind: str, dtype: Any) -> DType:
    found = promotion.default_float() if dtype is None else DType.of(dtype)
    if not found.is_floating_point:
        raise DTypeError(f"{kind} numbers are floating, not {found.name}; use randint")
    return found


def _uniform(
    shape: Shape, dtype: Any, device: Any, generator: Generator | None, open_below: bool = False
) -> Tensor:
    """Uniform on [0, 1), or on (0, 1], in steps of the dtype's precision."""
    found = _floating("uniform", dtype)
    where = runtime.device(device)
    if found is dtypes.float64:
        words = _bits((2, *shape), where, generator)
        high = (words[0] >> 5) & 0x7FFFFFF  # 27 bits
        low = (words[1] >> 6) & 0x3FFFFFF  # 26 bits
        steps = high.to(found) * 2.0**26 + low.to(found)
        bits = 53
    else:
        bits = {dtypes.float16: 11, dtypes.bfloat16: 8}.get(found, 24)
        words = _bits(shape, where, generator)
        steps = ((words >> (32 - bits)) & (2**bits - 1)).to(found)
    return (steps + 1.0 if open_below else steps) * 2.0**-bits


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1)."""
    shape = factories._shape("rand", size)
    return _uniform(shape, dtype, device, generator).requires_grad_(requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1, by the Box-Muller transform.

    They are computed in float32 for dtypes of 16 bits.
    """
    shape = factories._shape("randn", size)
    found = _floating("normal", dtype)
    wide = dtypes.float64 if found is dtypes.float64 else dtypes.float32
    half = -(-math.prod(shape) // 2)
    radius = ops.sqrt(ops.log(_uniform((half,), wide, device, generator, open_below=True)) * -2.0)
    angle = _uniform((half,), wide, device, generator) * (2.0 * math.pi)
    both = ops.cat(radius * ops.cos(angle), radius * ops.sin(angle), dim=0)
    values = ops.reshape(ops.narrow(both, dim=0, start=0, length=math.prod(shape)), shape=shape)
    return values.to(found).requires_grad_(requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = dtypes.int64,
    device: Any = None,
) -> Tensor:
    """Integers from ``low`` (0 if left out) to below ``high``: ``randint(10, (3,))``,
    ``randint(1, 7, (2, 2))``. Their probabilities differ by less than 2**-31.

    Raises:
        ShapeError: the range is empty or wider than 2**32.
        DTypeError: ``dtype`` cannot hold the whole range.
    """
    if size is None:
        low, high, size = 0, low, high
    shape = factories._shape("randint", (size,))
    if not 0 < high - low <= 2**32:
        raise ShapeError(f"randint: the range from {low} to {high} must hold 1 to 2**32 integers")
    found = DType.of(dtype)
    promotion.check_fits(low, found)
    promotion.check_fits(high - 1, found)
    words = _bits((2, *shape), runtime.device(device), generator).to(dtypes.int64)
    # 63 bits, so that the remainder is all but unbiased
    wide = ((words[0] & 0x7FFFFFFF) << 32) | (words[1] & 0xFFFFFFFF)
    return (wide % (high - low) + low).to(found)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = dtypes.int64,
    device: Any = None,
) -> Tensor:
    """The integers below ``n`` in random order."""
    shape = factories._shape("randperm", (n,))
    words = _bits((2, *shape), runtime.device(device), generator).to(dtypes.int64)
    keys = ((words[0] & 0x7FFFFFFF) << 32) | (words[1] & 0xFFFFFFFF)
    return ops.sort(keys, dim=0)[1].to(DType.of(dtype))


def rand_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """As `rand`, in the shape, dtype and device of ``input``."""
    return rand(input.shape, dtype=dtype or input.dtype, device=device or input.device)


def randn_like(input: Tensor, *, dtype: Any = None, device: Any = None) -> Tensor:
    """As `randn`, in the shape, dtype and device of ``input``."""
    return randn(input.shape, dtype=dtype or input.dtype, device=device or input.device)
