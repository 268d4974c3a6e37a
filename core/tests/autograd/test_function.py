"""Custom differentiable functions, in PyTorch's form."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import ferrule as fe
from ferrule import GraphError, Tensor
from ferrule.autograd import Function, gradcheck, gradgradcheck


def leaf(*values: float) -> Tensor:
    return fe.tensor(list(values), dtype=fe.float64, requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class Exponential(Function):
    """Saves its own output."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return g * y


class SumAndProduct(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, factor: float) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(a, b)
        ctx.factor = factor
        return (a + b) * factor, a * b

    @staticmethod
    def backward(ctx: Any, g_sum: Tensor, g_product: Tensor) -> tuple[Any, ...]:
        a, b = ctx.saved_tensors
        scaled = g_sum * ctx.factor
        return scaled + g_product * b, scaled + g_product * a, None


@pytest.mark.parametrize("function", [Cube, Exponential])
def test_first_and_second_derivatives_agree_with_differences(function: type[Function]) -> None:
    assert gradcheck(function.apply, leaf(0.5, -1.5))
    assert gradgradcheck(function.apply, leaf(0.5, -1.5))


def test_several_outputs_and_arguments_that_are_no_tensors() -> None:
    inputs = [leaf(2.0, 3.0), leaf(5.0, 7.0)]
    assert gradcheck(lambda a, b: SumAndProduct.apply(a, b, 10.0), inputs)
    assert gradgradcheck(lambda a, b: SumAndProduct.apply(a, b, 10.0), inputs)


@pytest.mark.parametrize(("used", "expected"), [(0, [10, 10]), (1, [5, 7])])
def test_an_unused_output_comes_with_a_gradient_of_zeros(used: int, expected: list[float]) -> None:
    a = leaf(2.0, 3.0)
    outputs = SumAndProduct.apply(a, fe.tensor([5.0, 7.0], dtype=fe.float64), 10.0)
    outputs[used].sum().backward()
    assert a.grad is not None
    assert a.grad.tolist() == expected


def test_forward_sees_its_arguments_themselves_and_records_nothing() -> None:
    seen: list[Any] = []

    class Look(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, word: str) -> Tensor:
            seen.extend([x, word, fe.is_grad_enabled()])
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return g, None

    x = leaf(1.0)
    Look.apply(x, "word")
    assert seen[0] is x
    assert seen[1:] == ["word", False]


def test_needs_input_grad_says_which_arguments_ask() -> None:
    seen: list[Any] = []

    class Ask(Function):
        @staticmethod
        def forward(ctx: Any, a: Tensor, b: Tensor, n: int) -> Tensor:
            seen.append(ctx.needs_input_grad)
            return a + b

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            seen.append(ctx.needs_input_grad)
            return g, g, None

    Ask.apply(leaf(1.0), fe.ones(1, dtype=fe.float64), 3).sum().backward()
    with fe.no_grad():
        Ask.apply(leaf(1.0), leaf(1.0), 3)
    assert seen == [(True, False, False)] * 2 + [(False, False, False)]


def test_none_means_no_gradient_and_gradients_nobody_wants_are_dropped() -> None:
    class Half(Function):
        @staticmethod
        def forward(ctx: Any, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
            return a + b + c

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return g, None, g

    a, b, c = leaf(1.0), leaf(1.0), fe.ones(1, dtype=fe.float64)
    Half.apply(a, b, c).sum().backward()
    assert a.grad is not None
    assert a.grad.tolist() == [1]
    assert b.grad is None
    assert c.grad is None


def test_gradients_are_brought_to_the_arguments_shapes_and_dtypes() -> None:
    class Wide(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.double().expand(4, 3)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return g

    x = fe.ones(3, dtype=fe.float32).requires_grad_()
    Wide.apply(x).sum().backward()
    assert x.grad is not None
    assert (x.grad.dtype, x.grad.tolist()) == (fe.float32, [4, 4, 4])


def test_outputs_marked_or_of_integers_have_no_gradient() -> None:
    class Largest(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            values, indices = fe.max(x, 0, True)
            rest = x * 0
            ctx.mark_non_differentiable(rest)
            ctx.index = indices
            return values, indices, rest

        @staticmethod
        def backward(ctx: Any, g: Tensor, *unused: Tensor) -> Tensor:
            assert [u.tolist() for u in unused] == [[0], [0, 0]]
            return fe.scatter_add(fe.zeros(2, dtype=g.dtype), 0, ctx.index, g)

    x = leaf(1.0, 4.0)
    values, indices, rest = Largest.apply(x)
    assert [values.requires_grad, indices.requires_grad, rest.requires_grad] == [True, False, False]
    values.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1]


@pytest.mark.parametrize("returned", [(), (1, 1), (1, 1, 1)], ids=len)
def test_a_wrong_number_of_gradients_names_the_function_and_both_counts(returned: Any) -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return tuple(g for _ in returned)

    with pytest.raises(GraphError, match=rf"Wrong\.backward returned {len(returned)}.* 1 arg"):
        Wrong.apply(leaf(1.0)).sum().backward()


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (1.0, r"Wrong\.backward returned 1\.0 as gradient 0"),
        (fe.ones(2, 3, dtype=fe.float64), r"Wrong returned float64\[2,3\] for .* float64\[2\]"),
        (fe.ones(3, dtype=fe.float64), r"Wrong returned float64\[3\] for .* float64\[2\]"),
        (fe.ones((), dtype=fe.float64), r"Wrong returned float64\[\] for .* float64\[2\]"),
    ],
    ids=["no tensor", "too many dims", "another size", "too few dims"],
)
def test_a_gradient_that_cannot_be_right_is_refused(returned: Any, message: str) -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return returned

    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match=message):
        Wrong.apply(x).sum().backward()
    assert x.grad is None


def test_what_is_saved_stays_as_it_was_when_the_caller_writes_in_place() -> None:
    x = leaf(2.0)
    h = x * 1
    y = Cube.apply(h)
    e = Exponential.apply(h)
    before = e.tolist()
    h += 100
    y_and_e = [y, e]
    y += 100
    e += 100
    fe.autograd.backward([t.sum() for t in y_and_e])
    assert x.grad is not None
    assert x.grad.tolist() == [3 * 4 + before[0]]


def test_backward_may_write_to_the_gradient_it_was_given() -> None:
    class Impolite(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            g *= 100
            return g

    a, b = leaf(1.0), leaf(1.0)
    (Impolite.apply(a) + b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.tolist(), b.grad.tolist()) == ([100], [1])


def test_saved_tensors_are_freed_by_backward() -> None:
    kept: list[Any] = []

    class Keeps(Cube):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            inner = x * 2
            kept.append(weakref.ref(inner._data))
            ctx.save_for_backward(inner)
            return inner * 1

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return g * 2

    y = Keeps.apply(leaf(*[1.0] * 100)).sum()
    gc.collect()
    assert kept[0]() is not None
    y.backward()
    gc.collect()
    assert kept[0]() is None


def test_asking_the_context_for_what_forward_did_not_set_says_so() -> None:
    class Forgets(Cube):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return g * ctx.factor

    with pytest.raises(AttributeError, match=r"forward did not set ctx\.factor"):
        Forgets.apply(leaf(1.0)).sum().backward()


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_function_without_one_of_its_two_methods_says_which(method: str) -> None:
    whole = {"forward": Cube.forward, "backward": Cube.backward}
    parts = {name: staticmethod(f) for name, f in whole.items() if name != method}
    partial = type("Partial", (Function,), parts)
    with pytest.raises(NotImplementedError, match=f"static {method}"):
        partial.apply(leaf(1.0)).sum().backward()


def test_without_a_gradient_wanted_the_result_is_off_the_tape() -> None:
    assert not Cube.apply(fe.ones(2)).requires_grad
    with fe.no_grad():
        assert not Cube.apply(leaf(1.0)).requires_grad
