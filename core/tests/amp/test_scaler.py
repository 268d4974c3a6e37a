"""Scaling gradients, leaving out steps, moving the scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.amp import GradScaler


def parameter(*values: float) -> fe.Tensor:
    return fe.tensor(values).requires_grad_()


def stepped(scaler: GradScaler, gradient: float) -> tuple[bool, float]:
    """Whether a step with such a gradient was taken, and the scale after it."""
    p = parameter(1.0, 1.0)
    optimizer = fe.optim.SGD([p], lr=1.0)
    scaler.scale((p * fe.tensor([gradient, 0.0])).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    return p.tolist() != [1.0, 1.0], scaler.get_scale()


class TestScale:
    def test_tensors_and_what_holds_them(self) -> None:
        scaler = GradScaler(init_scale=8.0)
        one = fe.ones(1)
        assert scaler.scale(one).item() == 8
        assert [x.item() for x in scaler.scale([one, one * 2])] == [8, 16]
        assert isinstance(scaler.scale((one,)), tuple)
        assert [x.item() for x in scaler.scale(x for x in [one])] == [8]
        with pytest.raises(fe.ArgumentError, match="takes a tensor or an iterable"):
            scaler.scale(3.0)

    def test_a_scale_beyond_float16(self) -> None:
        scaled = GradScaler().scale(fe.tensor([0.5, 2.0], dtype=fe.float16))
        assert scaled.dtype is fe.float16
        assert scaled.tolist() == [32768.0, float("inf")]

    def test_it_does_not_change_what_is_learned(self) -> None:
        found = []
        for scaler in (GradScaler(init_scale=1024.0), GradScaler(enabled=False)):
            fe.manual_seed(0)
            model = nn.Linear(3, 2)
            optimizer = fe.optim.Adam(model.parameters(), lr=0.1)
            for _ in range(3):
                optimizer.zero_grad()
                scaler.scale(model(fe.ones(4, 3)).square().mean()).backward()
                scaler.step(optimizer)
                scaler.update()
            found.append(model.weight.detach().numpy())
        np.testing.assert_array_equal(*found)  # the scale is a power of two

    def test_gradients_that_would_vanish(self) -> None:
        p = parameter(1.0)
        scaler = GradScaler()
        for scaled in (False, True):
            p.grad = None
            with fe.autocast(fe.get_backend(), fe.float16):
                y = (p[None] @ fe.tensor([[1e-4]])).sum().float() * 1e-4
            (scaler.scale(y) if scaled else y).backward()
            if scaled:
                scaler.unscale_(fe.optim.SGD([p], lr=1.0))
            assert p.grad is not None
            gradient = p.grad.item()
            assert gradient == pytest.approx(1e-8, rel=1e-3) if scaled else gradient == 0


class TestUpdate:
    def test_the_scale_moves_as_pytorchs(self) -> None:
        scaler = GradScaler(init_scale=8.0, growth_interval=2)
        gradients = [1, 1, 1, np.inf, 1, 1, np.nan, 1, 1]
        found = [stepped(scaler, g) for g in gradients]
        assert [taken for taken, _ in found] == [bool(np.isfinite(g)) for g in gradients]
        # by torch 2.13
        assert [scale for _, scale in found] == [8, 16, 16, 8, 8, 16, 8, 8, 16]

    def test_a_new_scale(self) -> None:
        scaler = GradScaler()
        scaler.update(4.0)
        assert scaler.get_scale() == 4
        scaler.update(fe.tensor(2.0))
        assert scaler.get_scale() == 2
        with pytest.raises(fe.ArgumentError, match="new_scale must be above 0"):
            scaler.update(0.0)

    def test_it_never_grows_beyond_float32(self) -> None:
        scaler = GradScaler(init_scale=2.0**127, growth_interval=1)
        p = parameter(1.0)
        p.grad = fe.zeros(1)
        scaler.step(fe.optim.SGD([p], lr=1.0))
        scaler.update()
        assert scaler.get_scale() == 2.0**127

    def test_two_optimizers(self) -> None:
        p, q = parameter(1.0), parameter(1.0)
        first, second = (fe.optim.SGD([x], lr=1.0) for x in (p, q))
        scaler = GradScaler(init_scale=4.0)
        p.grad, q.grad = fe.tensor([4.0]), fe.tensor([float("inf")])
        scaler.step(first)
        scaler.step(second)
        scaler.update()
        assert (p.item(), q.item(), scaler.get_scale()) == (0.0, 1.0, 2.0)

    def test_unscaled_gradients_can_be_clipped(self) -> None:
        p = parameter(0.0, 0.0)
        optimizer = fe.optim.SGD([p], lr=1.0)
        scaler = GradScaler(init_scale=2.0)
        p.grad = fe.tensor([6.0, 8.0])
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_([p], 1.0)
        scaler.step(optimizer)
        np.testing.assert_allclose(p.detach().numpy(), [-0.6, -0.8], rtol=1e-5)

    def test_one_value_is_read_for_a_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        params = [parameter(float(i)) for i in range(5)]
        optimizer = fe.optim.SGD(params, lr=1.0)
        for p in params:
            p.grad = fe.ones(1)
        reads: list[Any] = []
        item = fe.Tensor.item
        monkeypatch.setattr(fe.Tensor, "item", lambda self: reads.append(self) or item(self))
        scaler = GradScaler()
        scaler.step(optimizer)
        scaler.update()
        assert len(reads) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("init_scale", 0.0),
            ("init_scale", float("inf")),
            ("growth_factor", 1.0),
            ("backoff_factor", 1.0),
            ("growth_interval", 0),
        ],
    )
    def test_options(self, option: str, value: Any) -> None:
        with pytest.raises(fe.ArgumentError, match=f"GradScaler: {option} must"):
            GradScaler(**{option: value})

    def test_the_order_of_calls(self) -> None:
        p = parameter(1.0)
        optimizer = fe.optim.SGD([p], lr=1.0)
        scaler = GradScaler()
        with pytest.raises(fe.GraphError, match="no parameter of this SGD has a gradient"):
            scaler.step(optimizer)
        with pytest.raises(fe.GraphError, match="call step"):
            scaler.update()
        p.grad = fe.ones(1)
        scaler.unscale_(optimizer)
        with pytest.raises(fe.GraphError, match=r"unscale_\(\) was called already"):
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        with pytest.raises(fe.GraphError, match=r"step\(\) was called already"):
            scaler.step(optimizer)
        with pytest.raises(fe.GraphError, match=r"unscale_: step\(\) was called"):
            scaler.unscale_(optimizer)
        scaler.update()
        scaler.unscale_(optimizer)

    def test_gradients_in_float16(self) -> None:
        p = fe.ones(1, dtype=fe.float16).requires_grad_()
        p.grad = fe.ones(1, dtype=fe.float16)
        with pytest.raises(fe.DTypeError, match=r"a gradient is float16\[1\].*model.float\(\)"):
            GradScaler().step(fe.optim.SGD([p], lr=1.0))

    def test_closures(self) -> None:
        p = parameter(1.0)
        p.grad = fe.ones(1)
        with pytest.raises(fe.ArgumentError, match="a closure computes gradients"):
            GradScaler().step(fe.optim.SGD([p], lr=1.0), lambda: 1.0)


class TestState:
    def test_it_goes_on_where_it_was(self, tmp_path: Path) -> None:
        scaler = GradScaler(init_scale=8.0, growth_interval=3)
        stepped(scaler, 1.0)
        stepped(scaler, 1.0)
        fe.save(scaler.state_dict(), tmp_path / "scaler")
        other = GradScaler()
        other.load_state_dict(fe.load(tmp_path / "scaler"))
        assert other.state_dict() == scaler.state_dict()
        assert stepped(other, 1.0) == stepped(scaler, 1.0) == (True, 16.0)

    def test_pytorchs_keys(self) -> None:
        assert GradScaler().state_dict() == {
            "scale": 65536.0,
            "growth_factor": 2.0,
            "backoff_factor": 0.5,
            "growth_interval": 2000,
            "_growth_tracker": 0,
        }

    def test_a_disabled_one(self) -> None:
        off = GradScaler(enabled=False)
        assert (off.state_dict(), off.get_scale(), off.is_enabled()) == ({}, 1.0, False)
        off.load_state_dict({})
        p = parameter(1.0)
        p.grad = fe.ones(1)
        optimizer = fe.optim.SGD([p], lr=1.0)
        off.unscale_(optimizer)
        off.step(optimizer)
        off.update()
        assert p.item() == 0
        with pytest.raises(fe.CheckpointError, match="'_growth_tracker' is missing"):
            GradScaler().load_state_dict({})
