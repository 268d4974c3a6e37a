"""How a module is made and called, written in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Input:
    """An array that is drawn anew for every call.

    Attributes:
        shape: of the array.
        make: draws it.
        learned: its gradient is compared.
        logits: the module takes its `log_softmax`, along the last dim.
    """

    shape: tuple[int, ...]
    make: Callable[[np.random.Generator, tuple[int, ...]], Any]
    learned: bool = False
    logits: bool = False

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        return np.asarray(self.make(rng, self.shape))

    def __repr__(self) -> str:
        return f"x{list(self.shape)}"


def x(*shape: int) -> Input:
    """Normal, and a gradient is wanted."""
    return Input(shape, lambda rng, shape: rng.standard_normal(shape), learned=True)


def fixed(*shape: int) -> Input:
    """Normal."""
    return Input(shape, lambda rng, shape: rng.standard_normal(shape))


def unit(*shape: int, learned: bool = True) -> Input:
    """Between 0 and 1."""
    return Input(shape, lambda rng, shape: rng.uniform(0.05, 0.95, shape), learned)


def ints(high: int, *shape: int) -> Input:
    """Integers below ``high``."""
    return Input(shape, lambda rng, shape: rng.integers(0, high, shape))


def signs(*shape: int) -> Input:
    """1 and -1."""
    return Input(shape, lambda rng, shape: rng.integers(0, 2, shape) * 2.0 - 1.0)


def counts(*shape: int) -> Input:
    """Small whole numbers."""
    return Input(shape, lambda rng, shape: rng.poisson(3.0, shape).astype(float))


def soft(*shape: int) -> Input:
    """Probabilities along dim 1."""
    return Input(shape, lambda rng, shape: rng.dirichlet(np.ones(shape[1]), shape[0]))


def log_soft(*shape: int) -> Input:
    """Log-probabilities along the last dim."""
    return Input(shape, lambda rng, shape: rng.standard_normal(shape), learned=True, logits=True)


def this(value: Any) -> Input:
    """An array as it is."""
    array = np.asarray(value)
    return Input(array.shape, lambda rng, shape: array)


def mask(*shape: int) -> Input:
    """Booleans, seldom True, and never for the first along the last dim."""
    return Input(
        shape, lambda rng, s: (rng.random(s) < 0.3) & (np.arange(s[-1]) > 0 if s else True)
    )


@dataclass(frozen=True, eq=False)
class Configuration:
    """A module, and a call of it.

    Attributes:
        module: its name in ``fe.nn``.
        args, kwargs: its constructor's. An `Input` stands for a tensor, a `Configuration` for a
            module.
        inputs, keywords: what it is called with.
        random: its results are random while training.
    """

    module: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    random: bool = False

    @property
    def name(self) -> str:
        """What selects it."""
        return f"nn.{self.module}"

    def __call__(self, *inputs: Any, **keywords: Any) -> Configuration:
        return replace(self, inputs=inputs, keywords=keywords)

    def __repr__(self) -> str:
        arguments = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        inputs = [*map(repr, self.inputs), *(f"{k}={v!r}" for k, v in self.keywords.items())]
        called = f"({', '.join(inputs)})" if inputs else ""
        return f"{self.module}({', '.join(arguments)}){called}"


def of(_module: str, *args: Any, **kwargs: Any) -> Configuration:
    return Configuration(_module, args, kwargs)


def at_random(_module: str, *args: Any, **kwargs: Any) -> Configuration:
    return Configuration(_module, args, kwargs, random=True)
