"""``fe.autograd.grad``: targets anywhere in the graph, and ``.grad`` left alone."""

from __future__ import annotations

import pytest

import ferrule as fe
from ferrule import GraphError, Tensor
from ferrule.autograd import grad


def leaf(*values: float) -> Tensor:
    return fe.tensor(list(values), dtype=fe.float64, requires_grad=True)


def known(gradients: tuple[Tensor | None, ...]) -> list[object]:
    return [None if g is None else g.tolist() for g in gradients]


def test_gradients_come_back_and_are_not_accumulated() -> None:
    a, b = leaf(2.0), leaf(5.0)
    assert known(grad(a * b, [a, b])) == [[5], [2]]
    assert a.grad is None
    assert b.grad is None


def test_gradients_that_are_equal_are_still_two_objects() -> None:
    a, b = leaf(1.0), leaf(1.0)
    first, second = grad((a + b).sum(), [a, b])
    assert first is not None
    first += 10
    assert known((first, second)) == [[11], [1]]


def test_with_respect_to_a_tensor_in_between() -> None:
    x = leaf(3.0)
    h = x * x
    assert known(grad((h * h).sum(), h)) == [[2 * 9]]


def test_nothing_behind_a_target_is_walked() -> None:
    x = leaf(3.0)
    seen: list[Tensor] = []
    before = x * x
    before.register_hook(seen.append)
    h = before * 2
    grad((h * h).sum(), h)
    assert seen == []


def test_branches_that_lead_to_no_target_are_not_walked() -> None:
    a, b = leaf(1.0), leaf(1.0)
    seen: list[Tensor] = []
    side = b * 2
    side.register_hook(seen.append)
    grad((a * 3 + side).sum(), a)
    assert seen == []


def test_two_targets_one_upstream_of_the_other() -> None:
    x = leaf(3.0)
    h = x * x
    y = (h * h * x).sum()  # x**5 through h = x**2
    assert known(grad(y, [x, h])) == [[5 * 3.0**4], [2 * 9.0 * 3]]
    assert known(grad((x * x * 1).sum(), [x, x])) == [[6], [6]]


def test_a_target_that_is_the_output_itself() -> None:
    y = leaf(3.0) * 2
    assert known(grad(y, y)) == [[1]]
    z = y * 5
    assert known(grad([z, y], y)) == [[6]]


def test_outputs_of_one_call_share_their_inputs_gradients() -> None:
    x = leaf(2.0, 3.0)
    weights = [fe.tensor([1.0, 10.0], dtype=fe.float64), None]
    assert known(grad([x * x, x.sum()], x, weights)) == [[5, 61]]


def test_an_unused_input_is_an_error_that_names_it_and_both_remedies() -> None:
    a, b = leaf(1.0), leaf(1.0, 2.0)
    with pytest.raises(GraphError, match=r"input 1 \(float64\[2\]\).*allow_unused.*materialize"):
        grad(a * 2, [a, b])


def test_an_unused_input_gives_none_where_allowed() -> None:
    a, b = leaf(1.0), leaf(1.0, 2.0)
    assert known(grad(a * 2, [b, a], allow_unused=True)) == [None, [2]]


def test_an_unused_input_gives_zeros_of_its_type_where_asked() -> None:
    a, b = leaf(1.0), fe.ones(2, 2, dtype=fe.float32).requires_grad_()
    (zeros,) = grad(a * 2, [b], materialize_grads=True)
    assert zeros is not None
    assert (zeros.dtype, zeros.tolist()) == (fe.float32, [[0, 0], [0, 0]])


def test_an_output_used_through_a_detached_copy_counts_as_unused() -> None:
    x = leaf(1.0)
    assert known(grad((x.detach() * 2 + leaf(1.0)).sum(), x, allow_unused=True)) == [None]


def test_a_target_must_require_a_gradient() -> None:
    with pytest.raises(GraphError, match=r"does not require a gradient.*requires_grad_"):
        grad(leaf(1.0) * 2, fe.ones(1))


def test_gradient_is_that_of_the_value_the_name_had() -> None:
    x = leaf(3.0)
    h = x * 2
    y = (h * h).sum()
    h += 100
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2 * 6 * 2]


def test_no_tensor_at_all_gives_no_gradient() -> None:
    assert grad(leaf(1.0) * 2, []) == ()
