"""The OpenCL backend of ferrule, on PyOpenCL.

This release finds devices and moves arrays to and from them. It has no kernels yet, and its probe
says so.
"""

from ferrule_opencl.opencl import OpenCL

backend = OpenCL()

__all__ = ["OpenCL", "backend"]
