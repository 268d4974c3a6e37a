import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn


class Affine(nn.Module):
    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(fe.ones(size))
        self.bias = nn.Parameter(fe.zeros(size))
        self.register_buffer("seen", fe.tensor(0))
        self.register_buffer("scratch", fe.zeros(2), persistent=False)
        self.register_buffer("none", None)

    def forward(self, x: fe.Tensor) -> fe.Tensor:
        return x * self.weight + self.bias


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Affine()
        self.scale = nn.Parameter(fe.tensor(2.0))
        self.rest = nn.ModuleList([Affine(), nn.ReLU()])
        self.again = self.first

    def forward(self, x: fe.Tensor) -> fe.Tensor:
        for module in self.rest:
            x = module(self.again(x))
        return x * self.scale


class TestParts:
    def test_names_are_pytorchs(self) -> None:
        net = Net()
        assert [n for n, _ in net.named_modules()] == ["", "first", "rest", "rest.0", "rest.1"]
        assert [n for n, _ in net.named_children()] == ["first", "rest"]
        assert [n for n, _ in net.named_parameters()] == [
            "scale", "first.weight", "first.bias", "rest.0.weight", "rest.0.bias",
        ]  # fmt: skip
        assert [n for n, _ in net.named_buffers()] == [
            "first.seen", "first.scratch", "rest.0.seen", "rest.0.scratch",
        ]  # fmt: skip
        assert [n for n, _ in net.named_parameters(recurse=False)] == ["scale"]
        assert [n for n, _ in net.named_parameters(prefix="net")][:2] == [
            "net.scale",
            "net.first.weight",
        ]

    def test_a_shared_parameter_is_listed_once(self) -> None:
        net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        net[1].weight = net[0].weight
        assert [n for n, _ in net.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
        assert len(list(net.named_parameters(remove_duplicate=False))) == 4
        assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]

    def test_looking_parts_up(self) -> None:
        net = Net()
        assert net.get_submodule("rest.0") is net.rest[0]
        assert net.get_submodule("") is net
        assert net.get_parameter("first.bias") is net.first.bias
        assert net.get_buffer("rest.0.seen").item() == 0
        with pytest.raises(AttributeError, match="rest has no submodule '7'; it has 0, 1"):
            net.get_submodule("rest.7.x")
        with pytest.raises(AttributeError, match="first has no parameter 'seen'"):
            net.get_parameter("first.seen")
        with pytest.raises(AttributeError, match="Net has no buffer 'scale'"):
            net.get_buffer("scale")

    def test_replacing_a_part(self) -> None:
        net = Net()
        net.set_submodule("rest.1", nn.Tanh())
        assert isinstance(net.rest[1], nn.Tanh)
        net.set_submodule("first.more", nn.ReLU())
        assert isinstance(net.first.more, nn.ReLU)
        with pytest.raises(AttributeError, match="rest has no submodule '9'"):
            net.set_submodule("rest.9", nn.ReLU(), strict=True)
        with pytest.raises(AttributeError, match="Net has no submodule 'nowhere'"):
            net.set_submodule("nowhere.at", nn.ReLU())
        with pytest.raises(fe.ArgumentError, match="cannot be its own submodule"):
            net.set_submodule("", nn.ReLU())

    def test_attributes_that_are_assigned_and_deleted(self) -> None:
        module = Affine()
        module.bias = None  # pyright: ignore[reportAttributeAccessIssue]
        assert [n for n, _ in module.named_parameters()] == ["weight"]
        module.extra = nn.Linear(1, 1)
        assert "extra.weight" in module.state_dict()
        del module.extra
        assert list(module.state_dict()) == ["weight", "seen"]
        del module.seen
        assert list(module.state_dict()) == ["weight"]
        module.seen = fe.tensor(1)  # a plain attribute now
        assert list(module.state_dict()) == ["weight"]

    def test_a_buffer_stays_one_when_it_is_assigned(self) -> None:
        module = Affine()
        module.seen = module.seen + 1
        assert module.state_dict()["seen"].item() == 1
        with pytest.raises(fe.ArgumentError, match="seen is a buffer: assign a tensor or None"):
            module.seen = 3
        module.seen = None
        assert "seen" not in module.state_dict()

    def test_a_plain_tensor_does_not_take_the_place_of_a_parameter(self) -> None:
        module = Affine()
        with pytest.raises(fe.ArgumentError, match=r"assign nn\.Parameter"):
            module.weight = fe.ones(3)  # pyright: ignore[reportAttributeAccessIssue]
        assert isinstance(module.weight, nn.Parameter)

    @pytest.mark.parametrize(
        ("part", "kind"), [(nn.Parameter(fe.ones(1)), "parameter"), (nn.ReLU(), "submodule")]
    )
    def test_a_part_before_the_module_is_set_up(self, part: Any, kind: str) -> None:
        class Hasty(nn.Module):
            def __init__(self) -> None:
                self.part = part

        with pytest.raises(AttributeError, match=rf"Hasty: {kind} 'part'.*super\(\).__init__\(\)"):
            Hasty()

    def test_a_buffer_before_the_module_is_set_up(self) -> None:
        class Hasty(nn.Module):
            def __init__(self) -> None:
                self.register_buffer("b", fe.ones(1))

        with pytest.raises(AttributeError, match=r"call super\(\).__init__\(\) first"):
            Hasty()

    def test_names_that_cannot_be(self) -> None:
        module = Affine()
        with pytest.raises(fe.ArgumentError, match="without dots"):
            module.add_module("a.b", nn.ReLU())
        with pytest.raises(fe.ArgumentError, match="has an attribute 'forward' already"):
            module.add_module("forward", nn.ReLU())
        with pytest.raises(fe.ArgumentError, match="must be a Parameter"):
            module.register_parameter("p", fe.ones(1))  # pyright: ignore[reportArgumentType]
        module.add_module("act", nn.ReLU())
        module.add_module("act", nn.Tanh())
        assert isinstance(module.act, nn.Tanh)

    def test_apply_comes_to_children_first(self) -> None:
        seen: list[str] = []
        Net().apply(lambda module: seen.append(type(module).__name__))
        assert seen == ["Affine", "Affine", "ReLU", "ModuleList", "Net"]

    def test_repr(self) -> None:
        assert repr(Net()) == (
            "Net(\n"
            "  (first): Affine()\n"
            "  (rest): ModuleList(\n"
            "    (0): Affine()\n"
            "    (1): ReLU()\n"
            "  )\n"
            "  (again): Affine()\n"
            ")"
        )


class TestCall:
    def test_forward_is_called(self) -> None:
        y = Net()(fe.tensor([-1.0, 2.0, 3.0]))
        assert y.tolist() == [0.0, 4.0, 6.0]

    def test_hooks_see_and_replace(self) -> None:
        module, seen = Affine(), []

        def before(module: nn.Module, args: tuple) -> fe.Tensor:
            seen.append(args[0].tolist())
            return args[0] + 1.0

        def behind(module: nn.Module, args: tuple, output: fe.Tensor) -> fe.Tensor:
            seen.append(output.tolist())
            return output * 10.0

        x = fe.zeros(3)
        with module.register_forward_pre_hook(before):
            handle = module.register_forward_hook(behind)
            assert module(x).tolist() == [10.0, 10.0, 10.0]
        assert seen == [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
        handle.remove()
        assert module(x).tolist() == [0.0, 0.0, 0.0]

    def test_hooks_with_keyword_arguments(self) -> None:
        class Add(nn.Module):
            def forward(self, x: fe.Tensor, *, other: float = 0.0) -> fe.Tensor:
                return x + other

        module, seen = Add(), []
        module.register_forward_pre_hook(
            lambda m, args, kwargs: (args, {"other": kwargs["other"] + 1.0}), with_kwargs=True
        )
        module.register_forward_hook(
            lambda m, args, kwargs, output: seen.append(kwargs["other"]), with_kwargs=True
        )
        assert module(fe.tensor(1.0), other=2.0).item() == 4.0
        assert seen == [3.0]

    def test_a_module_without_forward(self) -> None:
        with pytest.raises(NotImplementedError, match="Module has no forward"):
            nn.Module()(1)


class TestWhereAnErrorWasRaised:
    def lines(self, module: nn.Module, *args: Any) -> list[str]:
        with pytest.raises(fe.FerruleError) as caught:
            module(*args)
        lines = str(caught.value).splitlines()
        return [line.strip() for line in lines if line.startswith("  in ")]

    def test_the_path_is_one_line(self) -> None:
        net = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(5, 6)))
        assert self.lines(net, fe.zeros(2, 3)) == ["in 1.1 (Linear) of Sequential"]

    def test_modules_that_others_than_their_parents_call(self) -> None:
        net: Any = Net()
        net.rest[0].weight = nn.Parameter(fe.ones(4))
        net.again = nn.Identity()
        assert self.lines(net, fe.zeros(3)) == ["in rest.0 (Affine) of Net"]

    def test_the_outermost_module_itself(self) -> None:
        assert self.lines(nn.Linear(2, 2), fe.zeros(3)) == ["in Linear"]

    def test_a_module_that_is_not_registered(self) -> None:
        class Hidden(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layers = [nn.Linear(2, 2)]

            def forward(self, x: fe.Tensor) -> fe.Tensor:
                return self.layers[0](x)

        assert self.lines(nn.Sequential(Hidden()), fe.zeros(3)) == [
            "in Linear",
            "in 0 (Hidden) of Sequential",
        ]

    def test_what_the_error_says_stays(self) -> None:
        with pytest.raises(fe.ShapeError, match="the last size of x must be 3"):
            nn.Sequential(nn.Linear(3, 4))(fe.zeros(2))

    def test_the_errors_of_others_keep_their_text_and_get_a_note(self) -> None:
        class Broken(nn.Module):
            def forward(self, x: fe.Tensor) -> fe.Tensor:
                raise KeyError("x")

        with pytest.raises(KeyError) as caught:
            nn.Sequential(nn.Sequential(Broken()))(fe.zeros(3))
        assert caught.value.args == ("x",)
        assert caught.value.__notes__ == ["in 0.0 (Broken) of Sequential"]


class TestStateDict:
    def test_what_it_holds(self) -> None:
        net = Net()
        assert list(net.state_dict()) == [
            "scale", "first.weight", "first.bias", "first.seen",
            "rest.0.weight", "rest.0.bias", "rest.0.seen",
            "again.weight", "again.bias", "again.seen",
        ]  # fmt: skip
        assert not any(value.requires_grad for value in net.state_dict().values())
        assert next(iter(net.first.state_dict(prefix="x."))) == "x.weight"

    def test_it_does_not_follow_later_training(self) -> None:
        net = Affine()
        state = net.state_dict()
        with fe.no_grad():
            net.weight.add_(1.0)
        assert state["weight"].tolist() == [1.0, 1.0, 1.0]

    def test_round_trip(self) -> None:
        fe.manual_seed(0)
        a, b = (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)) for _ in range(2))
        a(fe.randn(8, 3))
        weight = b[0].weight
        keys = b.load_state_dict(a.state_dict())
        assert keys == ([], [])
        assert b[0].weight is weight
        assert weight.is_leaf
        assert weight.requires_grad
        for key, value in a.state_dict().items():
            np.testing.assert_array_equal(b.state_dict()[key].numpy(), value.numpy())
        x = fe.randn(5, 3)
        np.testing.assert_array_equal(a.eval()(x).detach().numpy(), b.eval()(x).detach().numpy())

    def test_arrays_of_other_dtypes_are_converted(self) -> None:
        net = Affine()
        state = {"weight": np.arange(3.0), "bias": np.ones(3, np.float16), "seen": np.int32(4)}
        net.load_state_dict(state)
        assert net.weight.dtype is fe.float32
        assert net.weight.tolist() == [0.0, 1.0, 2.0]
        assert net.seen.dtype is fe.int64

    def test_all_that_does_not_fit_is_listed_and_nothing_changes(self) -> None:
        net = Net()
        state = dict(net.state_dict())
        del state["first.bias"], state["again.bias"]
        state["more"] = fe.ones(1)
        state["scale"] = fe.ones(2)
        state["rest.0.weight"] = fe.zeros(5)
        state["first.weight"] = fe.zeros(3)
        with pytest.raises(fe.CheckpointError) as caught:
            net.load_state_dict(state)
        text = str(caught.value)
        for said in (
            "does not fit Net",
            "missing: first.bias, again.bias",
            "unexpected: more",
            "scale is float32[2] and should be float32[]",
            "rest.0.weight is float32[5] and should be float32[3]",
        ):
            assert said in text
        assert net.first.weight.tolist() == [1.0, 1.0, 1.0]

    def test_not_strict(self) -> None:
        net = Affine()
        keys = net.load_state_dict({"weight": fe.zeros(3), "more": fe.ones(1)}, strict=False)
        assert keys.missing_keys == ["bias", "seen"]
        assert keys.unexpected_keys == ["more"]
        assert net.weight.tolist() == [0.0, 0.0, 0.0]
        with pytest.raises(fe.CheckpointError, match="of another shape: weight"):
            net.load_state_dict({"weight": fe.zeros(4)}, strict=False)


class TestModes:
    def test_train_and_eval_reach_everything(self) -> None:
        net = Net()
        assert net.eval() is net
        assert not any(m.training for m in net.modules())
        net.train()
        assert all(m.training for m in net.modules())

        class Frozen(nn.BatchNorm1d):
            def train(self, mode: bool = True) -> Any:
                return super().train(False)

        assert not nn.Sequential(Frozen(2)).train()[0].training
        with pytest.raises(fe.ArgumentError, match="True or False"):
            net.train("yes")  # pyright: ignore[reportArgumentType]

    def test_requires_grad(self) -> None:
        net = Net().requires_grad_(False)
        assert not any(p.requires_grad for p in net.parameters())
        assert len(list(net.parameters())) == 5
        assert not net(fe.ones(3)).requires_grad

    def test_zero_grad(self) -> None:
        net = Affine()
        net(fe.ones(3)).sum().backward()
        assert net.weight.grad is not None
        net.zero_grad(set_to_none=False)
        assert net.weight.grad.tolist() == [0.0, 0.0, 0.0]
        net.zero_grad()
        assert net.weight.grad is None


class TestConversion:
    def test_dtype(self) -> None:
        net = Affine()
        weight = net.weight
        net(fe.ones(3)).sum().backward()
        assert net.double() is net
        assert net.weight is weight
        assert weight.dtype is fe.float64
        assert weight.grad is not None
        assert weight.grad.dtype is fe.float64
        assert net.scratch.dtype is fe.float64
        assert net.seen.dtype is fe.int64
        net(fe.ones(3, dtype=fe.float64)).sum().backward()
        assert weight.grad.tolist() == [2.0, 2.0, 2.0]
        assert net.half().weight.dtype is fe.float16
        assert net.bfloat16().weight.dtype is fe.bfloat16
        assert net.to("cpu", fe.float32).weight.dtype is fe.float32
        assert net.cpu().weight.device == fe.Device("cpu")

    def test_what_is_refused_leaves_everything_as_it_was(self) -> None:
        net = Affine()
        with pytest.raises(fe.ArgumentError, match="floating or complex dtypes, not int32"):
            net.to(fe.int32)
        with pytest.raises(fe.BackendError):
            net.to("abacus")
        assert net.weight.dtype is fe.float32

    def test_complex(self) -> None:
        net = nn.Module()
        net.z = nn.Parameter(fe.tensor([1.0 + 2.0j]))
        net.x = nn.Parameter(fe.ones(1))
        net.double()
        assert (net.z.dtype, net.x.dtype) == (fe.complex64, fe.float64)
        net.to(fe.complex128)
        assert (net.z.dtype, net.x.dtype) == (fe.complex128, fe.complex128)

    def test_every_dtype(self) -> None:
        net = Affine().type(fe.float64)
        assert {x.dtype for x in (*net.parameters(), *net.buffers())} == {fe.float64}

    def test_without_values(self) -> None:
        net = Net()
        weight = net.first.weight
        assert net.to_empty(device="cpu") is net
        assert net.first.weight is weight
        assert net.state_dict().keys() == Net().state_dict().keys()

    def test_like_a_tensor(self) -> None:
        assert Affine().to(fe.ones(1, dtype=fe.float16)).weight.dtype is fe.float16


class TestCopies:
    def test_deepcopy(self) -> None:
        net = Net()
        twin = copy.deepcopy(net)
        assert twin.again is twin.first
        assert twin.first is not net.first
        assert isinstance(twin.scale, nn.Parameter)
        with fe.no_grad():
            twin.scale.fill_(9.0)
        assert net.scale.item() == 2.0
        twin(fe.ones(3)).sum().backward()
        assert net.scale.grad is None
        assert list(twin.state_dict()) == list(net.state_dict())

    def test_copy_of_a_parameter(self) -> None:
        p = nn.Parameter(fe.ones(2))
        assert isinstance(copy.copy(p), nn.Parameter)
        assert copy.copy(p).requires_grad

    def test_pickles(self) -> None:
        net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        net[0].bias = net[1].bias
        net.eval()
        twin = pickle.loads(pickle.dumps(net))
        assert twin[0].bias is twin[1].bias
        assert not twin.training
        assert isinstance(twin[0].weight, nn.Parameter)
        x = fe.ones(2, 2)
        assert (twin(x) == net(x)).all()
        assert [n for n, _ in twin.named_buffers()] == [n for n, _ in net.named_buffers()]


class TestBuffer:
    def test_assigning_one_announces_it(self) -> None:
        net = nn.Module()
        net.kept = nn.Buffer(fe.ones(2))
        net.scratch = nn.Buffer([1.0], persistent=False)
        assert [n for n, _ in net.named_buffers()] == ["kept", "scratch"]
        assert list(net.state_dict()) == ["kept"]
        net.kept = fe.zeros(2)
        assert net.state_dict()["kept"].tolist() == [0.0, 0.0]

    def test_copies(self) -> None:
        for persistent in (True, False):
            b = nn.Buffer(fe.ones(1), persistent)
            for twin in (copy.deepcopy(b), pickle.loads(pickle.dumps(b))):
                assert isinstance(twin, nn.Buffer)
                assert twin.persistent is persistent
                assert twin.tolist() == [1.0]

    def test_before_the_module_is_set_up(self) -> None:
        class Hasty(nn.Module):
            def __init__(self) -> None:
                self.part = nn.Buffer(fe.ones(1))

        with pytest.raises(AttributeError, match=r"buffer 'part'.*super\(\).__init__\(\)"):
            Hasty()


class TestParameter:
    @pytest.mark.usefixtures("on_cpu")
    def test_it_is_a_leaf_cut_from_what_it_was_made_of(self) -> None:
        x = fe.ones(2, requires_grad=True) * 2.0
        p = nn.Parameter(x)
        assert p.is_leaf
        assert p.requires_grad
        assert repr(p) == "Parameter([2., 2.], device='cpu:0', requires_grad=True)"
        assert nn.Parameter([1.0]).shape == (1,)

    def test_writing_keeps_the_leaf(self) -> None:
        p = nn.Parameter(fe.ones(2))
        with fe.no_grad():
            p.copy_(fe.tensor([3.0, 4.0]))
            p += 1.0
        assert isinstance(p, nn.Parameter)
        (p * 2.0).sum().backward()
        assert p.grad is not None
        assert p.tolist() == [4.0, 5.0]

    def test_integers_have_no_gradient(self) -> None:
        with pytest.raises(fe.DTypeError, match="requires_grad=False"):
            nn.Parameter(fe.arange(3))
        assert nn.Parameter(fe.arange(3), requires_grad=False).tolist() == [0, 1, 2]

    def test_results_are_plain_tensors(self) -> None:
        assert type(nn.Parameter(fe.ones(2)) * 2.0) is fe.Tensor
