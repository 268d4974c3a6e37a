import math
from collections.abc import Callable

import numpy as np
import pytest

import ferrule as fe
from ferrule import nn
from ferrule.nn import init


@pytest.fixture(autouse=True)
def seeded() -> None:
    fe.manual_seed(0)


def weight(*shape: int) -> nn.Parameter:
    return nn.Parameter(fe.empty(*shape))


class TestFilling:
    def test_it_returns_the_tensor_and_keeps_the_leaf(self) -> None:
        w = weight(3, 4)
        assert init.uniform_(w) is w
        assert w.is_leaf
        assert w.requires_grad

    def test_constants(self) -> None:
        w = weight(2, 2)
        assert init.constant_(w, 3.5).tolist() == [[3.5, 3.5], [3.5, 3.5]]
        assert init.ones_(w).tolist() == [[1, 1], [1, 1]]
        assert init.zeros_(w).tolist() == [[0, 0], [0, 0]]

    def test_uniform(self) -> None:
        values = init.uniform_(weight(4000), -3.0, 1.0).detach().numpy()
        assert -3.0 <= values.min() < -2.9
        assert 0.9 < values.max() <= 1.0
        assert abs(values.mean() + 1.0) < 0.1

    def test_normal(self) -> None:
        values = init.normal_(weight(4000), 2.0, 0.5).detach().numpy()
        assert abs(values.mean() - 2.0) < 0.05
        assert abs(values.std() - 0.5) < 0.05
        with pytest.raises(fe.ArgumentError, match="not negative"):
            init.normal_(weight(2), std=-1.0)

    def test_truncated_normal(self) -> None:
        values = init.trunc_normal_(weight(4000), 0.5, 1.0, -0.5, 1.0).detach().numpy()
        assert -0.5 <= values.min() < -0.4
        assert 0.9 < values.max() <= 1.0
        # the mean of that distribution
        density = [math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) for z in (-1.0, 0.5)]
        mass = (math.erf(0.5 / math.sqrt(2)) - math.erf(-1.0 / math.sqrt(2))) / 2
        assert abs(values.mean() - (0.5 + (density[0] - density[1]) / mass)) < 0.03
        with pytest.raises(fe.ArgumentError, match=r"only 0\.13% of the distribution"):
            init.trunc_normal_(weight(3), 0.0, 1.0, 3.0, 9.0)

    def test_a_generator_of_its_own(self) -> None:
        drawn = [init.normal_(weight(5), generator=fe.Generator(seed=s)).tolist() for s in (1, 1)]
        assert drawn[0] == drawn[1] != init.normal_(weight(5)).tolist()


class TestScaling:
    @pytest.mark.parametrize(
        ("fill", "std"),
        [
            (lambda w: init.xavier_uniform_(w, gain=2.0), 2.0 * math.sqrt(2 / (27 + 360))),
            (lambda w: init.xavier_normal_(w), math.sqrt(2 / (27 + 360))),
            (lambda w: init.kaiming_uniform_(w), math.sqrt(2 / 27)),
            (lambda w: init.kaiming_normal_(w, mode="fan_out"), math.sqrt(2 / 360)),
            (
                lambda w: init.kaiming_normal_(w, a=math.sqrt(5), nonlinearity="leaky_relu"),
                math.sqrt(1 / 3 / 27),
            ),
            (lambda w: init.kaiming_uniform_(w, nonlinearity="tanh"), 5 / 3 / math.sqrt(27)),
        ],
    )
    def test_standard_deviations(self, fill: Callable[[fe.Tensor], fe.Tensor], std: float) -> None:
        values = fill(weight(40, 3, 3, 3)).detach().numpy()
        assert values.std() == pytest.approx(std, rel=0.08)
        assert abs(values.mean()) < 0.15 * std

    def test_uniform_has_the_bound_of_its_variance(self) -> None:
        values = init.kaiming_uniform_(weight(50, 60)).detach().numpy()
        bound = math.sqrt(6 / 60)
        assert 0.98 * bound < np.abs(values).max() <= bound

    def test_gains(self) -> None:
        assert init.calculate_gain("relu") == math.sqrt(2)
        assert init.calculate_gain("tanh") == 5 / 3
        assert init.calculate_gain("leaky_relu", 2.0) == pytest.approx(math.sqrt(2 / 5))
        with pytest.raises(fe.ArgumentError, match="'swish' is not known"):
            init.calculate_gain("swish")  # pyright: ignore[reportArgumentType]

    def test_arguments(self) -> None:
        with pytest.raises(fe.ShapeError, match="has no fan"):
            init.xavier_uniform_(weight(3))
        with pytest.raises(fe.ArgumentError, match="mode must be"):
            init.kaiming_normal_(weight(3, 3), mode="fan")  # pyright: ignore[reportArgumentType]


class TestOrthogonal:
    @pytest.mark.parametrize("shape", [(4, 4), (3, 5), (6, 2), (4, 2, 3)])
    def test_rows_or_columns_are_orthonormal(self, shape: tuple[int, ...]) -> None:
        values = init.orthogonal_(weight(*shape), gain=2.0).detach().numpy()
        matrix = values.reshape(shape[0], -1) / 2.0
        short = min(matrix.shape)
        product = matrix @ matrix.T if matrix.shape[0] == short else matrix.T @ matrix
        np.testing.assert_allclose(product, np.eye(short), atol=1e-6)

    def test_a_vector(self) -> None:
        with pytest.raises(fe.ShapeError, match="is not a matrix"):
            init.orthogonal_(weight(3))


class TestPatterns:
    def test_the_identity(self) -> None:
        assert init.eye_(weight(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
        with pytest.raises(fe.ShapeError, match="is not a matrix"):
            init.eye_(weight(2))

    @pytest.mark.parametrize("groups", [1, 2])
    def test_dirac_lets_channels_through(self, groups: int) -> None:
        layer = nn.Conv2d(4, 4, 3, padding=1, groups=groups, bias=False)
        init.dirac_(layer.weight, groups)
        x = fe.randn(2, 4, 5, 5)
        assert (layer(x) == x).all()

    def test_dirac_of_more_filters_than_channels(self) -> None:
        w = init.dirac_(weight(3, 2, 2))
        assert w.tolist() == [[[0, 1], [0, 0]], [[0, 0], [0, 1]], [[0, 0], [0, 0]]]
        with pytest.raises(fe.ArgumentError, match="groups=2 does not divide the 3 filters"):
            init.dirac_(weight(3, 2, 2), 2)
        with pytest.raises(fe.ShapeError, match="not a weight of a convolution"):
            init.dirac_(weight(3, 2))

    def test_sparse_columns(self) -> None:
        w = init.sparse_(weight(50, 40), 0.13, std=2.0).detach().numpy()
        assert ((w == 0).sum(0) == math.ceil(0.13 * 50)).all()
        assert abs(w[w != 0].std() - 2.0) < 0.15
        assert len({tuple(column) for column in (w == 0).T}) > 30
        with pytest.raises(fe.ArgumentError, match=r"sparsity must lie in \[0, 1\]"):
            init.sparse_(weight(2, 2), 1.5)

    def test_gains(self) -> None:
        assert init.calculate_gain("conv_transpose2d") == 1.0
        assert init.calculate_gain("leaky_relu", 1) == 1.0
        with pytest.raises(fe.ArgumentError, match="a slope is a number"):
            init.calculate_gain("leaky_relu", True)
