"""Parametrised weights, in both forms, and fused layers."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.nn.utils import (
    fuse_conv_bn_eval,
    fuse_linear_bn_eval,
    parametrizations,
    parametrize,
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    weight_norm,
)


class Symmetric(nn.Module):
    def forward(self, x: fe.Tensor) -> fe.Tensor:
        return fe.triu(x) + fe.swapaxes(fe.triu(x, 1), -1, -2)

    def right_inverse(self, x: fe.Tensor) -> fe.Tensor:
        return fe.triu(x)


class Doubled(nn.Module):
    calls = 0

    def forward(self, x: fe.Tensor) -> fe.Tensor:
        Doubled.calls += 1
        return x * 2.0


def linear(rows: int = 3, columns: int = 3) -> Any:
    return nn.Linear(columns, rows, dtype=fe.float64)


def value(x: fe.Tensor) -> np.ndarray:
    return x.detach().numpy()


def test_a_parametrised_weight_is_computed_when_it_is_read() -> None:
    layer = linear()
    original = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert type(layer).__name__ == "ParametrizedLinear" and nn.Linear in type(layer).__mro__
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert layer.parametrizations.weight.original is original  # optimizers keep it
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    np.testing.assert_array_equal(value(layer.weight), value(layer.weight).T)
    layer(fe.ones(2, 3, dtype=fe.float64)).sum().backward()
    assert original.grad is not None and np.all(np.tril(value(original.grad), -1) == 0.0)
    layer.weight = fe.ones(3, 3, dtype=fe.float64)
    assert value(original).tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight is original
    assert value(layer.weight).tolist() == [[1.0] * 3] * 3


def test_parametrisations_follow_each_other() -> None:
    layer = linear()
    before = value(layer.weight)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "weight", Doubled())
    upper = np.triu(before)
    np.testing.assert_array_equal(value(layer.weight), 2 * (upper + np.triu(before, 1).T))
    with pytest.raises(TypeError, match="no right_inverse"):
        layer.weight = fe.ones(3, 3, dtype=fe.float64)
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    np.testing.assert_array_equal(value(layer.weight), upper)


def test_inside_cached_a_weight_is_computed_once() -> None:
    layer = linear()
    parametrize.register_parametrization(layer, "weight", Doubled())
    with parametrize.cached():
        first = layer.weight
        calls = Doubled.calls
        with parametrize.cached():
            assert layer.weight is first
        assert layer.weight is first and Doubled.calls == calls
    assert layer.weight is not first and Doubled.calls == calls + 1


def test_buffers_can_be_parametrised() -> None:
    layer: Any = nn.BatchNorm1d(3)
    parametrize.register_parametrization(layer, "running_mean", Doubled())
    assert "parametrizations.running_mean.original" in layer.state_dict()
    assert value(layer.running_mean).tolist() == [0.0] * 3
    parametrize.remove_parametrizations(layer, "running_mean")
    assert "running_mean" in layer.state_dict()


def test_copies_have_parametrisations_of_their_own() -> None:
    layer = linear()
    parametrize.register_parametrization(layer, "weight", Symmetric())
    twin = copy.deepcopy(layer)
    parametrize.remove_parametrizations(twin, "weight")
    assert parametrize.is_parametrized(layer)
    np.testing.assert_array_equal(value(layer.weight), value(twin.weight))
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(layer)


class Cut(nn.Module):
    def forward(self, x: fe.Tensor) -> fe.Tensor:
        return x[:1]


def test_what_cannot_be_parametrised_is_refused() -> None:
    layer = linear()
    with pytest.raises(ValueError, match="shape and dtype must stay"):
        parametrize.register_parametrization(layer, "weight", Cut())
    assert list(layer.state_dict()) == ["weight", "bias"]
    with pytest.raises(TypeError, match="no parameter or buffer 'scale'"):
        parametrize.register_parametrization(layer, "scale", Doubled())
    with pytest.raises(TypeError, match="not parametrized"):
        parametrize.remove_parametrizations(layer, "weight")
    parametrize.register_parametrization(layer, "weight", Cut(), unsafe=True)
    assert layer.weight.shape == (1, 3)


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("older", [False, True])
def test_weight_norm_divides_length_and_direction(dim: int | None, older: bool) -> None:
    layer = linear(3, 4)
    before = value(layer.weight)
    (weight_norm if older else parametrizations.weight_norm)(layer, dim=dim)
    names = ["weight_g", "weight_v"]
    if not older:
        names = [f"parametrizations.weight.original{i}" for i in (0, 1)]
    assert list(layer.state_dict()) == ["bias", *names]
    x = fe.randn(2, 4, dtype=fe.float64)
    np.testing.assert_allclose(value(layer(x)), value(x) @ before.T + value(layer.bias))
    length, direction = (dict(layer.named_parameters())[n] for n in names)
    axis = None if dim is None else 1 - dim
    wanted = np.sqrt((before**2).sum(axis=axis, keepdims=dim is not None))
    np.testing.assert_allclose(value(length), wanted)
    with fe.no_grad():
        length.mul_(2.0)
        direction.mul_(5.0)
    np.testing.assert_allclose(value(layer(x)), 2 * value(x) @ before.T + value(layer.bias))
    layer(x).sum().backward()
    assert length.grad is not None and direction.grad is not None
    # the direction's length does not matter
    assert abs((value(direction.grad) * value(direction)).sum()) < 1e-12
    if older:
        remove_weight_norm(layer)
    else:
        parametrize.remove_parametrizations(layer, "weight")
    assert list(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_allclose(value(layer.weight), 2 * before)


def test_weights_of_the_older_weight_norm_can_be_loaded() -> None:
    old, new = weight_norm(linear()), parametrizations.weight_norm(linear())
    new.load_state_dict(old.state_dict())
    np.testing.assert_array_equal(value(new.weight), value(old.weight))


@pytest.mark.parametrize("older", [False, True])
def test_spectral_norm_makes_the_largest_singular_value_one(older: bool) -> None:
    layer = nn.Conv2d(2, 4, 3, dtype=fe.float64)
    before = value(layer.weight)
    (spectral_norm if older else parametrizations.spectral_norm)(layer, n_power_iterations=30)
    names = ["bias", "weight_orig", "weight_u", "weight_v"]
    if not older:
        inner = "parametrizations.weight"
        names = ["bias", f"{inner}.original", f"{inner}.0._u", f"{inner}.0._v"]
    assert list(layer.state_dict()) == names
    x = fe.randn(1, 2, 5, 5, dtype=fe.float64)
    for _ in range(5):
        layer(x)
    layer.eval()
    y = layer(x)
    wanted = before / np.linalg.norm(before.reshape(4, -1), 2)
    np.testing.assert_allclose(value(layer.weight), wanted, rtol=1e-5)
    y.sum().backward()
    held = value(layer.state_dict()[names[2]])
    layer(x)
    np.testing.assert_array_equal(value(layer.state_dict()[names[2]]), held)  # not in evaluation
    if older:
        remove_spectral_norm(layer)
    else:
        parametrize.remove_parametrizations(layer, "weight")
    np.testing.assert_allclose(value(layer.weight), wanted, rtol=1e-5)


def test_spectral_norm_of_a_vector_is_its_direction() -> None:
    layer = parametrizations.spectral_norm(linear(), "bias")
    np.testing.assert_allclose(np.linalg.norm(value(layer.bias)), 1.0)


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5)])
@pytest.mark.parametrize("map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivialized", [True, False])
def test_orthogonal_weights_stay_so(shape: tuple[int, int], map: str, trivialized: bool) -> None:
    layer = linear(*shape)
    parametrizations.orthogonal(layer, orthogonal_map=map, use_trivialization=trivialized)
    original = layer.parametrizations.weight.original

    def check() -> None:
        w = value(layer.weight)
        gram = w @ w.T if shape[0] < shape[1] else w.T @ w
        np.testing.assert_allclose(gram, np.eye(3), atol=1e-12)

    check()
    layer(fe.ones(2, shape[1], dtype=fe.float64)).square().sum().backward()
    assert original.grad is not None
    with fe.no_grad():
        original.sub_(original.grad * 0.05)
    check()
    wanted = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0][: shape[0], :3]
    wanted = np.linalg.qr(wanted)[0] if shape[0] == 3 else wanted
    wanted = fe.tensor(np.eye(3, 5) @ np.eye(5)[:, ::-1] if shape == (3, 5) else wanted)
    if trivialized or map == "householder":
        layer.weight = wanted
        np.testing.assert_allclose(value(layer.weight), value(wanted), atol=1e-12)
    else:
        with pytest.raises(NotImplementedError, match="use_trivialization"):
            layer.weight = wanted


def test_orthogonal_refuses_what_is_no_matrix() -> None:
    with pytest.raises(ValueError, match="matrix"):
        parametrizations.orthogonal(linear(), "bias")
    with pytest.raises(TypeError, match="orthogonal_map"):
        parametrizations.orthogonal(linear(), orthogonal_map="polar")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
def test_a_fused_convolution_computes_the_same(bias: bool, affine: bool, transpose: bool) -> None:
    kind: Any = nn.ConvTranspose2d if transpose else nn.Conv2d
    conv = kind(2, 3, 3, bias=bias, dtype=fe.float64)
    bn = nn.BatchNorm2d(3, affine=affine, dtype=fe.float64)
    rng = np.random.default_rng(0)
    bn.running_mean = fe.tensor(rng.standard_normal(3))
    bn.running_var = fe.tensor(rng.uniform(0.5, 2.0, 3))
    if affine:
        bn.weight = nn.Parameter(fe.tensor(rng.standard_normal(3)))
        bn.bias = nn.Parameter(fe.tensor(rng.standard_normal(3)))
    with pytest.raises(TypeError, match="evaluation"):
        fuse_conv_bn_eval(conv, bn, transpose)
    conv.eval(), bn.eval()
    x = fe.randn(1, 2, 5, 5, dtype=fe.float64)
    fused = fuse_conv_bn_eval(conv, bn, transpose)
    np.testing.assert_allclose(value(fused(x)), value(bn(conv(x))), atol=1e-12)
    assert (conv.bias is None) is not bias


def test_a_fused_linear_layer_computes_the_same() -> None:
    layer, bn = linear(4, 3).eval(), nn.BatchNorm1d(4, dtype=fe.float64).eval()
    bn.running_mean = fe.tensor([0.5, -1.0, 2.0, 0.0], dtype=fe.float64)
    x = fe.randn(2, 3, dtype=fe.float64)
    np.testing.assert_allclose(
        value(fuse_linear_bn_eval(layer, bn)(x)), value(bn(layer(x))), atol=1e-12
    )
    with pytest.raises(TypeError, match="must be equal"):
        fuse_linear_bn_eval(layer, nn.BatchNorm1d(3).eval())
