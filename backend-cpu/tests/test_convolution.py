"""Convolution and its two transposes against loops in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]


Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    x: Sizes
    weight: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int

    @property
    def out(self) -> Sizes:
        return tuple(
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(
                self.x[2:], self.weight[2:], self.stride, self.padding, self.dilation
            )
        )

    @property
    def options(self) -> dict[str, Any]:
        return {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    def pairs(self) -> Any:
        """Every (output element, input element, weight element) that multiply."""
        filters, channels = self.weight[:2]
        for b, o in np.ndindex(self.x[0], filters):
            group = o // (filters // self.groups)
            for window in np.ndindex(*self.out):
                for c, *tap in np.ndindex(channels, *self.weight[2:]):
                    place = tuple(
                        w * s + t * d - p
                        for w, t, s, d, p in zip(
                            window, tap, self.stride, self.dilation, self.padding
                        )
                    )
                    if all(0 <= i < n for i, n in zip(place, self.x[2:])):
                        yield (b, o, *window), (b, group * channels + c, *place), (o, c, *tap)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ndim = draw(st.integers(1, 3))

    def each(low: int, high: int) -> Sizes:
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    groups = draw(st.integers(1, 2))
    kernel, stride = each(1, 3 if ndim < 3 else 2), each(1, 3)
    padding, dilation = each(0, 2 if ndim < 3 else 1), each(1, 2)
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for d, k, p in zip(dilation, kernel, padding)]
    size = [draw(st.integers(n, n + 4 - ndim)) for n in least]
    channels, filters = draw(st.integers(1, 2)), draw(st.integers(1, 2)) * groups
    x = (draw(st.integers(0, 2)), channels * groups, *size)
    return Case(x, (filters, channels, *kernel), stride, padding, dilation, groups)


def values(shape: tuple[int, ...], seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


@given(cases(), st.booleans())
def test_forward(kernels: Any, case: Case, biased: bool) -> None:
    x, weight = values(case.x, 0), values(case.weight, 1)
    bias = values(case.weight[:1], 2) if biased else None
    expected = np.zeros((case.x[0], case.weight[0], *case.out))
    if bias is not None:
        expected += bias.reshape(-1, *(1,) * len(case.out))
    for at, from_x, from_w in case.pairs():
        expected[at] += x[from_x] * weight[from_w]
    found = kernels["conv"](x, weight, bias, **case.options)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(cases())
def test_gradient_by_the_input(kernels: Any, case: Case) -> None:
    g, weight = values((case.x[0], case.weight[0], *case.out), 0), values(case.weight, 1)
    expected = np.zeros(case.x)
    for at, from_x, from_w in case.pairs():
        expected[from_x] += g[at] * weight[from_w]
    found = kernels["conv_input"](g, weight, input_size=case.x, **case.options)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(cases())
def test_gradient_by_the_weight(kernels: Any, case: Case) -> None:
    g, x = values((case.x[0], case.weight[0], *case.out), 0), values(case.x, 1)
    expected = np.zeros(case.weight)
    for at, from_x, from_w in case.pairs():
        expected[from_w] += g[at] * x[from_x]
    found = kernels["conv_weight"](g, x, weight_size=case.weight, **case.options)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


PLAIN = Case((2, 3, 5, 6), (4, 3, 3, 2), (2, 1), (1, 1), (1, 2), 1)


def run(kernels: Any, op: str, x: Array, weight: Array, g: Array) -> Array:
    match op:
        case "conv":
            return kernels[op](x, weight, None, **PLAIN.options)
        case "conv_input":
            return kernels[op](g, weight, input_size=PLAIN.x, **PLAIN.options)
        case _:
            return kernels[op](g, x, weight_size=PLAIN.weight, **PLAIN.options)


OPS = pytest.mark.parametrize("op", ["conv", "conv_input", "conv_weight"])


def operands(dtype: Any) -> list[Array]:
    shapes = (PLAIN.x, PLAIN.weight, (2, 4, *PLAIN.out))
    return [values(shape, seed).astype(dtype) for seed, shape in enumerate(shapes)]


@OPS
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32], ids=str)
def test_shorter_floats_are_rounded_once_at_the_end(kernels: Any, op: str, dtype: Any) -> None:
    short = operands(dtype)
    found = run(kernels, op, *short)
    exact = run(kernels, op, *(a.astype(np.float64) for a in short))
    assert found.dtype == dtype
    eps = float(ml_dtypes.finfo(dtype).eps)
    slack = 1e-5 if dtype != np.float32 else 2e-6
    np.testing.assert_allclose(
        found.astype(np.float64),
        exact,
        rtol=0.51 * eps if dtype != np.float32 else 1e-5,
        atol=slack,
    )


@OPS
@pytest.mark.parametrize(
    "layout",
    [
        lambda a: np.asfortranarray(a),
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1),
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    ],
    ids=["column-major", "negative strides", "channels last", "every other"],
)
def test_memory_order_changes_nothing(kernels: Any, op: str, layout: Any) -> None:
    arrays = operands(np.float64)
    np.testing.assert_allclose(
        run(kernels, op, *map(layout, arrays)), run(kernels, op, *arrays), rtol=1e-12, atol=1e-12
    )


def test_a_weight_of_one_tap_and_depthwise_groups(kernels: Any) -> None:
    x = values((2, 4, 3, 3), 0)
    options = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    weight = values((4, 1, 1, 1), 1)
    found = kernels["conv"](x, weight, None, **options, groups=4)
    np.testing.assert_allclose(found, x * weight[:, 0], rtol=1e-12)


def test_infinities_and_nan_reach_only_the_windows_that_see_them(kernels: Any) -> None:
    x, weight = np.ones((1, 1, 5, 5)), np.ones((1, 1, 2, 2))
    x[0, 0, 0, 0], x[0, 0, 4, 4] = np.nan, np.inf
    options = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    found = kernels["conv"](x, weight, None, **options)[0, 0]
    assert np.isnan(found).sum() == 1
    assert np.isnan(found[0, 0])
    assert np.isinf(found[3, 3])
    assert np.isinf(found).sum() == 1
