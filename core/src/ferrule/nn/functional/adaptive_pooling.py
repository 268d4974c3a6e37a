"""Pooling to a size that is asked for: adaptive and fractional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.nn.functional.batch import as_given, with_batch
from ferrule.nn.pair import Sizes, sizes
from ferrule.tensor import Tensor

Wanted = int | None | Sequence[int | None]
"""Sizes of which None stands for that of the input."""


def adaptive_avg_pool1d(input: Tensor, output_size: Wanted) -> Tensor:
    """Means of windows of ``(N, C, L)`` or ``(C, L)``; see `adaptive_avg_pool2d`."""
    return _adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Wanted) -> Tensor:
    """Means of as many windows of ``(N, C, H, W)`` or ``(C, H, W)`` as asked for.

    Args:
        input: the images.
        output_size: the height and the width of the result, or one int for both. None keeps that
            of the input. Window ``i`` of ``n`` covers ``floor(i * H / n)`` to ``ceil((i + 1) * H /
            n)``.
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Wanted) -> Tensor:
    """Means of windows of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; see `adaptive_avg_pool2d`."""
    return _adaptive_avg_pool("adaptive_avg_pool3d", 3, input, output_size)


def _adaptive_avg_pool(name: str, ndim: int, input: Tensor, output_size: Wanted) -> Tensor:
    x, single = with_batch(name, input, ndim)
    return as_given(ops.adaptive_avg_pool(x, output_size=_wanted(name, output_size, x)), single)


def adaptive_max_pool1d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """The largest of ``output_size`` windows of ``(N, C, L)`` or ``(C, L)``; see
    `adaptive_max_pool2d`."""
    found = _adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool2d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """The largest element of as many windows of ``(N, C, H, W)`` or ``(C, H, W)`` as asked for.

    Args:
        input, output_size: as in `adaptive_avg_pool2d`.
        return_indices: also return where in its image each element stood, as int64.
    """
    found = _adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool3d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """The largest of windows of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; see
    `adaptive_max_pool2d`."""
    found = _adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Wanted, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool1d` with ``return_indices=True``."""
    return _adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Wanted, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool2d` with ``return_indices=True``."""
    return _adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Wanted, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool3d` with ``return_indices=True``."""
    return _adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size)


def _adaptive_max_pool(
    name: str, ndim: int, input: Tensor, output_size: Wanted
) -> tuple[Tensor, Tensor]:
    x, single = with_batch(name, input, ndim)
    size = _wanted(name, output_size, x)
    values, indices = ops.adaptive_max_pool_with_indices(x, output_size=size)
    return as_given(values, single), as_given(indices, single)


def _wanted(name: str, output_size: Wanted, x: Tensor) -> tuple[int, ...]:
    ndim = x.ndim - 2
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * ndim
    if len(given) == ndim:
        given = tuple(n if m is None else m for n, m in zip(x.shape[2:], given))
    return sizes(name, "output_size", given, ndim, least=0)


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of windows of ``(N, C, H, W)`` or ``(C, H, W)`` at random distances.

    Source: Graham, "Fractional max-pooling", 2014.

    Args:
        input: the images.
        kernel_size: the size of a window; an int or a pair.
        output_size: the height and the width of the result, or one int for both; or
        output_ratio: what they are of the input's, between 0 and 1.
        return_indices: also return where in its image each element stood, as int64.
        _random_samples: ``(N, C, 2)`` within [0, 1), for the width and for the height, in the
            place of random ones.
    """
    found = _fractional_max_pool(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples
    )
    return found if return_indices else found[0]


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of windows of ``(N, C, D, H, W)`` or ``(C, D, H, W)`` at random
    distances; the arguments are those of `fractional_max_pool2d`, but the random samples, ``(N, C,
    3)``, are for the depth, the height and the width."""
    found = _fractional_max_pool(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples
    )
    return found if return_indices else found[0]


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool2d` with ``return_indices=True``."""
    return _fractional_max_pool(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples
    )


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool3d` with ``return_indices=True``."""
    return _fractional_max_pool(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples
    )


def _fractional_max_pool(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None,
    output_ratio: float | Sequence[float] | None,
    random_samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    x, single = with_batch(name, input, ndim)
    if (output_size is None) == (output_ratio is None):
        raise ArgumentError(f"{name}: give either output_size or output_ratio")
    if output_ratio is not None:
        if isinstance(output_ratio, Sequence):
            ratios = tuple(output_ratio)
        else:
            ratios = (output_ratio,) * ndim
        if len(ratios) != ndim or not all(0 < r < 1 for r in ratios):
            raise ArgumentError(
                f"{name}: output_ratio must be a number or {ndim} between 0 and 1, not "
                f"{output_ratio!r}"
            )
        output_size = [int(n * r) for n, r in zip(x.shape[2:], ratios)]
    samples = random_samples
    if samples is None:
        samples = fe.rand(*x.shape[:2], ndim, dtype=x.dtype, device=x.device)
    elif ndim == 2 and samples.ndim:  # PyTorch gives the width's first, in two dims only
        samples = ops.flip(samples, dims=(-1,))
    values, indices = ops.fractional_max_pool_with_indices(
        x,
        samples,
        kernel_size=sizes(name, "kernel_size", kernel_size, ndim),
        output_size=sizes(name, "output_size", output_size, ndim),
    )
    return as_given(values, single), as_given(indices, single)
