"""A text as a sequence of characters, to learn to continue it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferrule import factories, runtime, selection
from ferrule.data.dataset import Dataset, keeps
from ferrule.errors import DataError
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes


class CharacterCorpus(Dataset[tuple[Tensor, Tensor]]):
    """A text file as windows of characters: pairs of a window and the one a character further on.

    Item ``i`` is a pair of int64 tensors of shape (window,), numbers of characters in the
    vocabulary: those from ``i * stride`` on, and the ones that follow each.

    Args:
        path: the file; see `of` for a text that is there already.
        window: how many characters an item has.
        stride: how many characters lie between the beginnings of items.
        vocabulary: the characters by number; by default those of the text, in Unicode's order.
        encoding: of the file.
        device: where the tensors are; by default the selected one.

    Attributes:
        text: what is in the file.
        vocabulary: the characters by number.
        tokens: the whole text, int64 of shape (characters,), on ``device``.

    Raises:
        DataError: the file cannot be read or is in another encoding, a number is not positive, or
            a character is not in the vocabulary.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        window: int,
        *,
        stride: int = 1,
        vocabulary: Iterable[str] | None = None,
        encoding: str = "utf-8",
        device: Any = None,
    ) -> None:
        self._fill(_read(Path(path), encoding), window, stride, vocabulary, device)

    @classmethod
    def of(
        cls,
        text: str,
        window: int,
        *,
        stride: int = 1,
        vocabulary: Iterable[str] | None = None,
        device: Any = None,
    ) -> CharacterCorpus:
        """A corpus of a text that is there already."""
        corpus = cls.__new__(cls)
        corpus._fill(text, window, stride, vocabulary, device)
        return corpus

    def _fill(
        self, text: str, window: int, stride: int, vocabulary: Iterable[str] | None, device: Any
    ) -> None:
        for what, value in (("window", window), ("stride", stride)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise DataError(
                    f"CharacterCorpus: {what} must be an int of 1 or more, not {value!r}"
                )
        characters = "".join(sorted(set(text)) if vocabulary is None else vocabulary)
        if len(set(characters)) != len(characters):
            raise DataError("CharacterCorpus: a character is in the vocabulary twice")
        self.text = text
        self.window = window
        self.stride = stride
        self.vocabulary = characters
        self._numbers = {character: i for i, character in enumerate(characters)}
        self.device = runtime.device(device)
        self.tokens = self.encode(text)

    def encode(self, text: str) -> Tensor:
        """The characters' numbers: int64 of shape (characters,).

        Raises:
            DataError: a character is not in the vocabulary.
        """
        try:
            found = [self._numbers[character] for character in text]
        except KeyError as error:
            place = text.index(error.args[0])
            line = text.count("\n", 0, place) + 1
            raise DataError(
                f"CharacterCorpus: the character {error.args[0]!r} at place {place} (line {line}) "
                f"is not in the vocabulary of {len(self.vocabulary)} characters"
            ) from None
        return factories.tensor(np.array(found, np.int64), device=self.device)

    def decode(self, numbers: Tensor | Iterable[int]) -> str:
        """The text of characters' numbers.

        Raises:
            DataError: the vocabulary has no such number.
        """
        values = numbers.tolist() if isinstance(numbers, Tensor) else list(numbers)
        values = [values] if isinstance(values, int) else values
        n = len(self.vocabulary)
        for value in values:
            if not 0 <= value < n:
                raise DataError(
                    f"CharacterCorpus: the vocabulary has {n} characters, and none of number "
                    f"{value}"
                )
        return "".join(self.vocabulary[value] for value in values)

    def split(self, fraction: float) -> tuple[CharacterCorpus, CharacterCorpus]:
        """The first part of the text, ``fraction`` of it, and the rest, with one vocabulary: the
        windows of neither reach into the other."""
        if not 0 < fraction < 1:
            raise DataError(f"CharacterCorpus: a fraction lies between 0 and 1, not {fraction!r}")
        end = int(len(self.text) * fraction)
        first, rest = (
            CharacterCorpus.of(
                part,
                self.window,
                stride=self.stride,
                vocabulary=self.vocabulary,
                device=self.device,
            )
            for part in (self.text[:end], self.text[end:])
        )
        return first, rest

    def __len__(self) -> int:
        return max(0, (len(self.text) - self.window - 1) // self.stride + 1)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        start = self._start(index)
        piece = self.tokens[start : start + self.window + 1]
        return piece[:-1], piece[1:]

    def batch(self, indices: Sequence[int]) -> Any:
        """The pairs at ``indices``, both of shape (len(indices), window), by one op."""
        if not keeps(self, "__getitem__", CharacterCorpus):
            return super().batch(indices)
        starts = np.array([self._start(i) for i in indices], np.int64)
        places = (starts[:, None] + np.arange(self.window + 1)).ravel()
        where = factories.tensor(places, dtype=dtypes.int64, device=self.device)
        pieces = selection.index_select(self.tokens, 0, where)
        pieces = pieces.reshape(len(starts), self.window + 1)
        return [pieces[:, :-1], pieces[:, 1:]]

    def _start(self, index: int) -> int:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range for a corpus of {n} windows")
        return index % n * self.stride


def _read(path: Path, encoding: str) -> str:
    try:
        return path.read_text(encoding)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; check that it is a file and may be read"
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"{path} is not in {encoding}: {error}; name its encoding with encoding="
        ) from error
    except LookupError as error:
        raise DataError(f"there is no encoding {encoding!r}") from error
