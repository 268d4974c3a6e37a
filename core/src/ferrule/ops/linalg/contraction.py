"""Einstein's summation."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

from ferrule.declare import composite, numeric
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.linalg.matrices import diagonal
from ferrule.ops.linalg.products import matmul
from ferrule.ops.reduction import sum
from ferrule.ops.shape import permute, reshape
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

Labels = list[str]
"""The name of each dim of a tensor: a letter, or ``...`` and a number, counted from the last of
the dims that an ellipsis stands for."""


@composite(
    dtypes=numeric,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.linalg_references:einsum",
    samples=[
        sample(of(2, 3), of(3, 4), equation="ij,jk->ik"),
        sample(of(2, 3), of(3, 4), equation="ij,jk"),
        sample(of(3, 3), equation="ii->i"),
        sample(of(3, 2, 3), equation="iji"),
        sample(of(2, 3), equation="ba"),
        sample(of(2, 3), of(2, 3), equation="ij,ij->"),
        sample(of(2), of(3), equation="i,j->ji"),
        sample(of(2, 1, 3, 4), of(5, 4, 2), equation="...ij,...jk->...ik"),
        sample(of(2, 3), of(3, 4), of(2, 4), equation="ij,jk,ik->j"),
        sample(of(2, 3, 4), equation="a...->..."),
        sample(of(2, 0), of(0, 3), equation="ij,jk->ik"),
    ],
    tolerance=4,
)
def einsum(*operands: Tensor, equation: str) -> Tensor:
    """The sum of products of elements that ``equation`` describes, from left to right.

    Args:
        operands: tensors.
        equation: a letter for each dim of each operand, with commas between operands, and after
            ``->`` the letters of the result; without that, those that occur once, in alphabetical
            order. Letters that the result lacks are summed over. A letter that one operand has
            twice takes its diagonal. ``...`` stands for the other dims, which broadcast. Dims of
            size 1 broadcast too. As in PyTorch, integers that are summed within one operand add up
        in int64, and those that are multiplied first keep their dtype.
    """
    terms, output = _parse(equation, [x.ndim for x in operands])
    _check_sizes(terms, [x.shape for x in operands])
    parts = [_with_distinct_labels(x, labels) for x, labels in zip(operands, terms)]
    total, labels = parts[0]
    for i, (x, other) in enumerate(parts[1:], 1):
        needed = {*output, *(name for _, later in parts[i + 1 :] for name in later)}
        total, labels = _contract(total, labels, x, other, needed)
    total, labels = _summed(total, labels, set(output))
    return permute(total, dims=tuple(labels.index(name) for name in output))


def _parse(equation: str, ndims: Sequence[int]) -> tuple[list[Labels], Labels]:
    """The labels of each operand's dims, and those of the result."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    written = left.split(",")
    if len(written) != len(ndims):
        raise ArgumentError(
            f"the equation {equation!r} has {len(written)} operands, and {len(ndims)} are given"
        )
    terms = [_labels(text, n, f"operand {i}") for i, (text, n) in enumerate(zip(written, ndims))]
    counts: dict[str, int] = {}
    for labels in terms:
        for name in labels:
            counts[name] = counts.get(name, 0) + 1
    widest = max((len(labels) for labels in terms), default=0)
    dotted = [d for i in range(widest, 0, -1) if (d := f"...{i}") in counts]
    if not arrow:
        return terms, dotted + sorted(n for n, c in counts.items() if c == 1 and n[0] != ".")
    output = _labels(right, len(dotted) + len(right.replace("...", "")), "the result")
    for name in output:
        if output.count(name) > 1:
            raise ArgumentError(f"{name!r} occurs twice in the result of {equation!r}")
        if name not in counts:
            raise ArgumentError(f"{name!r} is in the result of {equation!r} and in no operand")
    return terms, output


def _labels(text: str, ndim: int, what: str) -> Labels:
    before, dots, after = text.partition("...")
    for character in before + after:
        if character not in string.ascii_letters:
            raise ArgumentError(
                f"{what} is written {text!r}: {character!r} is neither a letter nor part of one "
                "ellipsis"
            )
    hidden = ndim - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise ShapeError(
            f"{what} is written {text!r}, which names {len(before + after)} dims, and it has {ndim}"
        )
    return [*before, *(f"...{i}" for i in range(hidden, 0, -1)), *after]


def _check_sizes(terms: list[Labels], shapes: list[tuple[int, ...]]) -> None:
    sizes: dict[str, int] = {}
    for i, (labels, shape) in enumerate(zip(terms, shapes)):
        own: dict[str, int] = {}
        for name, n in zip(labels, shape):
            if own.setdefault(name, n) != n:
                raise ShapeError(f"operand {i} has the sizes {own[name]} and {n} for {name!r}")
            known = sizes.get(name, 1)
            if known != 1 and n not in (1, known):
                raise ShapeError(f"{name!r} has size {known}, and size {n} in operand {i}")
            sizes[name] = n if known == 1 else known


def _with_distinct_labels(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """The diagonal of dims that have one label, as the last dim."""
    for name in dict.fromkeys(labels):
        while labels.count(name) > 1:
            first = labels.index(name)
            second = labels.index(name, first + 1)
            others = [d for d in range(x.ndim) if d not in (first, second)]
            x = diagonal(permute(x, dims=(*others, first, second)))
            labels = [*(labels[d] for d in others), name]
    return x, labels


def _summed(x: Tensor, labels: Labels, needed: set[str]) -> tuple[Tensor, Labels]:
    """Summed over the dims that are not needed."""
    dims = tuple(d for d, name in enumerate(labels) if name not in needed)
    if not dims:
        return x, labels
    return sum(x, dim=dims), [name for name in labels if name in needed]


def _contract(
    a: Tensor, a_labels: Labels, b: Tensor, b_labels: Labels, needed: set[str]
) -> tuple[Tensor, Labels]:
    """The product of two tensors, summed over the labels that are not needed after it."""
    a, a_labels = _squeezed(a, a_labels, dict(zip(b_labels, b.shape)))
    b, b_labels = _squeezed(b, b_labels, dict(zip(a_labels, a.shape)))
    a, a_labels = _summed(a, a_labels, {*needed, *b_labels})
    b, b_labels = _summed(b, b_labels, {*needed, *a_labels})
    shared = [name for name in a_labels if name in b_labels]
    batch = [name for name in shared if name in needed]
    inner = [name for name in shared if name not in needed]
    left = [name for name in a_labels if name not in shared]
    right = [name for name in b_labels if name not in shared]
    sizes = dict(zip(a_labels + b_labels, (*a.shape, *b.shape)))
    a = _grouped(a, a_labels, (batch, left, inner), sizes)
    b = _grouped(b, b_labels, (batch, inner, right), sizes)
    if a.dtype is not b.dtype:  # sums of integers are in int64
        a, b = cast(a, dtype=int64), cast(b, dtype=int64)
    product = matmul(a, b) if inner else a * b
    labels = batch + left + right
    return reshape(product, shape=tuple(sizes[name] for name in labels)), labels


def _squeezed(x: Tensor, labels: Labels, other: dict[str, int]) -> tuple[Tensor, Labels]:
    """Without the dims of size 1 that broadcast against the other tensor's."""
    kept = [d for d, name in enumerate(labels) if x.shape[d] != 1 or other.get(name, 1) == 1]
    if len(kept) == len(labels):
        return x, labels
    return reshape(x, shape=tuple(x.shape[d] for d in kept)), [labels[d] for d in kept]


def _grouped(
    x: Tensor, labels: Labels, groups: tuple[Labels, ...], sizes: dict[str, int]
) -> Tensor:
    """One dim for each group of labels."""
    order = tuple(labels.index(name) for group in groups for name in group)
    shape = tuple(math.prod(sizes[name] for name in group) for group in groups)
    return reshape(permute(x, dims=order), shape=shape)
