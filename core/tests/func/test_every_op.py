"""Every op under vmap agrees with a Python loop over the samples."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, func
from ferrule.func.batching import RULES
from ferrule.op import Op
from ferrule.samples import Sample
from ferrule_conformance.inputs import draw
from ferrule_plugins import DType, FerruleError

SAMPLES = 3
PREFERRED = (fe.float64, fe.complex128, fe.int64, fe.bool)

OPERATING = sorted(
    name for name, op in fe.OPS.items() if op.samples and (op.schema.arity or op.schema.variadic)
)


def dtype_for(op: Op) -> DType:
    return next(d for d in PREFERRED if d in op.dtypes)


def operands_of(op: Op, sample: Sample, rng: np.random.Generator) -> list[Any]:
    fixed = {"mask": fe.bool, "index": fe.int64}
    return [
        None
        if described is None
        else fe.tensor(draw(described, fixed.get(op.schema.role(i), dtype_for(op)), rng))
        for i, described in enumerate(sample.inputs)
    ]


def patterns(operands: list[Any]) -> list[tuple[bool, ...]]:
    """Which operands are batched: all, and each alone."""
    given = [x is not None for x in operands]
    alone = [tuple(i == j for j in range(len(given))) for i, g in enumerate(given) if g]
    return list(dict.fromkeys([tuple(given), *alone]))


@pytest.mark.parametrize("name", OPERATING)
def test_it_agrees_with_a_loop(name: str) -> None:
    op = fe.OPS[name]
    for k, sample in enumerate(op.samples):
        rng = np.random.default_rng([zlib.crc32(name.encode()), k])
        draws = [operands_of(op, sample, rng) for _ in range(SAMPLES)]
        for at, batched in enumerate(patterns(draws[0])):
            # the samples lie along another dim each time
            columns = [[d[i] if b else draws[0][i] for d in draws] for i, b in enumerate(batched)]
            try:
                alone = [op(*row, **sample.attrs) for row in zip(*columns)]
            except FerruleError as error:
                with pytest.raises(type(error)):
                    mapped(op, sample, columns, batched, at)
                continue
            if op.dynamic:
                with pytest.raises(GraphError, match="depends on values"):
                    mapped(op, sample, columns, batched, at)
                continue
            together = mapped(op, sample, columns, batched, at)
            compare(together, alone, f"{op.name} {sample} {batched}")


DIFFERENTIABLE = [
    name
    for name in OPERATING
    if fe.OPS[name].differentiable
    and not fe.OPS[name].dynamic
    and dtype_for(fe.OPS[name]) is fe.float64
]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_its_gradient_agrees_with_a_loop(name: str) -> None:
    """By each of its floating operands, all batched, and each alone."""
    op = fe.OPS[name]
    for k, sample in enumerate(op.samples[:2]):
        rng = np.random.default_rng([zlib.crc32(name.encode()), k, 1])
        draws = [operands_of(op, sample, rng) for _ in range(SAMPLES)]
        by = [
            i
            for i, x in enumerate(draws[0])
            if x is not None and x.dtype is fe.float64 and op.schema.role(i) == "value"
        ]

        def pulled(*operands: Any, op: Op = op, sample: Sample = sample, by: Any = by) -> Any:
            def outputs(*chosen: Any) -> Any:
                given = list(operands)
                for i, x in zip(by, chosen):
                    given[i] = x
                found = op(*given, **sample.attrs)
                found = found if isinstance(found, tuple) else (found,)
                return [y for y in found if y.dtype is fe.float64]

            ys, pull = func.vjp(outputs, *(operands[i] for i in by))
            return pull([fe.cos(y) for y in ys])

        if not by:
            continue
        try:
            pulled(*draws[0])
        except FerruleError:
            continue  # it has no gradient there, mapped or not
        for batched in patterns(draws[0]):
            columns = [[d[i] if b else draws[0][i] for d in draws] for i, b in enumerate(batched)]
            alone = [pulled(*row) for row in zip(*columns)]
            dims = tuple(0 if b else None for b in batched)
            args = [fe.stack(column) if b else column[0] for column, b in zip(columns, batched)]
            together = func.vmap(pulled, in_dims=dims)(*args)
            compare(together, alone, f"gradient of {op.name} {sample} {batched}")
        whole = [fe.stack(column) if column[0] is not None else None for column in zip(*draws)]
        dims = tuple(None if x is None else 0 for x in whole)
        through = through_the_map(op, sample, whole, dims, by)
        compare(through, [pulled(*row) for row in draws], f"gradient through {op.name} {sample}")


def through_the_map(op: Op, sample: Sample, whole: list[Any], dims: Any, by: list[int]) -> Any:
    """The gradient taken outside, of what the mapped op returns."""

    def outputs(*chosen: Any) -> Any:
        given = list(whole)
        for i, x in zip(by, chosen):
            given[i] = x
        found = func.vmap(lambda *xs: op(*xs, **sample.attrs), in_dims=dims)(*given)
        found = found if isinstance(found, tuple) else (found,)
        return [y for y in found if y.dtype is fe.float64]

    ys, pull = func.vjp(outputs, *(whole[i] for i in by))
    return pull([fe.cos(y) for y in ys])


def mapped(
    op: Op, sample: Sample, columns: list[list[Any]], batched: tuple[bool, ...], at: int
) -> Any:
    dims = [
        (at + i) % (column[0].ndim + 1) if b else None
        for i, (column, b) in enumerate(zip(columns, batched))
    ]
    args = [column[0] if d is None else fe.stack(column, d) for column, d in zip(columns, dims)]
    return func.vmap(lambda *xs: op(*xs, **sample.attrs), in_dims=tuple(dims))(*args)


def compare(together: Any, alone: list[Any], text: str) -> None:
    if isinstance(together, tuple):
        for i, y in enumerate(together):
            compare(y, [each[i] for each in alone], f"{text}, output {i}")
        return
    wanted = np.stack([y.detach().numpy() for y in alone])
    assert together.dtype is alone[0].dtype, text
    np.testing.assert_allclose(together.numpy(), wanted, rtol=1e-9, atol=1e-9, err_msg=text)


def test_every_primitive_has_a_rule() -> None:
    """But for those that no operand reaches, and those whose result no tensor could hold."""
    without = [
        name
        for name, op in fe.OPS.items()
        if op.primitive
        and not op.dynamic
        and (op.schema.arity or op.schema.variadic)
        and name not in RULES
    ]
    assert not without, f"declare rules in ferrule.func.batching for {without}"


def test_every_rule_is_of_an_op() -> None:
    assert sorted(RULES.keys() - fe.OPS.keys()) == []
