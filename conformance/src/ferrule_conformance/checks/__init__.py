"""The checks. Importing this package declares them all, in the order in which they run."""

from ferrule_conformance.checks import contract, storage, forward, layouts, values  # isort: skip
from ferrule_conformance.checks import indices, gradients, composites, draws  # isort: skip

__all__ = [
    "composites", "contract", "draws", "forward", "gradients", "indices", "layouts", "storage",
    "values",
]  # fmt: skip
