"""BERT's words and pieces, on a vocabulary small enough to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.engines.wordpiece import LONGEST_WORD, WordPiece
from epitome.errors import ModelError

VOCABULARY = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "ferry", "fer", "##ry", "##ries", "cafe", "café", ",", "!", "[", "]", "sep",
    "河", "岸", "σας", "σασ", "i", "a", "b", "Ferry",
]  # fmt: skip


def pieces(text: str, **settings: bool) -> list[str]:
    return [VOCABULARY[at] for at in WordPiece(VOCABULARY, **settings).encode(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The", ["[UNK]"]),
        ("ferry", ["ferry"]),
        ("FERRIES, ferry!", ["fer", "##ries", ",", "ferry", "!"]),
        ("ferrying", ["[UNK]"]),
        ("Café", ["cafe"]),
        ("cafe\u0301", ["cafe"]),
        ("河岸", ["河", "岸"]),
        ("a河b", ["a", "河", "b"]),
        ("a\u200bb", ["[UNK]"]),
        ("a\u00a0b\t\n\u3000a", ["a", "b", "a"]),
        ("fe\u0000rr\u200dy\ufffd", ["ferry"]),
        ("ΣΑΣ", ["σασ"]),
        ("İ", ["i"]),
        ("[SEP]", ["[", "sep", "]"]),
        ("a" * LONGEST_WORD + "a", ["[UNK]"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_texts_become_pieces(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_a_cased_model_keeps_case_and_accents() -> None:
    assert pieces("Ferry café", lowercase=False) == ["Ferry", "café"]
    assert pieces("café", strip_accents=False) == ["café"]
    assert pieces("河岸", chinese=False) == ["[UNK]"]


@given(st.text())
def test_no_text_makes_a_special_token_of_its_own(text: str) -> None:
    assert {"[CLS]", "[SEP]", "[PAD]"}.isdisjoint(pieces(text))


@given(st.lists(st.sampled_from(["ferry", "cafe", "a", "河", ","])))
def test_words_of_the_vocabulary_come_back(words: list[str]) -> None:
    assert pieces(" ".join(words)) == words


def test_a_folder_says_how_its_words_are_read(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    assert WordPiece.read(tmp_path).encode("Ferry") == [VOCABULARY.index("ferry")]
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert WordPiece.read(tmp_path).encode("Ferry") == [VOCABULARY.index("Ferry")]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[UNK]\n[CLS]\n"])
def test_a_broken_vocabulary_is_a_clear_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match="vocabulary"):
        WordPiece.read(tmp_path)
    (tmp_path / "vocab.txt").write_bytes(data)
    with pytest.raises(ModelError, match="vocabulary"):
        WordPiece.read(tmp_path)
