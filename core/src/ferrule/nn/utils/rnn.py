"""Sequences of different lengths in one tensor: packed without padding, and padded.

A packed batch has its sequences in the order of falling length, and their elements step by step:
first the first of every sequence, then the second of every sequence that has one, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.tensor import Tensor

Integers = np.ndarray[Any, np.dtype[np.int64]]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences without padding. `pack_padded_sequence` and `pack_sequence` make it.

    Attributes:
        data: ``(sum of lengths, ...)``: the elements, step by step.
        batch_sizes: ``(longest,)``, int64: how many sequences have each step.
        sorted_indices: ``(B,)``, int64: which of the sequences as they were given comes where;
            None if they were in order.
        unsorted_indices: ``(B,)``, int64: the inverse.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With the data in another dtype, or everything on another device."""
        data = self.data.to(*args, **kwargs)
        rest = (None if x is None else x.to(device=data.device) for x in self[1:])
        sizes, *indices = rest
        assert sizes is not None
        return PackedSequence(data, sizes, *indices)

    def half(self) -> PackedSequence:
        """The data as float16."""
        return self.to(dtype=fe.float16)

    def bfloat16(self) -> PackedSequence:
        """The data as bfloat16."""
        return self.to(dtype=fe.bfloat16)

    def float(self) -> PackedSequence:
        """The data as float32."""
        return self.to(dtype=fe.float32)

    def double(self) -> PackedSequence:
        """The data as float64."""
        return self.to(dtype=fe.float64)

    def cpu(self) -> PackedSequence:
        """On the device named ``cpu``."""
        return self.to(device="cpu")


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """What undoes a permutation of the integers below n; None for None."""
    return None if permutation is None else fe.argsort(permutation)


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Leave out the padding.

    Args:
        input: ``(T, B, ...)``, or ``(B, T, ...)`` with ``batch_first``.
        lengths: ``(B,)``: how many steps each sequence has, one or more.
        batch_first: see ``input``.
        enforce_sorted: refuse sequences that are not in the order of falling length. Without it
            they are sorted, and `pad_packed_sequence` brings them back into their order.

    Raises:
        ShapeError: the lengths do not fit, or are not in order.
    """
    name = "pack_padded_sequence"
    if input.ndim < 2:
        raise ShapeError(f"{name}: the input is {input._type}; it must have two dims or more")
    batch, time = input.shape[:2] if batch_first else (input.shape[1], input.shape[0])
    sizes = _lengths(name, lengths, batch)
    if not sizes.size:
        raise ShapeError(f"{name}: the input is {input._type}; it must have a sequence")
    if sizes.min() < 1 or sizes.max() > time:
        raise ShapeError(
            f"{name}: lengths go from {sizes.min()} to {sizes.max()}, and must lie between 1 and "
            f"{time}, the size of the dim of time of {input._type}"
        )
    order = np.arange(batch)
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
    elif (np.diff(sizes) > 0).any():
        raise ShapeError(
            f"{name}: lengths {sizes.tolist()} do not fall; sort the sequences by length, or pass "
            "enforce_sorted=False"
        )
    counts = (sizes > np.arange(sizes.max())[:, None]).sum(1)
    step, place = places(counts)
    which = order[place]
    rows = which * time + step if batch_first else step * batch + which
    data = _taken(ops.reshape(input, shape=(batch * time, *input.shape[2:])), rows)
    indices = None if enforce_sorted else fe.tensor(order, device=input.device)
    return PackedSequence(data, fe.tensor(counts, device=input.device), indices)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`.

    Args:
        sequence: what was packed.
        batch_first: whether the result is ``(B, T, ...)``.
        padding_value: what stands behind the end of a sequence.
        total_length: the size of the dim of time; by default that of the longest sequence.

    Returns:
        The padded sequences, ``(T, B, ...)``, and their lengths, both in the order in which the
        sequences were given.

    Raises:
        ShapeError: a sequence is longer than ``total_length``.
    """
    data = sequence.data
    counts = host(sequence.batch_sizes)
    time, batch = len(counts), int(counts[0])
    if total_length is not None and total_length < time:
        raise ShapeError(
            f"pad_packed_sequence: total_length is {total_length}, and the longest sequence has "
            f"{time} steps"
        )
    total = time if total_length is None else total_length
    lengths = (counts > np.arange(batch)[:, None]).sum(1)
    order = np.arange(batch)
    if sequence.unsorted_indices is not None:
        order = host(sequence.unsorted_indices)
    starts = np.zeros(total, np.int64)
    starts[1:time] = np.cumsum(counts[:-1])
    rows, inside = starts[:, None] + order, np.arange(total)[:, None] < lengths[order]
    if batch_first:
        rows, inside = rows.T, inside.T
    padded = ops.reshape(
        _taken(data, np.where(inside, rows, 0).ravel()), shape=(*rows.shape, *data.shape[1:])
    )
    if not inside.all():
        mask = fe.tensor(inside.reshape(*rows.shape, *(1,) * (data.ndim - 1)), device=data.device)
        padded = fe.where(mask, padded, fe.full_like(padded, padding_value))
    return padded, fe.tensor(lengths[order], device=data.device)


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences ``(L, ...)`` of different lengths in one tensor.

    Args:
        sequences: one or more, of the same sizes but for the first.
        batch_first: whether the result is ``(B, T, ...)`` rather than ``(T, B, ...)``.
        padding_value: what stands where a sequence has nothing.
        padding_side: ``"right"``, behind the end, or ``"left"``, before the beginning.
    """
    if padding_side not in ("left", "right"):
        raise ArgumentError(
            f'pad_sequence: padding_side must be "left" or "right", not {padding_side!r}'
        )
    found = _sequences("pad_sequence", sequences)
    longest = max(x.shape[0] for x in found)
    padded: list[Tensor] = []
    for x in found:
        missing = (longest - x.shape[0], *(0,) * (x.ndim - 1))
        none = (0,) * x.ndim
        before, after = (missing, none) if padding_side == "left" else (none, missing)
        value = int(padding_value) if x.dtype.category == "integer" else padding_value
        padded.append(ops.pad(x, before=before, after=after, inner=none, value=value))
    return fe.stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """The sequences of which `pad_sequence` made a tensor, given their lengths."""
    name = "unpad_sequence"
    if padded_sequences.ndim < 2:
        raise ShapeError(
            f"{name}: the sequences are {padded_sequences._type}; there must be two dims or more"
        )
    padded = padded_sequences if batch_first else fe.swapaxes(padded_sequences, 0, 1)
    sizes = _lengths(name, lengths, padded.shape[0])
    return [x[: int(n)] for x, n in zip(fe.unbind(padded), sizes)]


def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences ``(L, ...)`` of different lengths; see `pack_padded_sequence`."""
    found = _sequences("pack_sequence", sequences)
    lengths = [x.shape[0] for x in found]
    return pack_padded_sequence(pad_sequence(found), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed, in their order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def host(x: Tensor) -> Integers:
    """Integers to compute shapes and indices with."""
    return x.detach().numpy().astype(np.int64)


def places(counts: Integers) -> tuple[Integers, Integers]:
    """Step and sequence of every element of packed sequences."""
    step = np.repeat(np.arange(len(counts)), counts)
    return step, np.arange(len(step)) - np.repeat(np.cumsum(counts) - counts, counts)


def _taken(x: Tensor, rows: Integers) -> Tensor:
    return ops.index_select.unchecked(x, fe.tensor(rows, device=x.device), dim=0)


def _lengths(name: str, lengths: Tensor | Sequence[int], batch: int) -> Integers:
    sizes = host(lengths) if isinstance(lengths, Tensor) else np.asarray(lengths)
    if sizes.shape != (batch,) or (sizes.size and sizes.dtype.kind not in "iu"):
        raise ShapeError(
            f"{name}: lengths must be {batch} integers, one for each sequence, and are of the "
            f"shape {sizes.shape}, {sizes.dtype}"
        )
    return sizes.astype(np.int64)


def _sequences(name: str, sequences: Tensor | Iterable[Tensor]) -> list[Tensor]:
    found = list(fe.unbind(sequences) if isinstance(sequences, Tensor) else sequences)
    if not found:
        raise ArgumentError(f"{name}: there is no sequence")
    for i, x in enumerate(found):
        if not isinstance(x, Tensor):
            raise ArgumentError(f"{name}: sequence {i} is {type(x).__name__}, not a tensor")
        if not x.ndim or x.ndim != found[0].ndim or x.shape[1:] != found[0].shape[1:]:
            raise ShapeError(
                f"{name}: sequence {i} is {x._type} and sequence 0 is {found[0]._type}; they must "
                "have one dim or more, and all sizes but the first must be equal"
            )
    return found
