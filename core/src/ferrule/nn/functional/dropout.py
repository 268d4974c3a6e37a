"""Dropout."""

from __future__ import annotations

from ferrule import ops, random
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.functional.activation import drawn, written
from ferrule.op import Op
from ferrule.tensor import Tensor


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """While training, zeros with probability ``p``, and the rest scaled by ``1 / (1 - p)``.

    Args:
        input: of any shape.
        p: within [0, 1].
        training: without it, ``input`` itself is returned.
        inplace: write the result to ``input``.
        generator: where the random bits come from; by default that of the device.
    """
    return _dropped("dropout", ops.dropout, input, p, training, inplace, generator, False)


def dropout1d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """`dropout` of whole channels of ``(N, C, L)`` or ``(C, L)``."""
    return _by_channel("dropout1d", (3, 2), input, p, training, inplace, generator)


def dropout2d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """`dropout` of whole channels of ``(N, C, H, W)``. What has three dims is taken to be
    ``(N, C, L)``, as in PyTorch."""
    return _by_channel("dropout2d", (4, 3), input, p, training, inplace, generator)


def dropout3d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """`dropout` of whole channels of ``(N, C, D, H, W)`` or ``(C, D, H, W)``."""
    return _by_channel("dropout3d", (5, 4), input, p, training, inplace, generator)


def alpha_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """While training, the least value of `selu` with probability ``p``, and everything then scaled
    and shifted so that mean 0 and variance 1 stay. The arguments are those of `dropout`."""
    return _dropped(
        "alpha_dropout", ops.alpha_dropout, input, p, training, inplace, generator, False
    )


def feature_alpha_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: random.Generator | None = None,
) -> Tensor:
    """`alpha_dropout` of whole channels of ``(N, C, ...)``."""
    name = "feature_alpha_dropout"
    return _dropped(
        name, ops.feature_alpha_dropout, input, p, training, inplace, generator, True
    )  # fmt: skip


def _by_channel(
    name: str,
    ndims: tuple[int, int],
    input: Tensor,
    p: float,
    training: bool,
    inplace: bool,
    generator: random.Generator | None,
) -> Tensor:
    if input.ndim not in ndims:
        raise ShapeError(
            f"{name}: the input is {input._type}; it must have {ndims[0]} or {ndims[1]} dims"
        )
    if input.ndim == ndims[0] or name == "dropout2d":
        return _dropped(name, ops.feature_dropout, input, p, training, inplace, generator, True)
    one = ops.reshape(input, shape=(1, *input.shape))
    y = _dropped(name, ops.feature_dropout, one, p, training, False, generator, True)
    return input if y is one else written(input, ops.reshape(y, shape=input.shape), name, inplace)


def _dropped(
    name: str,
    op: Op,
    input: Tensor,
    p: float,
    training: bool,
    inplace: bool,
    generator: random.Generator | None,
    by_channel: bool,
) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"{name}: p must lie in [0, 1], not {p}")
    if not training or p == 0.0:
        return input
    words = input.numel()
    if by_channel and input.ndim > 1:
        words = input.shape[0] * input.shape[1]
    return written(input, op(input, drawn(input, words, generator), p=p), name, inplace)
