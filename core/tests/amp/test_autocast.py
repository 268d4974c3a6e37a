"""What autocast computes in, what gradients come of it, and where it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.nn import functional as F
from ferrule_plugins import dtypes

HALVES = [fe.float16, fe.bfloat16]


def table(*shape: int, dtype: Any = fe.float32, seed: int = 0) -> fe.Tensor:
    return fe.tensor(np.random.default_rng(seed).standard_normal(shape), dtype=dtype)


WIDE = table(3, 3)
INDEX = fe.tensor([[0, 1, 2]])

# What PyTorch's lists for CUDA say of a float32 tensor and of a 16-bit one: "half" is the dtype of
# autocast, "float32" its own name, and "as given" the common dtype.
POLICIES: dict[str, tuple[str, Callable[[fe.Tensor, fe.Tensor], Any]]] = {
    "matmul": ("half", lambda x, h: x @ h),
    "mm": ("half", lambda x, h: fe.mm(x, x)),
    "addmm": ("half", lambda x, h: fe.addmm(x, h, x)),
    "baddbmm": ("half", lambda x, h: fe.baddbmm(x[None], x[None], h[None])),
    "einsum": ("half", lambda x, h: fe.einsum("ij,jk->ik", x, x)),
    "linear": ("half", lambda x, h: F.linear(h, x, x[0])),
    "conv1d": ("half", lambda x, h: F.conv1d(h[None], x[:, :, None])),
    "conv_transpose1d": ("half", lambda x, h: F.conv_transpose1d(x[None], h[:, :, None])),
    "attention": (
        "half",
        lambda x, h: F.scaled_dot_product_attention(x[None], h[None], x[None]),
    ),
    "prelu": ("half", lambda x, h: F.prelu(h, x[0, :1])),
    "softmax": ("float32", lambda x, h: F.softmax(h, -1)),
    "log": ("float32", lambda x, h: h.abs().log()),
    "exp": ("float32", lambda x, h: h.exp()),
    "pow": ("float32", lambda x, h: h**2),
    "sum": ("float32", lambda x, h: h.sum()),
    "cumsum": ("float32", lambda x, h: h.cumsum(0)),
    "norm": ("float32", lambda x, h: h.norm()),
    "layer_norm": ("float32", lambda x, h: F.layer_norm(h, (3,))),
    "mse_loss": ("float32", lambda x, h: F.mse_loss(h, h)),
    "cross_entropy": ("float32", lambda x, h: F.cross_entropy(h, INDEX[0])),
    "inv": ("float32", lambda x, h: fe.linalg.inv(h + 4 * fe.eye(3, dtype=h.dtype))),
    "atan2 of both": ("float32", lambda x, h: fe.atan2(h, x[0, 0])),
    "addcmul of halves": ("half", lambda x, h: fe.addcmul(h, h, h)),
    "relu": ("half", lambda x, h: F.relu(h)),
    "gelu": ("half", lambda x, h: F.gelu(h)),
    "mean": ("half", lambda x, h: h.mean()),
    "batch_norm": ("half", lambda x, h: F.batch_norm(h, x[0], x[0] ** 2, x[0], x[0])),
    "relu of float32": ("float32", lambda x, h: F.relu(x)),
    "cat": ("float32", lambda x, h: fe.cat([x, h])),
    "embedding": ("float32", lambda x, h: F.embedding(INDEX, x)),
    "sum in a dtype": ("half", lambda x, h: h.sum(dtype=h.dtype)),
    "softmax in a dtype": ("half", lambda x, h: F.softmax(x, -1, dtype=h.dtype)),
}


@pytest.mark.parametrize("half", HALVES, ids=str)
@pytest.mark.parametrize("name", POLICIES)
def test_what_is_computed_in_what(name: str, half: Any) -> None:
    wanted, function = POLICIES[name]
    with fe.autocast(fe.get_backend(), half):
        found = function(WIDE, WIDE.to(half)).dtype
    assert found is (half if wanted == "half" else fe.float32)


@pytest.mark.parametrize("half", HALVES, ids=str)
def test_values_are_those_of_explicit_casts(half: Any) -> None:
    x, w, b = table(5, 4), table(3, 4, seed=1), table(3, seed=2)
    with fe.autocast(fe.get_backend(), half):
        found = F.softmax(F.relu(F.linear(x, w, b)), -1)
    expected = F.softmax(F.relu(F.linear(x.to(half), w.to(half), b.to(half))).float(), -1)
    assert fe.equal(found, expected)


def test_float64_and_integers_stay() -> None:
    with fe.autocast(fe.get_backend()):
        assert (WIDE.double() @ WIDE.double()).dtype is fe.float64
        assert WIDE.double().exp().dtype is fe.float64
        assert (INDEX @ INDEX.T).dtype is fe.int64
        assert INDEX.sum().dtype is fe.int64
        assert fe.atan2(WIDE.bfloat16(), WIDE.double()).dtype is fe.float64


def test_tensors_of_both_halves_meet_in_float32() -> None:
    with fe.autocast(fe.get_backend()):
        assert fe.addcmul(WIDE.half(), WIDE.bfloat16(), WIDE.half()).dtype is fe.float32


class TestGradients:
    def test_parameters_and_their_gradients_stay_float32(self) -> None:
        fe.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
        )
        x, y = table(6, 1, 4, 4), fe.tensor([0, 1, 2, 0, 1, 2])
        gradients: list[list[np.ndarray[Any, Any]]] = []
        for enabled in (False, True):
            model.zero_grad()
            with fe.autocast(fe.get_backend(), fe.bfloat16, enabled=enabled):
                loss = F.cross_entropy(model(x), y)
            loss.backward()
            gradients.append([p.grad.numpy() for p in model.parameters() if p.grad is not None])
            assert all(g.dtype == np.float32 for g in gradients[-1])
            assert all(p.dtype is fe.float32 for p in model.parameters())
        for (name, _), full, low in zip(model.named_parameters(), *gradients):
            if name == "0.bias":  # 0 but for rounding: the normalisation takes it away
                continue
            assert np.abs(full - low).max() < 0.05 * np.abs(full).max()

    def test_backward_computes_as_forward_did_inside_the_block_and_out(self) -> None:
        w = WIDE.clone().requires_grad_()
        found: list[fe.Tensor] = []
        for inside in (True, False):
            w.grad = None
            with fe.autocast(fe.get_backend()):
                loss = (w @ WIDE).exp().sum()
                if inside:
                    loss.backward()
            if not inside:
                loss.backward()
            assert w.grad is not None
            found.append(w.grad)
        assert fe.equal(*found)

    def test_second_derivatives(self) -> None:
        x = WIDE.clone().requires_grad_()
        with fe.autocast(fe.get_backend()):
            (g,) = fe.autograd.grad((x @ x).float().square().sum(), x, create_graph=True)
            assert g.dtype is fe.float32
            g.square().sum().backward()
        assert x.grad is not None
        assert x.grad.dtype is fe.float32

    def test_checkpoint_computes_again_under_the_same_autocast(self) -> None:
        fe.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.LayerNorm(8), nn.Linear(8, 2))
        gradients = []
        for run in (model, lambda x: fe.autograd.checkpoint(model, x)):
            model.zero_grad()
            with fe.autocast(fe.get_backend()):
                y = run(WIDE)
            assert y.dtype is fe.bfloat16
            y.float().square().sum().backward()
            gradients.append([p.grad for p in model.parameters()])
        assert all(fe.equal(a, b) for a, b in zip(*gradients))

    def test_checkpoint_without_autocast_is_not_computed_again_under_one(self) -> None:
        w = WIDE.clone().requires_grad_()
        y = fe.autograd.checkpoint(lambda x: (x @ x).exp().sum(), w)
        with fe.autocast(fe.get_backend()):
            y.backward()
        v = WIDE.clone().requires_grad_()
        (v @ v).exp().sum().backward()
        assert w.grad is not None
        assert v.grad is not None
        assert fe.equal(w.grad, v.grad)


class TestCache:
    def casts(self, model: nn.Module, times: int, **options: Any) -> int:
        x = WIDE.bfloat16()
        with fe.profiler.count_ops() as ops, fe.autocast(fe.get_backend(), **options):
            for _ in range(times):
                model(x)
        return ops.counts["cast"]

    def test_parameters_are_cast_once(self) -> None:
        model = nn.Linear(3, 3)
        assert self.casts(model, 1) == self.casts(model, 5) == 2
        assert self.casts(model, 5, cache_enabled=False) == 10

    def test_it_ends_with_the_outermost_block(self) -> None:
        model, x = nn.Linear(3, 3), WIDE.bfloat16()
        with fe.profiler.count_ops() as ops:
            with fe.autocast(fe.get_backend()):
                model(x)
                with fe.autocast(fe.get_backend()):
                    model(x)
                model(x)
            assert ops.counts["cast"] == 2
            with fe.autocast(fe.get_backend()):
                model(x)
        assert ops.counts["cast"] == 4

    def test_a_step_within_the_block_is_seen(self) -> None:
        model = nn.Linear(3, 3, bias=False)
        optimizer = fe.optim.SGD(model.parameters(), lr=1.0)
        with fe.autocast(fe.get_backend()):
            model(WIDE).sum().backward()
            optimizer.step()
            after = model(WIDE)
        with fe.autocast(fe.get_backend()):
            assert fe.equal(after, model(WIDE))

    def test_a_cast_made_without_recording_is_not_used_with_it(self) -> None:
        model = nn.Linear(3, 3)
        with fe.autocast(fe.get_backend()):
            with fe.no_grad():
                model(WIDE)
            model(WIDE).sum().backward()
        assert model.weight.grad is not None

    def test_graphs_that_share_a_cast_are_walked_one_after_the_other(self) -> None:
        model = nn.Linear(3, 3)
        with fe.autocast(fe.get_backend()):
            losses = [model(WIDE * k).sum() for k in (1.0, 2.0)]
        for loss in losses:
            loss.backward()
        assert model.weight.grad is not None


class TestWhere:
    def test_nested_and_disabled(self) -> None:
        with fe.autocast(fe.get_backend(), fe.float16):
            assert (WIDE @ WIDE).dtype is fe.float16
            with fe.autocast(fe.get_backend(), enabled=False):
                assert (WIDE @ WIDE).dtype is fe.float32
                assert not fe.is_autocast_enabled()
                with fe.autocast(fe.get_backend(), fe.bfloat16):
                    assert (WIDE @ WIDE).dtype is fe.bfloat16
            assert (WIDE @ WIDE).dtype is fe.float16
            assert fe.get_autocast_dtype(fe.get_backend()) is fe.float16
        assert (WIDE @ WIDE).dtype is fe.float32

    def test_other_backends_are_left_alone(self) -> None:
        with fe.autocast("elsewhere", enabled=False):
            assert (WIDE @ WIDE).dtype is fe.float32
        with fe.autocast(fe.get_backend()), fe.autocast("elsewhere", enabled=False):
            assert (WIDE @ WIDE).dtype is fe.bfloat16

    def test_one_object_many_times(self) -> None:
        block = fe.autocast(fe.get_backend())

        @block
        def twice(n: int) -> fe.Tensor:
            return WIDE @ WIDE if n == 0 else twice(n - 1)

        assert twice(3).dtype is fe.bfloat16
        with block, block:
            assert (WIDE @ WIDE).dtype is fe.bfloat16
        assert not fe.is_autocast_enabled(fe.get_backend())

    def test_coroutines(self) -> None:
        @fe.autocast(fe.get_backend())
        async def product() -> fe.Tensor:
            await asyncio.sleep(0)
            return WIDE @ WIDE

        assert asyncio.run(product()).dtype is fe.bfloat16

    def test_after_an_error(self) -> None:
        with pytest.raises(fe.ShapeError), fe.autocast(fe.get_backend()):
            WIDE @ fe.ones(4)
        assert not fe.is_autocast_enabled(fe.get_backend())

    @pytest.mark.parametrize("inside", [True, False])
    def test_vmap(self, inside: bool) -> None:
        fe.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.SiLU(), nn.Linear(4, 2))

        def function(x: fe.Tensor) -> fe.Tensor:
            with fe.autocast(fe.get_backend(), enabled=inside):
                return model(x)

        with fe.autocast(fe.get_backend()):
            expected = model(WIDE)
        with fe.autocast(fe.get_backend(), enabled=not inside):
            mapped = fe.func.vmap(function if inside else model)
            found = mapped(WIDE)
        assert found.dtype is fe.bfloat16
        np.testing.assert_allclose(
            found.detach().float().numpy(), expected.detach().float().numpy(), rtol=0.02
        )

    def test_interpreters_see_what_was_converted(self) -> None:
        x = WIDE.bfloat16()
        with fe.autocast(fe.get_backend()), fe.profiler.count_ops() as inside:
            F.linear(x, WIDE)
        with fe.profiler.count_ops() as outside, fe.autocast(fe.get_backend()):
            F.linear(x, WIDE)
        assert inside.counts == outside.counts
        assert inside.counts["cast"] == 1


class TestErrors:
    def test_a_device(self) -> None:
        with pytest.raises(fe.ArgumentError, match="a backend's name, such as 'cpu', not 'cpu:0'"):
            fe.autocast("cpu:0")

    def test_other_dtypes(self) -> None:
        with pytest.raises(fe.DTypeError, match="float16 or bfloat16, not float32"):
            fe.autocast(fe.get_backend(), fe.float32)

    def test_an_absent_backend(self) -> None:
        with pytest.raises(fe.BackendNotInstalled, match="nowhere"):
            fe.autocast("nowhere")
        assert not fe.amp.is_autocast_available("nowhere")
        assert fe.amp.is_autocast_available(fe.get_backend())

    def test_a_backend_without_the_dtype(self, monkeypatch: pytest.MonkeyPatch) -> None:
        active = fe.runtime.active(fe.get_backend())
        monkeypatch.setattr(active, "dtypes", active.dtypes - {dtypes.bfloat16})
        with pytest.raises(fe.DTypeError, match=r"has no bfloat16; use dtype=fe\.float16"):
            fe.autocast(fe.get_backend(), fe.bfloat16)
        assert fe.autocast(fe.get_backend()).fast_dtype is fe.float16
        monkeypatch.setattr(active, "dtypes", active.dtypes - {dtypes.float16})
        with pytest.raises(fe.DTypeError, match=r"use another backend, or autocast\(enabled=False"):
            fe.autocast(fe.get_backend())


class Twice(fe.autograd.Function):
    @staticmethod
    @fe.amp.custom_fwd(device_type=fe.get_backend())
    def forward(ctx: Any, x: fe.Tensor) -> fe.Tensor:
        ctx.save_for_backward(x)
        ctx.seen = (x @ x).dtype
        return x * 2

    @staticmethod
    @fe.amp.custom_bwd(device_type=fe.get_backend())
    def backward(ctx: Any, g: fe.Tensor) -> fe.Tensor:
        (x,) = ctx.saved_tensors
        assert (x @ x).dtype is ctx.seen
        return g * 2


class InFloat32(fe.autograd.Function):
    @staticmethod
    @fe.amp.custom_fwd(device_type=fe.get_backend(), cast_inputs=fe.float32)
    def forward(ctx: Any, x: fe.Tensor, n: int) -> fe.Tensor:
        assert not fe.is_autocast_enabled(fe.get_backend())
        assert x.dtype is fe.float32
        return x * n

    @staticmethod
    @fe.amp.custom_bwd(device_type=fe.get_backend())
    def backward(ctx: Any, g: fe.Tensor) -> Any:
        assert not fe.is_autocast_enabled(fe.get_backend())
        return g * 2, None


class TestCustomFunctions:
    @pytest.mark.parametrize("enabled", [True, False])
    def test_backward_runs_as_forward_did(self, enabled: bool) -> None:
        x = WIDE.clone().requires_grad_()
        with fe.autocast(fe.get_backend(), enabled=enabled):
            y = Twice.apply(x)
        with fe.autocast(fe.get_backend(), enabled=not enabled):
            y.sum().backward()
        assert x.grad is not None
        assert fe.equal(x.grad, fe.full((3, 3), 2.0))

    def test_cast_inputs(self) -> None:
        x = WIDE.bfloat16().requires_grad_()
        with fe.autocast(fe.get_backend()):
            y = InFloat32.apply(x, 2)
        assert y.dtype is fe.float32
        y.sum().backward()
        assert x.grad is not None
        assert x.grad.dtype is fe.bfloat16
