"""Layers that learn their sizes from the first input."""

import copy
import pickle
from typing import Any

import pytest

import ferrule as fe
from ferrule import nn

LAYERS: list[tuple[nn.Module, type[nn.Module], tuple[int, ...], dict[str, tuple[int, ...]]]] = [
    (nn.LazyLinear(3), nn.Linear, (2, 5), {"weight": (3, 5), "bias": (3,)}),
    (nn.LazyLinear(3, bias=False), nn.Linear, (5,), {"weight": (3, 5)}),
    (nn.LazyConv1d(4, 3, groups=2), nn.Conv1d, (2, 6, 7), {"weight": (4, 3, 3), "bias": (4,)}),
    (nn.LazyConv2d(4, (3, 2)), nn.Conv2d, (6, 7, 8), {"weight": (4, 6, 3, 2), "bias": (4,)}),
    (nn.LazyConv3d(4, 1, bias=False), nn.Conv3d, (1, 2, 3, 4, 5), {"weight": (4, 2, 1, 1, 1)}),
    (
        nn.LazyConvTranspose1d(4, 3, groups=2), nn.ConvTranspose1d, (2, 6, 7),
        {"weight": (6, 2, 3), "bias": (4,)},
    ),
    (
        nn.LazyConvTranspose2d(4, 3, stride=2), nn.ConvTranspose2d, (6, 3, 4),
        {"weight": (6, 4, 3, 3), "bias": (4,)},
    ),
    (
        nn.LazyConvTranspose3d(4, 1, bias=False), nn.ConvTranspose3d, (1, 2, 3, 4, 5),
        {"weight": (2, 4, 1, 1, 1)},
    ),
    (
        nn.LazyBatchNorm1d(), nn.BatchNorm1d, (4, 3),
        {
            "weight": (3,), "bias": (3,), "running_mean": (3,), "running_var": (3,),
            "num_batches_tracked": (),
        },
    ),
    (nn.LazyBatchNorm2d(track_running_stats=False), nn.BatchNorm2d, (2, 3, 4, 5),
        {"weight": (3,), "bias": (3,)}),
    (nn.LazyBatchNorm3d(affine=False, track_running_stats=False), nn.BatchNorm3d,
        (2, 3, 4, 5, 2), {}),
    (nn.LazyInstanceNorm1d(track_running_stats=False), nn.InstanceNorm1d, (3, 4),
        {"weight": (3,), "bias": (3,)}),
    (nn.LazyInstanceNorm2d(bias=False, track_running_stats=False), nn.InstanceNorm2d,
        (2, 3, 4, 5), {"weight": (3,)}),
    (nn.LazyInstanceNorm3d(track_running_stats=False), nn.InstanceNorm3d, (2, 3, 4, 5, 2),
        {"weight": (3,), "bias": (3,)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "becomes", "shape", "wanted"), LAYERS, ids=[type(c[0]).__name__ for c in LAYERS]
)
def test_the_first_call_makes_it_an_ordinary_layer(
    layer: nn.Module,
    becomes: type[nn.Module],
    shape: tuple[int, ...],
    wanted: dict[str, tuple[int, ...]],
) -> None:
    layer = copy.deepcopy(layer)
    parameters = dict(layer.named_parameters())
    assert list(layer.state_dict()) == list(wanted)
    y = layer(fe.randn(shape))
    assert type(layer) is becomes
    assert {k: v.shape for k, v in layer.state_dict().items()} == wanted
    assert all(layer.get_parameter(name) is p for name, p in parameters.items())
    assert y.isfinite().all()
    assert layer(fe.randn(shape)).shape == y.shape
    if parameters:
        y.sum().backward()
        assert all(p.grad is not None for p in layer.parameters())


def test_initial_values_are_those_of_the_layer() -> None:
    fe.manual_seed(0)
    lazy = nn.LazyLinear(30)
    lazy(fe.ones(100))
    assert 0.08 < float(lazy.weight.detach().abs().max()) <= 0.1
    norm = nn.LazyBatchNorm1d()
    norm.eval()(fe.ones(2, 3))
    assert norm.weight is not None
    assert norm.weight.tolist() == [1.0, 1.0, 1.0]
    assert norm.running_var is not None
    assert norm.running_var.tolist() == [1.0, 1.0, 1.0]


class TestBeforeTheFirstCall:
    def test_parameters_have_no_shape(self) -> None:
        layer = nn.LazyLinear(3)
        assert isinstance(layer.weight, nn.UninitializedParameter)
        assert repr(layer.weight) == "<UninitializedParameter>"
        for use in (lambda w: w.shape, lambda w: w + 1.0, lambda w: w.numel()):
            with pytest.raises(fe.ShapeError, match="call the module that it belongs to once"):
                use(layer.weight)

    def test_repr(self) -> None:
        assert repr(nn.LazyLinear(3)) == "LazyLinear(in_features=0, out_features=3, bias=True)"

    def test_conversion(self) -> None:
        net = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()).double()
        assert net[0].weight.dtype is fe.float64
        y = net(fe.ones(2, 4, dtype=fe.float64))
        assert y.dtype is fe.float64
        assert net[1].running_mean.dtype is fe.float64

    def test_a_dtype_that_is_asked_for(self) -> None:
        layer = nn.LazyConv1d(2, 1, dtype=fe.float64)
        layer(fe.ones(3, 4, dtype=fe.float64))
        assert layer.weight.dtype is fe.float64

    def test_copies_and_pickles(self) -> None:
        layer = nn.LazyLinear(3, dtype=fe.float64).requires_grad_(False)
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert twin.weight is not layer.weight
            assert twin.weight.dtype is fe.float64
            assert not twin.weight.requires_grad
            twin(fe.ones(2, dtype=fe.float64))
            assert twin.weight.shape == (3, 2)
        assert isinstance(layer.weight, nn.UninitializedParameter)

    def test_state_dicts_that_are_loaded_give_shapes(self) -> None:
        source, lazy = nn.Linear(4, 3), nn.LazyLinear(3)
        lazy.load_state_dict(source.state_dict())
        x = fe.randn(2, 4)
        assert (lazy(x) == source(x)).all()
        assert type(lazy) is nn.Linear
        assert lazy.in_features == 4
        conv, lazy = nn.ConvTranspose2d(4, 6, 3, groups=2), nn.LazyConvTranspose2d(6, 3, groups=2)
        lazy.load_state_dict(conv.state_dict())
        assert (lazy(fe.ones(4, 5, 5)) == conv(fe.ones(4, 5, 5))).all()
        assert lazy.in_channels == 4

    def test_states_without_values(self) -> None:
        a, b = nn.LazyLinear(3), nn.LazyLinear(3)
        assert b.load_state_dict(a.state_dict()) == ([], [])
        with pytest.raises(fe.CheckpointError, match="uninitialized: weight has no value yet"):
            nn.Linear(2, 3).load_state_dict(a.state_dict())

    def test_a_state_that_does_not_fit_leaves_it_lazy(self) -> None:
        lazy = nn.LazyLinear(3)
        with pytest.raises(fe.CheckpointError, match="unexpected: more"):
            lazy.load_state_dict({**nn.Linear(2, 3).state_dict(), "more": fe.ones(1)})
        assert isinstance(lazy.weight, nn.UninitializedParameter)
        assert lazy(fe.ones(5)).shape == (3,)


class TestRefused:
    def test_inputs_of_wrong_dims(self) -> None:
        with pytest.raises(fe.ShapeError, match="must have 3 or 4 dims"):
            nn.LazyConv2d(1, 1)(fe.ones(3))
        with pytest.raises(fe.ShapeError, match=r"it must be \(N, C, H, W\)"):
            nn.LazyBatchNorm2d()(fe.ones(3))

    def test_groups_that_do_not_fit(self) -> None:
        net = nn.Sequential(nn.LazyConv1d(4, 1, groups=2))
        with pytest.raises(fe.ArgumentError, match="groups=2 does not divide in_channels=3") as e:
            net(fe.ones(3, 5))
        assert "in 0 (LazyConv1d) of Sequential" in str(e.value)


def test_a_lazy_module_of_ones_own() -> None:
    class Scale(nn.LazyModuleMixin):
        offset: fe.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.UninitializedParameter()
            self.register_buffer("offset", nn.UninitializedBuffer())

        def initialize_parameters(self, x: fe.Tensor, **options: Any) -> None:
            if self.has_uninitialized_params():
                self.materialize(factor=x.shape[-1:], offset=x.shape[-1:])
                nn.init.ones_(self.factor)
                nn.init.zeros_(self.offset)

        def forward(self, x: fe.Tensor) -> fe.Tensor:
            return x * self.factor + self.offset

    module = Scale()
    assert module(fe.ones(2, 3)).shape == (2, 3)
    assert module(fe.ones(2, 3)).sum().item() == 6.0
    assert list(module.state_dict()) == ["factor", "offset"]
