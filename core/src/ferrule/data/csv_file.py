"""Tables in files of comma-separated values (RFC 4180)."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferrule import factories, promotion
from ferrule.data.dataset import TensorDataset
from ferrule.errors import DataError, DTypeError
from ferrule_plugins import DType, dtypes

Column = str | int

_BOOLS = {"true": 1, "false": 0, "1": 1, "0": 0}


class CSVDataset(TensorDataset):
    """The rows of a table: ``(inputs,)``, or ``(inputs, target)`` if one column is the target.

    Inputs are a tensor of shape (columns,), and a target has no dims.

    Args:
        path: the file.
        target: the column to be predicted, by name or by number.
        columns: the columns of the inputs, in this order; by default all but the target.
        dtype: of the inputs; by default the default dtype.
        target_dtype: of the target: by default int64 if all of it are integers, and else the
            default dtype; ``str`` numbers its different values in their order (`classes`).
        header: whether the first row has the columns' names.
        delimiter: what stands between cells.
        missing: the number that an empty cell stands for, such as ``math.nan``; without one, an
            empty cell is an error.
        encoding: of the file.
        device: where the tensors are; by default the selected one.

    Attributes:
        columns: names of the inputs' columns (numbers, if there is no header).
        target: the target's, or None.
        classes: the target's values by number, if its dtype is ``str``.

    Raises:
        DataError: the file cannot be read or has no rows, there is no such column, or a cell is no
            number of the dtype: it is named by line and column.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        target: Column | None = None,
        columns: Sequence[Column] | None = None,
        *,
        dtype: Any = None,
        target_dtype: Any = None,
        header: bool = True,
        delimiter: str = ",",
        missing: float | None = None,
        encoding: str = "utf-8-sig",
        device: Any = None,
    ) -> None:
        table = _Table(Path(path), header, delimiter, encoding, missing)
        aim = None if target is None else table.place(target)
        if columns is None:
            places = [i for i in range(table.width) if i != aim]
        else:
            places = [table.place(column) for column in columns]
        self.columns = [table.name(i) for i in places]
        self.target = None if aim is None else table.name(aim)
        self.classes: list[str] = []
        wanted = factories.dtype_of("CSVDataset", dtype)
        inputs = np.empty((len(table.rows), len(places)), wanted.numpy)
        for j, place in enumerate(places):
            inputs[:, j] = table.column(place, wanted)
        tensors = [factories.tensor(inputs, device=device)]
        if aim is not None:
            tensors.append(factories.tensor(self._targets(table, aim, target_dtype), device=device))
        super().__init__(*tensors)

    def _targets(self, table: _Table, place: int, dtype: Any) -> np.ndarray[Any, Any]:
        if dtype is str:
            texts = [text for _, text in table.cells(place)]
            self.classes = sorted(set(texts))
            numbers = {text: i for i, text in enumerate(self.classes)}
            return np.array([numbers[text] for text in texts], np.int64)
        if dtype is not None:
            return table.column(place, factories.dtype_of("CSVDataset", dtype))
        whole = all(_is_integer(text) for _, text in table.cells(place))
        return table.column(place, dtypes.int64 if whole else promotion.default_float())


class _Table:
    """The cells of a file, as text.

    Attributes:
        rows: each with the number of the line in which it ends.
        width: how many columns there are.
    """

    def __init__(
        self, path: Path, header: bool, delimiter: str, encoding: str, missing: float | None
    ) -> None:
        self.path = path
        self.missing = missing
        self.rows: list[tuple[int, list[str]]] = []
        names: list[str] | None = None
        for line, row in _rows(path, delimiter, encoding):
            if header and names is None:
                names = [name.strip() for name in row]
                continue
            width = len(names) if names is not None else len(self.rows[0][1]) if self.rows else None
            if width is not None and len(row) != width:
                raise DataError(
                    f"{path}, line {line}: there are {len(row)} cells, and "
                    f"{'the header' if header else 'the first row'} has {width}"
                )
            self.rows.append((line, row))
        if not self.rows:
            raise DataError(f"{path} has no rows{' below its header' if names else ''}")
        self.names = names
        self.width = len(self.rows[0][1])

    def name(self, place: int) -> Any:
        return place if self.names is None else self.names[place]

    def place(self, column: Column) -> int:
        """The number of a column."""
        if isinstance(column, str):
            found = [i for i, name in enumerate(self.names or ()) if name == column]
            if len(found) == 1:
                return found[0]
            if found:
                raise DataError(
                    f"{self.path}: the columns {found} are all called {column!r}; give a number"
                )
            known = f"they are {self.names}" if self.names else "with header=False they have none"
            raise DataError(f"{self.path}: no column is called {column!r}; {known}")
        if not -self.width <= column < self.width:
            raise DataError(
                f"{self.path}: there is no column {column}; they go from 0 to {self.width - 1}"
            )
        return column % self.width

    def cells(self, place: int) -> Iterator[tuple[int, str]]:
        """Each line's number and its cell."""
        return ((line, row[place].strip()) for line, row in self.rows)

    def column(self, place: int, dtype: DType) -> np.ndarray[Any, Any]:
        """A column's numbers.

        Raises:
            DataError: a cell is none of that dtype.
        """
        read = _reader(dtype)
        instead = self._instead(read, dtype)
        values: list[Any] = []
        for line, text in self.cells(place):
            if not text and instead is not None:
                values.append(instead)
                continue
            try:
                values.append(read(text))
            except (ValueError, KeyError, DTypeError):
                found = f"{text!r} is no {dtype.name}" if text else "it is empty"
                remedy = "correct it" if text else "correct it, or pass missing="
                raise DataError(
                    f"{self.path}, line {line}, column {self.name(place)!r}: {found}; {remedy}"
                ) from None
        with np.errstate(over="ignore"):
            return np.array(values).astype(dtype.numpy)

    def _instead(self, read: Callable[[str], Any], dtype: DType) -> Any:
        """The number that an empty cell stands for, or None."""
        if self.missing is None:
            return None
        try:
            return read(str(self.missing))
        except (ValueError, KeyError, DTypeError):
            raise DataError(
                f"CSVDataset: missing={self.missing} is no {dtype.name}; give one, or another dtype"
            ) from None


def _reader(dtype: DType) -> Callable[[str], Any]:
    """What makes a number of a cell, or raises."""
    if dtype is dtypes.bool_:
        return lambda text: _BOOLS[text.lower()]
    if dtype.is_complex:
        return complex
    if dtype.is_floating_point:
        return float

    def integer(text: str) -> int:
        value = int(text)
        promotion.check_fits(value, dtype)
        return value

    return integer


def _is_integer(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _rows(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, and the numbers of their lines."""
    try:
        with path.open(newline="", encoding=encoding) as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
            try:
                for row in reader:
                    if row:
                        yield reader.line_num, row
            except csv.Error as error:
                raise DataError(f"{path}, line {reader.line_num}: {error}") from error
            except UnicodeError as error:
                raise DataError(
                    f"{path} is not in {encoding}: {error}; name its encoding with encoding="
                ) from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; check that it is a file and may be read"
        ) from error
    except TypeError as error:  # of a delimiter that is no character
        raise DataError(f"CSVDataset: {error}") from error
    except LookupError as error:
        raise DataError(f"CSVDataset: there is no encoding {encoding!r}") from error
