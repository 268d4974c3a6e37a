"""Checkpoints in several files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import ferrule as fe
from ferrule import nn
from ferrule.serialization import safetensors_file, shards
from ferrule.serialization.safetensors_file import NotWritten

STATE = {name: fe.full((25,), float(i)) for i, name in enumerate("abcde")}  # 100 bytes each


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_and_index_are_those_of_hugging_face(tmp_path: Path) -> None:
    fe.save(STATE, tmp_path / "model.safetensors", max_shard_size=200, metadata={"format": "pt"})
    files = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
    assert names(tmp_path) == [*files, "model.safetensors.index.json"]
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == 500
    owners = [files[0], files[0], files[1], files[1], files[2]]
    assert index["weight_map"] == dict(zip("abcde", owners))
    assert {k: v.tolist() for k, v in load_file(tmp_path / files[1]).items()} == {
        "c": [2.0] * 25,
        "d": [3.0] * 25,
    }


@pytest.mark.parametrize("given", ["model.safetensors", "model.safetensors.index.json", "."])
def test_name_index_and_folder_load_it(given: str, tmp_path: Path) -> None:
    tree = {"model": STATE, "steps": [1, (2.5, None)], "phase": fe.tensor([1j])}
    fe.save(tree, tmp_path / "model.safetensors", max_shard_size="0.2KB", metadata={"a": "b"})
    loaded = fe.load(tmp_path / given)
    assert loaded["steps"] == [1, (2.5, None)]
    assert loaded["phase"].tolist() == [1j]
    assert list(loaded["model"]) == list(STATE)
    assert all(loaded["model"][k].tolist() == v.tolist() for k, v in STATE.items())
    assert fe.load_metadata(tmp_path / given) == {"a": "b"}


def test_what_fits_into_one_file_is_one(tmp_path: Path) -> None:
    fe.save(STATE, tmp_path / "m.safetensors", max_shard_size="1MB")
    assert names(tmp_path) == ["m.safetensors"]
    assert fe.load(tmp_path / "m.safetensors")["e"].tolist() == [4.0] * 25


def test_an_earlier_save_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    (tmp_path / "other-00001-of-00002.safetensors").write_text("of another model")
    for limit, count in ((100, 5), (200, 3), (1000, 1), (100, 5), (10**6, 1)):
        fe.save(STATE, path, max_shard_size=limit)
        own = [name for name in names(tmp_path) if name.startswith("m")]
        assert len(own) == (count + 1 if count > 1 else 1)
        assert fe.load(path)["e"].tolist() == [4.0] * 25
    assert names(tmp_path) == ["m.safetensors", "other-00001-of-00002.safetensors"]


def test_a_write_that_fails_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    fe.save(STATE, path, max_shard_size=200)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    real, calls = safetensors_file.write, []

    def fail(arrays: Any, metadata: Any, temporary: Path) -> None:
        calls.append(temporary)
        if len(calls) == 3:
            raise NotWritten("No space left on device")
        real(arrays, metadata, temporary)

    monkeypatch.setattr(safetensors_file, "write", fail)
    with pytest.raises(fe.CheckpointError, match="cannot be written: No space left"):
        fe.save({k: v + 1 for k, v in STATE.items()}, path, max_shard_size=100)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@given(
    sizes=st.lists(st.integers(0, 50), max_size=12),
    limit=st.integers(1, 60),
)
def test_groups_are_whole_ordered_and_as_large_as_allowed(sizes: list[int], limit: int) -> None:
    arrays = {str(i): np.zeros(size, np.uint8) for i, size in enumerate(sizes)}
    groups = shards.split(arrays, limit)
    assert [name for group in groups for name in group] == list(arrays)
    totals = [sum(a.nbytes for a in group.values()) for group in groups]
    assert all(t <= limit or len(g) == 1 for t, g in zip(totals, groups))
    assert all(t + next(iter(g.values())).nbytes > limit for t, g in zip(totals, groups[1:]))


@pytest.mark.parametrize(
    ("size", "count"),
    [(5, 5), ("5GB", 5 * 10**9), ("200MiB", 200 * 2**20), ("1.5 kb", 1500), ("7B", 7)],
)
def test_sizes(size: Any, count: int) -> None:
    assert shards.byte_count(size) == count


@pytest.mark.parametrize("size", ["", "5", "5XB", "GB", "0GB", 0, -1, 1.5, True, "-1GB"])
def test_sizes_that_are_none(size: Any, tmp_path: Path) -> None:
    with pytest.raises(fe.ArgumentError, match="max_shard_size is a number of bytes"):
        fe.save({}, tmp_path / "f", max_shard_size=size)


@pytest.mark.parametrize("file", ["../f", "/etc/passwd", "a\\b", "..", "", "C:x", "sub/f"])
def test_an_index_cannot_lead_out_of_its_folder(file: str, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    save_file({"w": np.ones(1)}, tmp_path / "f")
    path = inner / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"w": file}}))
    with pytest.raises(fe.CheckpointError, match="names files of tensors beside it only"):
        fe.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is damaged, or is not an index"),
        ("[" * 10**5, "is damaged, or is not an index"),
        ("[]", 'it has no "weight_map"'),
        ('{"weight_map": {"w": 3}}', 'it has no "weight_map"'),
        ('{"weight_map": {"w": "absent"}}', "names the file 'absent', which is not beside it"),
        ('{"weight_map": {"v": "f"}}', "'f' has no tensor 'v'"),
        (
            '{"weight_map": {"w": "x.json"}}',
            "names the file 'x.json', and an index names files of tensors",
        ),
    ],
)
def test_a_broken_index_is_refused(content: str, message: str, tmp_path: Path) -> None:
    save_file({"w": np.ones(1)}, tmp_path / "f")
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(fe.CheckpointError, match=message):
        fe.load(path)


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(fe.CheckpointError, match=r"is a folder, and has no model\.safetensors, "):
        fe.load(tmp_path)


def test_a_model_in_several_files(tmp_path: Path) -> None:
    model, twin = nn.Linear(8, 8), nn.Linear(8, 8)
    fe.save_model(model, tmp_path / "model.safetensors", max_shard_size=40)
    assert len(names(tmp_path)) == 3
    fe.load_model(twin, tmp_path)
    assert twin.weight.tolist() == model.weight.tolist()
