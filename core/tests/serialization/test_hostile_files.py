"""Files that were made to do harm, or were damaged: refused by name, quickly, nothing executed."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ferrule as fe

Write = Callable[..., Path]

TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
FLOATS = b"ctorch\nFloatStorage\n"


def text(s: str) -> bytes:
    return b"X" + struct.pack("<I", len(s.encode())) + s.encode()


def number(n: int) -> bytes:
    data = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def storage(key: str = "0", count: int = 8, kind: bytes = FLOATS) -> bytes:
    return b"(" + text("storage") + kind + text(key) + text("cpu") + number(count) + b"tQ"


def tensor(
    offset: int = 0,
    size: tuple[int, ...] = (8,),
    stride: tuple[int, ...] = (1,),
    pid: bytes = b"",
    end: bytes = b"",
) -> bytes:
    shape, steps = (b"(" + b"".join(map(number, ns)) + b"t" for ns in (size, stride))
    empty = b"ccollections\nOrderedDict\n)R"
    parts = (pid or storage()) + number(offset) + shape + steps + b"\x89" + empty + end
    return TENSOR + b"(" + parts + b"tR"


@pytest.fixture
def archive(torch_format: ModuleType, tmp_path: Path) -> Write:
    """``archive(pickle)``: a file with that pickle and one storage of 32 bytes."""

    def write(pickle: bytes, *, proto: bytes = b"\x80\x02") -> Path:
        records = [("data.pkl", proto + pickle + b"."), ("data/0", bytes(32)), ("version", b"3\n")]
        path = tmp_path / "hostile.pt"
        path.write_bytes(torch_format.zipped([(f"archive/{n}", d) for n, d in records]))
        return path

    return write


def test_what_is_made_by_hand_here_is_otherwise_sound(archive: Write) -> None:
    assert fe.load(archive(tensor())).tolist() == [0.0] * 8


def calling(module: str, name: str, *args: str) -> bytes:
    return f"c{module}\n{name}\n(".encode() + b"".join(map(text, args)) + b"tR"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("subprocess", "Popen"),
        ("torch", "load"),
        ("torch.storage", "_load_from_bytes"),
        ("torch.jit", "load"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("torch._utils", "_rebuild_sparse_tensor"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("torch.nn.modules.linear", "Linear"),
        ("__main__", "Net"),
        ("ferrule", "load"),
    ],
)
@pytest.mark.parametrize("way", ["reduce", "object", "extended", "instance", "stacked", "value"])
def test_nothing_is_called_that_is_not_listed(
    module: str, name: str, way: str, archive: Write, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    arg = text(f"touch {witness}")
    reference = f"c{module}\n{name}\n".encode()
    pickle = {
        "reduce": reference + b"(" + arg + b"tR",
        "object": reference + b"(" + arg + b"t\x81",
        "extended": reference + b"(" + arg + b"t}\x92",
        "instance": b"(" + arg + f"i{module}\n{name}\n".encode(),
        "stacked": text(module) + text(name) + b"\x93" + b"(" + arg + b"tR",
        "value": b"]" + reference + b"a",
    }[way]
    expected = "instruction b'i'" if way == "instance" else f"{module}.{name}"
    with pytest.raises(fe.CheckpointError) as caught:
        fe.load(archive(pickle))
    assert expected in str(caught.value)
    assert "which is not built here" in str(caught.value)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("pickle", "message"),
    [
        # objects of allowed classes, made or filled in other ways than they may be
        (b"ccollections\nOrderedDict\n)\x81", "instruction"),
        (b"(ccollections\nOrderedDict\no", "instruction"),
        (b"\x82\x01", "instruction"),  # the registry of extensions
        (b"\x97", "instruction"),  # buffers from outside
        (b"Ppid\n", "instruction"),
        (b"}}" + text("__class__") + b"Nsb", "attributes of a dict"),
        (tensor() + b"}b", "attributes of a "),
        (b"ccollections\nOrderedDict\n", "collections.OrderedDict itself, as a value"),
        (b"]" + FLOATS + b"a", "torch.FloatStorage itself, as a value"),
        (b"]" + storage() + b"a", "a storage itself, as a value"),
        (b"}" + FLOATS + b"Ns", "a key of a dict"),
        (b"}" + TENSOR + b"Ns", "a key of a dict"),
        (b"}" + number(2**61 - 1) + b"Ns", "a key of a dict .* is a int"),
        (b"})Ns", "a key of a dict .* is a tuple"),
        (tensor(end=b"}" + text("secret") + b"\x88s"), r"a tensor with the marks \['secret'\]"),
        (b"\x80\x09N", "protocol 9"),
    ],
)
def test_what_is_refused(pickle: bytes, message: str, archive: Write) -> None:
    with pytest.raises(fe.CheckpointError, match=f"hostile.pt' asks for .*{message}"):
        fe.load(archive(pickle))


@pytest.mark.parametrize(
    ("pickle", "message"),
    [
        (tensor(size=(9,)), "reaches beyond the end of its storage"),
        (tensor(offset=1), "reaches beyond"),
        (tensor(offset=-1), "proper shape"),
        (tensor(size=(-1,)), "proper shape"),
        (tensor(stride=(-1,)), "proper shape"),
        (tensor(size=(2, 2)), "proper shape"),
        (tensor(size=(1,) * 65, stride=(1,) * 65), "proper shape"),
        (tensor(offset=2**200, size=(1,)), "proper shape"),
        (tensor(offset=2**59, size=(1,)), "reaches beyond"),
        (tensor(size=(2**59, 2**59, 0), stride=(0, 0, 0)), "reaches beyond"),
        (tensor(size=(2**40,), stride=(0,)), "far more memory than the file"),
        (tensor(size=(2**59, 2**59), stride=(0, 0)), "reaches beyond"),
        (tensor(pid=storage("1")), "has no record 'archive/data/1'"),
        (tensor(pid=storage("../data.pkl")), "has no record"),
        (tensor(pid=storage("/etc/passwd")), "has no record"),
        (tensor(pid=storage(count=9)), "has 32 bytes, which does not fit"),
        (tensor(pid=storage(count=-8)), "has 32 bytes, which does not fit"),
        (tensor(pid=storage(kind=b"ctorch\nDoubleStorage\n")), "has 32 bytes, which does not fit"),
        (tensor(pid=storage(kind=TENSOR)), "an id that is none of a storage"),
        (tensor(pid=text("storage") + b"Q"), "an id that is none of a storage"),
        (tensor(pid=b"]"), "a tensor of what cannot be one"),
        (tensor(end=b"}" + text("conj") + b"\x88s"), "is marked to be conj"),
        (tensor(end=b"K\x01"), "proper shape"),
        (TENSOR + b")R", "a tensor of what cannot be one"),
        (TENSOR + b"]R", "calls what cannot be called"),
        (b"])R", "calls what cannot be called"),
        (tensor() + b")R", "calls what cannot be called"),
        (b"ctorch._utils\n_rebuild_parameter\n(" + storage() + b"\x88NtR", "a parameter of what"),
        (b"ctorch\nSize\n(]K\x01\x85atR", "a shape that is none"),
        (b"ctorch\ndevice\n)R", "a device that is none"),
        (b"ccollections\nOrderedDict\n(]K\x01atR", "makes a OrderedDict of what"),
        (b"c__builtin__\nset\n(K\x01tR", "makes a set of what"),
        (b"c_codecs\nencode\n(" + text("€") + text("latin1") + b"tR", "makes a bytes of what"),
        (b"c_codecs\nencode\n(" + text("€") + text("utf-7") + b"tR", "makes a bytes of what"),
        (b"h\x05", "refers to a value that it has not made"),
        (b"g999999999999\n", "refers to a value that it has not made"),
        (b"", "takes a value that it has not made"),
        (b"0", "takes a value that it has not made"),
        (b"(N", "values left over"),
        (b"NN", "values left over"),
        (b"t", "takes values that it has not made"),
        (b"]K\x01(a", "takes a value"),
        (b"Na", "takes a value"),
        (b"NNa", "fills a NoneType"),
        (b"](N)u", "as if it were another thing"),
        (b"}(NNNu", "a key without a value"),
        (b"Iabc\n", "a number that is none"),
        (b"L" + b"9" * 5000 + b"L\n", "a number that is none"),
        (b"\x8b\xff\xff\xff\xff", "a number of negative length"),
        (b"X\xff\xff\xff\xffabc", "ends too early"),
        (b"\x8d" + b"\xff" * 8 + b"abc", "ends too early"),
        (b"X\x01\x00\x00\x00\xff", "a string that is none"),
        (b"cos", "ends too early"),
        (b"K", "takes a value|values left over|ends too early"),
    ],
)
def test_what_makes_no_sense_is_damage(pickle: bytes, message: str, archive: Write) -> None:
    with pytest.raises(fe.CheckpointError, match=f"hostile.pt' is damaged, or .*({message})"):
        fe.load(archive(pickle))


def test_a_key_that_takes_exponential_time_to_hash(archive: Write) -> None:
    doubled = b"N\x85" + b"".join(
        b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(99)
    )
    with pytest.raises(fe.CheckpointError, match=r"a key of a dict .* is a tuple"):
        fe.load(archive(b"}" + doubled + b"Ns"))


def test_names_of_containers_within_containers_do_not_double(archive: Write) -> None:
    laughs = b"]" + b"".join(
        b"q" + bytes([i]) + b"0]h" + bytes([i]) + b"ah" + bytes([i]) + b"a" for i in range(99)
    )
    path = archive(b"}" + text("laughs") + laughs + b"s")
    assert list(fe.load(path)) == ["laughs"]
    with pytest.raises(fe.CheckpointError, match="missing: weight, bias"):
        fe.load_model(fe.nn.Linear(2, 2), path)


def test_a_list_that_holds_itself(archive: Write) -> None:
    path = archive(b"]q\x00h\x00a" + tensor() + b"a")
    loaded = fe.load(path)
    assert loaded[0] is loaded
    with pytest.raises(fe.CheckpointError, match="unexpected: 1"):
        fe.load_model(fe.nn.Linear(2, 2), path)


def test_lists_within_lists_without_end(archive: Write) -> None:
    path = archive(b"]" * 200_000 + b"a" * 199_999)
    assert isinstance(fe.load(path), list)
    with pytest.raises(fe.CheckpointError, match="missing: weight"):
        fe.load_model(fe.nn.Linear(2, 2), path)


def test_copies_without_end(archive: Write) -> None:
    long = text("x" * 10_000) + b"q\x00" + text("latin1") + b"q\x01"
    again = b"c_codecs\nencode\n(h\x00h\x01tR0" * 1000
    with pytest.raises(fe.CheckpointError, match="copies the same values over and over"):
        fe.load(archive(long + b"00" + again + b"N"))


def test_many_large_tensors_of_one_storage(archive: Write) -> None:
    one = tensor(size=(2**22,), stride=(0,))  # 16 MiB each
    assert len(fe.load(archive(b"](" + one + b"e"))) == 1
    with pytest.raises(fe.CheckpointError, match="far more memory than the file"):
        fe.load(archive(b"](" + one * 5 + b"e"))


# The zip file around the pickle.


def packed(records: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as z:
        for name, data in records.items():
            z.writestr(name, data)
    return file.getvalue()


SOUND = {"a/data.pkl": b"\x80\x02" + tensor() + b".", "a/data/0": bytes(32), "a/version": b"3\n"}


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({}, "has no data.pkl, or several"),
        ({"numbers.npy": b"x"}, "has no data.pkl, or several"),
        ({**SOUND, "b/data.pkl": b"."}, "has no data.pkl, or several"),
        ({"data.pkl": SOUND["a/data.pkl"]}, "has no data.pkl, or several"),
        ({"../a/data.pkl": SOUND["a/data.pkl"]}, "has no data.pkl, or several"),
        ({k: v for k, v in SOUND.items() if k != "a/version"}, "no record of its version"),
        ({**SOUND, "a/version": b"three"}, "its version is b'three'"),
        ({**SOUND, "a/version": b"0"}, "its version is b'0'"),
        ({**SOUND, "a/version": b"9" * 5000}, "is too large"),
        ({**SOUND, "a/byteorder": b"middle"}, "byte order is b'middle'"),
        ({**SOUND, "a/data.pkl": b""}, "the pickle ends too early"),
    ],
)
def test_archives_of_other_kinds(records: dict[str, bytes], message: str, tmp_path: Path) -> None:
    path = tmp_path / "f.pt"
    path.write_bytes(packed(records))
    with pytest.raises(fe.CheckpointError, match=f"is damaged, or was not written.*{message}"):
        fe.load(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "f.pt"
    path.write_bytes(packed({**SOUND, "a/data/0": bytes(2**24)}, zipfile.ZIP_DEFLATED))
    with pytest.raises(fe.CheckpointError, match="is compressed or encrypted"):
        fe.load(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_records_of_one_name(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        for name, data in [*SOUND.items(), ("a/data/0", bytes(32))]:
            z.writestr(name, data)
    path = tmp_path / "f.pt"
    path.write_bytes(file.getvalue())
    with pytest.raises(fe.CheckpointError, match="it has two records 'a/data/0'"):
        fe.load(path)


@pytest.mark.parametrize("place", ["data", "pickle"])
def test_bits_that_flipped_are_noticed(place: str, tmp_path: Path) -> None:
    whole = bytearray(packed({**SOUND, "a/data/0": b"findme" + bytes(26)}))
    whole[whole.index(b"findme" if place == "data" else b"storage")] ^= 1
    path = tmp_path / "f.pt"
    path.write_bytes(whole)
    with pytest.raises(fe.CheckpointError, match=r"record 'a/data.*' does not fit its checksum"):
        fe.load(path)


def test_damage_is_found_before_a_model_is_changed(tmp_path: Path) -> None:
    state = b"}(" + text("weight") + tensor(size=(2, 2), stride=(2, 1))
    state += text("bias") + tensor(size=(2,), pid=storage("1", 2)) + b"u"
    records = {**SOUND, "a/data.pkl": b"\x80\x02" + state + b".", "a/data/1": b"findme\0\0"}
    path = tmp_path / "f.pt"
    path.write_bytes(packed(records).replace(b"findme", b"foundu"))
    model = fe.nn.Linear(2, 2)
    before = model.weight.tolist()
    with pytest.raises(fe.CheckpointError, match="does not fit its checksum"):
        fe.load_model(model, path)
    assert model.weight.tolist() == before


@pytest.fixture(scope="module")
def whole(torch_format: ModuleType) -> bytes:
    return torch_format.torch_bytes(
        {"w": torch_format.view(np.ones((2, 3), np.float32)), "n": [1, 2.5, "three", (None,)]}
    )


def loads_or_refuses(content: bytes, path: Path) -> Any:
    path.write_bytes(content)
    try:
        return fe.load(path)
    except fe.CheckpointError:
        return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_a_file_cut_short_anywhere_is_refused(
    data: st.DataObject, whole: bytes, tmp_path: Path
) -> None:
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert loads_or_refuses(whole[:cut], tmp_path / "f") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_a_file_changed_anywhere_is_read_or_refused(
    data: st.DataObject, whole: bytes, tmp_path: Path
) -> None:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    loads_or_refuses(bytes(content), tmp_path / "f")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500)
@given(
    pickle=st.lists(
        st.sampled_from([bytes([i]) for i in range(256)])
        | st.sampled_from([tensor(), storage(), TENSOR, FLOATS, text("a"), b"q\x00", b"h\x00"])
        | st.sampled_from([bytes([i]) for i in b"()]}t\x85\x86\x87aesuRbQ012NK\x8f\x90\x91\x93"]),
        max_size=25,
    ).map(b"".join)
)
def test_any_pickle_is_read_or_refused(pickle: bytes, archive: Write) -> None:
    path = archive(pickle)
    loads_or_refuses(path.read_bytes(), path)
