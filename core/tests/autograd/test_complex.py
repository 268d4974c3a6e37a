"""Gradients of complex tensors: PyTorch's convention, and what meets real tensors on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, Tensor
from ferrule.autograd import gradcheck, gradgradcheck


def z_of(*values: complex) -> Tensor:
    return fe.tensor(list(values), dtype=fe.complex128, requires_grad=True)


def test_gradient_of_a_squared_modulus_is_twice_the_number() -> None:
    z = z_of(3 + 4j, -1 + 0.5j)
    (z * z).abs().sum().backward()
    assert z.grad is not None
    np.testing.assert_allclose(z.grad.numpy(), 2 * z.detach().numpy(), rtol=1e-12)


def test_holomorphic_functions_pull_back_by_the_conjugate() -> None:
    z = z_of(1 + 2j)
    fe.exp(z).backward(fe.tensor([2 - 1j], dtype=fe.complex128))
    assert z.grad is not None
    np.testing.assert_allclose(z.grad.numpy(), [(2 - 1j) * np.conj(np.exp(1 + 2j))])


@pytest.mark.parametrize(
    "function",
    [
        lambda z, w: z * w / (z + 3.0),
        lambda z, w: fe.log(z + 4.0) * fe.sqrt(w + 5.0),
        lambda z, w: (z**2 + 1j * w) ** 1.5,
        lambda z, w: 2.0 ** (z * w),
        lambda z, w: fe.sin(z) * fe.cos(w) + fe.tanh(z * 0.3),
        lambda z, w: fe.ops.conj(z) * w.sum() + z.prod(),
        lambda z, w: fe.ops.real(z) * w + fe.ops.imag(w),
        lambda z, w: fe.ops.sgn(z) * fe.abs(w),
        lambda z, w: (z.reshape(3, 1) @ w.reshape(1, 3)).abs(),
        lambda z, w: fe.where(fe.ops.real(z) > 0, z, w * 2j),
    ],
)
def test_differences_agree(function: Callable[..., Any]) -> None:
    z, w = z_of(0.5 + 1j, -1.2 + 0.3j, 2 - 0.4j), z_of(-0.3 + 0.7j, 1.1 - 0.9j, 0.6 + 0.2j)
    assert gradcheck(function, (z, w))
    assert gradgradcheck(function, (z, w))
    assert gradcheck(function, (z, w), fast_mode=True)


def test_a_real_operand_gets_a_real_gradient() -> None:
    x = fe.tensor([1.0, 2.0], dtype=fe.float64, requires_grad=True)
    assert gradcheck(lambda x: x * (1 + 2j) + fe.ops.complex(x, x * x), x)
    (x * (3 + 4j)).abs().sum().backward()
    assert x.grad is not None and x.grad.dtype is fe.float64
    np.testing.assert_allclose(x.grad.numpy(), [5.0, 5.0])


def test_gradcheck_finds_a_missing_conjugate() -> None:
    class Wrong(fe.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Tensor) -> Tensor:
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return g * 2 * ctx.saved_tensors[0]

    with pytest.raises(GraphError, match="part of element 0"):
        gradcheck(Wrong.apply, z_of(1 + 1j))
    assert not gradcheck(Wrong.apply, z_of(1 + 1j), raise_exception=False, fast_mode=True)


def test_a_complex_tensor_starts_only_with_a_gradient() -> None:
    z = z_of(1 + 1j)
    with pytest.raises(GraphError, match="only a real tensor can start without a gradient"):
        (z * 2).backward()
