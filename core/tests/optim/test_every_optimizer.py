"""What holds for every optimizer, whatever its equations; and what is peculiar to one."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import optim

Array = np.ndarray[Any, Any]

SHAPE = (3, 4)


def draws(steps: int = 20) -> tuple[Array, list[Array]]:
    rng = np.random.default_rng(0)
    return rng.standard_normal(SHAPE), [rng.standard_normal(SHAPE) * 0.8**i for i in range(steps)]


def run(optimizer: optim.Optimizer, p: fe.Tensor, gradients: list[Array]) -> None:
    for g in gradients:
        p.grad = fe.tensor(g, dtype=p.dtype)
        optimizer.step()


ALL = [
    optim.SGD, optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Adagrad,
    optim.Adadelta, optim.RMSprop, optim.Rprop, optim.ASGD, optim.Adafactor, optim.Lion,
    optim.LAMB, optim.Muon,
]  # fmt: skip


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("dtype", [fe.float16, fe.bfloat16])
def test_16_bits(make: Callable[..., optim.Optimizer], dtype: fe.DType) -> None:
    """The steps are those of float32, rounded; the state is kept in 16 bits."""
    start, gradients = draws(5)
    start = np.asarray(fe.tensor(start, dtype=dtype).float())
    narrow, wide = (fe.nn.Parameter(fe.tensor(start, dtype=d)) for d in (dtype, fe.float32))
    lr = 10.0 if make is optim.Adadelta else 0.05
    optimizers = [make([p], lr=lr) for p in (narrow, wide)]
    for p, optimizer in zip((narrow, wide), optimizers):
        run(optimizer, p, [np.asarray(fe.tensor(g, dtype=dtype).float()) for g in gradients])
    assert narrow.dtype is dtype
    moved = np.asarray(wide.detach()) - start
    assert np.abs(moved).max() > 1e-3
    units = 16 * float(fe.finfo(dtype).eps)
    np.testing.assert_allclose(
        np.asarray(narrow.detach().float()), np.asarray(wide.detach()), rtol=units, atol=units
    )
    state = optimizers[0].state[narrow]
    numbers = optimizers[0].numbers
    assert all(value.dtype is dtype for key, value in state.items() if key not in numbers)


@pytest.mark.parametrize("make", [m for m in ALL if m.complex_params and m is not optim.LAMB])
def test_complex_parameters_are_pairs_of_real_ones(make: Callable[..., optim.Optimizer]) -> None:
    (start, gradients), (other, others) = draws(4), draws(8)
    z = fe.nn.Parameter(fe.tensor(start + 0.5j * other))
    pair = fe.nn.Parameter(fe.tensor(np.stack([start, 0.5 * other], -1)))
    optimizers = [make([p], lr=0.05, weight_decay=0.1) if make is not optim.Rprop else make([p])
                  for p in (z, pair)]  # fmt: skip
    run(optimizers[0], z, [g + 1j * h for g, h in zip(gradients, others[4:])])
    run(optimizers[1], pair, [np.stack([g, h], -1) for g, h in zip(gradients, others[4:])])
    np.testing.assert_array_equal(fe.view_as_real(z.detach()).numpy(), pair.detach().numpy())
    for key, value in optimizers[0].state[z].items():
        if key not in optimizers[0].numbers:
            assert value.dtype is fe.complex128
            assert value.shape == z.shape


@pytest.mark.parametrize("make", ALL)
def test_a_rate_that_is_a_tensor(make: Callable[..., optim.Optimizer]) -> None:
    moved = []
    for lr in (0.1, fe.tensor(0.1, dtype=fe.float64)):
        start, gradients = draws(3)
        p = fe.nn.Parameter(fe.tensor(start))
        run(make([p], lr=lr), p, gradients)
        moved.append(p.detach().numpy())
    np.testing.assert_allclose(moved[0], moved[1], rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (make, shape)
        for make in ALL
        for shape in ((), (0,), (0, 2), (1, 1))
        if len(shape) == 2 or make is not optim.Muon
    ],
)
def test_small_shapes(make: Callable[..., optim.Optimizer], shape: tuple[int, ...]) -> None:
    p = fe.nn.Parameter(fe.ones(shape))
    optimizer = make([p])
    for _ in range(2):
        p.grad = fe.ones(shape)
        optimizer.step()
    assert p.shape == shape
    assert np.isfinite(p.detach().numpy()).all()
    assert (p.detach().numpy() < 1).all()


@pytest.mark.parametrize("make", ALL)
def test_it_learns(make: Callable[..., optim.Optimizer]) -> None:
    fe.manual_seed(0)
    net = fe.nn.Sequential(fe.nn.Linear(2, 16), fe.nn.Tanh(), fe.nn.Linear(16, 2))
    x = fe.randn(64, 2)
    target = ((x[:, 0] * x[:, 1]) > 0).long()
    loss_fn = fe.nn.CrossEntropyLoss()
    own = {
        optim.SGD: {"lr": 0.3, "momentum": 0.9},
        optim.ASGD: {"lr": 3.0},
        optim.Adadelta: {"lr": 10.0},
        optim.Adagrad: {"lr": 0.2},
        optim.Rprop: {},
        optim.Adafactor: {"lr": 0.2, "eps": (None, 0.1)},
        optim.LAMB: {"lr": 0.02},
        optim.RAdam: {"lr": 0.1},
        optim.Lion: {"lr": 0.01},
    }
    params = list(net.parameters())
    optimizers = [make(params, **own.get(make, {"lr": 0.03}))] if make is not optim.Muon else [
        optim.Muon([p for p in params if p.ndim == 2], lr=0.05, weight_decay=0.0),
        optim.Adam([p for p in params if p.ndim != 2], lr=0.03),
    ]  # fmt: skip
    for _ in range(150):
        net.zero_grad()
        loss_fn(net(x), target).backward()
        for optimizer in optimizers:
            optimizer.step()
    assert loss_fn(net(x), target).item() < 0.1


def test_asgd_averages_from_t0_on() -> None:
    start, gradients = draws(6)
    p = fe.nn.Parameter(fe.tensor(start))
    optimizer = optim.ASGD([p], lr=0.1, t0=2)
    seen = []
    for g in gradients:
        run(optimizer, p, [g])
        seen.append(p.detach().numpy())
    # mu is 1 in the steps 1 to 4, and 1/2 and 1/3 in the next ones
    np.testing.assert_allclose(
        optimizer.state[p]["ax"].numpy(), np.mean(seen[3:], axis=0), rtol=1e-6
    )


def test_centered_rmsprop_survives_a_constant_gradient() -> None:
    """Its variance is 0, and rounding makes it negative now and then."""
    p = fe.nn.Parameter(fe.zeros(50))
    optimizer = optim.RMSprop([p], centered=True, alpha=0.5)
    gradient = fe.linspace(0.1, 3.0, 50)
    for _ in range(60):
        p.grad = gradient
        optimizer.step()
    assert np.isfinite(p.detach().numpy()).all()


def test_rprop_knows_the_sign_of_tiny_gradients() -> None:
    p = fe.nn.Parameter(fe.zeros(1))
    optimizer = optim.Rprop([p], lr=0.1)
    run(optimizer, p, [np.array([1e-30]), np.array([1e-30])])
    np.testing.assert_allclose(p.detach().numpy(), [-0.1 - 0.12], rtol=1e-6)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
def test_muon_moves_along_an_orthogonal_matrix(shape: tuple[int, int], adjust: str | None) -> None:
    rng = np.random.default_rng(0)
    gradient = rng.standard_normal(shape)
    p = fe.nn.Parameter(fe.zeros(shape))
    optimizer = optim.Muon([p], lr=1.0, adjust_lr_fn=adjust)
    p.grad = fe.tensor(gradient, dtype=fe.float32)
    optimizer.step()
    ratio = 0.2 * math.sqrt(6) if adjust == "match_rms_adamw" else math.sqrt(max(1, shape[0] / 4))
    ratio = 1.0 if adjust != "match_rms_adamw" and shape == (4, 6) else ratio
    moved = -p.detach().numpy().astype(np.float64) / ratio
    u, _, v = np.linalg.svd(gradient, full_matrices=False)
    found = u.T @ moved @ v.T
    assert np.abs(found - np.diag(np.diag(found))).max() < 0.05  # the singular vectors stay
    assert np.all((np.diag(found) > 0.6) & (np.diag(found) < 1.3))
