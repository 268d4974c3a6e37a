"""Recording on and off: as blocks, decorators and calls, nested, by thread and by task."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

import ferrule as fe
from ferrule import Tensor


def recorded() -> bool:
    """Whether an op writes to the tape now: what the modes are about, rather than what they say."""
    enabled = (fe.ones(1).requires_grad_() * 2).requires_grad
    assert enabled == fe.is_grad_enabled()
    return enabled


@pytest.fixture(autouse=True)
def _modes_are_left_as_they_were() -> Iterator[None]:
    assert recorded()
    yield
    assert recorded()


OFF: dict[str, Callable[[], Any]] = {
    "no_grad": fe.no_grad,
    "inference_mode": fe.inference_mode,
    "set_grad_enabled": lambda: fe.set_grad_enabled(False),
}
all_that_turn_off = pytest.mark.parametrize("off", OFF.values(), ids=OFF.keys())


@all_that_turn_off
def test_nothing_is_recorded_in_a_block_and_everything_after_it(off: Callable[[], Any]) -> None:
    with off():
        assert not recorded()
    assert recorded()


@all_that_turn_off
def test_a_block_left_by_an_exception_is_left(off: Callable[[], Any]) -> None:
    with pytest.raises(KeyError), off():
        raise KeyError
    assert recorded()


@all_that_turn_off
def test_a_decorated_function_runs_unrecorded_each_time(off: Callable[[], Any]) -> None:
    @off()
    def function(depth: int) -> list[bool]:
        """Its doc."""
        return [recorded(), *(function(depth - 1) if depth else [])]

    assert recorded()
    assert function(2) == [False] * 3
    assert recorded()
    assert function(0) == [False]
    assert function.__doc__ == "Its doc."


@all_that_turn_off
def test_a_decorated_generator_runs_unrecorded_and_its_caller_does_not(
    off: Callable[[], Any],
) -> None:
    inside: list[bool] = []

    @off()
    def numbers(n: int) -> Iterator[int]:
        try:
            for i in range(n):
                inside.append(recorded())
                try:
                    yield i
                except KeyError:
                    inside.append(recorded())
                    yield -1
        finally:
            inside.append(recorded())

    outside = [recorded() for _ in numbers(2)]
    assert outside == [True, True]
    assert inside == [False] * 3
    generator: Any = numbers(3)
    next(generator)
    assert generator.throw(KeyError()) == -1
    generator.close()
    assert inside == [False] * 6
    assert recorded()


def test_a_decorated_generator_passes_on_what_is_sent_and_returned() -> None:
    @fe.no_grad()
    def echo() -> Any:
        received = yield 1
        return received

    generator = echo()
    assert next(generator) == 1
    with pytest.raises(StopIteration) as done:
        generator.send("it")
    assert done.value.value == "it"


@all_that_turn_off
def test_a_decorated_coroutine_runs_unrecorded(off: Callable[[], Any]) -> None:
    @off()
    async def coroutine() -> list[bool]:
        first = recorded()
        await asyncio.sleep(0)
        return [first, recorded()]

    async def main() -> list[bool]:
        results, _ = await asyncio.gather(coroutine(), asyncio.sleep(0))
        return [*results, recorded()]

    assert asyncio.run(main()) == [False, False, True]


def test_enable_grad_undoes_no_grad_inside_it_but_not_inference_mode() -> None:
    with fe.no_grad():
        with fe.enable_grad():
            assert recorded()
            with fe.no_grad():
                assert not recorded()
            assert recorded()
        assert not recorded()
    with fe.inference_mode():
        assert fe.is_inference_mode_enabled()
        with fe.enable_grad(), fe.set_grad_enabled(True):
            assert not recorded()
    assert not fe.is_inference_mode_enabled()


def test_one_scope_may_be_entered_within_itself() -> None:
    scope = fe.no_grad()
    with scope:
        with fe.enable_grad(), scope:
            assert not recorded()
        assert not recorded()
    assert recorded()


def test_set_grad_enabled_as_a_call_lasts() -> None:
    fe.set_grad_enabled(False)
    assert not recorded()
    with fe.set_grad_enabled(True):
        assert recorded()
    assert not recorded()
    fe.set_grad_enabled(True)


def test_set_grad_enabled_as_a_call_inside_a_block_ends_with_the_block() -> None:
    with fe.no_grad():
        fe.set_grad_enabled(True)
        assert recorded()
        fe.set_grad_enabled(False)
    assert recorded()


def test_inference_mode_may_be_switched_off() -> None:
    with fe.inference_mode(False):
        assert recorded()


def in_thread(function: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


@all_that_turn_off
def test_a_new_thread_records_whatever_its_parent_does(off: Callable[[], Any]) -> None:
    with off():
        assert in_thread(recorded)
        assert not recorded()


def test_a_thread_changes_nothing_for_others() -> None:
    in_thread(lambda: fe.set_grad_enabled(False))
    assert recorded()


@pytest.mark.parametrize("shared_by", ["decorator", "block", "copied context"])
def test_threads_may_be_inside_one_scope_at_once_and_leave_in_any_order(shared_by: str) -> None:
    scope = fe.no_grad()
    both_inside, first_left = threading.Barrier(2), threading.Event()
    found: list[bool] = []

    def stay(first: bool) -> None:
        found.append(recorded())
        both_inside.wait(10)
        if not first:
            assert first_left.wait(10)
            found.append(recorded())

    def in_block(first: bool) -> None:
        with scope:
            stay(first)

    inside = scope(stay) if shared_by == "decorator" else in_block

    def run(first: bool) -> None:
        try:
            inside(first)
            found.append(not recorded())
        finally:
            if first:
                first_left.set()

    def start(first: bool) -> threading.Thread:
        context = contextvars.copy_context()
        target = context.run if shared_by == "copied context" else lambda f, x: f(x)
        thread = threading.Thread(target=target, args=(run, first))
        thread.start()
        return thread

    outer: AbstractContextManager[Any] = fe.enable_grad()
    with outer:
        threads = [start(True), start(False)]
        for thread in threads:
            thread.join(20)
    assert found == [False] * 5


def test_tasks_have_modes_of_their_own_and_start_with_a_copy() -> None:
    async def off_for_a_while(ready: asyncio.Event, done: asyncio.Event) -> list[bool]:
        fe.set_grad_enabled(False)
        ready.set()
        await done.wait()
        return [recorded()]

    async def main() -> list[bool]:
        ready, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(off_for_a_while(ready, done))
        await ready.wait()
        found = [recorded()]
        done.set()
        found += await task
        with fe.no_grad():
            child = asyncio.create_task(asyncio.to_thread(recorded))
            found.append(await child)
        return [*found, recorded()]

    assert asyncio.run(main()) == [True, False, False, True]


def test_an_async_generator_may_hold_a_block_open_across_yields() -> None:
    async def numbers() -> AsyncIterator[bool]:
        with fe.no_grad():
            yield recorded()

    async def main() -> list[bool]:
        return [inside async for inside in numbers()]

    assert asyncio.run(main()) == [False]


def test_backward_works_in_blocks_that_record_nothing() -> None:
    def gradient(scope: Callable[[], Any]) -> Any:
        x = fe.tensor([1.0, 2.0], requires_grad=True)
        y = (fe.softmax(x, 0) * x * x).sum()
        with scope():
            y.backward()
        assert x.grad is not None
        assert not x.grad.requires_grad
        return x.grad.tolist()

    expected = gradient(fe.enable_grad)
    assert [gradient(off) for off in OFF.values()] == [expected] * 3


def test_tensors_made_in_inference_mode_are_ordinary_afterwards() -> None:
    with fe.inference_mode():
        x = fe.ones(2) * 3
    y: Tensor = x.requires_grad_() * 2
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 2]
