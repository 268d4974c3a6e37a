"""grad, vjp, jvp and their kin, against calculus and central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import ArgumentError, GraphError, Tensor, func

RNG = np.random.default_rng(0)


def f64(*shape: int) -> Tensor:
    return fe.tensor(RNG.normal(size=shape))


def close(found: Tensor, wanted: Any, rtol: float = 1e-10) -> None:
    assert not found.requires_grad
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=rtol, atol=1e-12)


def energy(x: Tensor) -> Tensor:
    return (x.sin() * x.exp()).sum()


def slope(x: Any) -> Any:
    return np.exp(x) * (np.sin(x) + np.cos(x))


def test_grad_is_the_gradient() -> None:
    x = f64(4)
    close(func.grad(energy)(x), slope(x.numpy()))


def test_orders_stack() -> None:
    x = fe.tensor(0.7, dtype=fe.float64)
    f: Callable[..., Any] = fe.sin
    for wanted in (np.cos(0.7), -np.sin(0.7), -np.cos(0.7), np.sin(0.7)):
        f = func.grad(f)
        close(f(x), wanted)


def test_inner_and_outer_derivatives_are_not_confused() -> None:
    """The classic: d/dx of x * d/dy (x + y) is 1, not 2."""
    one = fe.tensor(1.0, dtype=fe.float64)
    close(func.grad(lambda x: x * func.grad(lambda y: x + y)(one))(one), 1.0)
    constant = func.grad(lambda x: x * func.grad(lambda y: x.detach() * y * y)(x))
    close(constant(one * 3), 2 * 9 + 2 * 9 - 0.0)


def test_arguments_by_number_and_structure() -> None:
    a, b = f64(3), f64(3)

    def product(x: Tensor, y: Tensor, *, scale: float) -> Tensor:
        return (x * y * y).sum() * scale

    ga, gb = func.grad(product, argnums=(0, -1))(a, b, scale=2.0)
    close(ga, 2 * b.numpy() ** 2)
    close(gb, 4 * (a * b).numpy())
    close(func.grad(product, argnums=1)(a, b, scale=1.0), 2 * (a * b).numpy())
    nested = func.grad(lambda p: (p["a"] * p["rest"][0]).sum())({"a": a, "rest": (b, a)})
    close(nested["a"], b.numpy())
    close(nested["rest"][0], a.numpy())
    close(nested["rest"][1], np.zeros(3))


def test_values_come_in_pytorchs_order_and_in_jaxs() -> None:
    x = f64(3)
    gradient, value = func.grad_and_value(energy)(x)
    value_first, gradient_second = func.value_and_grad(energy)(x)
    close(gradient, slope(x.numpy()))
    close(value, energy(x).item())
    close(value_first, energy(x).item())
    close(gradient_second, slope(x.numpy()))


def test_what_is_passed_on() -> None:
    x = f64(3)

    def both(x: Tensor) -> Any:
        return energy(x), {"twice": x * 2, "word": "w"}

    gradient, aux = func.grad(both, has_aux=True)(x)
    close(gradient, slope(x.numpy()))
    close(aux["twice"], 2 * x.numpy())
    assert aux["word"] == "w"
    gradient, (value, aux) = func.grad_and_value(both, has_aux=True)(x)
    close(value, energy(x).item())
    (value, aux), gradient = func.value_and_grad(both, has_aux=True)(x)
    close(aux["twice"], 2 * x.numpy())


def test_vjp_and_jvp_are_transposes() -> None:
    x, v, u = f64(4), f64(4), f64(3)
    m = f64(3, 4)

    def f(x: Tensor) -> Tensor:
        return (m @ x.unsqueeze(1)).squeeze(1).tanh() * x.sum()

    y, pull = func.vjp(f, x)
    value, pushed = func.jvp(f, (x,), (v,))
    close(y, f(x).numpy())
    close(value, f(x).numpy())
    (pulled,) = pull(u)
    np.testing.assert_allclose((pulled * v).sum().item(), (pushed * u).sum().item(), rtol=1e-12)
    step = 1e-6
    difference = (f(x + v * step) - f(x - v * step)) / (2 * step)
    close(pushed, difference.numpy(), rtol=1e-7)


def test_vjp_may_be_pulled_often_and_by_trees() -> None:
    x, y = f64(3), f64(2)
    value, pull = func.vjp(lambda x, y: {"p": x * 2, "q": (y.sum(),)}, x, y)
    close(value["q"][0], y.numpy().sum())
    for k in (1.0, 3.0):
        gx, gy = pull({"p": x * k, "q": (fe.tensor(k, dtype=fe.float64),)})
        close(gx, 2 * k * x.numpy())
        close(gy, [k, k])


def test_jvp_of_several_arguments_and_constants() -> None:
    x, y = f64(3), f64(3)
    t, s = f64(3), f64(3)
    (a, b), (da, db), aux = func.jvp(
        lambda x, y: ((x * y, fe.ones(2)), x), (x, y), (t, s), has_aux=True
    )
    close(da, (t * y + x * s).numpy())
    close(db, [0, 0])
    close(aux, x.numpy())
    assert a.shape == (3,) and b.shape == (2,)
    with pytest.raises(GraphError, match=r"output 1 does not depend .* strict=True"):
        func.jvp(lambda x: (x, fe.ones(2)), (x,), (t,), strict=True)


def test_linearize_calls_the_function_once() -> None:
    calls = []

    def f(x: Tensor) -> Tensor:
        calls.append(1)
        return x.sin() * x

    x, t = f64(3), f64(3)
    y, push = func.linearize(f, x)
    for k in (1.0, -2.0):
        close(push(t * k), (t * k * (x.cos() * x + x.sin())).numpy())
    close(y, f(x).numpy())
    assert len(calls) == 2


def test_transforms_of_transforms() -> None:
    x, t, u = f64(3), f64(3), f64(3)

    def f(x: Tensor) -> Tensor:
        return x.sin() * x.sum()

    h = func.jacfwd(func.jacrev(f))(x).numpy()  # output, input, input
    _, forward_over_reverse = func.jvp(lambda x: func.vjp(f, x)[1](u)[0], (x,), (t,))
    close(forward_over_reverse, np.einsum("ijk,i,k->j", h, u.numpy(), t.numpy()))
    (reverse_over_forward,) = func.vjp(lambda x: func.jvp(f, (x,), (t,))[1], x)[1](u)
    close(reverse_over_forward, np.einsum("ijk,i,j->k", h, u.numpy(), t.numpy()))
    _, twice = func.jvp(lambda x: func.jvp(f, (x,), (t,))[1], (x,), (t,))
    close(twice, np.einsum("ijk,j,k->i", h, t.numpy(), t.numpy()))


def test_no_grad_around_and_inside() -> None:
    x = f64(3)
    with fe.no_grad():
        close(func.grad(energy)(x), slope(x.numpy()))
    with fe.inference_mode():
        close(func.jvp(fe.sin, (x,), (x,))[1], (x.cos() * x).numpy())

    def partly(x: Tensor) -> Tensor:
        with fe.no_grad():
            constant = x * x
        return (constant * x).sum()

    close(func.grad(partly)(x), x.numpy() ** 2)
    close(func.grad(lambda x: (x.detach() * x).sum())(x), x.numpy())


def test_the_tape_outside_goes_on() -> None:
    x = fe.tensor([0.3, 0.8], dtype=fe.float64, requires_grad=True)
    w = fe.tensor([2.0, 5.0], dtype=fe.float64, requires_grad=True)
    gradient, value = func.grad_and_value(lambda x: (w * x * x * x).sum())(x)
    gradient.sum().backward(retain_graph=True)
    assert x.grad is not None and w.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 6 * (w * x).detach().numpy())
    np.testing.assert_allclose(w.grad.numpy(), 3 * (x * x).detach().numpy())
    x.grad = w.grad = None
    value.backward()
    assert w.grad is not None
    np.testing.assert_allclose(w.grad.numpy(), (x * x * x).detach().numpy())
    with fe.no_grad():
        assert not func.grad(lambda x: (w * x).sum())(x).requires_grad


def test_nothing_outside_is_touched() -> None:
    x = f64(3)

    def written(x: Tensor) -> Tensor:
        x.mul_(2.0)
        x[0] = 0.0
        return (x * x).sum()

    before = x.numpy().copy()
    found = func.grad(written)(x)
    close(found, before * 8 * np.array([0, 1, 1]))
    close(x, before)
    assert not x.requires_grad


@pytest.mark.parametrize("broken", [lambda x: x, lambda x: 3.0, lambda x: (x.sum(), x)])
def test_what_is_no_scalar_has_no_gradient(broken: Any) -> None:
    with pytest.raises(GraphError, match="must return a tensor"):
        func.grad(broken)(f64(3))


def test_wrong_calls_say_what_is_wrong() -> None:
    x = f64(3)
    with pytest.raises(GraphError, match=r"argument 1, and 1 were given"):
        func.grad(energy, argnums=1)(x)
    with pytest.raises(ArgumentError, match="argnums is an int"):
        func.grad(energy, argnums="x")(x)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match=r"int64\[2\]; convert it with \.float\(\)"):
        func.grad(energy)(fe.tensor([1, 2]))
    with pytest.raises(GraphError, match="an argument to differentiate by is 3"):
        func.vjp(energy, 3)
    with pytest.raises(GraphError, match="there are no primals"):
        func.vjp(energy)
    with pytest.raises(GraphError, match="one structure"):
        func.vjp(lambda x: (x, x), x)[1](x)
    with pytest.raises(GraphError, match=r"cotangent 0 is float64\[2\]"):
        func.vjp(fe.sin, x)[1](f64(2))
    with pytest.raises(GraphError, match="tangents is a tuple"):
        func.jvp(fe.sin, (x,), x)
    with pytest.raises(GraphError, match="primals is a tuple"):
        func.jvp(fe.sin, x, (x,))
    with pytest.raises(GraphError, match=r"tangent 0 is float64\[2\]"):
        func.jvp(fe.sin, (x,), (f64(2),))
    with pytest.raises(GraphError, match=r"pair \(value, aux\)"):
        func.grad(energy, has_aux=True)(x)
    with pytest.raises(GraphError, match="must return tensors, and returned float"):
        func.vjp(lambda x: 1.0, x)


def test_complex_functions() -> None:
    z = fe.tensor([1 + 2j, -0.5 + 0.25j], dtype=fe.complex128)
    found = func.grad(lambda z: (z * z.conj()).real.sum())(z)
    np.testing.assert_allclose(found.numpy(), 2 * z.numpy())
    with pytest.raises(GraphError, match="must return a real tensor"):
        func.grad(lambda z: z.sum())(z)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: fe.softmax(x, 0) * x,
        lambda x: fe.logsumexp(x.reshape(2, 2), 1),
        lambda x: fe.nn.functional.gelu(x) / (x * x + 1.0),
        lambda x: fe.sort(x)[0] * fe.cumsum(x, 0),
        lambda x: x.reshape(2, 2) @ x.reshape(2, 2).exp(),
        lambda x: fe.cat([x.prod().reshape(1), x.tanh()]).var(0),
        lambda x: fe.ops.solve(x.reshape(2, 2) + fe.eye(2, dtype=x.dtype) * 4, x[:2, None]),
    ],
)
def test_forward_and_reverse_mode_agree_with_differences(f: Any) -> None:
    x = fe.tensor([0.4, -1.1, 0.9, 0.2], dtype=fe.float64)
    reverse, forward = func.jacrev(f)(x), func.jacfwd(f)(x)
    close(reverse, forward.numpy(), rtol=1e-9)
    step = 1e-6
    columns = [
        (f(x + e * step) - f(x - e * step)).numpy() / (2 * step)
        for e in fe.eye(4, dtype=fe.float64)
    ]
    close(reverse, np.stack(columns, -1), rtol=1e-6)
    assert fe.autograd.gradcheck(
        lambda x: func.vjp(f, x)[1](fe.ones_like(f(x)))[0], x.detach().requires_grad_()
    )
    assert fe.autograd.gradcheck(
        lambda x: func.jvp(f, (x,), (fe.ones(4, dtype=fe.float64),))[1],
        x.detach().requires_grad_(),
    )
