"""Ops that third parties declare: what is refused at declaration, and what rules may ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import DeclarationError, GraphError, Tensor
from ferrule.autograd import gradcheck, gradgradcheck
from ferrule.declare import everything, floating
from ferrule.schema import Index, Mask
from ferrule_plugins import Shaped, Spec


def x_of(*values: float) -> Tensor:
    return fe.tensor(list(values), dtype=fe.float64, requires_grad=True)


@pytest.fixture
def cubed(give_kernel: Any) -> fe.Op:
    @fe.primitive(dtypes=floating, samples=[])
    def test_cubed(x: Shaped, *, factor: float = 1.0) -> Shaped:
        """``factor * x ** 3``"""
        return x

    give_kernel("test_cubed", lambda x, factor: x**3 * factor)
    return test_cubed


def test_a_primitive_with_a_rule_differentiates_to_any_order(cubed: fe.Op) -> None:
    @cubed.vjp
    def _(g: Any, x: Any, factor: Any) -> Any:
        return g * (x * x * (3 * factor))

    assert cubed(x_of(2.0), factor=10.0).tolist() == [80]
    assert gradcheck(lambda x: cubed(x, factor=2.0), x_of(0.5, -1.0))
    assert gradgradcheck(lambda x: cubed(x, factor=2.0), x_of(0.5, -1.0))


def test_a_primitive_without_a_rule_computes_but_refuses_to_drop_a_gradient(cubed: fe.Op) -> None:
    y = cubed(x_of(2.0))
    assert y.tolist() == [8]
    assert y.requires_grad
    with pytest.raises(GraphError, match=r"'test_cubed'.*@test_cubed\.vjp.*differentiable=False"):
        y.sum().backward()


def test_a_rule_declared_after_the_first_call_is_used(cubed: fe.Op) -> None:
    cubed(x_of(2.0))

    @cubed.vjp
    def _(g: Any) -> Any:
        return g * 7

    x = x_of(2.0)
    cubed(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [7]


def test_an_op_declared_not_differentiable_ends_the_path(give_kernel: Any) -> None:
    @fe.primitive(dtypes=floating, samples=[], differentiable=False)
    def test_hard(x: Shaped) -> Shaped:
        """``sign(x)``"""
        return x

    give_kernel("test_hard", np.sign)
    assert not test_hard(x_of(2.0)).requires_grad


@pytest.mark.parametrize("name", ["z", "facto", "grad", "self"])
def test_a_misspelt_name_in_a_rule_fails_at_declaration(cubed: fe.Op, name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def rule(g, {name}): return g", namespace)
    with pytest.raises(
        DeclarationError, match=rf"'test_cubed' asks for '{name}'.*may ask for g, y, x, factor"
    ):
        cubed.vjp(namespace["rule"])


def test_a_rule_that_returns_too_few_or_too_many_gradients_names_its_op(give_kernel: Any) -> None:
    @fe.primitive(dtypes=floating, samples=[])
    def test_two(a: Shaped, b: Shaped) -> Shaped:
        """``a``"""
        return a

    give_kernel("test_two", lambda a, b: a + 0)
    for rule in (lambda g: g, lambda g: (g, g, g)):
        test_two.vjp(rule)
        with pytest.raises(DeclarationError, match=r"'test_two' returned [13] .* for 2 operands"):
            test_two(x_of(1.0), x_of(1.0)).sum().backward()


def test_a_rule_of_the_wrong_shape_names_its_op(cubed: fe.Op) -> None:
    cubed.vjp(lambda g: fe.ones(5, dtype=fe.float64))
    with pytest.raises(GraphError, match=r"rule of 'test_cubed' returned float64\[5\]"):
        cubed(x_of(1.0, 2.0)).sum().backward()


def test_a_function_in_a_rule_is_called_only_if_its_gradient_is_wanted(give_kernel: Any) -> None:
    @fe.primitive(dtypes=floating, samples=[])
    def test_lazy(a: Shaped, b: Shaped) -> Shaped:
        """``a``"""
        return a

    give_kernel("test_lazy", lambda a, b: a + 0)

    def unwanted() -> Any:
        raise AssertionError("nobody asked")

    test_lazy.vjp(lambda g: (lambda: g * 2, unwanted))
    a = x_of(1.0)
    test_lazy(a, fe.ones(1, dtype=fe.float64)).sum().backward()
    assert a.grad is not None
    assert a.grad.tolist() == [2]


def test_masks_and_indices_take_no_part_in_gradients_or_promotion(give_kernel: Any) -> None:
    @fe.primitive(dtypes=floating, samples=[])
    def test_pick(where: Mask[Shaped], x: Shaped, at: Index[Shaped]) -> Spec:
        """``x[at] * where``"""
        return Spec(at.shape, x.dtype)

    give_kernel("test_pick", lambda where, x, at: x[at] * where)

    @test_pick.vjp
    def _(g: Any, where: Any, x: Shaped, at: Any) -> Any:
        return fe.ops.index_add(fe.zeros(x.shape, dtype=g.dtype), at, g * where, dim=0)

    where, at = fe.tensor([True, False]), fe.tensor([2, 0])
    x = x_of(1.0, 2.0, 3.0)
    y = test_pick(where, x, at)
    assert (y.dtype, y.tolist()) == (fe.float64, [3, 0])
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1]
    with pytest.raises(fe.DTypeError, match=r"test_pick.*where must be bool, not float64.*\.bool"):
        test_pick(x, x, at)
    with pytest.raises(fe.DTypeError, match=r"test_pick.*at must be integer.*\.long"):
        test_pick(where, x, x)


def test_an_ops_name_is_unique() -> None:
    with pytest.raises(DeclarationError, match=r"'exp' is declared in .* and in .*rename one"):

        @fe.primitive(dtypes=floating, samples=[])
        def exp(x: Shaped) -> Shaped:
            """Another one."""
            return x

    assert fe.OPS["exp"] is fe.exp


def test_an_op_needs_a_docstring_and_leaves_no_trace_without_one() -> None:
    with pytest.raises(DeclarationError, match="'test_silent' has no docstring"):

        @fe.composite(dtypes=everything, samples=[])
        def test_silent(x: Tensor) -> Tensor:
            return x

    assert "test_silent" not in fe.OPS


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("x", "parameter 'x' has no annotation"),
        ("x: Tensor, *, n", "parameter 'n' has no annotation"),
        ("x: Tensor, *, n: list", "attribute 'n' is annotated"),
        ("x: Tensor, *, n: int | str", "attribute 'n' is annotated"),
        ("x: Tensor, **options: int", "fits no op"),
        ("x: Tensor, *xs: Tensor", "fits no op"),
    ],
)
def test_a_signature_that_is_no_schema_fails_at_declaration(signature: str, message: str) -> None:
    namespace: dict[str, Any] = {"Tensor": Tensor}
    exec(f"def test_wrong({signature}):\n    'Its doc.'\n    return x", namespace)
    with pytest.raises(DeclarationError, match=message):
        fe.composite(dtypes=everything, samples=[])(namespace["test_wrong"])
    assert "test_wrong" not in fe.OPS


def test_the_body_of_a_primitive_must_infer_a_spec(give_kernel: Any) -> None:
    @fe.primitive(dtypes=floating, samples=[])
    def test_vague(x: Shaped) -> Any:
        """Forgets to return."""

    give_kernel("test_vague", lambda x: x)
    with pytest.raises(DeclarationError, match="body of primitive 'test_vague' returned None"):
        test_vague(x_of(1.0))


def test_an_operand_or_attribute_may_have_any_name(give_kernel: Any) -> None:
    @fe.primitive(dtypes=floating, samples=[])
    def test_named(y: Shaped, *, x: int = 1) -> Shaped:
        """``y * x``"""
        return y

    give_kernel("test_named", lambda y, x: y * x)
    assert test_named(x_of(2.0), x=3).tolist() == [6]
    assert test_named(y=x_of(2.0), x=4).tolist() == [8]
    test_named.vjp(lambda g, y, x: g * x)  # y is the operand of that name
    assert gradcheck(lambda t: test_named(t, x=5), x_of(2.0))


def test_the_declared_function_documents_the_op(cubed: fe.Op) -> None:
    assert cubed.__doc__ == "``factor * x ** 3``"
    assert cubed.__name__ == "test_cubed"
    assert cubed.__module__ == __name__
    assert repr(cubed) == "<primitive test_cubed(x, factor=1.0)>"
    assert cubed.primitive


@pytest.mark.parametrize(
    ("gradients", "counted"),
    [((), "returned 0 gradients for 2"), ((1.0,) * 3, "returned 3 gradients for 2")],
)
def test_a_rule_with_the_wrong_number_of_gradients_is_an_error_also_beside_a_mask(
    gradients: tuple[float, ...], counted: str
) -> None:
    where = fe.ops.where
    declared = where.rule
    x = fe.ones(3, requires_grad=True)
    try:
        where.vjp(lambda g: gradients)
        y = fe.where(fe.ones(3, dtype=fe.bool), x, x).sum()
        with pytest.raises(fe.DeclarationError, match=counted):
            y.backward()
    finally:
        where.rule = declared
        where.plans.clear()
    assert x.grad is None
