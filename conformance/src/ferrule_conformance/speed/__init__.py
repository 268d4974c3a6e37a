"""Level 5: how fast a backend's ops are, against what its device can do and against NumPy.

Nothing here passes or fails.
"""

from ferrule_conformance.speed.measurement import measure
from ferrule_conformance.speed.table import table

__all__ = ["measure", "table"]
