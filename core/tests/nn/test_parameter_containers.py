import copy

import pytest

import ferrule as fe
from ferrule import nn


class TestParameterList:
    def test_as_a_list(self) -> None:
        values = nn.ParameterList([fe.ones(2), nn.Parameter(fe.zeros(1)), "note"])
        assert len(values) == 3
        assert [n for n, _ in values.named_parameters()] == ["0", "1"]
        assert isinstance(values[0], nn.Parameter)
        assert values[-1] == "note"
        values[0] = fe.full((2,), 5.0)
        values += [fe.ones(3)]
        assert values[0].tolist() == [5.0, 5.0]
        assert list(values.state_dict()) == ["0", "1", "3"]
        assert values.pop(1).tolist() == [0.0]
        assert list(values.state_dict()) == ["0", "2"]
        assert [type(v) for v in values[1:]] == [str, nn.Parameter]
        with pytest.raises(IndexError, match="has 3 values, and none at 3"):
            values[3]
        with pytest.raises(fe.ArgumentError, match="not one tensor"):
            values.extend(fe.ones(2))

    @pytest.mark.usefixtures("on_cpu")
    def test_part_of_a_module(self) -> None:
        net = nn.Module()
        net.scales = nn.ParameterList([fe.ones(2)])
        (net.scales[0] * 3.0).sum().backward()
        grad = net.get_parameter("scales.0").grad
        assert grad is not None
        assert grad.tolist() == [3.0, 3.0]
        twin = copy.deepcopy(net)
        assert twin.scales[0] is not net.scales[0]
        assert len(twin.scales) == 1
        assert repr(net.scales) == "ParameterList(\n  (0): Parameter: float32[2] on cpu:0\n)"
        assert repr(nn.ParameterList()) == "ParameterList()"


class TestParameterDict:
    def test_as_a_dict(self) -> None:
        values = nn.ParameterDict({"a": fe.ones(2), "none": None})
        values["b"] = fe.zeros(1)
        assert list(values) == ["a", "none", "b"] == list(values.keys())
        assert [k for k, _ in values.named_parameters()] == ["a", "b"]
        assert "a" in values
        assert values.get("c", 3) == 3
        assert values.setdefault("c", fe.ones(1)) is values["c"]
        assert values.popitem()[0] == "c"
        del values["none"]
        assert [k for k, v in values.items()] == ["a", "b"]
        both = values | nn.ParameterDict({"z": fe.ones(1)})
        assert list(both) == ["a", "b", "z"]
        assert both["a"] is values["a"]
        values |= {"y": fe.ones(1)}
        assert list(reversed(values)) == ["y", "b", "a"]
        assert list(values.copy()) == ["a", "b", "y"]
        assert list(values.fromkeys(["m", "n"], fe.ones(1))) == ["m", "n"]
        values.clear()
        assert len(values) == len(values.state_dict()) == 0

    def test_names_that_cannot_be(self) -> None:
        values = nn.ParameterDict()
        with pytest.raises(fe.ArgumentError, match="has an attribute 'keys' already"):
            values["keys"] = fe.ones(1)
        with pytest.raises(fe.ArgumentError, match="names are strings"):
            values[3] = fe.ones(1)  # pyright: ignore[reportArgumentType]
        with pytest.raises(KeyError):
            values["training"]
