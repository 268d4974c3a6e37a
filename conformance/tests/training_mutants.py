"""Backends whose faults show in modules, in optimizers or in training, and the checks that must
find them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from asynchronous_backend import AsynchronousBackend
from mutants import Mutant
from sound import KIT, Array, SoundBackend

from ferrule_plugins import MemoryStats

# Modules and optimizers.


def _one_percent_more(right: Any) -> Any:
    return lambda *arrays, **attrs: np.asarray(right(*arrays, **attrs) * np.float32(1.01))


def _batch_norm_training(
    x: Array, weight: Array | None, bias: Array | None, *, eps: float
) -> tuple[Array, Array, Array]:
    """The kernel as it should be."""
    dims = (0, *range(2, x.ndim))
    mean, var = x.mean(dims), x.var(dims)
    y = (x - _spread(mean, x)) / np.sqrt(_spread(var, x) + eps)
    y = y if weight is None else y * _spread(weight, x)
    return (y if bias is None else y + _spread(bias, x)).astype(x.dtype), mean, var


def _another_variance(right: Any) -> Any:
    """The variance that is kept is not that by which was divided."""

    def kernel(*operands: Any, eps: float) -> tuple[Array, Array, Array]:
        y, mean, var = _batch_norm_training(*operands, eps=eps)
        return y, mean, (var + np.float32(0.01) * mean * mean).astype(var.dtype)

    return kernel


def _no_eps(right: Any) -> Any:
    """Of batch normalisation in evaluation mode."""

    def kernel(
        x: Array,
        mean: Array,
        var: Array,
        weight: Array | None = None,
        bias: Array | None = None,
        *,
        eps: float,
    ) -> Array:
        y = (x - _spread(mean, x)) / np.sqrt(_spread(var, x))
        y = y if weight is None else y * _spread(weight, x)
        return (y if bias is None else y + _spread(bias, x)).astype(x.dtype)

    return kernel


def _spread(each: Array, x: Array) -> Array:
    return each.reshape(-1, *(1,) * (x.ndim - 2))


def _adam(correction: Callable[[float, int], float]) -> Callable[[Any], Any]:
    """Adam's step with bias corrections of one's own."""

    def kernel(
        param: Array,
        grad: Array,
        mean: Array,
        square: Array,
        lr: Array,
        step: Array,
        largest: Array | None = None,
        *,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float,
        maximize: bool,
    ) -> tuple[Array, ...]:
        g = (-grad if maximize else grad) + weight_decay * param
        mean = beta1 * mean + (1 - beta1) * g
        square = beta2 * square + (1 - beta2) * g * g
        top = square if largest is None else np.maximum(largest, square)
        n = int(step)
        size = np.sqrt(top / correction(beta2, n)) + eps
        moved = param - lr / correction(beta1, n) * mean / size
        found = (moved, mean, square) if largest is None else (moved, mean, square, top)
        return tuple(np.asarray(x, param.dtype) for x in found)

    return lambda right: kernel


# Training.


def _one_buffer_for_each_shape(right: Any) -> Any:
    buffers: dict[Any, Array] = {}

    def kernel(*operands: Any) -> Array:
        y = right(*operands)
        buffer = buffers.setdefault((y.shape, y.dtype), np.empty(y.shape, y.dtype))
        buffer[...] = y
        return buffer

    return kernel


def _last_bit_now_and_then(right: Any) -> Any:
    calls = [0]

    def kernel(x: Array) -> Array:
        calls[0] += 1
        y = np.asarray(right(x))
        return np.nextafter(y, np.float32(9)) if calls[0] % 7 == 0 else y

    return kernel


def _hoarding(right: Any) -> Any:
    kept: list[Array] = []

    def kernel(x: Array) -> Array:
        kept.append(right(x))
        return kept[-1].copy()

    return kernel


def _counter() -> Callable[[Any], MemoryStats]:
    """Says that ever more is in use."""
    used = [0]

    def memory_stats(device: Any) -> MemoryStats:
        used[0] += 512
        return MemoryStats(allocated=used[0])

    return memory_stats


def _one_scratch_for_all(right: Any) -> Any:
    """Right as long as nobody else calls it before it has returned."""
    scratch = np.empty(1 << 20, np.uint8)

    def kernel(a: Array, b: Array) -> Array:
        y = right(a, b)
        place = scratch[: y.nbytes].view(y.dtype).reshape(y.shape)
        place[...] = y
        time.sleep(0)  # as a kernel does that lets go of the interpreter's lock
        return place.copy()

    return kernel


# Errors.


class _Impatient(AsynchronousBackend):
    """Looks at indices before they are due."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        queued = self.kernels["index_select"]

        def kernel(x: Any, index: Any, *, dim: int) -> Any:
            self._flush()
            KIT["index_select"](x.array, index.array, dim=dim)
            return queued(x, index, dim=dim)

        self.kernels["index_select"] = kernel


def impatient() -> AsynchronousBackend:
    return _Impatient("impatient")


def deaf() -> AsynchronousBackend:
    """Does not find the largest index."""
    return AsynchronousBackend("deaf", {"amax": lambda x, **how: KIT["amax"](x, **how) * 0})


def _mutant(
    name: str, op: str, make: Callable[[Any], Any], says: str, check: str, *subjects: str
) -> Mutant:
    return Mutant(name, (check,), says, subjects, {op: make})


TRAINING = (
    _mutant("rough_tanh", "tanh", _one_percent_more, "output 0", "module_forward", "nn.Tanh"),
    _mutant(
        "rough_rows", "index_add", _one_percent_more, "weight", "module_gradient", "nn.Embedding"
    ),
    _mutant(
        "another_variance", "batch_norm_training", _another_variance, "are wrong",
        "module_training", "nn.BatchNorm1d",
    ),
    _mutant(
        "no_eps", "batch_norm", _no_eps, "output 0", "module_training", "nn.BatchNorm2d"
    ),
    _mutant(
        "uncorrected", "adam_step", _adam(lambda beta, n: 1.0), "parameter 0", "optimizer_step",
        "optim.Adam",
    ),
    _mutant(
        "corrected_late", "adam_step", _adam(lambda beta, n: 1 - beta ** (n + 1)),
        "loss of step", "training_curve", "training.CNN",
    ),
    _mutant(
        "rough_embedding", "index_add", _one_percent_more, "loss of step", "training_curve",
        "training.LSTM",
    ),
    _mutant(
        "stale_activation", "where", _one_buffer_for_each_shape, "loss of step", "training_curve",
        "training.MLP",
    ),
    _mutant(
        "now_and_then", "exp", _last_bit_now_and_then, "of a second run", "training_determinism",
        "training.MLP",
    ),
    _mutant("hoarding", "exp", _hoarding, "Python objects", "training_memory", "training.MLP"),
    Mutant(
        "growing", ("training_memory",), "on the device grows, by 20.5 a step", ("training.MLP",),
        members={"memory_stats": _counter()},
    ),
    _mutant("one_scratch", "matmul", _one_scratch_for_all, "beside another thread", "threads"),
)  # fmt: skip
"""Each is looked for in what it names, by the check that it names."""

RIGHT_ADAM = SoundBackend("right_adam", {"adam_step": _adam(lambda beta, n: 1 - beta**n)(None)})
"""The kernel of two mutants without their fault."""

RIGHT_NORM = SoundBackend("right_norm", {"batch_norm_training": _batch_norm_training})
