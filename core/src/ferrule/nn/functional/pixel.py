"""Rearrangements of channels and pixels."""

from __future__ import annotations

from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """``(*, C * r * r, H, W)`` to ``(*, C, H * r, W * r)`` with ``r = upscale_factor``: each block
    of ``r * r`` channels becomes a square of pixels.

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network", 2016.
    """
    r = upscale_factor
    *lead, channels, height, width = _image("pixel_shuffle", input, "upscale_factor", r)
    if channels % (r * r):
        raise ShapeError(
            f"pixel_shuffle: {channels} channels of {input._type} are not a multiple of "
            f"upscale_factor ** 2 = {r * r}"
        )
    c, n = channels // (r * r), len(lead)
    x = ops.reshape(input, shape=(*lead, c, r, r, height, width))
    x = ops.permute(x, dims=(*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return ops.reshape(x, shape=(*lead, c, height * r, width * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """``(*, C, H * r, W * r)`` to ``(*, C * r * r, H, W)`` with ``r = downscale_factor``: the
    inverse of `pixel_shuffle`."""
    r = downscale_factor
    *lead, channels, height, width = _image("pixel_unshuffle", input, "downscale_factor", r)
    if height % r or width % r:
        raise ShapeError(
            f"pixel_unshuffle: height {height} and width {width} of {input._type} are not both "
            f"multiples of downscale_factor {r}"
        )
    n = len(lead)
    x = ops.reshape(input, shape=(*lead, channels, height // r, r, width // r, r))
    x = ops.permute(x, dims=(*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return ops.reshape(x, shape=(*lead, channels * r * r, height // r, width // r))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """``(N, C, *size)`` with its channels dealt out again: those of ``groups`` blocks in turn.

    Source: Zhang et al., "ShuffleNet", 2018.
    """
    if input.ndim < 3:
        raise ShapeError(f"channel_shuffle: input is {input._type}; it needs more than two dims")
    if groups < 1:
        raise ArgumentError(f"channel_shuffle: groups must be positive, not {groups}")
    n, channels, *size = input.shape
    if channels % groups:
        raise ShapeError(
            f"channel_shuffle: groups={groups} does not divide the {channels} channels of "
            f"{input._type}"
        )
    x = ops.reshape(input, shape=(n, groups, channels // groups, *size))
    x = ops.permute(x, dims=(0, 2, 1, *range(3, x.ndim)))
    return ops.reshape(x, shape=input.shape)


def _image(call: str, input: Tensor, name: str, factor: int) -> tuple[int, ...]:
    if input.ndim < 3:
        raise ShapeError(f"{call}: input is {input._type}; it needs at least three dims")
    if factor < 1:
        raise ArgumentError(f"{call}: {name} must be positive, not {factor}")
    return input.shape
