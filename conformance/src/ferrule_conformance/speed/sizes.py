"""How an op's sample grows to a size at which time can be measured.

Most ops grow by rule: each size of a dim that is above 1 is multiplied by one number, in every
operand alike, so that what was equal stays equal. A few have attributes that must grow along, or
dims that must not; how these grow is written down here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.abstract import Abstract
from ferrule.op import Op
from ferrule.samples import Input, Sample, of, sample
from ferrule.tensor_type import TensorType
from ferrule_conformance.call import Call
from ferrule_conformance.inputs import draw
from ferrule_plugins import Device, DType, FerruleError, Shape, Spec

Growth = Callable[[int], Sample]
"""The sample that is ``r`` times as large along every dim that grows."""

_AXES = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}

GROWTHS: dict[str, Growth] = {
    "arange": lambda r: sample(start=0, step=1, length=16 * r * r, dtype=fe.int64),
    "slice": lambda r: sample(of(5 * r, 4 * r), starts=(1, 0), stops=(5 * r, 4 * r), steps=(1, 2)),
    "narrow": lambda r: sample(of(5 * r, 3 * r), dim=0, start=1, length=4 * r),
    "slice_scatter": lambda r: sample(
        of(4 * r, 5 * r), of(2 * r, 2 * r), starts=(1, 0), stops=(1 + 2 * r, 4 * r), steps=(1, 2)
    ),
    "vander": lambda r: sample(of(4 * r * r), N=4),
    "conv": lambda r: sample(
        of(r, 4 * r, 4 * r, 4 * r), of(4 * r, 4 * r, 3, 3), of(4 * r), **_AXES, groups=1
    ),
    "conv_input": lambda r: sample(
        of(r, 4 * r, 4 * r, 4 * r), of(4 * r, 4 * r, 3, 3),
        input_size=(r, 4 * r, 4 * r, 4 * r), **_AXES, groups=1,
    ),
    "conv_weight": lambda r: sample(
        of(r, 4 * r, 4 * r, 4 * r), of(r, 4 * r, 4 * r, 4 * r),
        weight_size=(4 * r, 4 * r, 3, 3), **_AXES, groups=1,
    ),
    "col2im": lambda r: sample(
        of(2 * r, 8, (4 * r - 1) * (3 * r - 1)), output_size=(4 * r, 3 * r), kernel_size=(2, 2),
        stride=(1, 1), padding=(0, 0), dilation=(1, 1),
    ),
    "fractional_max_pool_with_indices": lambda r: sample(
        of(2, 4, 6 * r, 6 * r, distinct=True), of(2, 4, 2, low=0.0, high=1.0),
        kernel_size=(2, 2), output_size=(3 * r, 3 * r),
    ),
    "max_unpool": lambda r: sample(
        of(1, 4, 2 * r, 2 * r), of(1, 4, 2 * r, 2 * r, dtype="int64", low=0, distinct=True),
        output_size=(4 * r, 4 * r),
    ),
    "interpolate": lambda r: sample(of(2, 4, 2 * r, 2 * r), size=(4 * r, 4 * r), mode="linear"),
    "interpolate_input": lambda r: sample(
        of(2, 4, 4 * r, 4 * r), input_size=(2 * r, 2 * r), mode="linear"
    ),
    "grid_sample": lambda r: sample(
        of(2, 4, 4 * r, 4 * r), of(2, 4 * r, 4 * r, 2, low=-0.95, high=0.95),
        mode="bilinear", padding_mode="zeros", align_corners=False,
    ),
    "affine_grid": lambda r: sample(of(2, 2, 3), size=(4 * r, 4 * r), align_corners=False),
    "fft_c2r": lambda r: sample(of(4 * r, 4 * r + 1), dims=(1,), size=8 * r),
}  # fmt: skip


@dataclass(frozen=True)
class Grown:
    """A call that is yet to be given values.

    Attributes:
        op: the op.
        sample: its operands and attributes.
        dtype: of the operands that do not say.
        device: where it is to run.
    """

    op: Op
    sample: Sample
    dtype: DType
    device: Device

    @property
    def dtypes(self) -> tuple[DType, ...]:
        """Of each operand."""
        fixed = {"mask": fe.bool, "index": fe.int64}
        roles = (self.op.schema.role(i) for i in range(len(self.sample.inputs)))
        return tuple(
            (i and i.dtype) or fixed.get(role, self.dtype)
            for role, i in zip(roles, self.sample.inputs)
        )

    @property
    def attrs(self) -> dict[str, Any]:
        """All attributes, the device included."""
        attrs = dict(self.sample.attrs)
        if self.op.schema.creates:
            attrs["device"] = self.device
        return self.op.schema.bind(tuple(self.sample.inputs), attrs)[1]

    def outputs(self) -> tuple[Spec, ...]:
        """The results, worked out without computing; none for an op whose results' shapes depend
        on values.

        Raises:
            FerruleError: core refuses the call.
        """
        if self.op.dynamic:
            return ()
        operands = [
            None if i is None else fe.Tensor(None, TensorType(Spec(i.shape, dtype), self.device))
            for i, dtype in zip(self.sample.inputs, self.dtypes)
        ]
        with Abstract():
            found = self.op(*operands, **self.attrs)
        found = found if isinstance(found, tuple) else (found,)
        return tuple(Spec(y.shape, y.dtype) for y in found)

    def elements(self) -> int:
        """Of its largest operand or result."""
        shapes = [i.shape for i in self.sample.inputs if i is not None]
        return max(map(math.prod, [*shapes, *(y.shape for y in self.outputs())]), default=0)

    def call(self, seed: int) -> Call:
        """The call, with drawn operands."""
        rng = np.random.default_rng(seed)
        operands = (
            None if i is None else draw(i, dtype, rng)
            for i, dtype in zip(self.sample.inputs, self.dtypes)
        )
        return Call(self.op, tuple(operands), self.attrs)


def growths(op: Op, dtype: DType, device: Device) -> Iterator[Growth]:
    """Ways in which the op's first sample can grow, the best first. Core accepts the calls; whether
    a kernel does is for the caller to see."""
    if op.name in GROWTHS:
        yield GROWTHS[op.name]
        return
    for growth in _by_rule(op):
        try:
            small, large = (Grown(op, growth(r), dtype, device).elements() for r in (2, 4))
        except FerruleError:
            continue
        if large > small:
            yield growth


def _by_rule(op: Op) -> Iterator[Growth]:
    """Multiplying all sizes at once, then all but one, and so on; first with the attributes as they
    are, then with the shapes among them multiplied too."""
    first = op.samples[0]
    sizes = sorted({n for i in first.inputs if i is not None for n in i.shape if n > 1})
    for count in range(len(sizes), -1, -1):
        for grow in reversed(list(combinations(sizes, count))):
            for attributes in (False, True) if count else (True,):
                yield _multiply(op, first, frozenset(grow), attributes)


def _multiply(op: Op, first: Sample, sizes: frozenset[int], attributes: bool) -> Growth:
    def growth(r: int) -> Sample:
        def size(n: int) -> int:
            return n * r if n in sizes else n

        inputs = tuple(
            i and _larger(i, tuple(map(size, i.shape)), op.schema.role(k) == "index", size)
            for k, i in enumerate(first.inputs)
        )
        attrs = dict(first.attrs)
        if attributes:
            for name, attribute in op.schema.attributes.items():
                if attribute.kind.rstrip("?") in ("shape", "sizes") and attrs.get(name) is not None:
                    attrs[name] = tuple(n * r if n > 1 else n for n in _ints(attrs[name]))
        return Sample(inputs, attrs)

    return growth


def _larger(described: Input, shape: Shape, index: bool, size: Callable[[int], int]) -> Input:
    """Indices into a dim that grows reach its new end."""
    high = described.high
    if index and high is not None and high == int(high):
        high = size(int(high))
    return replace(described, shape=shape, high=high)


def _ints(value: Any) -> Sequence[int]:
    return (value,) if isinstance(value, int) else value


def factors(growth: Growth, grown: Callable[[Sample], Grown], elements: Sequence[int]) -> list[int]:
    """By how much a sample must grow to have about as many elements, for each of these numbers."""
    small, large = (grown(growth(r)).elements() for r in (2, 4))
    if large <= small:
        return [1] * len(elements)
    power = math.log2(large / small)
    return [max(1, round(2 * (n / small) ** (1 / power))) for n in elements]
