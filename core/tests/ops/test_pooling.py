from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.autograd import gradcheck, gradgradcheck

Array = np.ndarray[Any, Any]
Draw = Callable[..., fe.Tensor]

CASES: list[dict[str, Any]] = [
    {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0)},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)},
    {"kernel_size": (2, 3), "stride": (2, 2), "padding": (1, 0), "ceil_mode": True},
    {"kernel_size": (1, 1), "stride": (3, 2), "padding": (0, 0), "ceil_mode": True},
    {"kernel_size": (3, 3), "stride": (1, 1), "padding": (1, 1)},
    {"kernel_size": (3,), "stride": (2,), "padding": (1,), "ceil_mode": True},
    {"kernel_size": (2, 1, 3), "stride": (1, 2, 2), "padding": (1, 0, 1)},
]
SIZES = {1: (7,), 2: (5, 6), 3: (3, 4, 5)}


def shape_for(options: dict[str, Any]) -> tuple[int, ...]:
    return (2, 2, *SIZES[len(options["kernel_size"])])


def windows(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> list[list[int]]:
    """The places that each window sees along one dim, those in the padding and beyond included."""
    taps = [k * dilation for k in range(kernel)]
    found = []
    start = -padding
    while start + taps[-1] < size + padding:
        found.append([start + t for t in taps])
        start += stride
    # one that reaches over the far edge, if the last one stopped short of it and it begins inside
    if ceil_mode and found[-1][-1] < size + padding - 1 and start < size:
        found.append([start + t for t in taps])
    return found


def naive_max(
    x: Array,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any = (),
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    size = x.shape[2:]
    along = zip(size, kernel_size, stride, padding, dilation or (1,) * len(size))
    seen = [windows(n, k, s, p, d, ceil_mode) for n, k, s, p, d in along]
    shape = (*x.shape[:2], *map(len, seen))
    values, indices = np.zeros(shape), np.zeros(shape, np.int64)
    for n, c, *at in np.ndindex(*shape):
        best = None
        for place in product(*(each[i] for each, i in zip(seen, at))):
            if all(0 <= i < m for i, m in zip(place, size)):
                v = x[(n, c, *place)]
                if best is None or v > best or (np.isnan(v) and not np.isnan(best)):
                    best = values[(n, c, *at)] = v
                    indices[(n, c, *at)] = np.ravel_multi_index(place, size)
    return values, indices


def naive_avg(
    x: Array, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Array:  # fmt: skip
    size = x.shape[2:]
    along = zip(size, kernel_size, stride, padding)
    seen = [windows(n, k, s, p, 1, ceil_mode) for n, k, s, p in along]
    y = np.zeros((*x.shape[:2], *map(len, seen)))
    for at in np.ndindex(*y.shape[2:]):
        places = list(product(*(each[i] for each, i in zip(seen, at))))
        inside = [q for q in places if all(0 <= i < m for i, m in zip(q, size))]
        counted = inside
        if count_include_pad:
            counted = [q for q in places if all(i < m + p for i, m, p in zip(q, size, padding))]
        total = sum(x[(..., *q)] for q in inside)
        y[(..., *at)] = total / (divisor_override or len(counted))
    return y


def max_pool(x: fe.Tensor, **options: Any) -> tuple[fe.Tensor, fe.Tensor]:
    options = {"dilation": (1,) * len(options["kernel_size"]), **options}
    return fe.ops.max_pool_with_indices(x, **options)


@pytest.mark.usefixtures("implementation")
class TestMaxPool:
    @pytest.mark.parametrize("options", [*CASES, {**CASES[0], "dilation": (2, 3)}])
    def test_values_indices_and_gradients(self, draw: Draw, options: dict[str, Any]) -> None:
        x = draw(*shape_for(options))
        values, indices = max_pool(x, **options)
        wanted, places = naive_max(np.asarray(x), **options)
        np.testing.assert_array_equal(np.asarray(values), wanted)
        np.testing.assert_array_equal(np.asarray(indices), places)
        assert indices.dtype is fe.int64

        def pooled(x: fe.Tensor) -> fe.Tensor:
            return max_pool(x, **options)[0]

        assert gradcheck(pooled, x)
        assert gradgradcheck(pooled, x, fast_mode=True)

    def test_the_first_among_equals(self) -> None:
        x = fe.ones(1, 1, 4, 4)
        _, indices = max_pool(x, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
        assert indices[0, 0, :2].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2]]

    def test_nan_wins(self) -> None:
        x = np.ones((1, 1, 2, 4))
        x[0, 0, 1, 0] = np.nan
        x[0, 0, 0, 2] = np.inf
        x[0, 0, 1, 2] = np.nan
        values, indices = max_pool(fe.tensor(x), kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))
        assert np.isnan(np.asarray(values)).all()
        assert indices.tolist() == [[[[4, 6]]]]

    def test_the_padding_is_never_chosen(self) -> None:
        x = fe.full((1, 1, 3, 3), -np.inf, dtype=fe.float64)
        values, indices = max_pool(x, kernel_size=(2, 2), stride=(2, 2), padding=(1, 1))
        assert (values == -np.inf).all()
        assert indices.tolist() == [[[[0, 1], [3, 4]]]]

    def test_overlapping_windows_add_their_gradients(self) -> None:
        x = fe.tensor([[[[0.0, 1.0, 9.0, 2.0, 3.0]]]], requires_grad=True)
        values, _ = max_pool(x, kernel_size=(1, 3), stride=(1, 1), padding=(0, 0))
        values.sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [[[[0, 0, 3, 0, 0]]]]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"padding": (2, 0)}, "more than half of what windows"),
            ({"kernel_size": (7, 7)}, "does not fit"),
            ({"stride": (0, 1)}, "stride must be 2 ints of at least 1"),
        ],
    )
    def test_arguments_that_do_not_fit(self, draw: Draw, options: Any, said: str) -> None:
        with pytest.raises(fe.ShapeError, match=said):
            max_pool(draw(1, 1, 4, 4), **{**CASES[0], **options})

    def test_a_window_that_sees_nothing_but_padding(self, draw: Draw) -> None:
        options = {"kernel_size": (2, 1), "stride": (1, 1), "padding": (1, 0), "dilation": (3, 1)}
        with pytest.raises(fe.ShapeError, match="lie in the padding"):
            max_pool(draw(1, 1, 2, 2), **options)

    def test_a_missing_dim(self, draw: Draw) -> None:
        with pytest.raises(fe.ShapeError, match="must be 1 ints"):
            max_pool(draw(1, 4, 4), **CASES[0])
        with pytest.raises(fe.ShapeError, match="must be "):
            max_pool(draw(4, 4), **CASES[0])

    def test_integers(self) -> None:
        x = fe.tensor([[[-128, -128, 3, 5]]], dtype=fe.int8)
        values, indices = max_pool(x, kernel_size=(2,), stride=(2,), padding=(1,))
        assert values.dtype is fe.int8
        assert values.tolist() == [[[-128, 3, 5]]]
        assert indices.tolist() == [[[0, 2, 3]]]


@pytest.mark.usefixtures("implementation")
class TestAvgPool:
    @pytest.mark.parametrize("options", CASES)
    @pytest.mark.parametrize("count_include_pad", [True, False])
    def test_values_and_gradients(
        self, draw: Draw, options: dict[str, Any], count_include_pad: bool
    ) -> None:
        x = draw(*shape_for(options))
        options = {**options, "count_include_pad": count_include_pad}

        def pooled(x: fe.Tensor) -> fe.Tensor:
            return fe.ops.avg_pool(x, **options)

        np.testing.assert_allclose(np.asarray(pooled(x)), naive_avg(np.asarray(x), **options))
        assert gradcheck(pooled, x)
        assert gradgradcheck(pooled, x, fast_mode=True)


@given(
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    kernel_size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    halves=st.tuples(st.booleans(), st.booleans()),
    ceil_mode=st.booleans(),
    count_include_pad=st.booleans(),
)
def test_any_shape_agrees_with_the_definition(
    size: Any, kernel_size: Any, stride: Any, halves: Any, ceil_mode: bool, count_include_pad: bool
) -> None:
    rng = np.random.default_rng(0)
    x = fe.tensor(rng.integers(0, 4, (1, 2, *size)).astype(np.float64))
    options = {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": tuple(k // 2 if half else 0 for k, half in zip(kernel_size, halves)),
        "ceil_mode": ceil_mode,
    }
    values, indices = fe.ops.max_pool_with_indices.body(x, dilation=(1, 1), **options)
    wanted, places = naive_max(np.asarray(x), **options)
    np.testing.assert_array_equal(np.asarray(values), wanted)
    np.testing.assert_array_equal(np.asarray(indices), places)
    y = fe.ops.avg_pool.body(x, count_include_pad=count_include_pad, **options)
    wanted = naive_avg(np.asarray(x), count_include_pad=count_include_pad, **options)
    np.testing.assert_allclose(np.asarray(y), wanted, rtol=1e-12)


@pytest.mark.usefixtures("implementation")
class TestOtherMeans:
    def test_a_divisor_of_ones_own(self, draw: Draw) -> None:
        x = draw(1, 2, 5, 6)
        options = {**CASES[1], "divisor_override": -3}
        wanted = naive_avg(np.asarray(x), **options)
        np.testing.assert_allclose(np.asarray(fe.ops.avg_pool(x, **options)), wanted)
        assert gradcheck(lambda x: fe.ops.avg_pool(x, **options), x)
        with pytest.raises(fe.ArgumentError, match="must not be 0"):
            fe.ops.avg_pool(x, **{**options, "divisor_override": 0})

    def test_16_bits_add_up_in_float32(self) -> None:
        x = fe.full((1, 1, 4096), 1.0, dtype=fe.float16)
        y = fe.ops.avg_pool(x, kernel_size=(4096,), stride=(1,), padding=(0,))
        assert y.tolist() == [[[1.0]]]

    def test_power_means(self) -> None:
        x = fe.tensor([[[3.0, 4.0, 0.0, 0.0, -2.0]]], dtype=fe.float64, requires_grad=True)
        attrs: dict[str, Any] = {"kernel_size": (2,), "stride": (2,)}
        y = fe.ops.lp_pool(x, norm_type=2.0, **attrs)
        assert y.tolist() == [[[5.0, 0.0]]]
        y.sum().backward()
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), [[[0.6, 0.8, 0, 0, 0]]])
        # of the last window one element of two is there: as in PyTorch it counts twice
        y = fe.ops.lp_pool(x, norm_type=2.0, ceil_mode=True, **attrs)
        np.testing.assert_allclose(y.detach().numpy(), [[[5, 0, 8**0.5]]])
        cubes = fe.ops.lp_pool(-x, norm_type=3.0, **attrs)
        assert np.isnan(cubes.detach().numpy()).tolist() == [[[True, False]]]
