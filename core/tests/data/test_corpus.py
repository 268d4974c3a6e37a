"""Texts as windows of characters."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferrule as fe
from ferrule.data import CharacterCorpus, DataLoader


@given(text=st.text(min_size=1, max_size=60), window=st.integers(1, 12), stride=st.integers(1, 7))
def test_windows_and_what_follows_them(text: str, window: int, stride: int) -> None:
    corpus = CharacterCorpus.of(text, window, stride=stride)
    assert corpus.decode(corpus.tokens) == text
    starts = [s for s in range(0, len(text), stride) if s + window + 1 <= len(text)]
    assert len(corpus) == len(starts)
    for i, start in enumerate(starts):
        x, y = corpus[i]
        assert corpus.decode(x) == text[start : start + window]
        assert corpus.decode(y) == text[start + 1 : start + window + 1]
    if starts:
        x, y = corpus.batch([-1, 0])
        assert [corpus.decode(row) for row in x] == [
            text[starts[-1] : starts[-1] + window],
            text[:window],
        ]
        assert y[1].tolist() == corpus[0][1].tolist()


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("äbä\nb", "latin-1")
    corpus = CharacterCorpus(path, 2, encoding="latin-1")
    assert corpus.vocabulary == "\nbä"
    assert corpus.tokens.dtype is fe.int64
    assert corpus.tokens.tolist() == [2, 1, 2, 0, 1]
    x, y = next(iter(DataLoader(corpus, 3)))
    assert (x.shape, y.shape) == ((3, 2), (3, 2))
    with pytest.raises(fe.DataError, match=r"text is not in utf-8: .* byte 0xe4 in position 0"):
        CharacterCorpus(path, 2)
    with pytest.raises(fe.DataError, match="there is no encoding 'rot14'"):
        CharacterCorpus(path, 2, encoding="rot14")
    with pytest.raises(fe.DataError, match="missing cannot be read"):
        CharacterCorpus(tmp_path / "missing", 2)


def test_a_split_shares_the_vocabulary_and_no_text() -> None:
    first, rest = CharacterCorpus.of("abcdefgxyz", 2).split(0.7)
    assert (first.text, rest.text) == ("abcdefg", "xyz")
    assert first.vocabulary == rest.vocabulary == "abcdefgxyz"
    with pytest.raises(fe.DataError, match="between 0 and 1, not 1"):
        first.split(1)


def test_what_a_subclass_does_to_items_is_done_in_batches() -> None:
    class Shifted(CharacterCorpus):
        def __getitem__(self, index: int) -> Any:
            x, y = super().__getitem__(index)
            return x + 100, y

    x, _ = Shifted.of("abcd", 2).batch([0])
    assert x.tolist() == [[100, 101]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.encode("ab\nx"), r"character 'x' at place 3 \(line 2\) is not in the voc"),
        (lambda c: c.decode([0, 9]), "has 3 characters, and none of number 9"),
        (lambda c: c.decode([-1]), "none of number -1"),
        (lambda c: CharacterCorpus.of("a", 0), "window must be an int of 1 or more, not 0"),
        (lambda c: CharacterCorpus.of("a", 1, stride=0), "stride must be an int"),
        (lambda c: CharacterCorpus.of("a", 1, vocabulary="aa"), "in the vocabulary twice"),
    ],
)
def test_what_is_wrong_is_said(call: Any, message: str) -> None:
    with pytest.raises(fe.DataError, match=message):
        call(CharacterCorpus.of("ab\n", 1))


@pytest.mark.parametrize("index", [1, -2])
def test_an_index_out_of_range_ends_the_items(index: int) -> None:
    with pytest.raises(IndexError, match=f"index {index} is out of range for a corpus of 1 win"):
        CharacterCorpus.of("abc", 2)[index]
