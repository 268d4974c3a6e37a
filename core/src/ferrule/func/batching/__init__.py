"""How each primitive computes many samples at once: its batching rule, by name.

A rule takes a `Call`, whose batched operands have the samples as their first dim, and returns the
result for all samples, likewise. It is written with ops. Rules of ops that are not ferrule's own
are declared with `Op.batching`, and may be one of those here.
"""

from ferrule.func.batching.call import RULES, Call
from ferrule.func.batching.composite import along_or_body
from ferrule.func.batching.elementwise import elementwise
from ferrule.func.batching.linalg import per_matrix
from ferrule.func.batching.reduction import along, reduction

# isort: split
# the rest is a table, filled by being imported
from ferrule.func.batching import indexing, shape  # noqa: F401

__all__ = ["RULES", "Call", "along", "along_or_body", "elementwise", "per_matrix", "reduction"]
