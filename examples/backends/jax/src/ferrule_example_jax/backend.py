"""JAX behind the array-namespace kit."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp

from ferrule_plugins import Device, DeviceInfo, Report, dtypes
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

jax.config.update("jax_enable_x64", True)  # without it JAX makes 64-bit numbers 32-bit ones


class JaxBackend(ArrayNamespaceBackend):
    """Arrays are ``jax.Array`` on JAX's default device. Work is queued."""

    def __init__(self) -> None:
        super().__init__("jax", jnp)
        self.capabilities = replace(
            self.capabilities,
            asynchronous=True,
            # XLA's code for the CPU takes denormals for zeros: jax-ml/jax#16200
            flushes_denormals=frozenset({dtypes.bfloat16, dtypes.float32, dtypes.float64}),
        )

    def probe(self) -> Report:
        device = jax.devices()[0]
        info = DeviceInfo(device.device_kind, "cpu" if device.platform == "cpu" else "gpu")
        return Report(ok=True, devices=(info,), details={"jax": jax.__version__})

    def synchronize(self, device: Device) -> None:
        jax.block_until_ready(jax.live_arrays())
