"""The CUDA backend of ferrule, on CuPy."""

from ferrule_cuda.backend import CudaBackend

backend = CudaBackend()

__all__ = ["CudaBackend", "backend"]
