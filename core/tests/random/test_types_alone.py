"""Where only types are known, nothing is drawn."""

from __future__ import annotations

import pytest

import ferrule as fe
from ferrule.abstract import Abstract


def test_generators_stay_where_they_are() -> None:
    own = fe.Generator(seed=3)
    fe.manual_seed(7)
    with Abstract():
        assert fe.rand(3, 4).shape == (3, 4)
        assert fe.rand(5, generator=own).shape == (5,)
        assert fe.nn.functional.dropout(fe.ones(8), 0.5, True).shape == (8,)
    assert fe.default_generator().state.tolist() == [7, 0]
    assert own.state.tolist() == [3, 0]
    drawn = fe.rand(4)
    fe.manual_seed(7)
    assert fe.rand(4).tolist() == drawn.tolist()


def test_values_are_refused_with_the_reason() -> None:
    with Abstract():
        y = fe.ones(2).sum()
        for read in (y.item, y.tolist, y.numpy, lambda: bool(y > 0)):
            with pytest.raises(fe.GraphError, match="has no values here, where only types are"):
                read()
