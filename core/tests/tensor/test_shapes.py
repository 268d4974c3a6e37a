"""Functions of shapes against NumPy, and what PyTorch has that NumPy has not by small tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule import ArgumentError, OutOfRange, ShapeError, Tensor

Array = np.ndarray[Any, Any]


def ramp(*shape: int) -> Array:
    return np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)


def t(*shape: int) -> Tensor:
    return fe.tensor(ramp(*shape))


def wrong(value: Any) -> Any:
    """An argument of a type that is not asked for."""
    return value


def same(found: Any, wanted: Any) -> None:
    """One tensor and one array, or a tuple of each."""
    if isinstance(wanted, (tuple, list)):
        assert isinstance(found, tuple)
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted):
            same(a, b)
    else:
        np.testing.assert_array_equal(found.numpy(), wanted, strict=True)


x, y = ramp(2, 3, 4), ramp(6)

AS_NUMPY: list[tuple[str, Callable[[], Any], Any]] = [
    ("atleast_1d", lambda: fe.atleast_1d(t()), np.atleast_1d(ramp())),
    ("atleast_2d", lambda: fe.atleast_2d(t(3)), np.atleast_2d(ramp(3))),
    ("atleast_3d of 1", lambda: fe.atleast_3d(t(3)), np.atleast_3d(ramp(3))),
    ("atleast_3d of 2", lambda: fe.atleast_3d(t(3, 2)), np.atleast_3d(ramp(3, 2))),
    ("atleast_3d of 0", lambda: fe.atleast_3d(t()), np.atleast_3d(ramp())),
    ("several", lambda: fe.atleast_1d(t(), t(2)), (np.ones(1, "f4") * 0, ramp(2))),
    ("a list", lambda: fe.atleast_2d([t(2)]), (ramp(1, 2),)),
    ("broadcast_to", lambda: fe.broadcast_to(t(3, 1), (2, -1, 4)),
     np.broadcast_to(ramp(3, 1), (2, 3, 4))),
    ("broadcast_tensors", lambda: fe.broadcast_tensors(t(2, 1), t(3)),
     tuple(np.broadcast_arrays(ramp(2, 1), ramp(3)))),
    ("cat", lambda: fe.cat([t(2, 3), t(1, 3)]), np.concatenate([ramp(2, 3), ramp(1, 3)])),
    ("concat", lambda: fe.concat([t(2), t(1)]), np.concatenate([ramp(2), ramp(1)])),
    ("concatenate", lambda: fe.concatenate([t(2, 1), t(2, 2)], 1),
     np.concatenate([ramp(2, 1), ramp(2, 2)], 1)),
    ("column_stack", lambda: fe.column_stack([t(3), t(3, 2)]),
     np.column_stack([ramp(3), ramp(3, 2)])),
    ("hstack of 1", lambda: fe.hstack([t(3), t(2)]), np.hstack([ramp(3), ramp(2)])),
    ("hstack of 2", lambda: fe.hstack([t(2, 3), t(2, 1)]), np.hstack([ramp(2, 3), ramp(2, 1)])),
    ("vstack", lambda: fe.vstack([t(3), t(2, 3)]), np.vstack([ramp(3), ramp(2, 3)])),
    ("row_stack", lambda: fe.row_stack([t(3), t(3)]), np.vstack([ramp(3), ramp(3)])),
    ("dstack", lambda: fe.dstack([t(3), t(3)]), np.dstack([ramp(3), ramp(3)])),
    ("stack", lambda: fe.stack([t(2, 3), t(2, 3)], -1), np.stack([ramp(2, 3)] * 2, -1)),
    ("hsplit", lambda: fe.hsplit(t(2, 6), 3), np.hsplit(ramp(2, 6), 3)),
    ("hsplit at", lambda: fe.hsplit(t(6), [1, 3]), np.hsplit(y, [1, 3])),
    ("vsplit", lambda: fe.vsplit(t(4, 2), 2), np.vsplit(ramp(4, 2), 2)),
    ("dsplit", lambda: fe.dsplit(t(2, 3, 4), [3]), np.dsplit(x, [3])),
    ("tensor_split", lambda: fe.tensor_split(t(7), 3), np.array_split(ramp(7), 3)),
    ("tensor_split at", lambda: fe.tensor_split(t(7), (-2, 20)), np.array_split(ramp(7), (-2, 20))),
    ("tensor_split back", lambda: fe.tensor_split(t(7), (5, 1)), np.array_split(ramp(7), (5, 1))),
    ("tensor_split by tensor", lambda: fe.tensor_split(t(7), fe.tensor([2, 3])),
     np.array_split(ramp(7), (2, 3))),
    ("unbind", lambda: fe.unbind(t(2, 3), 1), tuple(ramp(2, 3).T)),
    ("diag of 1", lambda: fe.diag(t(3), 1), np.diag(ramp(3), 1)),
    ("diag of 2", lambda: fe.diag(t(3, 4), -1), np.diag(ramp(3, 4), -1)),
    ("diagflat", lambda: fe.diagflat(t(2, 2), -1), np.diagflat(ramp(2, 2), -1)),
    ("diagonal", lambda: fe.diagonal(t(2, 3, 4), 1, 1, 2), np.diagonal(x, 1, 1, 2)),
    ("diagonal below", lambda: t(2, 3, 4).diagonal(-1, 2, 0), np.diagonal(x, -1, 2, 0)),
    ("diagonal outside", lambda: fe.diagonal(t(3, 4), 9), np.diagonal(ramp(3, 4), 9)),
    ("flip", lambda: fe.flip(t(2, 3, 4), (0, -1)), np.flip(x, (0, -1))),
    ("x.flip", lambda: t(2, 3, 4).flip(0, 1), np.flip(x, (0, 1))),
    ("fliplr", lambda: fe.fliplr(t(2, 3)), np.fliplr(ramp(2, 3))),
    ("flipud", lambda: fe.flipud(t(3)), np.flipud(ramp(3))),
    ("meshgrid", lambda: fe.meshgrid(t(3), t(2)), np.meshgrid(ramp(3), ramp(2), indexing="ij")),
    ("meshgrid xy", lambda: fe.meshgrid(t(3), t(2), t(4), indexing="xy"),
     np.meshgrid(ramp(3), ramp(2), ramp(4), indexing="xy")),
    ("movedim", lambda: fe.movedim(t(2, 3, 4), (0, 1), (2, 0)), np.moveaxis(x, (0, 1), (2, 0))),
    ("moveaxis", lambda: fe.moveaxis(t(2, 3, 4), 0, -1), np.moveaxis(x, 0, -1)),
    ("narrow", lambda: fe.narrow(t(5), 0, fe.tensor(1), 3), ramp(5)[1:4]),
    ("permute", lambda: t(2, 3, 4).permute(2, 0, 1), np.transpose(x, (2, 0, 1))),
    ("ravel", lambda: fe.ravel(t(2, 3, 4)), np.ravel(x)),
    ("repeat", lambda: t(2, 3).repeat(2, 1, 2), np.tile(ramp(2, 3), (2, 1, 2))),
    ("tile", lambda: fe.tile(t(2, 3), (2,)), np.tile(ramp(2, 3), 2)),
    ("roll", lambda: fe.roll(t(2, 3), (1, -2), (0, 1)), np.roll(ramp(2, 3), (1, -2), (0, 1))),
    ("roll flat", lambda: fe.roll(t(2, 3), 7), np.roll(ramp(2, 3), 7)),
    *((f"rot90 {k}", lambda k=k: fe.rot90(t(2, 3, 4), k, (2, 0)), np.rot90(x, k, (2, 0)))
      for k in range(-2, 4)),
    ("squeeze", lambda: fe.squeeze(t(1, 3, 1)), ramp(3)),
    ("squeeze some", lambda: fe.squeeze(t(1, 3, 1), (0, 1)), ramp(3, 1)),
    ("swapaxes", lambda: fe.swapaxes(t(2, 3, 4), 0, 2), np.swapaxes(x, 0, 2)),
    ("swapdims", lambda: fe.swapdims(t(2, 3, 4), 0, -1), np.swapaxes(x, 0, -1)),
    ("T", lambda: t(2, 3, 4).T, x.T),
    ("mT", lambda: t(2, 3, 4).mT, np.swapaxes(x, -1, -2)),
    ("tril", lambda: fe.tril(t(3, 4), 1), np.tril(ramp(3, 4), 1)),
    ("triu", lambda: t(2, 3, 4).triu(-1), np.triu(x, -1)),
    ("tril_indices", lambda: fe.tril_indices(3, 4, -1), np.array(np.tril_indices(3, -1, 4))),
    ("triu_indices", lambda: fe.triu_indices(4, 3, 1), np.array(np.triu_indices(4, 1, 3))),
    ("unflatten", lambda: fe.unflatten(t(2, 6), 1, (-1, 2)), ramp(2, 3, 2)),
    ("unfold", lambda: t(2, 7).unfold(1, 3, 2),
     np.lib.stride_tricks.sliding_window_view(ramp(2, 7), 3, 1)[:, ::2]),
    ("unfold front", lambda: t(7, 2).unfold(0, 3, 1),
     np.lib.stride_tricks.sliding_window_view(ramp(7, 2), 3, 0)),
    ("vander", lambda: fe.vander(t(3), 4), np.vander(ramp(3), 4).astype("f4")),
    ("vander up", lambda: fe.vander(t(3), increasing=True),
     np.vander(ramp(3), increasing=True).astype("f4")),
    ("repeat_interleave", lambda: fe.repeat_interleave(t(2, 3), 2, 1), np.repeat(ramp(2, 3), 2, 1)),
    ("repeat_interleave flat", lambda: t(2, 3).repeat_interleave(2), np.repeat(ramp(2, 3), 2)),
    ("repeat_interleave by tensor",
     lambda: fe.repeat_interleave(t(2, 3), fe.tensor([2, 0, 3]), dim=1),
     np.repeat(ramp(2, 3), [2, 0, 3], 1)),
    ("counts alone", lambda: fe.repeat_interleave(fe.tensor([1, 0, 3])),
     np.repeat(range(3), [1, 0, 3])),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "wanted"), [row[1:] for row in AS_NUMPY], ids=[row[0] for row in AS_NUMPY]
)
def test_as_numpy(call: Any, wanted: Any) -> None:
    same(call(), wanted)


TABLE: list[tuple[str, Callable[[], Tensor], Any]] = [
    ("block_diag", lambda: fe.block_diag(t(), t(2), t(1, 2)),
     [[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]),
    ("cartesian_prod", lambda: fe.cartesian_prod(t(2), t(3)),
     [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]),
    ("combinations", lambda: fe.combinations(t(3)), [[0, 1], [0, 2], [1, 2]]),
    ("combinations, again", lambda: fe.combinations(t(2), 2, True), [[0, 0], [0, 1], [1, 1]]),
    ("combinations of 3", lambda: fe.combinations(t(4), 3),
     [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]),
    ("diag_embed", lambda: fe.diag_embed(t(2) + 1, -1), [[0, 0, 0], [1, 0, 0], [0, 2, 0]]),
    ("diag_embed elsewhere", lambda: fe.diag_embed(t(2, 2) + 1, 0, 0, 2),
     [[[1, 0], [3, 0]], [[0, 2], [0, 4]]]),
    ("cat of nothing", lambda: fe.cat([fe.tensor([]), t(1, 2)], 1), [[0, 1]]),
    ("sum_to_size", lambda: t(2, 2, 3).sum_to_size(2, 1), [[24], [42]]),
    ("sum_to_size of less", lambda: t(2, 3).sum_to_size(3), [3, 5, 7]),
    ("expand", lambda: t(2, 1).expand(-1, 2), [[0, 0], [1, 1]]),
    ("expand_as", lambda: t(2).expand_as(t(2, 2)), [[0, 1], [0, 1]]),
    ("view_as", lambda: t(4).view_as(t(2, 2)), [[0, 1], [2, 3]]),
    ("reshape by name", lambda: t(4).reshape(shape=(2, 2)), [[0, 1], [2, 3]]),
    ("view by name", lambda: t(4).view(size=(2, -1)), [[0, 1], [2, 3]]),
    ("t", lambda: fe.t(t(1, 2)), [[0], [1]]),
    ("adjoint", lambda: fe.adjoint(t(1, 2)), [[0], [1]]),
]  # fmt: skip


@pytest.mark.parametrize(("call", "wanted"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE])
def test_by_hand(call: Any, wanted: Any) -> None:
    same(call(), np.array(wanted, dtype=np.float32))


def test_complex_matrices_are_conjugated() -> None:
    z = ramp(2, 3) + 1j * ramp(2, 3)[::-1]
    x = fe.tensor(z)
    for found in (x.H, x.mH, fe.adjoint(x), x.adjoint()):
        same(found, z.conj().T)


def test_pieces_of_one_size_and_of_several() -> None:
    same(fe.split(t(7), 3), (ramp(7)[:3], ramp(7)[3:6], ramp(7)[6:]))
    same(t(7).split([3, 4]), (ramp(7)[:3], ramp(7)[3:]))
    same(fe.split_with_sizes(t(7), (7, 0)), (ramp(7), ramp(0)))
    same(fe.chunk(t(7), 3), (ramp(7)[:3], ramp(7)[3:6], ramp(7)[6:]))
    assert [p.shape for p in fe.chunk(t(0, 2), 3)] == [(0, 2)] * 3
    assert [p.numel() for p in fe.chunk(t(6), 4)] == [2, 2, 2]


def test_broadcast_shapes() -> None:
    assert fe.broadcast_shapes((2, 1), (3,), 1) == (2, 3)
    assert fe.broadcast_shapes() == ()
    with pytest.raises(ShapeError, match=r"^broadcast_shapes: the shapes"):
        fe.broadcast_shapes((2,), (3,))


@given(
    hnp.array_shapes(min_dims=2, max_dims=4, max_side=4),
    st.integers(-5, 5),
    st.data(),
)
def test_diag_embed_is_undone_by_diagonal(
    shape: tuple[int, ...], offset: int, data: st.DataObject
) -> None:
    dims = data.draw(st.permutations(range(len(shape) + 1)))[:2]
    x = t(*shape)
    y = fe.diag_embed(x, offset, *dims)
    same(fe.diagonal(y, offset, *dims), ramp(*shape))
    assert y.sum().item() == ramp(*shape).sum()


@given(st.lists(st.integers(0, 3), max_size=6))
def test_repeats_with_and_without_the_output_size(counts: list[int]) -> None:
    x, repeats = t(len(counts)), fe.tensor(counts, dtype=fe.int64)
    wanted = np.repeat(ramp(len(counts)), counts)
    same(fe.repeat_interleave(x, repeats), wanted)
    same(fe.repeat_interleave(x, repeats, output_size=sum(counts)), wanted)


GRADIENTS: list[Callable[[Tensor], Any]] = [
    lambda x: fe.diagonal(x, 1),
    lambda x: fe.diag_embed(x, -1, 0, 2),
    lambda x: fe.tril(x, -1),
    lambda x: fe.triu(x),
    lambda x: fe.roll(x, 2, 1),
    lambda x: fe.rot90(x),
    lambda x: x.unfold(1, 2, 1),
    lambda x: fe.repeat_interleave(x, fe.tensor([0, 2, 1]), 0),
    lambda x: x.repeat(2, 1, 2),
    lambda x: fe.combinations(x.flatten()[:4], 3),
    lambda x: fe.block_diag(x, x[0], x[0, 0]),
    lambda x: fe.vander(x[0], 4),
    lambda x: fe.cartesian_prod(x[0], x[1]),
    lambda x: x.sum_to_size(1, 4),
    lambda x: fe.hstack(x.unbind(1)),
    lambda x: fe.clone(x),
    lambda x: fe.stack(fe.tensor_split(x, 2, 1), 1),
]


@pytest.mark.parametrize("f", GRADIENTS, ids=range(len(GRADIENTS)))
def test_gradients(f: Any) -> None:
    x = fe.tensor(np.random.default_rng(0).normal(size=(3, 4)), requires_grad=True)
    assert fe.autograd.gradcheck(f, (x,))
    assert fe.autograd.gradgradcheck(f, (x,))


@pytest.mark.parametrize("f", [
    fe.atleast_1d, fe.ravel, fe.squeeze, fe.clone, lambda x: fe.roll(x, 0), fe.t,
    lambda x: fe.rot90(x.view(1, 3), 4), lambda x: fe.cat([x]), lambda x: x.sum_to_size(3),
    lambda x: x.expand(3), lambda x: fe.broadcast_tensors(x)[0], lambda x: fe.cartesian_prod(x),
    lambda x: fe.movedim(x, 0, 0), lambda x: x.to(fe.float32, copy=True),
], ids=range(14))  # fmt: skip
def test_what_changes_nothing_still_gives_another_tensor(f: Any) -> None:
    x = fe.zeros(3)
    f(x).add_(1)
    assert x.tolist() == [0, 0, 0]


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fe.cat([]), ArgumentError, "^cat needs at least one tensor"),
    (lambda: fe.cat(wrong(t(2))), ArgumentError, "^cat takes a sequence of tensors, not Tensor"),
    (lambda: fe.cat(wrong([t(2), 3])), ArgumentError, "^cat takes tensors, and one is of type int"),
    (lambda: fe.stack([t(2), t(3)]), ShapeError, "^stack: the tensors must have one shape"),
    (lambda: fe.chunk(t(3), 0), ShapeError, "^chunk: the number of pieces"),
    (lambda: fe.split(t(), 1), ShapeError, "^split: .* has no dims"),
    (lambda: fe.split(t(3), 0), ShapeError, "^split: the size of a piece"),
    (lambda: fe.split(t(7), [3, 3]), ShapeError, r"^split: sizes \[3, 3\] do not add up to 7"),
    (lambda: fe.hsplit(t(5), 2), ShapeError, "^hsplit.*cannot be split into 2 equal"),
    (lambda: fe.vsplit(t(4), 2), ShapeError, "^vsplit: .* needs at least 2 dims"),
    (lambda: fe.unbind(t(2), 1), OutOfRange, "^unbind.*: dim 1 is out of range"),
    (lambda: fe.movedim(t(2, 3), (0, 0), (0, 1)), ShapeError, "^movedim.*one dim twice"),
    (lambda: fe.moveaxis(t(2, 3), 0, (0, 1)), ShapeError, "^moveaxis.*cannot move to 2"),
    (lambda: fe.diag(t(2, 2, 2)), ShapeError, "^diag: .*one or two dims"),
    (lambda: fe.diagonal(t(3)), ShapeError, "^diagonal: .*at least two dims"),
    (lambda: fe.diag_embed(t(3), 0, 1, 1), ShapeError, "^diag_embed.*are both 1"),
    (lambda: fe.tril(t(3)), ShapeError, "^tril.*is not a matrix"),
    (lambda: fe.t(t(2, 2, 2)), ShapeError, "^t: .*more than two dims"),
    (lambda: t(3).mT, ShapeError, "^mT: .*not a matrix"),
    (lambda: t(3).H, ShapeError, "^H: .*not a matrix"),
    (lambda: fe.unflatten(t(6), 0, (4, 2)), ShapeError, "^unflatten.*do not multiply to 6"),
    (lambda: fe.unflatten(t(0), 0, (-1, 0)), ShapeError, "^unflatten"),
    (lambda: fe.flatten(t(2, 3), 1, 0), ShapeError, "^flatten: start_dim 1 lies behind"),
    (lambda: t(2).expand(-1, 2), ShapeError, "^expand"),
    (lambda: t(2).expand(3), ShapeError, "^expand"),
    (lambda: t(2, 3).repeat(2), ShapeError, "^repeat: .*needs 2 counts"),
    (lambda: t(2, 3).repeat(2, -1), ShapeError, "^repeat: sizes are not negative"),
    (lambda: fe.roll(t(2, 3), (1, 2)), ShapeError, "^roll: 2 shifts need as many dims"),
    (lambda: fe.rot90(t(2, 3), 1, (0, 0)), ShapeError, "^rot90.*one dim twice"),
    (lambda: fe.rot90(t(3)), ShapeError, "^rot90.*needs two dims"),
    (lambda: fe.meshgrid(t(2), t(2).long()), ArgumentError, "^meshgrid: .*one dtype"),
    (lambda: fe.meshgrid(t(2), indexing="no"), ArgumentError, "^meshgrid: indexing"),
    (lambda: fe.repeat_interleave(t(2), fe.tensor([1, 2, 3])), ShapeError, "^repeat_interleave: "),
    (lambda: fe.repeat_interleave(t(2), fe.tensor([1, -2])), ShapeError, "must not be negative"),
    (lambda: fe.repeat_interleave(t(2), fe.tensor([1.0, 2])), fe.DTypeError, "int32 or int64"),
    (lambda: t(7).unfold(0, 8, 1), ShapeError, "^unfold.*windows of 8 do not fit"),
    (lambda: t(7).unfold(0, 3, 0), ShapeError, "^unfold: step"),
    (lambda: t(2).view(fe.int32), ArgumentError, "^view: the bits"),
    (lambda: t(2, 3).sum_to_size(2), ShapeError, "^sum_to_size"),
    (lambda: fe.narrow(t(), 0, 0, 0), ShapeError, "^narrow"),
    (lambda: fe.vander(t(2, 2)), ShapeError, "^vander: .*one dim"),
    (lambda: fe.is_nonzero(t(2)), ShapeError, "^is_nonzero: .*not one"),
    (lambda: fe.transpose(t(2), 0, wrong(1.5)), ArgumentError, "^transpose.*a dim must be an int"),
    (lambda: fe.tril_indices(-1, 2), ShapeError, "^tril_indices"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "says"), ERRORS, ids=range(len(ERRORS)))
def test_errors_name_the_call(call: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_questions() -> None:
    x = t(2, 3)
    assert (fe.numel(x), x.nelement(), x.ndimension(), x.nbytes, x.itemsize) == (6, 6, 2, 24, 4)
    assert fe.is_tensor(x)
    assert not fe.is_tensor(3)
    assert fe.is_floating_point(x)
    assert not x.is_complex()
    assert x.is_signed()
    assert not x.byte().is_signed()
    assert x.is_same_size(t(2, 3))
    assert fe.tensor(1).is_nonzero()
    assert x.is_contiguous()
