"""Linear recurrences: what state-space layers, moving averages and discounted sums are made of."""

from ferrule_example_recurrence.op import linear_recurrence

__all__ = ["linear_recurrence"]
