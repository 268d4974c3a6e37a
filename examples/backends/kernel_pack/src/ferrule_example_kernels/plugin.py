"""What ferrule asks this distribution for. SciPy is imported when it does."""

from __future__ import annotations

from collections.abc import Mapping

from ferrule_plugins import Backend, Kernel, hookimpl


@hookimpl
def ferrule_register_kernels(backend: Backend) -> Mapping[str, Kernel] | None:
    """The kernels are written for the arrays of one backend, and win over its own."""
    if backend.name != "cpu":
        return None
    from ferrule_example_kernels import bessel_j0, median

    return {"bessel_j0": bessel_j0, "median": median}


@hookimpl
def ferrule_doctor() -> Mapping[str, str]:
    """A row of ``ferrule backends``."""
    import scipy

    return {"example kernels": f"bessel_j0, median on cpu (SciPy {scipy.__version__})"}
