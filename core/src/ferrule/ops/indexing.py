"""Ops that select by integer tensors, and their transposes."""

from __future__ import annotations

from ferrule.declare import composite, everything, integers, numeric, primitive
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import add
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import lt
from ferrule.ops.creation import full
from ferrule.samples import of, sample
from ferrule.schema import Dim, Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import int64


def _index(*shape: int, high: int):
    return of(*shape, dtype="int64", low=0, high=high)


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:index_select",
    samples=[
        sample(of(5, 3), _index(4, high=5), dim=0),
        sample(of(2, 5), _index(0, high=5), dim=1),
        sample(of(2, 3, 2), _index(7, high=3), dim=-2),
    ],
)
def index_select(x: Shaped, index: Index[Shaped], *, dim: Dim) -> Spec:
    """The slices of ``x`` along ``dim`` that ``index``, of one dim, names."""
    if len(index.shape) != 1 or not x.shape:
        raise ShapeError(f"index must have one dim and x at least one, not {index} and {x}")
    return Spec((*x.shape[:dim], index.shape[0], *x.shape[dim + 1 :]), x.dtype)


@index_select.bounds
def _(x, dim):
    return x.shape[dim]


@index_select.vjp
def _(g, x: Shaped, index, dim):
    return index_add.unchecked(_zeros(x, g), index, g, dim=dim)


@primitive(
    dtypes=numeric,
    autocast="widest",
    ref="ferrule_conformance.references:index_add",
    promote="same",
    samples=[
        sample(of(5, 3), _index(4, high=5), of(4, 3), dim=0),
        sample(of(2, 3), _index(9, high=3), of(2, 9), dim=-1),
        sample(of(2, 3), _index(0, high=3), of(2, 0), dim=1),
    ],
    tolerance=4,
)
def index_add(x: Shaped, index: Index[Shaped], source: Shaped, *, dim: Dim) -> Spec:
    """``x`` with the slices of ``source`` along ``dim`` added where ``index`` says."""
    if len(index.shape) != 1 or not x.shape:
        raise ShapeError(f"index must have one dim and x at least one, not {index} and {x}")
    wanted = (*x.shape[:dim], index.shape[0], *x.shape[dim + 1 :])
    if source.shape != wanted:
        raise ShapeError(f"source must have the shape {wanted}, not {source.shape}")
    return Spec(x.shape, x.dtype)


@index_add.bounds
def _(x, dim):
    return x.shape[dim]


@index_add.vjp
def _(g, index, dim):
    return g, lambda: index_select.unchecked(g, index, dim=dim)


def _along(x: Shaped, index: Shaped, dim: int) -> None:
    if len(index.shape) != len(x.shape) or not x.shape:
        raise ShapeError(f"index must have as many dims as x, at least one, not {index} and {x}")
    for d, (n, m) in enumerate(zip(index.shape, x.shape)):
        if d != dim and n != m:
            raise ShapeError(f"index has size {n} and x has size {m} at dim {d}; they must agree")


@primitive(
    dtypes=everything,
    ref="ferrule_conformance.references:gather",
    samples=[
        sample(of(3, 4), _index(3, 2, high=4), dim=1),
        sample(of(3, 4), _index(6, 4, high=3), dim=0),
        sample(of(2, 3), _index(2, 0, high=3), dim=-1),
    ],
)
def gather(x: Shaped, index: Index[Shaped], *, dim: Dim) -> Spec:
    """Along ``dim``, element ``index[..., j, ...]`` of ``x`` for each ``j``. Other sizes agree."""
    _along(x, index, dim)
    return Spec(index.shape, x.dtype)


@gather.bounds
def _(x, dim):
    return x.shape[dim]


@gather.vjp
def _(g, x: Shaped, index, dim):
    return scatter_add.unchecked(_zeros(x, g), index, g, dim=dim)


@primitive(
    dtypes=numeric,
    autocast="widest",
    ref="ferrule_conformance.references:scatter_add",
    promote="same",
    samples=[
        sample(of(3, 4), _index(3, 2, high=4), of(3, 2), dim=1),
        sample(of(3, 4), _index(6, 4, high=3), of(6, 4), dim=0),
        sample(of(2, 3), _index(2, 0, high=3), of(2, 0), dim=-1),
    ],
    tolerance=4,
)
def scatter_add(x: Shaped, index: Index[Shaped], source: Shaped, *, dim: Dim) -> Spec:
    """``x`` with the elements of ``source`` added, along ``dim``, where ``index`` says: the
    transpose of `gather`."""
    _along(x, index, dim)
    if source.shape != index.shape:
        raise ShapeError(f"source must have the shape of index, {index.shape}, not {source.shape}")
    return Spec(x.shape, x.dtype)


@scatter_add.bounds
def _(x, dim):
    return x.shape[dim]


@scatter_add.vjp
def _(g, index, dim):
    return g, lambda: gather.unchecked(g, index, dim=dim)


def _zeros(x, g):
    return full(shape=x.shape, value=0, dtype=g.dtype, device=g.device)


@composite(
    dtypes=integers,
    ref="ferrule_conformance.selection_references:wrap_index",
    samples=[
        sample(of(3, 4, dtype="int64", low=-5, high=5), size=5),
        sample(of(6, dtype="int32", low=-3, high=3), size=3),
        sample(of(4, dtype="int64", low=0, high=3), size=3),
        sample(of(dtype="int64", low=-2, high=0), size=2),
        sample(of(0, dtype="int64"), size=3),
    ],
    differentiable=False,
)
def wrap_index(index: Index[Tensor], *, size: int) -> Tensor:
    """Indices into a dim of that size, as int64, where those below 0 counted from its end."""
    wide = cast(index, dtype=int64)
    return where(lt(wide, 0), add(wide, size), wide)


wrap_index.bounds(lambda size: range(-size, size), ahead=True)
