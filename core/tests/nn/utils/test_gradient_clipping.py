"""Norms of gradients, and vectors of parameters."""

import math

import numpy as np
import pytest

import ferrule as fe
from ferrule.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)


def parameters() -> list[fe.Tensor]:
    rng = np.random.default_rng(0)
    found = []
    for shape in ((3, 2), (4,), ()):
        p = fe.tensor(rng.standard_normal(shape), requires_grad=True)
        p.grad = fe.tensor(rng.standard_normal(shape))
        found.append(p)
    return [*found, fe.ones(2, requires_grad=True)]


def gradients(found: list[fe.Tensor]) -> np.ndarray:
    return np.concatenate([np.ravel(p.grad.numpy()) for p in found if p.grad is not None])


@pytest.mark.parametrize("order", [1, 2.0, 3, math.inf])
@pytest.mark.parametrize("most", [0.1, 100.0])
def test_the_norm_is_brought_below_the_bound(order: float, most: float) -> None:
    found = parameters()
    before = gradients(found)
    norm = np.linalg.norm(before, order)
    total = clip_grad_norm_(found, most, order)
    np.testing.assert_allclose(total.numpy(), norm, rtol=1e-13)
    factor = min(1.0, most / (norm + 1e-6))
    np.testing.assert_allclose(gradients(found), before * factor, rtol=1e-12)
    assert found[-1].grad is None


def test_norms_of_order_0_and_minus_infinity_are_pytorchs() -> None:
    tensors = [fe.tensor([3.0, -4.0]), fe.tensor([0.0, 5.0, 0.0])]
    assert get_total_norm(tensors, 0).item() == 2.0  # of the numbers of elements that are not 0
    assert get_total_norm(tensors, -math.inf).item() == 0.0
    assert get_total_norm([fe.tensor([3.0, 4.0])], 0).item() == 1.0
    assert get_total_norm([]).item() == 0.0


def test_a_norm_that_is_not_finite_raises_if_it_is_to() -> None:
    p = fe.ones(2, requires_grad=True)
    p.grad = fe.tensor([1.0, math.nan])
    with pytest.raises(RuntimeError, match="error_if_nonfinite"):
        clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad[0].item() == 1.0
    assert math.isnan(clip_grad_norm_([p], 1.0).item())


def test_norms_meet_in_the_wider_dtype() -> None:
    total = get_total_norm([fe.tensor([3.0]), fe.tensor([4.0], dtype=fe.float64)])
    assert total.dtype is fe.float64 and total.item() == 5.0


def test_elements_are_brought_between_the_bounds() -> None:
    found = parameters()
    before = gradients(found)
    clip_grad_value_(iter(found), 0.3)
    np.testing.assert_array_equal(gradients(found), np.clip(before, -0.3, 0.3))


def test_parameters_go_to_a_vector_and_back() -> None:
    found = parameters()
    vector = parameters_to_vector(found)
    np.testing.assert_array_equal(
        vector.detach().numpy(), np.concatenate([p.detach().numpy().ravel() for p in found])
    )
    vector.sum().backward()
    kept = found[0].grad
    vector_to_parameters(fe.arange(13, dtype=fe.float64), found)
    assert found[0].tolist() == [[0, 1], [2, 3], [4, 5]] and found[2].item() == 10
    assert found[0].requires_grad and found[0].grad is kept
    assert found[3].dtype is fe.float32


def test_vectors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="13 elements"):
        vector_to_parameters(fe.ones(12), parameters())
    with pytest.raises(TypeError, match="list"):
        vector_to_parameters([1.0], [])  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="no parameter"):
        parameters_to_vector([])
