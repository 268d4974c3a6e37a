import pytest

import ferrule as fe
from ferrule import nn


def kinds(modules: nn.Sequential | nn.ModuleList) -> list[str]:
    return [type(m).__name__ for m in modules]


class TestSequential:
    def test_each_takes_what_the_one_before_returned(self) -> None:
        net = nn.Sequential(nn.Flatten(0), nn.ReLU())
        assert net(fe.tensor([[-1.0, 2.0]])).tolist() == [0.0, 2.0]
        assert nn.Sequential()(3) == 3

    def test_names(self) -> None:
        net = nn.Sequential({"hidden": nn.Linear(2, 3), "act": nn.ReLU()})
        assert list(net.state_dict()) == ["hidden.weight", "hidden.bias"]
        assert net.hidden is net[0]
        net.append(nn.Linear(3, 1))
        assert [n for n, _ in net.named_children()] == ["hidden", "act", "2"]
        assert [n for n, _ in net[1:].named_children()] == ["act", "2"]

    def test_as_a_list(self) -> None:
        net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        net.extend([nn.Tanh(), nn.GELU()]).insert(1, nn.Sigmoid())
        assert kinds(net) == ["Linear", "Sigmoid", "ReLU", "Tanh", "GELU"]
        assert [n for n, _ in net.named_children()] == ["0", "1", "2", "3", "4"]
        assert isinstance(net[-1], nn.GELU)
        assert isinstance(net[1:3], nn.Sequential)
        assert kinds(net[1:3]) == ["Sigmoid", "ReLU"]
        del net[1]
        net[0] = nn.Identity()
        assert isinstance(net.pop(), nn.GELU)
        assert kinds(net) == ["Identity", "ReLU", "Tanh"]
        assert len(net) == 3
        with pytest.raises(IndexError, match="has 3 modules, and none at 7"):
            net[7]

    def test_a_module_may_stand_twice(self) -> None:
        act = nn.ReLU()
        net = nn.Sequential(act, nn.Identity(), act)
        assert len(net) == 3
        assert len(list(net.modules())) == 3

    def test_only_modules(self) -> None:
        with pytest.raises(fe.ArgumentError, match=r"item 1 is .*, which is not a module"):
            nn.Sequential(nn.ReLU(), fe.relu)
        net = nn.ModuleList([nn.ReLU()])
        with pytest.raises(fe.ArgumentError, match="item 0"):
            net[0] = 3  # pyright: ignore[reportArgumentType]
        assert kinds(net) == ["ReLU"]


class TestModuleList:
    def test_its_modules_are_registered_and_not_callable_together(self) -> None:
        layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))
        assert list(layers.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
        with pytest.raises(NotImplementedError, match="ModuleList has no forward"):
            layers(fe.ones(2))


class TestModuleDict:
    def test_as_a_dict(self) -> None:
        layers = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Linear(1, 1)})
        layers["c"] = nn.Tanh()
        assert list(layers) == ["a", "b", "c"] == list(layers.keys())
        assert "b" in layers
        assert len(layers) == 3
        assert list(layers.state_dict()) == ["b.weight", "b.bias"]
        assert isinstance(layers.pop("a"), nn.ReLU)
        assert [n for n, _ in layers.items()] == ["b", "c"]
        with pytest.raises(KeyError):
            layers["training"]
        with pytest.raises(KeyError):
            del layers["training"]
        with pytest.raises(fe.ArgumentError, match="has an attribute 'keys' already"):
            layers["keys"] = nn.ReLU()
        layers.clear()
        assert len(layers) == 0
        layers.update(nn.ModuleDict({"z": nn.ReLU()}))
        assert list(layers) == ["z"]
        assert len(nn.ModuleDict(None)) == 0


class TestPythonsOperators:
    def test_sums_and_products(self) -> None:
        a, b = nn.Sequential(nn.ReLU()), nn.Sequential(nn.Tanh())
        assert kinds(a + b) == ["ReLU", "Tanh"]
        assert kinds((a + b) * 2) == kinds(2 * (a + b)) == ["ReLU", "Tanh", "ReLU", "Tanh"]
        a += b
        a *= 2
        assert kinds(a) == ["ReLU", "Tanh", "ReLU", "Tanh"]
        assert [type(m) for m in reversed(a)] == [nn.Tanh, nn.ReLU, nn.Tanh, nn.ReLU]
        assert b[0] in a
        assert nn.Tanh() not in a
        with pytest.raises(fe.ArgumentError, match="repeated an int of times"):
            a * 0
        layers = nn.ModuleList(None) + nn.ModuleList([nn.GELU()])
        assert kinds(layers) == ["GELU"]

    def test_equal_modules_of_a_list_are_shown_once(self) -> None:
        layers = nn.ModuleList([nn.Linear(1, 2), nn.Linear(1, 2), nn.ReLU()])
        assert repr(layers) == (
            "ModuleList(\n"
            "  (0-1): 2 x Linear(in_features=1, out_features=2, bias=True)\n"
            "  (2): ReLU()\n"
            ")"
        )
        assert repr(nn.ModuleList()) == "ModuleList()"
