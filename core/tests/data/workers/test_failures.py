"""What goes wrong in a worker is told in the loader."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

import ferrule as fe
from ferrule.data import DataLoader, Dataset, IterableDataset, WorkerError
from ferrule.data.workers import pool
from ferrule.data.workers.failure import Failure, ending


class Broken(ValueError):
    """An exception with more than a message."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(index, reason)
        self.index = index


class Unpicklable(ValueError):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("two arguments became one")


class Faulty(Dataset[int]):
    """Item 3 cannot be had."""

    def __init__(self, error: Any) -> None:
        self.error = error

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> int:
        if index == 3:
            self.fail()
        return index

    def fail(self) -> None:
        raise self.error


class Function(Dataset[Any]):
    """Items made by a function."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return self.function(index)


def load(dataset: Any, **options: Any) -> list[Any]:
    return list(DataLoader(dataset, num_workers=2, **options))


@pytest.mark.parametrize("error", [KeyError("three"), Broken(3, "gone"), fe.ShapeError("odd")])
def test_an_exception_keeps_its_type_and_shows_where_it_was_raised(error: Exception) -> None:
    batches = iter(DataLoader(Faulty(error), num_workers=2))
    assert [next(batches).item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(type(error)) as caught:
        next(batches)
    assert caught.value.args == error.args
    assert vars(caught.value).get("index") == vars(error).get("index")
    shown = "".join(traceback.format_exception(caught.value))
    assert "In worker 1:" in shown
    assert "in fail\n    raise self.error" in shown
    assert "the batch holds the data set's items 3" in shown
    assert [batch.item() for batch in batches] == [4, 5]


def test_an_exception_that_cannot_be_pickled_is_told_in_words() -> None:
    with pytest.raises(
        WorkerError, match=r"worker 1 raised .*Unpicklable: two arguments"
    ) as caught:
        load(Faulty(Unpicklable(1, 2)))
    assert "raise self.error" in str(caught.value.__cause__)


@pytest.mark.parametrize("ways", ["init", "iter", "collate"])
def test_exceptions_from_everywhere_arrive(ways: str) -> None:
    def fail(argument: Any) -> Any:
        raise LookupError(ways)

    class Stream(IterableDataset[int]):
        def __iter__(self) -> Iterator[int]:
            return fail(None)

    with pytest.raises(LookupError, match=ways):
        if ways == "init":
            load(range(3), worker_init_fn=fail)
        elif ways == "iter":
            load(Stream())
        else:
            load(range(3), collate_fn=fail)


def test_a_batch_that_cannot_be_sent_says_so() -> None:
    with pytest.raises((AttributeError, TypeError, ValueError), match=r"pickle|lambda"):
        load(range(3), collate_fn=lambda items: lambda: items)
    w = fe.ones(1, requires_grad=True)
    with pytest.raises(fe.GraphError, match=r"detach\(\) it in the data set or collate_fn"):
        load([w * 2])


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL .*out of memory"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "was killed by SIGTERM"),
        (lambda: os._exit(7), "exited with code 7"),
        (lambda: sys.exit(3), "exited with code 3"),
    ],
)
def test_a_worker_that_dies_is_noticed(end: Any, message: str) -> None:
    data = Function(lambda index: end() if index == 2 else index)
    batches = iter(DataLoader(data, num_workers=2))
    with pytest.raises(WorkerError, match=rf"DataLoader worker 0 \(pid \d+\) {message}"):
        list(batches)
    with pytest.raises(fe.DataError, match="its workers have been stopped"):
        next(batches)


def test_a_worker_that_dies_while_its_connection_lives_on_is_noticed() -> None:
    """A process that a worker leaves behind holds its end of the connection open."""
    reading, writing = os.pipe()

    def leave(index: int) -> int:
        if index == 0 and os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)  # until the test lets go of the other end
            os._exit(0)
        if index == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return index

    try:
        with pytest.raises(WorkerError, match="was killed by SIGKILL"):
            load(Function(leave))
    finally:
        os.close(writing)
        os.close(reading)


def test_new_workers_take_the_place_of_persistent_ones_that_died() -> None:
    flag = [True]

    def once(index: int) -> int:
        if index == 1 and flag[0]:
            os._exit(1)
        return index

    loader = DataLoader(Function(once), num_workers=2, persistent_workers=True)
    with pytest.raises(WorkerError, match="exited with code 1"):
        list(loader)
    flag[0] = False
    assert [batch.item() for batch in loader] == [0, 1, 2, 3]


def test_a_worker_that_does_not_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.1)
    reading, writing = os.pipe()  # nothing will ever come
    try:
        with pytest.raises(WorkerError, match=r"timeout of 0\.2 seconds"):
            load(Function(lambda index: os.read(reading, 1)), timeout=0.2)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "closed its connection"),
        (0, "exited with code 0"),
        (-200, "was killed by signal 200"),
    ],
)
def test_ends_in_words(code: int | None, words: str) -> None:
    assert ending(code) == words


def test_an_exception_that_changes_on_the_way_is_told_in_words() -> None:
    class Local(Exception):
        pass

    try:
        raise Local("here")
    except Local as error:
        failure = Failure.of(error, 5)
    assert failure.pickled is None
    found = failure.exception()
    assert isinstance(found, WorkerError)
    assert "worker 5 raised what cannot be pickled" in str(found)
