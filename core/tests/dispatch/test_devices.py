"""Tensors of several backends and devices in one process."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule as fe
from ferrule import DeviceError


@pytest.fixture(autouse=True)
def backends(add_backend: Any) -> Any:
    return add_backend("left"), add_backend("right", devices=2)


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: a + b,
        lambda a, b: a @ b,
        lambda a, b: fe.cat([a, a, b]),
        lambda a, b: fe.where(a > 0, b, b),
        lambda a, b: fe.gather(a, 0, b.long()),
        lambda a, b: fe.clamp(a, max=b),
        lambda a, b: a.__iadd__(b),
    ],
)
@pytest.mark.parametrize(
    ("one", "other"), [("left", "right"), ("right:0", "right:1"), ("cpu", "left")]
)
def test_two_devices_in_one_op_are_both_named_with_the_remedy(
    call: Any, one: str, other: str
) -> None:
    a, b = fe.ones(2, 2, device=one), fe.ones(2, 2, device=other)
    for _ in range(2):
        with pytest.raises(DeviceError) as caught:
            call(a, b)
        text = str(caught.value)
        assert f"on {a.device} " in text
        assert f"on {b.device} " in text
        assert f'.to("{a.device}")' in text
        assert text.split("(")[0] in fe.OPS


@pytest.mark.usefixtures("on_cpu")
def test_to_moves_values_and_brings_gradients_back() -> None:
    x = fe.tensor([1.0, 2.0], requires_grad=True)
    y = x.to("left").to("right:1") * 3
    assert str(y.device) == "right:1"
    assert y.detach().cpu().tolist() == [3, 6]
    (y.to("cpu") * fe.tensor([1.0, 10.0])).sum().backward()
    assert x.grad is not None
    assert str(x.grad.device) == "cpu:0"
    assert x.grad.tolist() == [3, 30]


def test_the_remedy_in_the_text_mends_the_call() -> None:
    a, b = fe.ones(2, device="left"), fe.ones(2, device="right")
    assert (a + b.to("left:0")).tolist() == [2, 2]
    assert str((a + b.to(a)).device) == "left:0"


def test_python_scalars_go_wherever_they_are_needed() -> None:
    for device in ("left:0", "right:1"):
        x = fe.ones(2, device=device)
        for y in (x + 1, 2 * x, fe.where(x > 0, 1.0, x), fe.clamp(x, 0, 1), x.sum() + True):
            assert str(y.device) == device


def test_setting_elements_needs_no_device_for_python_values() -> None:
    x = fe.zeros(3, device="right:1")
    x[1] = 5
    assert x.tolist() == [0, 5, 0]
    with pytest.raises(DeviceError):
        x[0] = fe.ones(1)


def test_gradients_and_what_backward_makes_stay_on_the_device() -> None:
    with fe.use_backend("left"):
        x = fe.ones(2, 3, device="right:1").requires_grad_()
        y = fe.softmax(x, 1).logsumexp(0) + fe.sort(x).values.prod() + x.mean()
        y.sum().backward()
    assert x.grad is not None
    assert str(x.grad.device) == "right:1"


def test_a_gradient_given_on_another_device_is_moved() -> None:
    x = fe.ones(2, device="left").requires_grad_()
    (x * 2).backward(fe.ones(2, device="right"))
    assert x.grad is not None
    assert str(x.grad.device) == "left:0"
    assert x.grad.tolist() == [2, 2]


def test_one_seed_gives_the_same_numbers_everywhere() -> None:
    fe.manual_seed(5)
    drawn = {device: fe.rand(7, device=device).tolist() for device in ("cpu", "left", "right:1")}
    assert drawn["cpu"] == drawn["left"] == drawn["right:1"]


def test_names_of_devices() -> None:
    x = fe.ones(1, device="right")
    assert x.device is fe.Device("right:0")
    assert str(x.device) == "right:0"
    assert "device='right:0'" in repr(x)
