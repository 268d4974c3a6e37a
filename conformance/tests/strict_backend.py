"""The bare array-namespace kit on a library that has the standard and nothing besides."""

import array_api_strict
import numpy as np

from ferrule_plugins.kits import array_namespace
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

# NumPy, beneath, warns of NaN and infinity, which are results like others here.
_QUIET = np.errstate(all="ignore")
_KIT = array_namespace.kernels(array_api_strict)

backend = ArrayNamespaceBackend(
    "strict", array_api_strict, {op: _QUIET(kernel) for op, kernel in _KIT.items()}
)
