"""A backend from scratch: Python's ``array`` module, and no NumPy but at the door."""

from ferrule_example_purepython.backend import PurePythonBackend

__all__ = ["PurePythonBackend"]
