"""Images at other sizes and at other places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float32, uint8

_MODES = {
    # PyTorch's name: the op's, and with how many spatial dims it goes
    "nearest": ("nearest", (1, 2, 3)),
    "nearest-exact": ("nearest-exact", (1, 2, 3)),
    "area": ("area", (1, 2, 3)),
    "linear": ("linear", (1,)),
    "bilinear": ("linear", (2,)),
    "trilinear": ("linear", (3,)),
    "bicubic": ("cubic", (2,)),
    "lanczos": ("lanczos", (2,)),
}


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """``(N, C, *old)`` at another size.

    Args:
        input: with one to three spatial dims.
        size: the new spatial dims; or
        scale_factor: what the old ones are multiplied by, rounded down.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"area"``; ``"linear"``, ``"bilinear"`` or
            ``"trilinear"`` for one, two or three dims; ``"bicubic"`` or ``"lanczos"`` for two.
        align_corners: the centres of the outermost places coincide, not their outer edges.
        recompute_scale_factor: places are found by the ratio of the sizes, which rounding made
            differ from ``scale_factor``.
        antialias: where places become fewer, all of what they stand for is weighed; for
            ``"bilinear"``, ``"bicubic"`` and ``"lanczos"``.

    uint8 is computed in float32, and rounded after each dim.
    """
    name, ndim = "interpolate", input.ndim - 2
    if mode not in _MODES or ndim not in _MODES[mode][1]:
        known = ", ".join(m for m, (_, dims) in _MODES.items() if ndim in dims)
        takes = f"takes {known}" if known else "must have 3 to 5 dims"
        raise ArgumentError(f"{name}: mode {mode!r} does not fit {input._type}, which {takes}")
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ArgumentError(f'{name}: align_corners has no meaning for mode "{mode}"; leave it out')
    if antialias and mode not in ("bilinear", "bicubic", "lanczos"):
        raise ArgumentError(f'{name}: antialias has no meaning for mode "{mode}"; leave it out')
    if mode == "lanczos" and (align_corners or not antialias):
        raise ArgumentError(f'{name}: mode "lanczos" needs antialias=True, without align_corners')
    if (size is None) == (scale_factor is None):
        raise ArgumentError(f"{name}: give either size or scale_factor")
    old = input.shape[2:]
    if size is not None:
        if recompute_scale_factor:
            raise ArgumentError(f"{name}: recompute_scale_factor has no meaning with a size")
        new, scales = _per_dim("size", size, ndim), None
        if not all(hasattr(n, "__index__") for n in new):
            raise ArgumentError(f"{name}: size must be an int or {ndim} ints, not {size!r}")
    else:
        scales = tuple(float(s) for s in _per_dim("scale_factor", scale_factor, ndim))
        new = tuple(int(n * s) for n, s in zip(old, scales))
        exact = all(n * s == m for n, s, m in zip(old, scales, new))
        scales = None if exact or recompute_scale_factor else scales
    if mode == "area":
        return ops.adaptive_avg_pool(input, output_size=new)
    if min(*old, *new) < 1:
        raise ShapeError(f"{name}: {input._type} cannot get the spatial dims {new}: all must be >0")
    options = {
        "mode": _MODES[mode][0],
        "align_corners": bool(align_corners),
        "antialias": antialias,
    }
    if input.dtype is uint8:
        return _of_bytes(input, new, scales, options)
    return ops.interpolate(input, size=new, scale_factor=scales, **options)


def _of_bytes(
    x: Tensor, new: tuple[int, ...], scales: tuple[float, ...] | None, options: dict[str, Any]
) -> Tensor:
    """The same for uint8: in float32, and rounded after each dim, the last one first, as PyTorch
    does."""
    y = x.to(float32)
    for d in reversed(range(len(new))):
        size = (*y.shape[2 : 2 + d], new[d], *y.shape[3 + d :])
        factors = scales and tuple(s if e == d else 1.0 for e, s in enumerate(scales))
        y = ops.interpolate(y, size=size, scale_factor=factors, **options)
        y = ops.clamp(ops.floor(y + 0.5), 0.0, 255.0)
    return y.to(uint8)


def _per_dim(what: str, value: Any, ndim: int) -> tuple[Any, ...]:
    if not isinstance(value, (tuple, list)):
        return (value,) * ndim
    if len(value) != ndim:
        raise ShapeError(
            f"interpolate: {what} must be one number or {ndim}, one for each spatial dim, not "
            f"{tuple(value)}"
        )
    return tuple(value)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """``input``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``, at the places that ``grid`` names.

    Args:
        input: the images.
        grid: ``(N, OH, OW, 2)`` or ``(N, OD, OH, OW, 3)``: coordinates x, y(, z) in [-1, 1].
        mode: ``"bilinear"``, ``"nearest"``, or ``"bicubic"`` (4-d only).
        padding_mode: what lies outside: ``"zeros"``, ``"border"`` or ``"reflection"``.
        align_corners: -1 and 1 are the centres of the outermost pixels; by default, and if False,
            their outer edges.

    Returns:
        ``(N, C, OH, OW)`` or ``(N, C, OD, OH, OW)``.
    """
    if input.ndim not in (4, 5):
        raise ShapeError(f"grid_sample: input is {input._type}; it must have 4 or 5 dims")
    return ops.grid_sample(
        input, grid, mode=mode, padding_mode=padding_mode, align_corners=bool(align_corners)
    )


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """A grid for `grid_sample` that maps places by affine transforms.

    Args:
        theta: ``(N, 2, 3)`` or ``(N, 3, 4)``.
        size: ``(N, C, H, W)`` or ``(N, C, D, H, W)``, of the images to be sampled.
        align_corners: as in `grid_sample`.

    Returns:
        ``(N, H, W, 2)`` or ``(N, D, H, W, 3)``.
    """
    if len(size) not in (4, 5):
        raise ShapeError(f"affine_grid: size must have 4 or 5 entries, not {tuple(size)}")
    if theta.ndim and theta.shape[0] != size[0]:
        raise ShapeError(
            f"affine_grid: theta is {theta._type} and size {tuple(size)}; their first sizes, of "
            "the batch, must agree"
        )
    return ops.affine_grid(theta, size=tuple(size[2:]), align_corners=bool(align_corners))
