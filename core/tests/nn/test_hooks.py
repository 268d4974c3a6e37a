"""What is called around forward and backward. Facts about PyTorch were taken from version 2.13."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn


class Pair(nn.Module):
    """Two results, of which the second may stay unused."""

    def forward(self, x: fe.Tensor, other: Any = None) -> tuple[fe.Tensor, fe.Tensor]:
        return x * 2.0, x * 3.0


class Failing(nn.Module):
    def forward(self, x: fe.Tensor) -> fe.Tensor:
        raise ValueError("no")


def leaf(*values: float) -> fe.Tensor:
    return fe.tensor(values, requires_grad=True)


def lists(gradients: tuple[Any, ...]) -> list[Any]:
    return [None if g is None else g.tolist() for g in gradients]


class TestForward:
    def test_prepended_hooks_come_first(self) -> None:
        module, seen = nn.Identity(), []
        for name, prepend in (("a", False), ("b", False), ("c", True)):
            module.register_forward_hook(
                lambda m, args, y, name=name: seen.append(name), prepend=prepend
            )
            module.register_forward_pre_hook(
                lambda m, args, name=name: seen.append("pre " + name), prepend=prepend
            )
        module(1)
        assert seen == ["pre c", "pre a", "pre b", "c", "a", "b"]

    def test_removing_one_of_several(self) -> None:
        module, seen = nn.Identity(), []
        first = module.register_forward_hook(lambda m, args, y: seen.append(1))
        module.register_forward_hook(lambda m, args, y: seen.append(2), prepend=True)
        first.remove()
        first.remove()
        module(0)
        assert seen == [2]

    def test_a_pre_hook_with_keywords_returns_both(self) -> None:
        module = nn.Identity()
        module.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
        with pytest.raises(fe.ArgumentError, match=r"returns both \(args, kwargs\)"):
            module(1)

    def test_hooks_that_are_always_called(self) -> None:
        module, seen = Failing(), []
        module.register_forward_hook(lambda m, args, y: seen.append("no"))
        module.register_forward_hook(lambda m, args, y: seen.append(y), always_call=True)
        module.register_forward_hook(
            lambda m, args, kwargs, y: seen.append(kwargs), with_kwargs=True, always_call=True
        )
        with pytest.raises(ValueError, match="no"):
            module(1)
        assert seen == [None, {}]

    def test_an_error_in_a_hook_that_is_always_called(self) -> None:
        module = Failing()

        def broken(m: nn.Module, args: Any, y: Any) -> None:
            raise KeyError("hook")

        module.register_forward_hook(broken, always_call=True)
        with pytest.warns(UserWarning, match="KeyError"), pytest.raises(ValueError, match="no"):
            module(1)

    def test_a_hook_that_is_always_called_is_called_once(self) -> None:
        module, seen = nn.Identity(), []
        module.register_forward_hook(lambda m, args, y: seen.append(y), always_call=True)

        def broken(m: nn.Module, args: Any, y: Any) -> None:
            raise KeyError("hook")

        module.register_forward_hook(broken)
        with pytest.raises(KeyError):
            module(4)
        assert seen == [4]


class TestBackward:
    def test_gradients_of_arguments_and_results(self) -> None:
        module, seen = Pair(), []
        module.register_full_backward_hook(
            lambda m, g_in, g_out: seen.append((lists(g_in), lists(g_out)))
        )
        module.register_full_backward_pre_hook(lambda m, g_out: seen.append(lists(g_out)))
        x = leaf(1.0, 1.0)
        y, _ = module(x * 1.0, "other")
        y.sum().backward()
        assert seen == [[[1.0, 1.0], None], ([[2.0, 2.0], None], [[1.0, 1.0], None])]
        assert x.grad is not None
        assert x.grad.tolist() == [2.0, 2.0]

    def test_what_they_return_takes_their_place(self) -> None:
        module = Pair()
        module.register_full_backward_pre_hook(lambda m, g: (g[0] * 3.0, None))
        module.register_full_backward_hook(lambda m, g_in, g_out: (g_in[0] + g_out[0],))
        module.register_full_backward_hook(lambda m, g_in, g_out: (g_in[0] * 10.0,))
        x = leaf(1.0)
        y, z = module(x)
        (y + z).sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [(3.0 * 2.0 + 3.0) * 10.0]

    def test_prepended(self) -> None:
        module, seen = nn.Linear(1, 1), []
        module.register_full_backward_hook(lambda m, a, b: seen.append("a"))
        module.register_full_backward_hook(lambda m, a, b: seen.append("b"), prepend=True)
        module(leaf(1.0)).sum().backward()
        assert seen == ["b", "a"]

    def test_without_a_gradient_of_an_argument_results_are_enough(self) -> None:
        module, seen = nn.Linear(2, 2), []
        module.register_full_backward_hook(lambda m, g_in, g_out: seen.append((g_in, lists(g_out))))
        module(fe.ones(1, 2)).sum().backward()
        assert seen == [((None,), [[[1.0, 1.0]]])]
        assert module.weight.grad is not None

    def test_nothing_is_called_without_a_tape(self) -> None:
        module, seen = nn.Linear(2, 2), []
        module.register_full_backward_hook(lambda *given: seen.append(given))
        with fe.no_grad():
            assert not module(fe.ones(1, 2)).requires_grad
        assert seen == []

    def test_they_see_copies(self) -> None:
        module, kept = nn.Identity(), []

        def write(m: nn.Module, g_in: Any, g_out: Any) -> None:
            g_in[0].mul_(0.0)
            kept.append(g_in[0])

        module.register_full_backward_hook(write)
        x = leaf(2.0)
        module(x).sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [1.0]

    def test_twice_and_with_second_derivatives(self) -> None:
        module = nn.Linear(1, 1, bias=False)
        count: list[int] = []
        module.register_full_backward_hook(lambda *given: count.append(1))
        x = leaf(3.0)
        y = (module(x) ** 3.0).sum()
        (g,) = fe.autograd.grad(y, [x], create_graph=True)
        (second,) = fe.autograd.grad(g.sum(), [x])
        w = module.weight.item()
        np.testing.assert_allclose(second.item(), 6.0 * w**3 * 3.0, rtol=1e-5)
        assert len(count) >= 1

    def test_wrong_returns(self) -> None:
        module = nn.Identity()
        handle = module.register_full_backward_hook(lambda m, a, b: (None, None))
        with pytest.raises(fe.GraphError, match="returned 2 gradients in the place of 1"):
            module(leaf(1.0)).sum().backward()
        handle.remove()
        module.register_full_backward_hook(lambda m, a, b: (fe.ones(3),))
        with pytest.raises(fe.GraphError, match=r"float32\[3\] in the place of a gradient"):
            module(leaf(1.0)).sum().backward()

    def test_results_that_are_no_tensors(self) -> None:
        class Named(nn.Module):
            def forward(self, x: fe.Tensor) -> dict[str, fe.Tensor]:
                return {"a": x * 2.0}

        module = Named()
        module.register_full_backward_hook(lambda *given: None)
        with pytest.warns(UserWarning, match="its result is a dict"):
            module(leaf(1.0))

    def test_under_vmap(self) -> None:
        module, seen = nn.Linear(2, 1), []
        module.register_full_backward_hook(lambda m, g_in, g_out: seen.append(g_out[0].shape))
        found = fe.func.vmap(fe.func.grad(lambda x: module(x).sum()))(fe.ones(3, 2))
        np.testing.assert_allclose(
            found.detach().numpy(), np.repeat(module.weight.detach().numpy(), 3, axis=0)
        )
        assert seen == [(3, 1)]


def _count(module: nn.Module, args: Any, y: Any) -> None:
    module.calls = getattr(module, "calls", 0) + 1


def test_copies_have_hooks_of_their_own() -> None:
    module = nn.Linear(1, 1)
    handle = module.register_forward_hook(_count)
    twin, stored = copy.deepcopy(module), pickle.loads(pickle.dumps(module))
    handle.remove()
    for m in (module, twin, stored):
        m(fe.ones(1))
    assert (getattr(module, "calls", 0), twin.calls, stored.calls) == (0, 1, 1)
