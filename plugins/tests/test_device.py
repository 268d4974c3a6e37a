"""Devices: parsing, identity, and what is refused."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrule_plugins import Device

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]*", fullmatch=True)


@given(NAMES, st.integers(0, 10**6))
def test_names_are_parsed_and_written_back(backend: str, index: int) -> None:
    device = Device(f"{backend}:{index}")
    assert (device.backend, device.index) == (backend, index)
    assert str(device) == f"{backend}:{index}"
    assert Device(str(device)) is device


@given(NAMES)
def test_without_an_index_device_0_is_meant(backend: str) -> None:
    assert Device(backend) is Device(f"{backend}:0")


@given(NAMES, st.integers(0, 99))
def test_equal_devices_are_one_object(backend: str, index: int) -> None:
    device = Device(f"{backend}:{index}")
    assert Device(device) is device
    assert pickle.loads(pickle.dumps(device)) is device
    assert copy.deepcopy(device) is device


@given(st.text(max_size=12).filter(lambda text: not re.fullmatch(r"[^\W\d][\w-]*(:\d+)?", text)))
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a device"):
        Device(text)


@pytest.mark.parametrize("value", ["cuda:", "cuda:-1", ":1", "cuda:1:2", " cpu", "cpu\n", "1"])
def test_near_misses_are_refused_with_examples(value: str) -> None:
    with pytest.raises(ValueError, match='"cpu", "cuda:1"'):
        Device(value)


@pytest.mark.parametrize("value", [None, 0, b"cpu"])
def test_values_of_other_types_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a device"):
        Device(value)  # pyright: ignore[reportArgumentType]
