from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
import ferrule.nn.functional as F

NUMPY = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def ramp(*shape: int) -> fe.Tensor:
    return fe.arange(int(np.prod(shape)), dtype=fe.float64).reshape(shape)


class TestConstant:
    @pytest.mark.parametrize(
        ("pad", "widths"), [((1, 2), ((0, 0), (1, 2))), ((0, 1, 2, 0), ((2, 0), (0, 1)))]
    )
    def test_the_last_dim_comes_first(self, pad: tuple[int, ...], widths: Any) -> None:
        x = ramp(2, 3)
        wanted = np.pad(x.numpy(), widths, constant_values=7.0)
        np.testing.assert_array_equal(F.pad(x, pad, value=7.0).numpy(), wanted)

    def test_negative_widths_crop(self) -> None:
        y = F.pad(ramp(3, 4), (-1, 1, 0, -2))
        np.testing.assert_array_equal(y.numpy(), [[1, 2, 3, 0]])
        assert F.pad(ramp(4), (-2, -2)).shape == (0,)
        with pytest.raises(fe.ShapeError, match="not large enough"):
            F.pad(ramp(4), (-3, -3))

    def test_no_widths(self) -> None:
        x = ramp(2, 3)
        np.testing.assert_array_equal(F.pad(x, ()).numpy(), x.numpy())
        np.testing.assert_array_equal(F.pad(x, (0, 0, 0, 0)).numpy(), x.numpy())

    def test_a_value_is_of_the_dtype(self) -> None:
        assert F.pad(fe.tensor([5]), (1, 0), value=1.5).tolist() == [1, 5]
        assert F.pad(fe.tensor([False]), (0, 1), value=1).tolist() == [False, True]


@given(
    mode=st.sampled_from(sorted(NUMPY)),
    size=st.lists(st.integers(4, 6), min_size=1, max_size=3),
    lead=st.sampled_from([(2,), (2, 3)]),
    data=st.data(),
)
def test_modes_agree_with_numpy(mode: str, size: list[int], lead: Any, data: Any) -> None:
    x = ramp(*lead, *size)
    widths = [(data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))) for _ in size]
    y = F.pad(x, [n for pair in reversed(widths) for n in pair], mode=mode)
    wanted = np.pad(x.numpy(), [*((0, 0) for _ in lead), *widths], mode=NUMPY[mode])  # pyright: ignore
    np.testing.assert_array_equal(y.numpy(), wanted)


class TestModes:
    def test_cropping(self) -> None:
        # facts from PyTorch: what is cropped does not come round, but is mirrored
        x = ramp(1, 4)
        assert F.pad(x, (-1, 1), "reflect").tolist() == [[1, 2, 3, 2]]
        assert F.pad(x, (-1, 1), "replicate").tolist() == [[1, 2, 3, 3]]
        assert F.pad(x, (-1, 1), "circular").tolist() == [[1, 2, 3, 1]]

    @pytest.mark.parametrize("mode", sorted(NUMPY))
    def test_gradients(self, mode: str) -> None:
        x = fe.tensor(np.random.default_rng(0).standard_normal((1, 3, 4)), requires_grad=True)

        def padded(x: fe.Tensor) -> fe.Tensor:
            return F.pad(x, (2, 1, 1, 2), mode) ** 2

        assert fe.autograd.gradcheck(padded, x)
        assert fe.autograd.gradgradcheck(padded, x, fast_mode=True)

    @pytest.mark.parametrize("dtype", [fe.int8, fe.complex64, fe.float16])
    def test_any_dtype(self, dtype: Any) -> None:
        y = F.pad(fe.tensor([[1, 2]], dtype=dtype), (1, 0), "circular")
        assert y.dtype is dtype
        assert y.tolist() == [[2, 1, 2]]

    @pytest.mark.parametrize(
        ("shape", "pad", "mode", "error", "said"),
        [
            ((1, 3), (3, 0), "reflect", fe.ShapeError, "at most 2"),
            ((1, 3), (0, 4), "circular", fe.ShapeError, "at most 3"),
            ((3,), (1, 1), "reflect", fe.ShapeError, "pads the last one of 2 or 3"),
            ((1, 1, 3, 3), (1, 1), "replicate", fe.ShapeError, "pads the last one of 2 or 3"),
            ((1, 0), (1, 1), "replicate", fe.ShapeError, "nothing to pad with"),
            ((1, 2), (-1, -1), "reflect", fe.ShapeError, "which holds nothing"),
            ((1, 3), (1, 1), "mirror", fe.ArgumentError, "mode must be one of constant"),
            ((2,), (1, 1, 1, 1), "constant", fe.ShapeError, "pairs for at most 1 dims"),
            ((2,), (1,), "constant", fe.ShapeError, "pairs"),
        ],
    )
    def test_what_does_not_fit(
        self, shape: Any, pad: Any, mode: str, error: Any, said: str
    ) -> None:
        with pytest.raises(error, match=said):
            F.pad(fe.zeros(*shape), pad, mode)

    def test_a_value_belongs_to_the_constant(self) -> None:
        with pytest.raises(fe.ArgumentError, match='"reflect" takes no value'):
            F.pad(ramp(1, 3), (1, 1), "reflect", 2.0)
        assert F.pad(ramp(1, 3), (1, 1), "reflect", 0.0).tolist() == [[1, 0, 1, 2, 1]]


def test_constant_pad_nd_is_the_first_mode() -> None:
    x = fe.ones(1, 2)
    assert fe.constant_pad_nd(x, (1, 0), 5.0).tolist() == [[5, 1, 1]]
    assert fe.constant_pad_nd(x, (1, 0)).tolist() == F.pad(x, (1, 0)).tolist()
