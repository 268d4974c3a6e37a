"""A backend object of this process is selected by its name, as installed ones are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ferrule as fe
from ferrule_plugins import Backend, discovery
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

Install = Callable[[Backend], Backend]


def made() -> ArrayNamespaceBackend:
    return ArrayNamespaceBackend("in-the-making", np, array_namespace.kernels(np))


def test_it_is_selected_for_a_block(install: Install) -> None:
    install(made())
    with fe.use_backend("in-the-making"):
        assert fe.get_backend() == "in-the-making"
        model = fe.nn.Linear(2, 3)
        assert model.weight.device == fe.Device("in-the-making")
    assert fe.zeros(2).device != model.weight.device


def test_a_later_one_of_the_name_takes_its_place(install: Install) -> None:
    first, second = install(made()), made()
    assert discovery.load("in-the-making") is first
    install(second)
    assert discovery.load("in-the-making") is second


def test_another_name_is_still_refused(install: Install) -> None:
    install(made())
    with pytest.raises(fe.BackendNotInstalled, match="in-the-makin'"):
        fe.zeros(2, device="in-the-makin")


def test_an_object_is_found_in_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    module = "from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend\n"
    module += "import numpy\nbackend = ArrayNamespaceBackend('in-the-making', numpy)\n"
    (tmp_path / "being_made.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    install(made())  # whose place it takes, and the fixture gives back
    found = fe.runtime.locate("being_made:backend")
    assert fe.runtime.locate("being_made:backend") is found is fe.runtime.locate("in-the-making")
    for name, missing in (("being_made:other", "other"), ("nowhere_at_all:backend", "nowhere")):
        with pytest.raises(fe.BackendNotInstalled, match=missing):
            fe.runtime.locate(name)
