"""The NumPy backend of ferrule: complete on its own, on every machine that NumPy runs on."""

from ferrule_cpu.backend import NumpyBackend

backend = NumpyBackend()

__all__ = ["NumpyBackend", "backend"]
