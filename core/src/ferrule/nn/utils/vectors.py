"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, DeviceError, ShapeError
from ferrule.nn.state import set_value
from ferrule.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters one after the other. Gradients flow through it.

    Raises:
        ArgumentError: there are none.
        DeviceError: they are on several devices.
    """
    found = list(parameters)
    if not found:
        raise ArgumentError("parameters_to_vector: there is no parameter")
    _same_device("parameters_to_vector", found)
    return fe.cat([ops.reshape(p, shape=(-1,)) for p in found])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give parameters, in place, the elements of a vector, in the order of `parameters_to_vector`.

    Raises:
        ArgumentError: ``vec`` is no tensor.
        ShapeError: it has another number of elements than the parameters together.
        DeviceError: the parameters are on several devices.
    """
    found = list(parameters)
    if not isinstance(vec, Tensor):
        raise ArgumentError(
            f"vector_to_parameters: the vector is of type {type(vec).__name__}, not a tensor"
        )
    _same_device("vector_to_parameters", found)
    wanted = sum(p.numel() for p in found)
    if vec.shape != (wanted,):
        raise ShapeError(
            f"vector_to_parameters: the vector is {vec._type}, and the parameters have {wanted} "
            "elements"
        )
    parts = fe.split(vec.detach(), [p.numel() for p in found])
    for p, part in zip(found, parts):
        gradient = p.grad
        value = ops.reshape(part, shape=p.shape).to(device=p.device, dtype=p.dtype)
        set_value(p, value)
        if gradient is not None:
            p.grad = gradient


def _same_device(name: str, parameters: list[Tensor]) -> None:
    devices = {p.device: None for p in parameters}
    if len(devices) > 1:
        raise DeviceError(
            f"{name}: the parameters are on {' and '.join(map(str, devices))}; bring them together "
            "with .to(device)"
        )
