"""PyTorch's checkpoints: what ``torch.save`` was given comes back, bit for bit."""

import math
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ferrule as fe
from ferrule import nn
from ferrule_plugins import dtypes

Write = Callable[..., Path]
FLOATS = np.arange(24, dtype=np.float32)


@pytest.mark.parametrize("order", ["little", "big", None])
@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
def test_every_dtype_in_both_byte_orders(
    dtype: fe.DType, order: str | None, torch_file: Write, torch_format: ModuleType
) -> None:
    values = np.array([[0, 1, 2], [3, 100, 1]]).astype(dtype.numpy)
    if dtype.is_complex:
        values = values + np.asarray(2j, dtype.numpy)
    whole = {"x": torch_format.view(values), "none": torch_format.view(values[:0])}
    loaded = fe.load(torch_file(whole, order=order))
    assert loaded["x"].dtype is dtype
    assert loaded["x"].numpy().tobytes() == values.tobytes()
    assert loaded["none"].shape == (0, 3)


@st.composite
def views(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], int, tuple[int, ...], tuple[int, ...]]:
    """A storage, and a part of it: any strides, zero among them, and any offset."""
    size = draw(st.lists(st.integers(0, 4), max_size=4))
    stride = [draw(st.integers(0, 5)) for _ in size]
    offset = draw(st.integers(0, 3))
    span = offset + 1 + sum((n - 1) * s for n, s in zip(size, stride)) if all(size) else offset
    count = span + draw(st.integers(0, 3))
    return np.arange(count, dtype=np.int32) * 7 + 3, offset, tuple(size), tuple(stride)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=views())
def test_any_strides_and_offsets(part: Any, torch_file: Write, torch_format: ModuleType) -> None:
    storage, offset, size, stride = part
    loaded = fe.load(torch_file(torch_format.View(storage, offset, size, stride)))
    expected = np.empty(size, np.int32)
    for place in np.ndindex(size):
        expected[place] = storage[offset + sum(i * s for i, s in zip(place, stride))]
    assert loaded.shape == size
    assert loaded.numpy().tolist() == expected.tolist()


def test_tensors_share_a_storage(torch_file: Write, torch_format: ModuleType) -> None:
    whole = torch_format.View(FLOATS, 0, (4, 6), (6, 1))
    state = {
        "whole": whole,
        "again": whole,
        "transposed": torch_format.View(FLOATS, 0, (6, 4), (1, 6)),
        "row": torch_format.View(FLOATS, 12, (6,), (1,)),
    }
    loaded = fe.load(torch_file(state))
    matrix = FLOATS.reshape(4, 6)
    assert loaded["whole"] is loaded["again"]
    assert loaded["transposed"].tolist() == matrix.T.tolist()
    assert loaded["row"].tolist() == matrix[2].tolist()


def test_containers_and_numbers(torch_file: Write, torch_format: ModuleType) -> None:
    name = torch_format.Name
    inner: list[Any] = [1]
    value = {
        "numbers": [0, 255, 256, 65536, -1, -(2**31), 2**40, -(2**70), 0.5, -math.inf, True, None],
        "strings": ["", "é", "\ud800", "x" * 300],
        "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "ordered": OrderedDict([("b", 1), ("a", {})]),
        3: {"nested": {"deeper": []}},
        "twice": [inner, inner],
        "many": list(range(2500)),
        "size": name("torch", "Size", ((2, 3),)),
        "device": name("torch", "device", ("cuda", 1)),
        "host": name("torch", "device", ("cpu",)),
        "dtype": name("torch", "bfloat16"),
        "set": name("__builtin__", "set", ([1, "a"],)),
        "complex": name("__builtin__", "complex", (1.0, -2.0)),
        "bytes": name("_codecs", "encode", ("\x00\xff", "latin1")),
        "counts": name("collections", "Counter", ({30: 1, 80: 2},)),
    }
    loaded = fe.load(torch_file(value))
    assert loaded["twice"][0] is loaded["twice"][1]
    assert type(loaded["ordered"]) is OrderedDict
    for key, expected in {
        "size": (2, 3),
        "device": "cuda:1",
        "host": "cpu",
        "dtype": fe.bfloat16,
        "set": {1, "a"},
        "complex": 1 - 2j,
        "bytes": b"\x00\xff",
        "counts": {30: 1, 80: 2},
    }.items():
        assert loaded.pop(key) == expected
        value.pop(key)
    assert loaded == value
    assert list(map(type, loaded["numbers"])) == list(map(type, value["numbers"]))


def test_parameters_and_gradients(torch_file: Write, torch_format: ModuleType) -> None:
    one = np.ones(2, np.float32)
    loaded = fe.load(
        torch_file(
            [
                torch_format.view(one, parameter=True, requires_grad=True),
                torch_format.view(one.copy(), parameter=True),
                torch_format.view(one.copy(), requires_grad=True),
                torch_format.view(one.copy()),
            ]
        )
    )
    assert [type(x) for x in loaded] == [nn.Parameter, nn.Parameter, fe.Tensor, fe.Tensor]
    assert [x.requires_grad for x in loaded] == [True, False, True, False]


@pytest.mark.parametrize("shape", [(), (10_000,)])
def test_a_parameter_of_any_length(
    shape: tuple[int, ...], torch_file: Write, torch_format: ModuleType
) -> None:
    whole = np.ones(shape, np.float32)
    loaded = fe.load(torch_file({"w": torch_format.view(whole, parameter=True)}))
    assert type(loaded["w"]) is nn.Parameter and loaded["w"].shape == shape


def test_conjugates_and_negatives(torch_file: Write, torch_format: ModuleType) -> None:
    z = np.array([1 + 2j, -3j], np.complex64)
    loaded = fe.load(
        torch_file(
            [
                torch_format.view(z, marks={"conj": True}),
                torch_format.view(z.copy(), marks={"neg": True}),
                torch_format.view(z.imag.copy(), marks={"neg": True}),
            ]
        )
    )
    assert loaded[0].tolist() == [1 - 2j, 3j]
    assert loaded[1].tolist() == [-1 - 2j, 3j]
    assert loaded[2].tolist() == [-2, 3]


def test_bools_are_bools(torch_file: Write, torch_format: ModuleType) -> None:
    raw = np.array([0, 1, 2, 255], np.uint8).view(np.bool_)
    loaded = fe.load(torch_file(torch_format.view(raw)))
    assert loaded.numpy().view(np.uint8).tolist() == [0, 1, 1, 1]


def test_versions_of_layers_come_along(torch_file: Write, torch_format: ModuleType) -> None:
    state: Any = OrderedDict(weight=torch_format.view(FLOATS))
    state._metadata = OrderedDict([("", {"version": 2})])
    assert fe.load(torch_file(state))._metadata == {"": {"version": 2}}


@pytest.mark.parametrize(
    "name", ["weights.pt", "pytorch_model.bin", "no extension", "x.safetensors"]
)
def test_it_is_known_by_its_content(name: str, torch_file: Write, torch_format: ModuleType) -> None:
    assert fe.load(torch_file(torch_format.view(FLOATS), name)).shape == (24,)


@pytest.mark.parametrize("root", ["archive", "resnet18-f37072fd", "ä b"])
def test_the_folder_in_the_archive_may_have_any_name(
    root: str, torch_file: Write, torch_format: ModuleType
) -> None:
    assert fe.load(torch_file(torch_format.view(FLOATS), root=root)).shape == (24,)


def test_files_without_checksums(torch_file: Write, torch_format: ModuleType) -> None:
    path = torch_file(torch_format.view(FLOATS), checksums=False)
    assert fe.load(path).tolist() == FLOATS.tolist()


@pytest.mark.parametrize("version", [b"1\n", b"2\n", b"3\n", b"10"])
def test_versions(version: bytes, torch_file: Write, torch_format: ModuleType) -> None:
    assert fe.load(torch_file(torch_format.view(FLOATS), version=version)).shape == (24,)


def test_a_newer_version_is_refused(torch_file: Write) -> None:
    with pytest.raises(fe.CheckpointError, match="has version 11 of PyTorch's format"):
        fe.load(torch_file({}, version=b"11\n"))


def test_the_device_is_chosen_when_loading(torch_file: Write, torch_format: ModuleType) -> None:
    path = torch_file({"w": torch_format.view(FLOATS)})
    with pytest.raises(fe.BackendNotInstalled, match="nowhere"):
        fe.load(path, map_location="nowhere")
    assert fe.load(path, map_location="cpu:0")["w"].device == fe.Device("cpu")


def test_a_state_dict_fits_a_model(torch_file: Write, torch_format: ModuleType) -> None:
    model = nn.Linear(6, 4)
    state = OrderedDict(
        weight=torch_format.view(FLOATS.reshape(4, 6)), bias=torch_format.view(FLOATS[:4].copy())
    )
    model.load_state_dict(fe.load(torch_file(state)))
    assert model(fe.ones(6)).tolist() == (FLOATS.reshape(4, 6).sum(1) + FLOATS[:4]).tolist()


def test_the_format_before_zip_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    path.write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
    with pytest.raises(fe.CheckpointError, match=r"before version 1\.6.*weights_only=True"):
        fe.load(path)
    path.write_bytes(b"\0" * 257 + b"ustar" + b"\0" * 250)
    with pytest.raises(fe.CheckpointError, match=r"before version 1\.6"):
        fe.load(path)


def test_other_pickles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(b"\x80\x04N.")
    with pytest.raises(
        fe.CheckpointError, match="is a pickle, which can be read only by executing"
    ):
        fe.load(path)


def test_programs_are_refused(torch_file: Write) -> None:
    path = torch_file({}, more=(("constants.pkl", b"\x80\x02)."),))
    with pytest.raises(fe.CheckpointError, match="TorchScript program"):
        fe.load(path)


def test_metadata_are_not_theirs(torch_file: Write) -> None:
    with pytest.raises(fe.CheckpointError, match="is PyTorch's, and has no metadata"):
        fe.load_metadata(torch_file({}))
