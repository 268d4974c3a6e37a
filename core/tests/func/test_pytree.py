"""Trees of tuples, lists and dicts."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrule import ArgumentError
from ferrule.func.pytree import flatten, map_leaves, spread


class Pair(NamedTuple):
    left: Any
    right: Any


LEAVES = st.integers() | st.none() | st.text(max_size=2)
TREES = st.recursive(
    LEAVES,
    lambda t: (
        st.lists(t, max_size=3)
        | st.tuples(t, t)
        | st.dictionaries(st.text(max_size=2), t, max_size=3)
        | st.builds(Pair, t, t)
    ),
    max_leaves=10,
)


@given(TREES)
def test_what_is_taken_apart_can_be_put_together(tree: Any) -> None:
    leaves, structure = flatten(tree)
    again = structure.build(leaves)
    assert again == tree
    assert type(again) is type(tree)
    assert len(leaves) == structure.size
    assert flatten(again)[1] == structure


@given(TREES)
def test_a_leaf_stands_for_a_whole_tree(tree: Any) -> None:
    leaves, structure = flatten(tree)
    assert spread(7, structure) == [7] * len(leaves)
    assert spread(map_leaves(lambda _: 1, tree), structure) == [1] * len(leaves)


def test_leaves_keep_their_order_and_containers_their_kind() -> None:
    counts = defaultdict(list, {"b": 1, "a": 2})
    tree = (OrderedDict(x=[3, 4]), counts, Pair(5, None))
    leaves, structure = flatten(tree)
    assert leaves == [3, 4, 1, 2, 5, None]
    again = structure.build(leaves)
    assert isinstance(again[0], OrderedDict)
    assert again[1].default_factory is list
    assert again[2].right is None


def test_a_prefix_may_stop_anywhere_and_name_keys_in_any_order() -> None:
    _, structure = flatten(({"a": 1, "b": [2, 3]}, 4))
    assert spread(({"b": 0, "a": None}, 1), structure) == [None, 0, 0, 1]


@pytest.mark.parametrize("prefix", [(0,), (0, 0, 0), ({"a": 0}, 0), ([0, 0], 0), (0, [0])])
def test_a_prefix_of_another_shape_does_not_fit(prefix: Any) -> None:
    _, structure = flatten(({"a": 1, "b": [2, 3]}, 4))
    assert spread(prefix, structure) is None


def test_structures_are_shown() -> None:
    assert str(flatten(({"a": 1}, [2]))[1]) == "tuple(dict('a': *), list(*))"


def test_the_wrong_number_of_leaves_is_refused() -> None:
    with pytest.raises(ArgumentError, match="3 leaves"):
        flatten((1, 2))[1].build([1, 2, 3])
