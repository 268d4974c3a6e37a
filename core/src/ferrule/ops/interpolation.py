"""Interpolation between places of a regular grid, and its transpose."""

from __future__ import annotations

from typing import Any

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.precision import widened
from ferrule.ops.resampling import Sampling, interpolation
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped
from ferrule_plugins.dtypes import float64

MODES = ("nearest", "nearest-exact", "linear", "cubic", "lanczos")

_SAMPLES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 2, 3, 4), {"size": (5, 3), "mode": "linear"}),
    ((1, 2, 5), {"size": (8,), "mode": "linear", "align_corners": True}),
    ((1, 2, 5), {"size": (3,), "mode": "nearest"}),
    ((1, 1, 4, 3), {"size": (3, 7), "mode": "nearest-exact"}),
    ((1, 1, 4, 3), {"size": (6, 3), "mode": "nearest", "scale_factor": (1.6, 1.2)}),
    ((1, 2, 4, 3), {"size": (7, 2), "mode": "cubic"}),
    ((1, 1, 4, 3), {"size": (1, 5), "mode": "cubic", "align_corners": True}),
    ((1, 1, 2, 3, 2), {"size": (3, 2, 4), "mode": "linear"}),
    ((1, 1, 3, 4), {"size": (4, 5), "mode": "linear", "scale_factor": (1.5, 1.3)}),
    ((1, 1, 7, 5), {"size": (3, 8), "mode": "linear", "antialias": True}),
    ((1, 1, 7, 6), {"size": (3, 4), "mode": "cubic", "antialias": True}),
    ((1, 1, 9, 3), {"size": (4, 5), "mode": "lanczos", "antialias": True}),
    ((0, 2, 3), {"size": (4,), "mode": "linear"}),
]


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.resampling_references:interpolate",
    samples=[sample(of(*x), **options) for x, options in _SAMPLES],
    tolerance=8,
)
def interpolate(
    x: Tensor,
    *,
    size: tuple[int, ...],
    mode: str,
    align_corners: bool = False,
    scale_factor: tuple[float, ...] | None = None,
    antialias: bool = False,
) -> Tensor:
    """``x`` at another number of places along its spatial dims.

    Args:
        x: ``(N, C, *old)``.
        size: the new spatial dims.
        mode: ``"nearest"`` (the place below), ``"nearest-exact"``, ``"linear"``, ``"cubic"`` or
            ``"lanczos"``, along one dim after the other.
        align_corners: the centres of the outermost places coincide, not their outer edges.
        scale_factor: by what the sizes are said to differ, where that is not ``size / old``
            exactly.
        antialias: where places become fewer, all of what they stand for is weighed; ``"linear"``,
            ``"cubic"`` and ``"lanczos"`` can.

    Returns:
        ``(N, C, *size)``.
    """
    old = x.shape[2:]
    options = mode, align_corners, scale_factor, antialias
    return _along_each_dim(x, _samplings("interpolate", x, old, size, *options))


@interpolate.vjp
def _(g, x: Shaped, size, mode, align_corners, scale_factor, antialias):
    return interpolate_input(
        g,
        input_size=x.shape[2:],
        mode=mode,
        align_corners=align_corners,
        scale_factor=scale_factor,
        antialias=antialias,
    )


@composite(
    dtypes=floating,
    ref="ferrule_conformance.resampling_references:interpolate_input",
    samples=[
        sample(
            of(*x[:2], *options["size"]),
            input_size=x[2:],
            **{name: value for name, value in options.items() if name != "size"},
        )
        for x, options in _SAMPLES
    ],
    tolerance=8,
)
def interpolate_input(
    grad_output: Tensor,
    *,
    input_size: tuple[int, ...],
    mode: str,
    align_corners: bool = False,
    scale_factor: tuple[float, ...] | None = None,
    antialias: bool = False,
) -> Tensor:
    """The transpose of `interpolate`, which is its gradient.

    Args:
        grad_output: ``(N, C, *size)``, the gradient of the output.
        input_size: the spatial dims of the result.
        mode, align_corners, scale_factor, antialias: as in `interpolate`.

    Returns:
        ``(N, C, *input_size)``.
    """
    size = grad_output.shape[2:]
    options = mode, align_corners, scale_factor, antialias
    samplings = _samplings("interpolate_input", grad_output, input_size, size, *options)
    return _along_each_dim(grad_output, [each.transposed() for each in samplings])


@interpolate_input.vjp
def _(g, grad_output: Shaped, mode, align_corners, scale_factor, antialias):
    return interpolate(
        g,
        size=grad_output.shape[2:],
        mode=mode,
        align_corners=align_corners,
        scale_factor=scale_factor,
        antialias=antialias,
    )


def _samplings(
    op: str,
    x: Tensor,
    old: tuple[int, ...],
    new: tuple[int, ...],
    mode: str,
    align_corners: bool,
    scale_factor: tuple[float, ...] | None,
    antialias: bool,
) -> list[Sampling]:
    if len(old) != len(new) or not old or min(*old, *new) < 1:
        raise ShapeError(
            f"{op}: spatial dims of {old} cannot become {new}; there must be as many, all at least "
            "1"
        )
    if mode not in MODES:
        raise ArgumentError(f"{op}: mode must be one of {', '.join(MODES)}, not {mode!r}")
    if (antialias and mode.startswith("nearest")) or (mode == "lanczos" and not antialias):
        raise ArgumentError(f"{op}: mode {mode!r} does not go with antialias={antialias}")
    scales = (None,) * len(old) if scale_factor is None else scale_factor
    if len(scales) != len(old):
        raise ShapeError(f"{op}: scale_factor must be {len(old)} numbers, not {scale_factor}")
    return [
        interpolation(a, b, mode, align_corners, scale, antialias, x.dtype is float64)
        for a, b, scale in zip(old, new, scales)
    ]


def _along_each_dim(x: Tensor, samplings: list[Sampling]) -> Tensor:
    y = widened(x)
    # what makes the tensor smallest comes first
    for d in sorted(range(len(samplings)), key=lambda d: _growth(samplings[d])):
        y = samplings[d](y, 2 + d)
    return cast(y, dtype=x.dtype)


def _growth(sampling: Sampling) -> float:
    return sampling.index.shape[1] / sampling.size
