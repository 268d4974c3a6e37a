"""Data sets whose rows are dicts, such as those of Hugging Face, brought into the form of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ferrule.data.dataset import Dataset, items
from ferrule.errors import DataError


class ColumnDataset(Dataset[Any]):
    """Chosen columns of a data set whose rows are dicts.

    Anything with ``__len__`` and ``__getitem__`` serves, Hugging Face's data sets included. Rows
    that are to stay dicts need no adapter: a loader takes such a data set as it is.

    Args:
        dataset: where the rows come from.
        columns: a name, for items that are that column's values; or several, for tuples of them.
        transforms: by column, what is done to its values.

    Raises:
        DataError: when an item is taken, that its row is no dict or lacks a column.

    Example:
        ``ColumnDataset(rows, ("image", "label"), {"image": transforms.ToTensor()})``
    """

    def __init__(
        self,
        dataset: Any,
        columns: str | Sequence[str],
        transforms: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        self.dataset = dataset
        self.columns = columns if isinstance(columns, str) else tuple(columns)
        self.transforms = dict(transforms or {})
        if not self.columns:
            raise DataError("ColumnDataset: name at least one column")
        unused = self.transforms.keys() - set(self._names())
        if unused:
            raise DataError(
                f"ColumnDataset: transforms are given for {sorted(unused)}, and the columns are "
                f"{list(self._names())}"
            )

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self._item(self.dataset[index], index)

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self._item(row, i) for row, i in zip(items(self.dataset, indices), indices)]

    def _names(self) -> tuple[str, ...]:
        return (self.columns,) if isinstance(self.columns, str) else self.columns

    def _item(self, row: Any, index: int) -> Any:
        if not isinstance(row, Mapping):
            raise DataError(
                f"ColumnDataset: row {index} is no dict but {type(row).__name__}, so it has no "
                "columns; use the data set as it is"
            )
        values = []
        for name in self._names():
            if name not in row:
                raise DataError(f"ColumnDataset: row {index} lacks {name!r}; it has {list(row)}")
            change = self.transforms.get(name)
            values.append(row[name] if change is None else change(row[name]))
        return values[0] if isinstance(self.columns, str) else tuple(values)
