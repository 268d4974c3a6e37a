"""Streams of random bits, one for each device, and their seeds."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import ferrule as fe
from ferrule import factories, ops, runtime
from ferrule.errors import ArgumentError, ShapeError
from ferrule.modes import current
from ferrule.tensor import Tensor
from ferrule_plugins import Device, Shape, dtypes


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

    def seed(self) -> int:
        """Start the stream of a fresh seed, and return that."""
        seed = _fresh_seed()
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed of the stream, from 0 to below 2**64."""
        return self._state[0].item() % 2**64

    def get_state(self) -> Tensor:
        """The `state`."""
        return self.state

    def set_state(self, new_state: Tensor) -> Generator:
        """Continue from a `state`."""
        self.state = new_state
        return self

    @property
    def state(self) -> Tensor:
        return self._state.detach()  # which the caller may write to

    @state.setter
    def state(self, value: Tensor) -> None:
        if value.shape != (2,) or value.dtype is not dtypes.int64:
            raise ShapeError(f"a generator's state is int64[2], not {value._type}")
        self._state = value.detach().to(device=self.device)

    def __getstate__(self) -> dict[str, Any]:
        return {"device": self.device, "_state": self.state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def reserve(self, words: int) -> Tensor:
        """The state from which to draw the next ``words`` words, which nobody else will draw."""
        blocks = -(-words // 4)
        if current().stack:
            return fe.func.randomness.per_sample(self._reserve, blocks)
        return self._reserve(blocks)

    def _reserve(self, blocks: int) -> Tensor:
        step = factories.tensor([0, blocks], dtype=dtypes.int64, device=self.device)
        with self._lock:
            state = self._state
            moved = state + step
            if moved._data is not None:  # on types alone nothing is drawn
                self._state = moved
        return state

    def bits(self, shape: Shape) -> Tensor:
        """The next 32-bit words of the stream, as int32 of that shape."""
        return ops.random_bits(self.reserve(math.prod(shape)), shape=shape)


def states() -> dict[Device, Tensor]:
    """The states of the default generators in use."""
    with _lock:
        return {device: generator.state for device, generator in _generators.items()}


def set_states(states: dict[Device, Tensor]) -> None:
    """Continue the streams of default generators from there."""
    for device, state in states.items():
        default_generator(device).state = state


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


def manual_seed(seed: int) -> Generator:
    """Start the stream of ``seed`` on every device, those not yet in use included. Returns the
    generator of the selected device."""
    global _seed
    _signed(seed)
    with _lock:
        _seed = seed
        for generator in _generators.values():
            generator.manual_seed(seed)
    return default_generator()


def seed() -> int:
    """Start the stream of a fresh seed on every device, and return the seed."""
    fresh = _fresh_seed()
    manual_seed(fresh)
    return fresh


def initial_seed() -> int:
    """The seed of the selected device's stream."""
    return default_generator().initial_seed()


def get_rng_state(device: Any = None) -> Tensor:
    """The state of a device's default generator, by default of the selected one: int64 of shape
    (2,)."""
    return default_generator(device).state


def set_rng_state(new_state: Tensor, device: Any = None) -> None:
    """Continue a device's default generator from a state."""
    default_generator(device).state = new_state


@contextmanager
def fork_rng(devices: Iterable[Any] | None = None, enabled: bool = True) -> Iterator[None]:
    """After the block, default generators continue from where they were before it.

    Args:
        devices: whose; by default all.
        enabled: False makes the block an ordinary one.
    """
    global _seed
    if not enabled:
        yield
        return
    if devices is not None:
        saved = {g: g.state for g in map(default_generator, devices)}
        try:
            yield
        finally:
            for generator, state in saved.items():
                generator.state = state
        return
    with _lock:
        before, seed = {g: g.state for g in _generators.values()}, _seed
    try:
        yield
    finally:
        with _lock:
            _seed = seed
            for device, generator in tuple(_generators.items()):
                if generator in before:
                    generator.state = before[generator]
                else:  # it was made within the block, and will be made again
                    del _generators[device]


def chosen(name: str, device: Device, generator: Generator | None) -> Generator:
    """The generator to draw from on ``device``.

    Raises:
        ArgumentError: the one that is given draws elsewhere.
    """
    if generator is None:
        return default_generator(device)
    if not isinstance(generator, Generator):
        raise ArgumentError(f"{name}: {generator!r} is not a Generator")
    if generator.device is not device:
        raise ArgumentError(
            f"{name}: the generator draws on {generator.device}, and the tensor is to be on "
            f"{device}"
        )
    return generator
