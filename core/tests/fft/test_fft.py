"""Fourier transforms against NumPy, their gradients against differences, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule import ArgumentError, DTypeError, OutOfRange, ShapeError
from ferrule.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(0)
REAL = rng.standard_normal((3, 4, 5))
COMPLEX = REAL + 1j * rng.standard_normal((3, 4, 5))

NORMS = st.sampled_from([None, "backward", "ortho", "forward"])


def _numpys(name: str, x: Any, s: Any, dim: Any, norm: Any) -> Any:
    if name in ("fftn", "ifftn", "rfftn", "irfftn"):
        if s is not None and dim is None:
            dim = tuple(range(x.ndim - len(s), x.ndim))
        return getattr(np.fft, name)(x, s, dim, norm)
    return getattr(np.fft, name)(x, s, dim, norm)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@given(n=st.none() | st.integers(1, 8), dim=st.integers(-3, 2), norm=NORMS)
def test_along_one_dim(name: str, n: int | None, dim: int, norm: str | None) -> None:
    x = REAL if name in ("rfft", "ihfft") else COMPLEX
    got = getattr(fe.fft, name)(fe.tensor(x), n, dim, norm)
    np.testing.assert_allclose(got.numpy(), _numpys(name, x, n, dim, norm), atol=1e-12)


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
@given(
    s=st.none() | st.lists(st.integers(1, 6), min_size=1, max_size=3),
    dims=st.none() | st.permutations(range(3)),
    norm=NORMS,
)
def test_along_several_dims(name: str, s: Any, dims: Any, norm: Any) -> None:
    if dims is not None:
        dims = dims[: len(s) if s is not None else 2]
    x = REAL if name == "rfftn" else COMPLEX
    got = getattr(fe.fft, name)(fe.tensor(x), s, dims, norm)
    np.testing.assert_allclose(got.numpy(), _numpys(name, x, s, dims, norm), atol=1e-12)


def test_two_dims_and_hermitian_forms() -> None:
    x, z = fe.tensor(REAL), fe.tensor(COMPLEX)
    np.testing.assert_allclose(fe.fft.fft2(z).numpy(), np.fft.fft2(COMPLEX), atol=1e-12)
    np.testing.assert_allclose(fe.fft.ifft2(z).numpy(), np.fft.ifft2(COMPLEX), atol=1e-12)
    np.testing.assert_allclose(fe.fft.rfft2(x).numpy(), np.fft.rfft2(REAL), atol=1e-12)
    np.testing.assert_allclose(fe.fft.irfft2(z).numpy(), np.fft.irfft2(COMPLEX), atol=1e-12)
    half = fe.fft.ihfftn(x)
    np.testing.assert_allclose(fe.fft.hfftn(half, s=x.shape).numpy(), REAL, atol=1e-12)
    whole = np.fft.hfft(np.fft.fft(COMPLEX, axis=1), axis=2)
    np.testing.assert_allclose(fe.fft.hfft2(z).numpy(), whole, atol=1e-12)
    np.testing.assert_allclose(
        fe.fft.ihfft2(x).numpy(), np.fft.ifft(np.fft.ihfft(REAL, axis=2), axis=1), atol=1e-12
    )


@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_frequencies_and_shifts(n: int) -> None:
    freq = fe.fft.fftfreq(n, 0.1, dtype=fe.float64)
    np.testing.assert_allclose(freq.numpy(), np.fft.fftfreq(n, 0.1))
    np.testing.assert_allclose(
        fe.fft.rfftfreq(n, 0.1, dtype=fe.float64).numpy(), np.fft.rfftfreq(n, 0.1)
    )
    assert fe.fft.fftfreq(n).dtype is fe.float32
    np.testing.assert_array_equal(fe.fft.fftshift(freq).numpy(), np.fft.fftshift(freq.numpy()))
    assert fe.fft.ifftshift(fe.fft.fftshift(freq)).tolist() == freq.tolist()
    x = fe.tensor(REAL)
    np.testing.assert_array_equal(fe.fft.fftshift(x, (0, 2)).numpy(), np.fft.fftshift(REAL, (0, 2)))


@pytest.mark.parametrize(
    "name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "rfftn", "irfftn"]
)
def test_gradients(name: str) -> None:
    transform = getattr(fe.fft, name)
    x = REAL[0, :3, :4] if name in ("rfft", "ihfft", "rfftn") else COMPLEX[0, :3, :4]
    x = fe.tensor(x, requires_grad=True)
    options: list[dict[str, Any]] = [{}, {"norm": "ortho"}]
    options += [{"s": (4, 5)}] if name.endswith("n") else [{"n": 5}, {"dim": 0}]
    for option in options:
        assert gradcheck(lambda x, o=option: transform(x, **o), x)
        assert gradgradcheck(lambda x, o=option: transform(x, **o), x, fast_mode=True)


def test_dtypes() -> None:
    assert fe.fft.fft(fe.tensor([1, 2])).dtype is fe.complex64
    assert fe.fft.rfft(fe.tensor([1.0, 2.0], dtype=fe.float64)).dtype is fe.complex128
    assert fe.fft.irfft(fe.tensor([1.0, 2.0])).dtype is fe.float32


def test_refusals() -> None:
    x = fe.zeros(2, 3)
    with pytest.raises(DTypeError, match="rfft: the input must be real"):
        fe.fft.rfft(fe.zeros(3, dtype=fe.complex64))
    with pytest.raises(DTypeError, match="not precise enough"):
        fe.fft.fft(x.half())
    with pytest.raises(ArgumentError, match='norm must be "backward"'):
        fe.fft.fft(x, norm="orthogonal")
    with pytest.raises(OutOfRange, match="dim 2 is out of range"):
        fe.fft.fft(x, dim=2)
    with pytest.raises(ShapeError, match="names one dim twice"):
        fe.fft.fftn(x, dim=(1, -1))
    with pytest.raises(ShapeError, match="there must be at least one"):
        fe.fft.fft(x, n=0)
    with pytest.raises(ShapeError, match="no elements"):
        fe.fft.fft(fe.zeros(2, 0))
    with pytest.raises(ShapeError, match="s has 1 sizes for 2 dims"):
        fe.fft.fft2(x, s=(2,))
    with pytest.raises(ArgumentError, match="n must be positive"):
        fe.fft.fftfreq(0)


def test_one_size_for_several_dims() -> None:
    x = fe.arange(6.0).reshape(2, 3)
    assert fe.fft.fftn(x, 2).tolist() == fe.fft.fftn(x, (2,)).tolist()  # the last dim
    assert fe.fft.irfftn(x, 4).tolist() == fe.fft.irfftn(x, (4,)).tolist()
    assert fe.fft.rfft2(x, 2, 0).tolist() == fe.fft.rfft2(x, (2,), (0,)).tolist()
