"""Files are replaced whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from ferrule.atomic import OutputError, check_writable, replacing


def test_the_file_appears_at_the_end_of_the_block(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.parent.parent == target.parent
    assert target.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_raises_leaves_everything_as_it_was(
    error: type[BaseException], tmp_path: Path
) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(error), replacing(target) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_everything_as_it_was(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "file"
    target.write_text("old")
    owner = os if step == "fsync" else Path
    monkeypatch.setattr(owner, step, fail)
    with (
        pytest.raises(OutputError, match="cannot be written: No space left"),
        replacing(target) as temporary,
    ):
        temporary.write_text("new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_data_are_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda s, t: (events.append("replace"), replace(s, t))[1])
    with replacing(tmp_path / "file") as temporary:
        temporary.write_text("new")
    assert events == ["fsync", "replace", "fsync"]


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "store" / "file")
    with replacing(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "store" / "file").read_text() == "new"


def test_permissions_stay(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as temporary:
        temporary.unlink()  # as a writer does that has its own way of replacing a file
        temporary.touch(0o600)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def unwritable(tmp_path: Path) -> dict[str, tuple[str, str]]:
    (tmp_path / "file").write_text("in the way")
    os.mkfifo(tmp_path / "pipe")
    return {
        "below a file": (str(tmp_path / "file" / "x"), "there is no folder"),
        "below nothing": (str(tmp_path / "nowhere" / "x"), "there is no folder"),
        "a folder": (str(tmp_path), "it is a folder"),
        "no name": ("", "it has no name"),
        "a pipe": (str(tmp_path / "pipe"), "it is not a regular file"),
    }


@pytest.mark.parametrize("case", ["below a file", "below nothing", "a folder", "no name", "a pipe"])
def test_where_no_file_can_be(case: str, tmp_path: Path) -> None:
    path, reason = unwritable(tmp_path)[case]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError, match=f"cannot be written: {reason}"):
        check_writable(path)
    with pytest.raises(OutputError, match=f"cannot be written: {reason}"), replacing(path):
        raise AssertionError("the block must not run")
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        check_writable(tmp_path / "file")


def test_checking_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    check_writable(target)
    assert list(tmp_path.iterdir()) == []
    target.write_text("old")
    check_writable(target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
