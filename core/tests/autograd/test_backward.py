"""``backward``: what enters at the roots, and what arrives at the leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import GraphError, ShapeError, Tensor


def leaf(*values: float) -> Tensor:
    return fe.tensor(list(values), dtype=fe.float64, requires_grad=True)


def values(x: Tensor | None) -> Any:
    assert x is not None
    return x.tolist()


def test_every_use_of_a_tensor_adds_to_its_gradient() -> None:
    x = leaf(2.0, 3.0)
    (x * x + x * 5 - x).sum().backward()
    assert values(x.grad) == [2 * 2 + 4, 2 * 3 + 4]


def test_a_diamond_of_many_paths_counts_each_path() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(30):
        y = y + y
    y.backward()
    assert values(x.grad) == [2.0**30]


def test_backward_adds_to_what_is_there_already() -> None:
    x = leaf(1.0, 2.0)
    for n in (1, 2, 3):
        (x * 3).sum().backward()
        assert values(x.grad) == [3 * n, 3 * n]
    x.grad = None
    (x * 3).sum().backward()
    assert values(x.grad) == [3, 3]


def test_an_accumulated_gradient_is_a_new_value_and_leaves_the_former_alone() -> None:
    x = leaf(1.0)
    (x * 3).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert values(first) == [3]
    assert values(x.grad) == [6]


def test_gradients_of_two_leaves_are_two_objects() -> None:
    a, b = leaf(1.0), leaf(1.0)
    (a + b).sum().backward()
    assert a.grad is not None
    a.grad.mul_(5)
    assert values(a.grad) == [5]
    assert values(b.grad) == [1]


def test_writing_to_a_gradient_leaves_the_tensor_that_was_given_alone() -> None:
    x, entering = leaf(1.0), fe.tensor([7.0], dtype=fe.float64)
    x.backward(entering)
    assert x.grad is not None
    x.grad.zero_()
    assert values(entering) == [7]


def test_a_leaf_that_was_not_used_gets_no_gradient() -> None:
    x, unused = leaf(1.0), leaf(1.0)
    x.sum().backward()
    assert unused.grad is None


def test_tensors_that_ask_for_no_gradient_get_none() -> None:
    x, constant = leaf(1.0), fe.tensor([2.0], dtype=fe.float64)
    (x * constant).sum().backward()
    assert constant.grad is None
    assert values(x.grad) == [2]


def test_several_roots_add_up() -> None:
    x = leaf(2.0)
    a, b = x * 3, x * x
    fe.autograd.backward([a, b, a])
    assert values(x.grad) == [3 + 2 * 2 + 3]


def test_a_root_upstream_of_another_gets_both_gradients() -> None:
    x = leaf(2.0)
    h = x * x
    fe.autograd.backward([h * 10, h])
    assert values(x.grad) == [11 * 2 * 2]


def test_a_leaf_may_itself_be_the_root() -> None:
    x = fe.tensor(2.0, requires_grad=True)
    x.backward()
    x.backward()
    assert values(x.grad) == 2.0


def test_a_root_of_several_elements_needs_a_gradient() -> None:
    y = leaf(1.0, 2.0) * 2
    with pytest.raises(GraphError, match=r"one element.*float64\[2\].*\.sum\(\)"):
        y.backward()


def test_a_gradient_given_to_a_root_weighs_its_elements() -> None:
    x = leaf(1.0, 2.0, 3.0)
    (x * x).backward(fe.tensor([1.0, 10.0, 100.0], dtype=fe.float64))
    assert values(x.grad) == [2, 40, 600]


def test_a_gradient_of_another_dtype_is_converted_to_the_roots() -> None:
    x = leaf(1.0)
    (x * 2).backward(fe.tensor([3], dtype=fe.int32))
    assert x.grad is not None
    assert x.grad.dtype is fe.float64
    assert values(x.grad) == [6]


@pytest.mark.parametrize("shape", [(3,), (2, 1), (1, 2), ()])
def test_a_gradient_of_another_shape_is_refused_even_if_it_broadcasts(
    shape: tuple[int, ...],
) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(ShapeError, match=r"backward: a gradient of type .* for float64\[2\]"):
        (x * 2).backward(fe.ones(shape, dtype=fe.float64))
    assert x.grad is None


def test_as_many_gradients_as_roots_are_needed() -> None:
    x = leaf(1.0)
    with pytest.raises(GraphError, match="1 gradients for 2 tensors"):
        fe.autograd.backward([x * 2, x * 3], [fe.ones(1)])


def test_a_root_that_requires_no_gradient_says_why() -> None:
    with pytest.raises(GraphError, match=r"does not require a gradient.*no_grad.*detach"):
        fe.ones(()).backward()


def test_inputs_restricts_accumulation_to_the_leaves_named() -> None:
    a, b = leaf(2.0), leaf(3.0)
    (a * b).backward(inputs=[a])
    assert values(a.grad) == [3]
    assert b.grad is None


def test_a_single_tensor_may_be_given_as_inputs() -> None:
    a = leaf(2.0)
    (a * a).backward(inputs=a)
    assert values(a.grad) == [4]


def test_inputs_are_leaves_because_only_they_have_a_gradient_to_add_to() -> None:
    x = leaf(2.0)
    h = x * 2
    with pytest.raises(GraphError, match=r"float64\[1\] is no leaf.*autograd\.grad"):
        (h * 3).backward(inputs=[h])
    with pytest.raises(GraphError, match="does not require a gradient"):
        (h * 3).backward(inputs=[fe.ones(1)])


def test_empty_inputs_are_a_mistake_and_not_silence() -> None:
    with pytest.raises(GraphError, match="inputs is empty"):
        leaf(1.0).sum().backward(inputs=[])


def test_an_input_that_the_root_does_not_depend_on_keeps_its_gradient() -> None:
    a, b = leaf(1.0), leaf(1.0)
    (a * 2).backward(inputs=[b])
    assert a.grad is None
    assert b.grad is None


def test_detach_cuts_the_path_and_not_the_value() -> None:
    x = leaf(3.0)
    (x.detach() * x).sum().backward()
    assert values(x.grad) == [3]


def test_integer_paths_carry_no_gradient() -> None:
    x = leaf(1.5, 2.5)
    assert not x.long().requires_grad
    (x * x.long()).sum().backward()
    assert values(x.grad) == [1, 2]


def test_a_gradient_set_by_hand_must_fit_its_leaf() -> None:
    x = leaf(1.0, 2.0)
    x.grad = fe.tensor([5.0, 6.0], dtype=fe.float64)
    (x * 1).sum().backward()
    assert values(x.grad) == [6, 7]
    with pytest.raises(ShapeError, match=r"float64\[1\] was set on float64\[2\]"):
        x.grad = fe.ones(1, dtype=fe.float64)
    with pytest.raises(GraphError, match="only be set on a leaf"):
        (x * 2).grad = fe.ones(2, dtype=fe.float64)


def test_a_network_agrees_with_central_differences_in_numpy() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in ((4, 3), (3, 5), (5,), (5, 2))]

    def loss(x: Any, w: Any, b: Any, v: Any) -> Any:
        return np.mean(np.tanh(x @ w + b) @ v * 3.0)

    tensors = [fe.tensor(a, requires_grad=True) for a in arrays]
    x, w, b, v = tensors
    (((x @ w + b).tanh() @ v) * 3.0).mean().backward()
    for i, (array, tensor) in enumerate(zip(arrays, tensors)):
        expected = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in arrays]
                moved[i][at] += step
                sides.append(loss(*moved))
            expected[at] = (sides[0] - sides[1]) / 2e-6
        assert tensor.grad is not None
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-6, atol=1e-9)
