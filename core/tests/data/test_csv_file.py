"""Tables in CSV files, right and wrong ones."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp

import ferrule as fe
from ferrule.data import CSVDataset, DataLoader

IRIS = "length,width,kind\n5.1,3.5,setosa\n\n7.0,3.2,versicolor\n4.9, 3.0 ,setosa\n"


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_inputs_and_numbered_classes(table: Any) -> None:
    data = CSVDataset(table(IRIS), "kind", target_dtype=str)
    assert (data.columns, data.target) == (["length", "width"], "kind")
    assert data.classes == ["setosa", "versicolor"]
    x, y = next(iter(DataLoader(data, 3)))
    assert (x.dtype, y.dtype) == (fe.float32, fe.int64)
    np.testing.assert_array_equal(
        x.numpy(), np.array([[5.1, 3.5], [7.0, 3.2], [4.9, 3.0]], np.float32)
    )
    assert y.tolist() == [0, 1, 0]
    assert data[1][1].shape == ()


def test_columns_by_name_and_number(table: Any) -> None:
    data = CSVDataset(table("a,b,c\n1,2,3\n4,5,6\n"), 0, ["c", 1], dtype=fe.int16)
    assert (data.columns, data.target) == (["c", "b"], "a")
    x, y = data.tensors
    assert (x.tolist(), x.dtype) == ([[3, 2], [6, 5]], fe.int16)
    assert (y.tolist(), y.dtype) == ([1, 4], fe.int64)


def test_without_header_and_target(table: Any) -> None:
    data = CSVDataset(table("1;2\n3;4\n"), header=False, delimiter=";", dtype=fe.float64)
    assert (data.columns, data.target) == ([0, 1], None)
    assert [item[0].tolist() for item in data] == [[1, 2], [3, 4]]
    assert len(data[0]) == 1


@pytest.mark.parametrize(
    ("cells", "dtype", "found"),
    [("1 2", fe.int64, [1, 2]), ("1 2.5", fe.float32, [1, 2.5]), ("-1 7", fe.int64, [-1, 7])],
)
def test_a_targets_dtype_follows_its_cells(table: Any, cells: str, dtype: Any, found: Any) -> None:
    _, y = CSVDataset(table("x,y\n" + "".join(f"0,{c}\n" for c in cells.split())), "y").tensors
    assert (y.dtype, y.tolist()) == (dtype, found)


def test_truth_values(table: Any) -> None:
    (x,) = CSVDataset(table("x\ntrue\nFalse\n1\n0\n"), dtype=fe.bool).tensors
    assert x.flatten().tolist() == [True, False, True, False]


def test_empty_cells_may_stand_for_a_number(table: Any) -> None:
    path = table("x,y\n1,\n,2\n")
    (x,) = CSVDataset(path, missing=math.nan).tensors
    np.testing.assert_array_equal(x.numpy(), np.array([[1, np.nan], [np.nan, 2]], np.float32))
    (x,) = CSVDataset(path, missing=-1, dtype=fe.int32).tensors
    assert x.tolist() == [[1, -1], [-1, 2]]
    with pytest.raises(fe.DataError, match="missing=nan is no int32"):
        CSVDataset(path, missing=math.nan, dtype=fe.int32)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5))
)
def test_what_was_written_is_read(values: np.ndarray[Any, Any], table: Any) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([f"c,{i}" for i in range(values.shape[1])])
    writer.writerows([[repr(float(v)) for v in row] for row in values])
    (x,) = CSVDataset(table(text.getvalue()), dtype=fe.float64).tensors
    np.testing.assert_array_equal(x.numpy(), values)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n3,x\n", {}, r"line 3, column 'b': 'x' is no float32; correct it"),
        ('a,b\n"1\n",2\n3,x\n', {}, "line 4, column 'b'"),
        ("a,b\n1,\n", {}, "line 2, column 'b': it is empty; correct it, or pass missing="),
        ("a\n300\n", {"dtype": fe.uint8}, "line 2, column 'a': '300' is no uint8"),
        ("a\n1.5\n", {"dtype": fe.int32}, "line 2, column 'a': '1.5' is no int32"),
        ("a\nyes\n", {"dtype": fe.bool}, "line 2, column 'a': 'yes' is no bool"),
        ("a,b\n1,2\n3\n", {}, "line 3: there are 1 cells, and the header has 2"),
        ("1,2\n3\n", {"header": False}, "line 2: there are 1 cells, and the first row has 2"),
        ("a,b\n", {}, "has no rows below its header"),
        ("", {}, "has no rows"),
        ('a\n"1\n', {}, "line 2: unexpected end of data"),
        ("a,b\n1,2\n", {"target": "c"}, r"no column is called 'c'; they are \['a', 'b'\]"),
        ("1,2\n", {"target": "c", "header": False}, "with header=False they have none"),
        ("a,b\n1,2\n", {"columns": [2]}, "there is no column 2; they go from 0 to 1"),
        ("a,a\n1,2\n", {"target": "a"}, r"columns \[0, 1\] are all called 'a'; give a number"),
        ("a\n1\n", {"delimiter": "::"}, "delimiter"),
        ("a\n1\n", {"encoding": "utf-16"}, "is not in utf-16: "),
        ("a\n1\n", {"encoding": "rot14"}, "there is no encoding 'rot14'"),
    ],
)
def test_what_is_wrong_is_said(table: Any, text: str, options: Any, message: str) -> None:
    with pytest.raises(fe.DataError, match=message):
        CSVDataset(table(text), **options)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(fe.DataError, match=r"none\.csv cannot be read: No such file"):
        CSVDataset(tmp_path / "none.csv")


def test_a_mark_of_byte_order_is_no_part_of_the_first_name(table: Any) -> None:
    assert CSVDataset(table("a\n1\n", "utf-8-sig")).columns == ["a"]
