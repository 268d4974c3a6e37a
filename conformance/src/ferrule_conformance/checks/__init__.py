"""The checks. Importing this package declares them all, in the order in which they run."""

from ferrule_conformance.checks import contract, storage, forward, layouts, sizes, values  # isort: skip
from ferrule_conformance.checks import indices, gradients, gradient_layouts, composites, draws  # isort: skip
from ferrule_conformance.checks import modules, optimizers  # isort: skip
from ferrule_conformance.checks import training, memory, threads, errors  # isort: skip

__all__ = [
    "composites", "contract", "draws", "errors", "forward", "gradient_layouts", "gradients",
    "indices", "layouts", "memory", "modules", "optimizers", "sizes", "storage", "threads",
    "training", "values",
]  # fmt: skip
