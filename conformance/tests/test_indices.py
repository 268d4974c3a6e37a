"""Indices out of range on a backend that queues its work."""

from __future__ import annotations

import pytest
from asynchronous_backend import AsynchronousBackend, unguarded

import ferrule as fe
from ferrule import runtime
from ferrule_conformance.suite import run

OPS = [
    "gather",
    "index_select",
    "index_add",
    "index_copy",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "wrap_index",
]


def test_a_backend_that_wraps_indices_around_is_sound() -> None:
    results = run(AsynchronousBackend("wrapping"), ops=OPS, checks=["index_out_of_range"])
    assert {r.op for r in results} == set(OPS)
    assert [r.message for r in results if r.outcome != "passed"] == []


def test_a_kernel_that_writes_outside_its_memory_is_caught() -> None:
    backend = AsynchronousBackend("careless")
    backend.kernels["index_add"] = backend._queued("index_add", unguarded(backend))
    results = run(backend, ops=["index_add"], checks=["index_out_of_range", "forward"])
    outcomes = {r.check: r for r in results if r.op == "index_add" and r.outcome == "failed"}
    assert set(outcomes) == {"index_out_of_range"}  # it is right for right indices
    message = outcomes["index_out_of_range"].message
    assert "the memory of another tensor was written to" in message


@pytest.fixture
def device() -> str:
    runtime.install(AsynchronousBackend("queue"))
    return "queue"


def test_nothing_waits_until_someone_looks(device: str) -> None:
    backend = runtime.active(device).backend
    assert isinstance(backend, AsynchronousBackend)
    x, index = fe.arange(4, device=device), fe.tensor([1, 9], device=device)
    backend.synchronize(x.device)
    with fe.debug.check_indices():
        y = fe.index_select(x, 0, index)
        assert len(backend.queue) == 3  # the two ends of the index, and the kernel
        with pytest.raises(fe.OutOfRange, match=r"index_select\(.*\): index 9 is out of range"):
            y.numpy()
    assert y.shape == (2,)
    y.numpy()  # it has been said


def test_without_the_mode_nothing_is_checked(device: str) -> None:
    x, index = fe.arange(4, device=device), fe.tensor([1, -7], device=device)
    assert fe.index_select(x, 0, index).tolist()[0] == 1
    with fe.debug.check_indices(), fe.debug.check_indices(enabled=False):
        fe.index_select(x, 0, index)
    fe.synchronize(device)


@pytest.mark.parametrize(
    "look",
    [
        lambda y: fe.synchronize("queue"),
        lambda y: y.numpy(),
        lambda y: y[0].item(),
        lambda y: y.to("cpu"),
        lambda y: y.tolist(),
    ],
)
def test_every_synchronisation_reports(device: str, look) -> None:
    with fe.debug.check_indices():
        y = fe.gather(fe.arange(4, device=device), 0, fe.tensor([0, -1], device=device))
    with pytest.raises(IndexError, match=r"gather\(.*index -1"):
        look(y)


def test_the_first_of_several_is_reported(device: str) -> None:
    x = fe.zeros(2, 3, device=device)
    with fe.debug.check_indices():
        y = fe.index_select(x, 1, fe.tensor([5], device=device))
        fe.index_select(x, 0, fe.tensor([7], device=device))
        with pytest.raises(fe.OutOfRange, match="index 5 is out of range for dim 1 of size 3"):
            y.numpy()
        fe.synchronize(device)


def test_right_indices_are_not_reported(device: str) -> None:
    with fe.debug.check_indices():
        x = fe.arange(6.0, device=device).reshape(2, 3).requires_grad_()
        x[:, fe.tensor([0, -1], device=device)].sum().backward()
        fe.synchronize(device)
    assert x.grad is not None
    assert x.grad.tolist() == [[1, 0, 1], [1, 0, 1]]


def test_checks_do_not_pile_up(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fe.debug.indices, "_KEPT", 10)
    x, index = fe.arange(4, device=device), fe.tensor([1], device=device)
    with fe.debug.check_indices():
        for _ in range(25):
            fe.index_select(x, 0, index)
    assert len(fe.debug.pending[x.device]) < 10
    fe.synchronize(device)
    assert not fe.debug.pending


def test_an_index_into_nothing_is_refused_at_once(device: str) -> None:
    with pytest.raises(fe.OutOfRange, match="has the size 0"):
        fe.index_select(fe.zeros(0, 3, device=device), 0, fe.tensor([0], device=device))
