import numpy as np
import pytest

import ferrule as fe
import ferrule.nn.functional as F


def ramp(*shape: int) -> fe.Tensor:
    return fe.arange(int(np.prod(shape)), dtype=fe.float64).reshape(shape)


class TestOneHot:
    def test_values(self) -> None:
        y = F.one_hot(fe.tensor([[0, 2], [1, 0]]))
        np.testing.assert_array_equal(y.numpy(), np.eye(3, dtype=int)[[[0, 2], [1, 0]]])
        assert y.dtype is fe.int64
        assert F.one_hot(fe.tensor([0]), 4).tolist() == [[1, 0, 0, 0]]
        assert F.one_hot(fe.tensor([], dtype=fe.int64), 4).shape == (0, 4)

    def test_arguments(self) -> None:
        with pytest.raises(fe.OutOfRange, match=r"a class is 5, which does not lie in \[0, 3\)"):
            F.one_hot(fe.tensor([1, 5]), 3)
        with pytest.raises(fe.DTypeError, match="classes are integers"):
            F.one_hot(fe.tensor([1.0]))
        with pytest.raises(fe.ShapeError, match="cannot be told"):
            F.one_hot(fe.tensor([], dtype=fe.int64))


class TestRegularisation:
    def test_dropout_outside_training(self) -> None:
        x = ramp(3)
        assert F.dropout(x, training=False) is x
        assert F.dropout(x, p=0.0) is x
        with pytest.raises(fe.ArgumentError, match="p must lie in"):
            F.dropout(x, p=2.0, training=False)

    def test_dropout_in_place(self) -> None:
        x = ramp(8)
        assert F.dropout(x, p=1.0, inplace=True) is x
        assert not x.any()

    def test_batch_norm_needs_statistics(self) -> None:
        with pytest.raises(fe.ArgumentError, match="running_mean and running_var"):
            F.batch_norm(ramp(2, 3), None, None)
        y = F.batch_norm(ramp(2, 3), None, None, training=True, eps=0.0)
        np.testing.assert_allclose(y.numpy(), [[-1] * 3, [1] * 3])

    def test_layer_norm(self) -> None:
        y = F.layer_norm(ramp(2, 3), [3], eps=0.0)
        np.testing.assert_allclose(y.numpy(), [np.array([-1, 0, 1]) * 1.5**0.5] * 2)


class TestActivations:
    def test_a_dtype_to_compute_in(self) -> None:
        x = fe.tensor([60000.0, 1.0], dtype=fe.float16)
        assert F.softmax(x, 0, dtype=fe.float32).dtype is fe.float32
        assert F.log_softmax(x, 0, dtype=fe.float32).tolist() == [0.0, -59999.0]

    def test_relu_in_place_on_a_leaf_is_refused(self) -> None:
        with pytest.raises(fe.GraphError, match="relu"):
            F.relu(fe.ones(2, requires_grad=True), inplace=True)


class TestUnderAnInterpreter:
    def test_values_are_not_looked_at(self) -> None:
        """Where ops are traced, there are no values as yet."""
        with fe.profiler.count_ops() as ops:
            F.embedding(fe.tensor([1]), ramp(3, 2))
        assert "any" not in ops.counts
