from collections.abc import Callable
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
    {"kernel_size": (2, 2), "stride": (2, 2)},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)},
    {"kernel_size": (2, 3), "stride": (2, 2), "padding": (1, 0), "ceil_mode": True},
    {"kernel_size": (1, 1), "stride": (3, 2), "ceil_mode": True},
    {"kernel_size": (3, 3), "stride": (1, 1), "padding": (1, 1)},
]


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
    x: Array, kernel_size: Any, stride: Any, padding: Any = (0, 0), dilation: Any = (1, 1),
    ceil_mode: bool = False,
) -> tuple[Array, Array]:  # fmt: skip
    along = zip(x.shape[2:], kernel_size, stride, padding, dilation)
    rows, columns = (windows(n, k, s, p, d, ceil_mode) for n, k, s, p, d in along)
    shape = (*x.shape[:2], len(rows), len(columns))
    values, indices = np.zeros(shape), np.zeros(shape, np.int64)
    height, width = x.shape[2:]
    for n, c, i, j in np.ndindex(*shape):
        best = None
        for h in rows[i]:
            for w in columns[j]:
                if 0 <= h < height and 0 <= w < width:
                    v = x[n, c, h, w]
                    if best is None or v > best or (np.isnan(v) and not np.isnan(best)):
                        best = values[n, c, i, j] = v
                        indices[n, c, i, j] = h * width + w
    return values, indices


def naive_avg(
    x: Array, kernel_size: Any, stride: Any, padding: Any = (0, 0), ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:  # fmt: skip
    along = zip(x.shape[2:], kernel_size, stride, padding)
    rows, columns = (windows(n, k, s, p, 1, ceil_mode) for n, k, s, p in along)
    height, width = x.shape[2:]
    y = np.zeros((*x.shape[:2], len(rows), len(columns)))
    for i, j in np.ndindex(len(rows), len(columns)):
        inside = [(h, w) for h in rows[i] for w in columns[j] if 0 <= h < height and 0 <= w < width]
        counted = inside
        if count_include_pad:
            counted = [
                (h, w)
                for h in rows[i]
                for w in columns[j]
                if h < height + padding[0] and w < width + padding[1]
            ]
        y[:, :, i, j] = sum(x[:, :, h, w] for h, w in inside) / len(counted)
    return y


@pytest.mark.usefixtures("implementation")
class TestMaxPool:
    @pytest.mark.parametrize("options", [*CASES, {**CASES[0], "dilation": (2, 3)}])
    def test_values_indices_and_gradients(self, draw: Draw, options: dict[str, Any]) -> None:
        x = draw(2, 2, 5, 6)
        values, indices = fe.ops.max_pool2d_with_indices(x, **options)
        wanted, places = naive_max(np.asarray(x), **options)
        np.testing.assert_array_equal(np.asarray(values), wanted)
        np.testing.assert_array_equal(np.asarray(indices), places)
        assert indices.dtype is fe.int64

        def pooled(x: fe.Tensor) -> fe.Tensor:
            return fe.ops.max_pool2d_with_indices(x, **options)[0]

        assert gradcheck(pooled, x)
        assert gradgradcheck(pooled, x, fast_mode=True)

    def test_the_first_among_equals(self) -> None:
        x = fe.ones(1, 1, 4, 4)
        _, indices = fe.ops.max_pool2d_with_indices(
            x, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)
        )
        assert indices[0, 0, :2].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2]]

    def test_nan_wins(self) -> None:
        x = np.ones((1, 1, 2, 4))
        x[0, 0, 1, 0] = np.nan
        x[0, 0, 0, 2] = np.inf
        x[0, 0, 1, 2] = np.nan
        values, indices = fe.ops.max_pool2d_with_indices(
            fe.tensor(x), kernel_size=(2, 2), stride=(2, 2)
        )
        assert np.isnan(np.asarray(values)).all()
        assert indices.tolist() == [[[[4, 6]]]]

    def test_the_padding_is_never_chosen(self) -> None:
        x = fe.full((1, 1, 3, 3), -np.inf, dtype=fe.float64)
        values, indices = fe.ops.max_pool2d_with_indices(
            x, kernel_size=(2, 2), stride=(2, 2), padding=(1, 1)
        )
        assert (values == -np.inf).all()
        assert indices.tolist() == [[[[0, 1], [3, 4]]]]

    def test_overlapping_windows_add_their_gradients(self) -> None:
        x = fe.tensor([[[[0.0, 1.0, 9.0, 2.0, 3.0]]]], requires_grad=True)
        values, _ = fe.ops.max_pool2d_with_indices(x, kernel_size=(1, 3), stride=(1, 1))
        values.sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [[[[0, 0, 3, 0, 0]]]]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"padding": (2, 0)}, "more than half of kernel_size"),
            ({"kernel_size": (7, 7)}, "does not fit"),
            ({"stride": (0, 1)}, "stride must be two ints of at least 1"),
        ],
    )
    def test_arguments_that_do_not_fit(self, draw: Draw, options: Any, said: str) -> None:
        with pytest.raises(fe.ShapeError, match=said):
            fe.ops.max_pool2d_with_indices(draw(1, 1, 4, 4), **{**CASES[0], **options})

    def test_a_window_that_sees_nothing_but_padding(self, draw: Draw) -> None:
        options = {"kernel_size": (2, 1), "stride": (1, 1), "padding": (1, 0), "dilation": (3, 1)}
        with pytest.raises(fe.ShapeError, match="lie in the padding"):
            fe.ops.max_pool2d_with_indices(draw(1, 1, 2, 2), **options)

    def test_three_dims(self, draw: Draw) -> None:
        with pytest.raises(fe.ShapeError, match="must be"):
            fe.ops.max_pool2d_with_indices(draw(1, 4, 4), **CASES[0])


@pytest.mark.usefixtures("implementation")
class TestAvgPool:
    @pytest.mark.parametrize("options", CASES)
    @pytest.mark.parametrize("count_include_pad", [True, False])
    def test_values_and_gradients(
        self, draw: Draw, options: dict[str, Any], count_include_pad: bool
    ) -> None:
        x = draw(2, 2, 5, 6)
        options = {**options, "count_include_pad": count_include_pad}

        def pooled(x: fe.Tensor) -> fe.Tensor:
            return fe.ops.avg_pool2d(x, **options)

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
    values, indices = fe.ops.max_pool2d_with_indices.body(x, dilation=(1, 1), **options)
    wanted, places = naive_max(np.asarray(x), **options)
    np.testing.assert_array_equal(np.asarray(values), wanted)
    np.testing.assert_array_equal(np.asarray(indices), places)
    y = fe.ops.avg_pool2d.body(x, count_include_pad=count_include_pad, **options)
    wanted = naive_avg(np.asarray(x), count_include_pad=count_include_pad, **options)
    np.testing.assert_allclose(np.asarray(y), wanted, rtol=1e-12)
