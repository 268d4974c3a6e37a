"""Saving and loading: exact round trips, files that others can read, and errors."""

import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

import ferrule as fe
from ferrule import nn, optim
from ferrule.serialization import safetensors_file
from ferrule_plugins import dtypes


def same(a: Any, b: Any) -> bool:
    """Equal in type, structure and every bit."""
    if isinstance(a, fe.Tensor):
        return (
            isinstance(b, fe.Tensor)
            and (a.dtype, a.shape) == (b.dtype, b.shape)
            and a.numpy().tobytes() == b.numpy().tobytes()
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(
            type(k) is type(n) and same(a[k], b[n]) for k, n in zip(a, b)
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a.hex() == b.hex()
    return a == b


TENSORS = st.sampled_from(dtypes.ALL).flatmap(
    lambda dtype: hnp.arrays(
        np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3)
    ).map(lambda bits: fe.tensor(_as(bits, dtype)))
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | TENSORS
KEYS = st.text(max_size=3) | st.integers() | st.sampled_from(["a", "a.b", "__metadata__", "a~2"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)


def _as(bits: np.ndarray[Any, Any], dtype: fe.DType) -> np.ndarray[Any, Any]:
    """An array of any dtype whose elements are random bits, NaNs of all kinds included."""
    bits = bits % 2 if dtype is fe.bool else bits
    return np.repeat(bits, dtype.itemsize, axis=-1).view(dtype.numpy)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_round_trips_are_exact(tree: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    fe.save(tree, path)
    assert same(fe.load(path), tree)


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        -0.0,
        math.inf,
        -math.inf,
        math.nan,
        5e-324,
        2**70,
        True,
        None,
        "\x00 é",
        (),
        [],
        {},
        {1: "int", "1": "string"},
        {"a.b": 1, "a": {"b": 2}},
    ],
)
def test_plain_values_come_back_as_they_were(value: Any, tmp_path: Path) -> None:
    fe.save({"value": value}, tmp_path / "f")
    assert same(fe.load(tmp_path / "f"), {"value": value})


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
def test_a_flat_dict_is_a_plain_safetensors_file(dtype: fe.DType, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    x = fe.tensor(np.arange(6).reshape(2, 3).astype(dtype.numpy))
    fe.save({"layer.weight": x, "layer.bias": fe.ones(3)}, path)
    with safe_open(path, framework="numpy") as file:
        assert sorted(file.keys()) == ["layer.bias", "layer.weight"]
        weight = file.get_tensor("layer.weight")
    if dtype.is_complex:  # real and imaginary parts, in a last dim
        weight = weight[..., 0] + 1j * weight[..., 1]
    assert weight.dtype == dtype.numpy
    assert weight.tolist() == x.numpy().tolist()


def test_strides_do_not_matter(tmp_path: Path) -> None:
    x = fe.arange(6).reshape(2, 3)
    fe.save({"t": x.T, "flipped": x.flip(1), "column": x[:, 1], "scalar": x[1, 2]}, tmp_path / "f")
    loaded = fe.load(tmp_path / "f")
    assert loaded["t"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert loaded["flipped"].tolist() == [[2, 1, 0], [5, 4, 3]]
    assert loaded["column"].tolist() == [1, 4]
    assert loaded["scalar"].tolist() == 5


def test_files_of_other_programs_are_read(tmp_path: Path) -> None:
    arrays = {"a": np.ones((2, 3), ml_dtypes.bfloat16), "b": np.arange(3)}
    save_file(arrays, tmp_path / "f", {"format": "pt"})
    loaded = fe.load(tmp_path / "f")
    assert loaded["a"].dtype is fe.bfloat16
    assert loaded["b"].tolist() == [0, 1, 2]


def test_state_of_model_and_optimizer(tmp_path: Path) -> None:
    def trained() -> tuple[nn.Module, optim.Optimizer]:
        fe.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
        optimizer = optim.AdamW(model.parameters(), lr=0.1)
        step(model, optimizer)
        return model, optimizer

    def step(model: nn.Module, optimizer: optim.Optimizer) -> None:
        optimizer.zero_grad()
        model(fe.arange(6.0).reshape(2, 3)).sum().backward()
        optimizer.step()

    model, optimizer = trained()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    fe.save(state, tmp_path / "f")
    loaded = fe.load(tmp_path / "f")
    assert same(loaded, {**state, "model": dict(state["model"])})
    twin, twin_optimizer = trained()
    step(twin, twin_optimizer)
    twin.load_state_dict(loaded["model"])
    twin_optimizer.load_state_dict(loaded["optimizer"])
    step(model, optimizer)
    step(twin, twin_optimizer)
    assert same(dict(model.state_dict()), dict(twin.state_dict()))


def test_a_generator_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    generator = fe.Generator(seed=2**64 - 1)
    fe.randn(5, generator=generator)
    fe.save(generator.state, tmp_path / "f")
    expected = fe.randn(5, generator=generator)
    other = fe.Generator(seed=0)
    other.state = fe.load(tmp_path / "f")
    assert same(fe.randn(5, generator=other), expected)


def test_a_model_of_another_shape_is_told_apart(tmp_path: Path) -> None:
    fe.save(nn.Linear(3, 2).state_dict(), tmp_path / "f")
    with pytest.raises(fe.CheckpointError, match=r"weight .*2,3.*3,3"):
        nn.Linear(3, 3).load_state_dict(fe.load(tmp_path / "f"))
    with pytest.raises(
        fe.CheckpointError, match=r"missing: 0.weight, 0.bias\s+unexpected: weight, bias"
    ):
        nn.Sequential(nn.Linear(3, 2)).load_state_dict(fe.load(tmp_path / "f"))


def test_gradients_are_not_saved(tmp_path: Path) -> None:
    fe.save({"w": fe.ones(2, requires_grad=True) * 2}, tmp_path / "f")
    assert not fe.load(tmp_path / "f")["w"].requires_grad


def test_the_device_is_chosen_when_loading(tmp_path: Path) -> None:
    fe.save({"w": fe.ones(2), "c": fe.tensor([1j])}, tmp_path / "f")
    with pytest.raises(fe.BackendNotInstalled, match="nowhere"):
        fe.load(tmp_path / "f", map_location="nowhere")
    loaded = fe.load(tmp_path / "f", map_location="cpu:0")
    assert {t.device for t in loaded.values()} == {fe.Device("cpu")}


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"a": [1, {"b": {2}}]}, r"obj\['a'\]\[1\]\['b'\] is an object of type set"),
        (np.ones(3), "obj is an object of type ndarray"),
        ({"a": {(1, 2): 3}}, r"obj\['a'\] is a dict with the key \(1, 2\)"),
        ({True: 1}, "obj is a dict with the key True"),
        (object(), "make it a tensor, a number, a string, or a dict, list or tuple"),
    ],
)
def test_what_cannot_be_saved_is_named(obj: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with pytest.raises(fe.CheckpointError, match=message):
        fe.save(obj, path)
    assert path.read_text() == "old"


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    fe.save({"epoch": 1}, path)

    def fail(arrays: Any, temporary: Path, metadata: Any) -> None:
        temporary.write_bytes(b"half of it")
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr(safetensors_file, "save_file", fail)
    with pytest.raises(fe.CheckpointError, match="f' cannot be written: I/O error: No space left"):
        fe.save({"epoch": 2}, path)
    assert fe.load(path) == {"epoch": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_unwritable_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(fe.CheckpointError, match=r"fe.save: .* cannot be written: there is no fol"):
        fe.save({}, tmp_path / "file" / "below")


@pytest.mark.parametrize("damage", ["nothing", "text", "half", "header", "short"])
def test_damaged_files_are_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    fe.save({"a": fe.ones(100)}, path)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "nothing": b"",
            "text": b"this is no checkpoint at all, but a letter",
            "half": whole[: len(whole) // 2],
            "header": whole[:9] + b"#" + whole[10:],
            "short": whole[:-1],
        }[damage]
    )
    with pytest.raises(fe.CheckpointError, match="f' is damaged, or is not a safetensors file: "):
        fe.load(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_cut_short_anywhere_is_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "f"
    fe.save({"a": fe.arange(5), "b": [1, 2]}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(fe.CheckpointError):
        fe.load(path)


@pytest.mark.parametrize(
    "structure",
    [
        "no JSON",
        "[]",
        "{}",
        json.dumps({"version": 1}),
        json.dumps({"version": 1, "tree": {"tensor": "absent"}}),
        json.dumps({"version": 1, "tree": {"unheard-of": 1}}),
        json.dumps({"version": 1, "tree": {"dict": [["a"]]}}),
        json.dumps({"version": 1, "tree": {"dict": 3}}),
        json.dumps({"version": 1, "tree": {"float": "x"}}),
    ],
)
def test_a_structure_that_makes_no_sense_is_refused(structure: str, tmp_path: Path) -> None:
    save_file({"a": np.ones(2)}, tmp_path / "f", {"ferrule": structure})
    with pytest.raises(fe.CheckpointError, match=r"is damaged.*the description of its structure"):
        fe.load(tmp_path / "f")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    save_file({}, tmp_path / "f", {"ferrule": json.dumps({"version": 2, "tree": {}})})
    with pytest.raises(fe.CheckpointError, match=r"version 2 .* pip install --upgrade ferrule"):
        fe.load(tmp_path / "f")


def test_a_dtype_that_ferrule_lacks_is_named(tmp_path: Path) -> None:
    save_file({"ids": np.ones(2, np.uint64)}, tmp_path / "f")
    with pytest.raises(fe.CheckpointError, match=r"tensor 'ids': .*uint64"):
        fe.load(tmp_path / "f")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(fe.CheckpointError, match="missing' does not exist"):
        fe.load(tmp_path / "missing")
    with pytest.raises(fe.CheckpointError, match="is a folder"):
        fe.load(tmp_path)


def test_nothing_is_pickled() -> None:
    for source in Path(safetensors_file.__file__).parent.glob("*.py"):
        assert "import pickle" not in source.read_text()


def test_metadata_come_back(tmp_path: Path) -> None:
    words = {"license": "MIT", "é": "", "format": "pt"}
    fe.save({"w": fe.ones(2)}, tmp_path / "f", metadata=words)
    assert fe.load_metadata(tmp_path / "f") == words
    assert fe.load(tmp_path / "f")["w"].tolist() == [1, 1]
    with safe_open(tmp_path / "f", framework="numpy") as file:
        assert file.metadata().items() >= words.items()


def test_metadata_of_other_programs_are_read(tmp_path: Path) -> None:
    save_file({"a": np.ones(2)}, tmp_path / "f", {"format": "np"})
    assert fe.load_metadata(tmp_path / "f") == {"format": "np"}
    save_file({"a": np.ones(2)}, tmp_path / "f")
    assert fe.load_metadata(tmp_path / "f") == {}


@pytest.mark.parametrize("metadata", [{"a": 1}, {1: "a"}, {"ferrule": "mine"}])
def test_metadata_are_strings(metadata: Any, tmp_path: Path) -> None:
    with pytest.raises(fe.ArgumentError, match="metadata are strings by name"):
        fe.save({}, tmp_path / "f", metadata=metadata)
    assert not (tmp_path / "f").exists()


def test_float8_is_refused_by_name(tmp_path: Path) -> None:
    header = json.dumps({"x": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}).encode()
    path = tmp_path / "f"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    with pytest.raises(fe.CheckpointError, match="tensor 'x' is of dtype F8_E4M3, which ferrule"):
        fe.load(path)


def test_loading_holds_one_tensor_twice_at_most(tmp_path: Path) -> None:
    size = 2**20
    fe.save({str(i): fe.ones(size // 4) for i in range(16)}, tmp_path / "f")
    tracemalloc.start()
    try:
        state = fe.load(tmp_path / "f")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(state) == 16
    assert peak < 19 * size


def test_saving_copies_nothing(tmp_path: Path) -> None:
    size = 2**20
    state = {str(i): fe.ones(size // 4) for i in range(16)}
    tracemalloc.start()
    try:
        fe.save(state, tmp_path / "f")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size
