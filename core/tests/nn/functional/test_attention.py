"""Masks, heads and dropout of attention; conformance has values and gradients."""

import math
from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F
from ferrule.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(0)
attend = F.scaled_dot_product_attention


def draw(*shape: int) -> fe.Tensor:
    return fe.tensor(rng.standard_normal(shape), requires_grad=True)


def by_hand(q: Any, k: Any, v: Any, mask: Any = None, scale: float | None = None) -> Any:
    q, k, v = map(np.asarray, (q, k, v))
    scores = q @ np.swapaxes(k, -1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        mask = np.asarray(mask)
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    e = np.exp(scores)
    return e / e.sum(-1, keepdims=True) @ v


def test_leading_dims_broadcast() -> None:
    q, k, v = draw(2, 1, 3, 4), draw(5, 6, 4), draw(1, 6, 2)
    np.testing.assert_allclose(np.asarray(attend(q, k, v)), by_hand(q, k, v), rtol=1e-10)


@pytest.mark.parametrize("scale", [0.3, -0.5, 0.0])
def test_scales(scale: float) -> None:
    q, k, v = draw(3, 4), draw(5, 4), draw(5, 2)
    y = attend(q, k, v, scale=scale)
    np.testing.assert_allclose(np.asarray(y), by_hand(q, k, v, scale=scale), rtol=1e-10)


def test_masks() -> None:
    q, k, v = draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 2)
    bools = np.array([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0]], bool)
    floats = rng.standard_normal((2, 3, 5))
    for mask in (bools, bools[0], floats, floats[0]):
        y = attend(q, k, v, fe.tensor(mask))
        np.testing.assert_allclose(np.asarray(y), by_hand(q, k, v, mask), rtol=1e-10)


@pytest.mark.parametrize(("length", "size"), [(3, 3), (2, 4), (4, 2)])
def test_causal_masks_begin_at_the_upper_left(length: int, size: int) -> None:
    q, k, v = draw(length, 4), draw(size, 4), draw(size, 2)
    y = attend(q, k, v, is_causal=True)
    mask = np.tril(np.ones((length, size), bool))
    np.testing.assert_allclose(np.asarray(y), by_hand(q, k, v, mask), rtol=1e-10)


@pytest.mark.parametrize("kind", ["bools", "floats"])
def test_a_query_that_may_look_at_nothing(kind: str) -> None:
    q, k, v = draw(2, 4), draw(3, 4), draw(3, 2)
    allowed = np.array([[True] * 3, [False] * 3])
    mask = fe.tensor(allowed if kind == "bools" else np.where(allowed, 0.0, -math.inf))
    y = attend(q, k, v, mask)
    assert y[1].tolist() == [0, 0]
    for slope in fe.autograd.grad(y.sum(), [q, k, v]):
        assert slope.isfinite().all()
    assert gradcheck(lambda q, k, v: attend(q, k, v, mask), [q, k, v])
    assert gradgradcheck(lambda q, k, v: attend(q, k, v, mask), [q, k, v], fast_mode=True)


def test_grouped_heads() -> None:
    q, k, v = draw(2, 6, 3, 4), draw(2, 2, 5, 4), draw(2, 2, 5, 2)
    y = attend(q, k, v, enable_gqa=True)
    k, v = (np.repeat(np.asarray(x), 3, axis=1) for x in (k, v))
    wanted = by_hand(q, k, v)
    np.testing.assert_allclose(np.asarray(y), wanted, rtol=1e-10)
    with pytest.raises(fe.ShapeError, match="must divide those of query"):
        attend(draw(2, 5, 3, 4), q[:, :2], q[:, :2], enable_gqa=True)


def test_nothing_to_look_at() -> None:
    assert attend(draw(3, 4), draw(0, 4), draw(0, 2)).tolist() == [[0, 0]] * 3


def test_dropout_keeps_the_mean() -> None:
    q, k, v = fe.zeros(500, 4), fe.zeros(20, 4), fe.ones(20, 1)
    y = attend(q, k, v, None, 0.25, generator=fe.Generator(seed=0)).numpy()
    kept = y * 20 * 0.75
    np.testing.assert_allclose(kept, kept.round(), atol=1e-4)  # whole weights are dropped
    assert abs(kept.mean() / 20 - 0.75) < 0.01
    assert len(np.unique(kept.round())) > 5
    assert not attend(q, k, v, None, 1.0).any()


@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_sixteen_bits_are_rounded_once(dtype: fe.DType) -> None:
    q, k, v = (draw(2, 64, 32).detach().to(dtype) for _ in range(3))
    wanted = by_hand(q.double(), k.double(), v.double())
    y = attend(q, k, v, is_causal=False)
    assert y.dtype is dtype
    rounded = fe.tensor(wanted).to(dtype).double().numpy()
    np.testing.assert_allclose(y.double().numpy(), rounded, rtol=float(fe.finfo(dtype).eps))


def test_large_scores_do_not_overflow() -> None:
    q = fe.tensor([[300.0, 0.0]]).half()
    assert attend(q, fe.tensor([[300.0, 0], [0, 300]]).half(), q.expand(2, 2)).isfinite().all()


def test_arguments() -> None:
    q, mask = draw(2, 3, 4), fe.ones(3, 3, dtype=fe.bool)
    cases: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
        (fe.ArgumentError, "not both", (q, q, q, mask), {"is_causal": True}),
        (fe.ArgumentError, "dropout_p must lie", (q, q, q), {"dropout_p": 1.5}),
        (fe.DTypeError, "must be of bools or of float64, not int64", (q, q, q, mask.long()), {}),
        (fe.DTypeError, "which must be equal", (q, q, q.float()), {}),
        (fe.ShapeError, "two dims or more", (q[0, 0], q, q), {}),
        (fe.ShapeError, r"must be \(..., L, E\)", (q, draw(3, 5), q), {}),
        (fe.ShapeError, "do not broadcast", (q, q, q, fe.ones(2, 2, dtype=fe.bool)), {}),
        (fe.ShapeError, "do not broadcast", (q, draw(3, 3, 4), draw(3, 3, 4)), {"dropout_p": 0.5}),
    ]
    for error, message, operands, options in cases:
        with pytest.raises(error, match=message):
            attend(*operands, **options)
