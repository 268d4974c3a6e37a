"""Saving and loading: hooks, extra state, assignment, and what stays when it fails."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn


class WithExtra(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(fe.ones(2))
        self.vocabulary = ["a"]

    def get_extra_state(self) -> Any:
        return {"vocabulary": self.vocabulary}

    def set_extra_state(self, state: Any) -> None:
        self.vocabulary = state["vocabulary"]


class TestStateDict:
    def test_a_destination_and_the_tensors_themselves(self) -> None:
        net, found = nn.Linear(2, 1), {"other": 1}
        assert net.state_dict(destination=found, prefix="net.") is found
        assert list(found) == ["other", "net.weight", "net.bias"]
        assert net.state_dict(keep_vars=True)["weight"] is net.weight

    def test_hooks(self) -> None:
        net, seen = nn.Sequential(nn.Linear(1, 1)), []
        net[0].register_state_dict_pre_hook(lambda m, prefix, keep: seen.append((prefix, keep)))

        def rename(m: nn.Module, state: dict[str, Any], prefix: str, metadata: Any) -> None:
            state[prefix + "w"] = state.pop(prefix + "weight")

        handle = net[0].register_state_dict_post_hook(rename)
        assert list(net.state_dict()) == ["0.bias", "0.w"]
        assert seen == [("0.", False)]
        handle.remove()
        assert list(net.state_dict()) == ["0.weight", "0.bias"]

    def test_extra_state(self) -> None:
        a, b = nn.Sequential(WithExtra()), nn.Sequential(WithExtra())
        a[0].vocabulary = ["x", "y"]
        state = a.state_dict()
        assert list(state) == ["0.weight", "0._extra_state"]
        b.load_state_dict(state)
        assert b[0].vocabulary == ["x", "y"]
        del state["0._extra_state"]
        with pytest.raises(fe.CheckpointError, match=r"missing: 0\._extra_state"):
            b.load_state_dict(state)

    def test_submodules_that_save_otherwise(self) -> None:
        class Silent(nn.Linear):
            def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
                return kwargs["destination"]

        assert list(nn.Sequential(Silent(1, 1), nn.Linear(1, 1)).state_dict()) == [
            "1.weight", "1.bias",
        ]  # fmt: skip


class TestLoading:
    def test_a_pre_hook_renames(self) -> None:
        net = nn.Sequential(nn.Linear(1, 1, bias=False))

        def rename(m: nn.Module, state: dict[str, Any], prefix: str, *rest: Any) -> None:
            state[prefix + "weight"] = state.pop(prefix + "w")

        net[0].register_load_state_dict_pre_hook(rename)
        given = {"0.w": fe.full((1, 1), 7.0)}
        assert net.load_state_dict(given) == ([], [])
        assert net[0].weight.item() == 7.0
        assert list(given) == ["0.w"]

    def test_a_post_hook_forgives(self) -> None:
        net = nn.Linear(1, 1)
        net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
        assert net.load_state_dict({"weight": fe.zeros(1, 1)}) == ([], [])

    def test_an_error_in_a_hook_changes_nothing(self) -> None:
        net = nn.Linear(1, 1)
        before = net.weight.item()

        def broken(m: nn.Module, keys: Any) -> None:
            raise KeyError("hook")

        net.register_load_state_dict_post_hook(broken)
        with pytest.raises(KeyError):
            net.load_state_dict({"weight": fe.full((1, 1), 9.0), "bias": fe.zeros(1)})
        assert net.weight.item() == before

    def test_assign(self) -> None:
        net = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
        net[0].weight.requires_grad_(False)
        given = {k: v.double() if v.is_floating_point() else v for k, v in net.state_dict().items()}
        net.load_state_dict(given, assign=True)
        assert net[0].weight.dtype is fe.float64
        assert isinstance(net[0].weight, nn.Parameter)
        assert not net[0].weight.requires_grad
        assert net[0].bias.requires_grad
        assert net[1].running_var.dtype is fe.float64
        assert list(net.state_dict()) == list(given)

    def test_assign_that_fails_changes_nothing(self) -> None:
        net = nn.Linear(2, 1)
        weight = net.weight
        with pytest.raises(fe.CheckpointError, match="of another shape: bias"):
            net.load_state_dict({"weight": fe.zeros(1, 2), "bias": fe.zeros(3)}, assign=True)
        assert net.weight is weight

    def test_one_number_for_none(self) -> None:
        net = nn.Module()
        net.scale = nn.Parameter(fe.tensor(1.0))
        net.load_state_dict({"scale": np.array([3.0])})
        assert net.scale.item() == 3.0
        assert net.scale.shape == ()

    def test_states_without_a_count_of_batches(self) -> None:
        a, b = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
        a(fe.tensor([[1.0, 2.0], [3.0, 5.0]]))
        state = a.state_dict()
        del state["num_batches_tracked"]
        assert b.load_state_dict(state) == ([], [])
        assert b.num_batches_tracked is not None
        assert b.num_batches_tracked.item() == 0

    def test_what_is_no_mapping_or_no_tensor(self) -> None:
        net = nn.Linear(1, 1)
        with pytest.raises(fe.ArgumentError, match="a mapping of tensors"):
            net.load_state_dict([1])  # pyright: ignore[reportArgumentType]
        with pytest.raises(fe.CheckpointError, match="no tensor: weight is str"):
            net.load_state_dict({"weight": "x", "bias": fe.zeros(1)})

    def test_modules_that_load_otherwise(self) -> None:
        class Transposed(nn.Linear):
            def _load_from_state_dict(
                self, state_dict: dict[str, Any], prefix: str, /, *rest: Any
            ) -> None:
                state_dict[prefix + "weight"] = state_dict[prefix + "weight"].T
                super()._load_from_state_dict(state_dict, prefix, *rest)

        net = nn.Sequential(Transposed(2, 3, bias=False))
        given: Mapping[str, Any] = {"0.weight": fe.arange(6.0).reshape(2, 3)}
        net.load_state_dict(given)
        assert net[0].weight.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]

    def test_a_tied_parameter_stays_tied(self) -> None:
        net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
        net[1].weight = net[0].weight
        net.load_state_dict(net.state_dict())
        assert net[1].weight is net[0].weight
