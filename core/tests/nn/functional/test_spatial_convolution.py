"""Convolution under PyTorch's names: what the arguments mean."""

from typing import Any

import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def random(*shape: int, requires_grad: bool = False) -> fe.Tensor:
    rng = np.random.default_rng(sum(shape))
    return fe.tensor(rng.standard_normal(shape), requires_grad=requires_grad)


@pytest.mark.parametrize("ndim", [1, 2, 3])
class TestEachRank:
    def test_one_number_stands_for_all_dims(self, ndim: int) -> None:
        x, weight, bias = random(2, 2, *(5,) * ndim), random(4, 1, *(2,) * ndim), random(4)
        y = CONV[ndim](x, weight, bias, 2, 1, 2, 2)
        options: dict[str, Any] = {
            "stride": (2,) * ndim, "padding": (1,) * ndim, "dilation": (2,) * ndim, "groups": 2
        }  # fmt: skip
        wanted = fe.ops.conv(x, weight, bias, **options)
        np.testing.assert_array_equal(y.numpy(), wanted.numpy())

    def test_without_a_batch(self, ndim: int) -> None:
        x, weight = random(2, *(4,) * ndim), random(3, 2, *(2,) * ndim)
        y = CONV[ndim](x, weight)
        assert y.shape == (3, *(3,) * ndim)
        np.testing.assert_allclose(y.numpy(), CONV[ndim](x[None], weight)[0].numpy())
        back = TRANSPOSED[ndim](y, weight)
        assert back.shape == x.shape

    def test_same_keeps_the_size(self, ndim: int) -> None:
        x, weight = random(1, 1, *(5,) * ndim), random(1, 1, *(2,) * ndim)
        y = CONV[ndim](x, weight, padding="same", dilation=3)
        # three more places: the odd one goes behind
        wanted = CONV[ndim](F.pad(x, (1, 2) * ndim), weight, dilation=3)
        np.testing.assert_array_equal(y.numpy(), wanted.numpy())
        assert y.shape == x.shape
        assert CONV[ndim](x, weight, padding="valid").shape == (1, 1, *(4,) * ndim)

    def test_transposed_is_the_transpose(self, ndim: int) -> None:
        """<conv(x), g> = <x, conv_transpose(g)>"""
        x, weight = random(2, 2, *(5,) * ndim), random(4, 1, *(3,) * ndim)
        options: dict[str, Any] = {"stride": 2, "padding": 1, "groups": 2, "dilation": 1}
        y = CONV[ndim](x, weight, None, **options)
        g = random(*y.shape)
        back = TRANSPOSED[ndim](g, weight, None, **options)
        assert back.shape == x.shape
        assert float((back * x).sum()) == pytest.approx(float((y * g).sum()))

    def test_gradients_of_transposed(self, ndim: int) -> None:
        operands = [
            random(1, 2, *(2,) * ndim, requires_grad=True),
            random(2, 1, *(2,) * ndim, requires_grad=True),
            random(2, requires_grad=True),
        ]

        def function(*xs: fe.Tensor) -> fe.Tensor:
            return TRANSPOSED[ndim](*xs, stride=2, output_padding=1, groups=2)

        assert fe.autograd.gradcheck(function, operands)
        assert fe.autograd.gradgradcheck(function, operands, fast_mode=True)

    def test_no_images(self, ndim: int) -> None:
        weight = random(2, 3, *(2,) * ndim)
        assert CONV[ndim](fe.zeros(0, 3, *(4,) * ndim, dtype=fe.float64), weight).shape[:2] == (
            0,
            2,
        )
        y = TRANSPOSED[ndim](fe.zeros(0, 2, *(4,) * ndim, dtype=fe.float64), weight)
        assert y.shape == (0, 3, *(5,) * ndim)


class TestOutputPadding:
    def test_more_on_one_side(self) -> None:
        y = F.conv_transpose1d(fe.ones(1, 1, 2), fe.ones(1, 1, 2), stride=3, output_padding=2)
        assert y.tolist() == [[[1, 1, 0, 1, 1, 0, 0]]]

    def test_beyond_the_stride_where_the_dilation_allows_it(self) -> None:
        # facts from PyTorch
        x, weight = fe.ones(1, 1, 3), fe.ones(1, 1, 2)
        y = F.conv_transpose1d(x, weight, output_padding=1, dilation=2)
        assert y.tolist() == [[[1, 1, 2, 1, 1, 0]]]
        weight = fe.ones(1, 1, 3)
        y = F.conv_transpose1d(x, weight, padding=2, output_padding=1, dilation=2)
        assert y.tolist() == [[[2, 1, 2, 1]]]

    def test_too_much(self) -> None:
        with pytest.raises(fe.ArgumentError, match="smaller than either stride 1 or dilation 1"):
            F.conv_transpose1d(fe.ones(1, 1, 3), fe.ones(1, 1, 2), output_padding=1)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: F.conv1d(random(5), random(1, 1, 2)), fe.ShapeError, "must have 2 dims"),
        (lambda: F.conv2d(random(1, 1, 1, 5, 5), random(1, 1, 2, 2)), fe.ShapeError, "3 dims"),
        (lambda: F.conv2d(random(1, 5, 5), random(1, 2, 2)), fe.ShapeError, "weight is"),
        (lambda: F.conv2d(random(1, 5, 5), random(1, 1, 2, 2), stride=(1, 1, 1)),
         fe.ArgumentError, "stride must be an int or a pair of ints of at least 1"),
        (lambda: F.conv1d(random(1, 5), random(1, 1, 2), padding=-1), fe.ArgumentError, "padding"),
        (lambda: F.conv1d(random(1, 5), random(1, 1, 2), padding="some"), fe.ArgumentError, "some"),
        (lambda: F.conv1d(random(1, 5), random(1, 1, 2), stride=2, padding="same"),
         fe.ArgumentError, "needs a stride of 1"),
        (lambda: F.conv1d(random(1, 5), random(1, 1, 2).float()), fe.DTypeError, "float32"),
        (lambda: F.conv_transpose1d(random(1, 5), random(2, 1, 2)), fe.ShapeError, "takes 2"),
        (lambda: F.conv_transpose1d(random(1, 1), random(1, 1, 1), padding=1),
         fe.ShapeError, "at least 1"),
        (lambda: F.conv_transpose1d(random(1, 5), random(1, 1, 2), random(2)),
         fe.ShapeError, r"its shape must be \(1,\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_16_bits_and_a_bias_are_rounded_once() -> None:
    x, weight, bias = (random(*s).to(fe.bfloat16) for s in ((1, 8, 9), (8, 2, 4), (2,)))
    y = F.conv_transpose1d(x, weight, bias, stride=2)
    assert y.dtype is fe.bfloat16
    exact = F.conv_transpose1d(*(t.to(fe.float64) for t in (x, weight, bias)), stride=2)
    np.testing.assert_allclose(
        y.to(fe.float64).numpy(),
        exact.numpy(),
        rtol=0.51 * float(fe.finfo(fe.bfloat16).eps),
        atol=1e-5,
    )


def test_they_are_functions_of_the_package_too() -> None:
    for name in ("conv1d", "conv2d", "conv3d", "conv_transpose2d", "pixel_shuffle"):
        assert getattr(fe, name) is getattr(F, name)
