"""JAX as a backend of ferrule."""

from ferrule_example_jax.backend import JaxBackend

backend = JaxBackend()

__all__ = ["JaxBackend", "backend"]
