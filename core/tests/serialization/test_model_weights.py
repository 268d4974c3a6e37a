"""Models' weights into files and out of them."""

import tracemalloc
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import ferrule as fe
from ferrule import nn


class Tied(nn.Module):
    """One tensor in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


def net(seed: int = 0) -> nn.Sequential:
    fe.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def values(model: nn.Module) -> dict[str, Any]:
    return {name: x.tolist() for name, x in model.state_dict().items()}


def test_a_round_trip(tmp_path: Path) -> None:
    model, twin = net(0), net(1)
    model(fe.arange(6.0).reshape(2, 3))  # moves the running statistics
    fe.save_model(model, tmp_path / "f", metadata={"author": "me"})
    kept = dict(twin.named_parameters())
    assert fe.load_model(twin, tmp_path / "f") == ([], [])
    assert values(twin) == values(model)
    assert all(p is kept[name] for name, p in twin.named_parameters())
    assert all(p.requires_grad for p in twin.parameters())
    assert fe.load_metadata(tmp_path / "f") == {"format": "pt", "author": "me"}


def test_a_file_of_another_program(tmp_path: Path) -> None:
    model = net()
    arrays = {name: x.numpy() for name, x in net(1).state_dict().items()}
    save_file(arrays, tmp_path / "f")
    fe.load_model(model, tmp_path / "f")
    assert values(model) == values(net(1))


def test_a_file_of_pytorch(torch_file: Callable[..., Path], torch_format: ModuleType) -> None:
    state = OrderedDict(
        (name, torch_format.view(x.numpy())) for name, x in net(1).state_dict().items()
    )
    model = net()
    fe.load_model(model, torch_file(state))
    assert values(model) == values(net(1))
    model = net()
    fe.load_model(model, torch_file({"epoch": 3, "model": state}), prefix="model.")
    assert values(model) == values(net(1))


def test_a_part_of_a_checkpoint(tmp_path: Path) -> None:
    model, optimizer = net(), fe.optim.SGD(net().parameters(), lr=0.1)
    fe.save({"net": net(1).state_dict(), "optim": optimizer.state_dict()}, tmp_path / "f")
    fe.load_model(model, tmp_path / "f", prefix="net.")
    assert values(model) == values(net(1))


def test_complex_weights(tmp_path: Path) -> None:
    model, twin = nn.Module(), nn.Module()
    model.w = nn.Parameter(fe.tensor([1 + 2j, 3j]))
    twin.w = nn.Parameter(fe.zeros(2, dtype=fe.complex64))
    fe.save_model(model, tmp_path / "f")
    fe.load_model(twin, tmp_path / "f")
    assert twin.w.tolist() == [1 + 2j, 3j]


def test_what_does_not_fit_is_listed_and_nothing_changed(tmp_path: Path) -> None:
    arrays = {"0.weight": np.ones((4, 3), np.float32), "1.bias": np.ones(4, np.float32)}
    save_file({**arrays, "extra": np.ones(1)}, tmp_path / "f")
    model = net()
    with pytest.raises(
        fe.CheckpointError,
        match=r"(?s)load_model: .*f' does not fit Sequential; .*strict=False.*Nothing was changed\."
        r"\s+missing: .*0\.bias.*\s+unexpected: extra$",
    ):
        fe.load_model(model, tmp_path / "f")
    assert values(model) == values(net())
    found = fe.load_model(model, tmp_path / "f", strict=False)
    assert found.unexpected_keys == ["extra"]
    assert found.missing_keys == [
        "0.bias", "1.weight", "1.running_mean", "1.running_var", "2.weight", "2.bias"
    ]  # fmt: skip
    assert model[1].bias.tolist() == [1.0] * 4
    assert model[0].weight.tolist() == [[1.0] * 3] * 4


@pytest.mark.parametrize("strict", [True, False])
def test_other_shapes_are_errors(strict: bool, tmp_path: Path) -> None:
    fe.save_model(nn.Linear(3, 5), tmp_path / "f")
    model = nn.Linear(3, 4)
    before = values(model)
    with pytest.raises(
        fe.CheckpointError,
        match=r"of another shape: weight is \[5,3\] and should be \[4,3\]; bias is \[5\]",
    ):
        fe.load_model(model, tmp_path / "f", strict=strict)
    assert values(model) == before


def test_a_prefix_that_would_help_is_named(tmp_path: Path) -> None:
    arrays = {f"module.{name}": x.numpy() for name, x in net(1).state_dict().items()}
    save_file(arrays, tmp_path / "f")
    with pytest.raises(fe.CheckpointError, match=r"pass prefix='module\.', with which all names"):
        fe.load_model(net(), tmp_path / "f")
    model = net()
    fe.load_model(model, tmp_path / "f", prefix="module.")
    assert values(model) == values(net(1))


@pytest.mark.parametrize(
    "key_map",
    [
        {"gamma": "weight", "beta": "bias", "step": None},
        [("^gamma$", "weight"), ("^be(t)a$", r"bias"), ("^step$", "bias2")],
        lambda name: {"gamma": "weight", "beta": "bias"}.get(name),
    ],
    ids=["dict", "patterns", "function"],
)
def test_names_are_mapped(key_map: Any, tmp_path: Path) -> None:
    arrays = {"gamma": np.full((2, 3), 7.0), "beta": np.zeros(2), "step": np.ones(1)}
    save_file(arrays, tmp_path / "f")
    model = nn.Linear(3, 2)
    strict = not isinstance(key_map, list)
    found = fe.load_model(model, tmp_path / "f", strict=strict, key_map=key_map)
    assert found.unexpected_keys == ([] if strict else ["bias2"])
    assert model.weight.tolist() == [[7.0] * 3] * 2
    assert model.weight.dtype is fe.float32


def test_two_names_that_become_one(tmp_path: Path) -> None:
    save_file({"a": np.ones(1), "b": np.ones(1)}, tmp_path / "f")
    with pytest.raises(fe.CheckpointError, match=r"'a' and 'b' of .* both become 'weight'"):
        fe.load_model(net(), tmp_path / "f", key_map=lambda name: "weight")


@pytest.mark.parametrize("key_map", [3, [("(", "a")], ["abc"]])
def test_key_maps_that_are_none(key_map: Any, tmp_path: Path) -> None:
    with pytest.raises(fe.ArgumentError, match="key_map is a dict of names, a function"):
        fe.load_model(net(), tmp_path / "f", key_map=key_map)


def test_dtypes_follow_the_model_or_what_is_asked_for(tmp_path: Path) -> None:
    fe.save_model(net(1).double(), tmp_path / "f")
    model = net()
    fe.load_model(model, tmp_path / "f")
    assert model[0].weight.dtype is fe.float32
    fe.load_model(model, tmp_path / "f", dtype=fe.bfloat16)
    assert {p.dtype for p in model.parameters()} == {fe.bfloat16}
    assert model[1].running_mean.dtype is fe.bfloat16
    assert model[1].num_batches_tracked.dtype is fe.int64
    with pytest.raises(fe.ArgumentError, match="floating dtypes, not int32"):
        fe.load_model(model, tmp_path / "f", dtype=fe.int32)


def test_no_bit_is_lost_on_the_way_to_another_dtype(tmp_path: Path) -> None:
    model = net(1).double()
    with fe.no_grad():
        for x in model.parameters():
            x /= 3
    fe.save_model(model, tmp_path / "f")
    for hook in (None, lambda *_: None):
        twin = net()
        if hook is not None:
            twin.register_load_state_dict_pre_hook(hook)
        fe.load_model(twin, tmp_path / "f", dtype=fe.float64)
        assert values(twin) == values(model)


@pytest.mark.parametrize("hooked", [False, True])
def test_a_model_that_does_not_fit_keeps_its_dtype(hooked: bool, tmp_path: Path) -> None:
    fe.save_model(nn.BatchNorm1d(3), tmp_path / "f")
    model = nn.Sequential(nn.BatchNorm1d(4))
    if hooked:
        model.register_load_state_dict_pre_hook(lambda *_: None)
    model(fe.ones(2, 4)).sum().backward()
    before = values(model)
    with pytest.raises(fe.CheckpointError, match=r"of another shape: 0\.weight"):
        fe.load_model(model, tmp_path / "f", dtype=fe.float64, key_map=[("^", "0.")])
    assert values(model) == before
    assert {p.dtype for p in model.parameters()} == {fe.float32}
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {fe.float32}


def test_what_the_file_lacks_is_converted_too(tmp_path: Path) -> None:
    save_file({"0.weight": np.ones((4, 3), np.float32)}, tmp_path / "f")
    model = net()
    fe.load_model(model, tmp_path / "f", strict=False, dtype="float64", device="cpu")
    assert {p.dtype for p in model.parameters()} == {fe.float64}


def test_gradients_stay(tmp_path: Path) -> None:
    fe.save_model(net(1), tmp_path / "f")
    model = net()
    model(fe.ones(2, 3)).sum().backward()
    before = model[2].bias.grad
    fe.load_model(model, tmp_path / "f")
    assert model[2].bias.grad.tolist() == before.tolist()
    fe.load_model(model, tmp_path / "f", dtype=fe.float64)
    assert model[2].bias.grad.dtype is fe.float64
    assert model[2].bias.grad.tolist() == before.tolist()


def test_a_shared_tensor_is_stored_once(tmp_path: Path) -> None:
    model, twin = Tied(), Tied()
    fe.save_model(model, tmp_path / "f")
    assert list(load_file(tmp_path / "f")) == ["embed.weight"]
    with safe_open(tmp_path / "f", framework="numpy") as file:
        assert file.metadata()["head.weight"] == "embed.weight"
    assert fe.load_model(twin, tmp_path / "f") == ([], [])
    assert twin.head.weight is twin.embed.weight
    assert twin.head.weight.tolist() == model.embed.weight.tolist()


def test_the_other_name_of_a_shared_tensor_is_enough(tmp_path: Path) -> None:
    save_file({"head.weight": np.ones((5, 3), np.float32)}, tmp_path / "f")
    model = Tied()
    fe.load_model(model, tmp_path / "f")
    assert model.embed.weight.tolist() == [[1.0] * 3] * 5


def test_hooks_see_the_state(tmp_path: Path) -> None:
    fe.save_model(net(1), tmp_path / "f")
    model, seen = net(), []

    def rename(module: Any, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        seen.append(sorted(state))

    model.register_load_state_dict_pre_hook(rename)
    fe.load_model(model, tmp_path / "f", dtype=fe.float64)
    assert seen == [sorted(net().state_dict())]
    assert model[0].weight.dtype is fe.float64
    assert model[0].weight.float().tolist() == net(1)[0].weight.tolist()


def test_never_two_copies_of_a_model(tmp_path: Path) -> None:
    size, count = 2**20, 12
    model = nn.Sequential(*(nn.Linear(512, 512, bias=False) for _ in range(count)))
    fe.save_model(model, tmp_path / "f")
    fe.load_model(model, tmp_path / "f")  # imports what it needs
    tracemalloc.start()
    try:
        fe.load_model(model, tmp_path / "f")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # the tensors that were there before are not counted, and those read take their place
    assert peak < (count + 3) * size


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(fe.CheckpointError, match="does not exist"):
        fe.load_model(net(), tmp_path / "f")
