"""The states of all the random numbers that a run draws in its own process."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

import ferrule as fe
from ferrule.errors import CheckpointError

_PYTHONS_VERSION = 3
_NUMPYS_KIND = "MT19937"


def capture(loader: Any, devices: Iterable[Any]) -> dict[str, Any]:
    """ferrule's default generators on ``devices``, those of a loader and what it is made of,
    Python's and NumPy's global ones."""
    version, words, gauss = random.getstate()
    numpys: Any = np.random.get_state(legacy=False)
    return {
        "default": {str(d): fe.default_generator(d).state for d in dict.fromkeys(devices)},
        "loader": None if loader is None else [g.state for g in _generators(loader)],
        "python": {"version": version, "words": _tensor(words), "gauss": gauss},
        "numpy": {
            "kind": numpys["bit_generator"],
            "words": _tensor(numpys["state"]["key"]),
            "place": int(numpys["state"]["pos"]),
            "has_gauss": int(numpys["has_gauss"]),
            "gauss": float(numpys["gauss"]),
        }
        if numpys["bit_generator"] == _NUMPYS_KIND
        else None,
    }


def restore(state: Mapping[str, Any], loader: Any) -> None:
    """Put all of them where they were.

    Raises:
        CheckpointError: the loader has another number of generators than the one that was saved.
    """
    generators, saved = _generators(loader), state["loader"] or []
    if None not in (loader, state["loader"]) and len(generators) != len(saved):
        raise CheckpointError(
            f"Trainer: the loader has {len(generators)} generators of its own, and that of the "
            f"checkpoint had {len(saved)}; build the same loader that was saved"
        )
    for device, words in state["default"].items():
        fe.default_generator(device).state = words
    for generator, words in zip(generators, saved):
        generator.state = words
    python, numpys = state["python"], state["numpy"]
    if python["version"] == _PYTHONS_VERSION:
        words = tuple(python["words"].tolist())
        random.setstate((_PYTHONS_VERSION, words, python["gauss"]))
    if numpys is not None:
        key = numpys["words"].numpy().astype(np.uint32)
        np.random.set_state(
            (_NUMPYS_KIND, key, numpys["place"], numpys["has_gauss"], numpys["gauss"])
        )


def _generators(loader: Any) -> list[fe.Generator]:
    """The generators of a loader, its samplers and its data set, each once."""
    found: dict[int, fe.Generator] = {}
    holders = [loader]
    for holder in holders:
        generator = getattr(holder, "generator", None)
        if isinstance(generator, fe.Generator):
            found.setdefault(id(generator), generator)
        for name in ("batch_sampler", "sampler", "dataset"):
            part = getattr(holder, name, None)
            if part is not None and not any(part is h for h in holders):
                holders.append(part)
    return list(found.values())


def _tensor(words: Any) -> fe.Tensor:
    return fe.tensor(np.asarray(words, dtype=np.int64))
