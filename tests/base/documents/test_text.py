"""Plain text: any encoding, clean paragraphs, clear refusals."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.documents import from_text, read
from epitome.errors import SourceError

GERMAN = "Der Bürgermeister eröffnete die Brücke über den Fluß. Es gab Würstchen für alle, und Bäume wurden gepflanzt."
RUSSIAN = "Мэр открыл новый мост через реку. На празднике играл оркестр, и дети сажали деревья вдоль берега."
CHINESE = "市长昨天为新桥剪彩。乐队演奏了一个下午，孩子们在河边种下了三百棵树。大家都说这座桥来得太晚了。"
JAPANESE = (
    "市長は昨日、新しい橋の開通式に出席した。楽団が午後いっぱい演奏し、子どもたちは川沿いに木を植えた。"
)


def written(folder: Path, data: bytes, name: str = "note.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_utf_files_are_read_without_a_warning(tmp_path: Path, encoding: str) -> None:
    document = read(written(tmp_path, GERMAN.encode(encoding)))
    assert document.text == GERMAN
    assert document.warnings == []


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN * 3, "cp1252"),
        (RUSSIAN * 3, "cp1251"),
        (RUSSIAN * 3, "koi8-r"),
        (CHINESE * 3, "gb18030"),
        (CHINESE * 3, "gbk"),
        (JAPANESE * 3, "shift_jis"),
        (JAPANESE * 3, "euc_jp"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
    ],
)
def test_other_encodings_are_guessed_and_the_guess_is_named(tmp_path: Path, text: str, encoding: str) -> None:
    document = read(written(tmp_path, text.encode(encoding)))
    assert document.text == text
    assert "guessed" in document.warnings[0]
    assert "note.txt" in document.warnings[0]


def test_a_few_bad_bytes_do_not_turn_utf8_into_mojibake(tmp_path: Path) -> None:
    data = (GERMAN * 20).encode() + b" caf\xe9. " + (GERMAN * 20).encode()
    document = read(written(tmp_path, data))
    assert "Bürgermeister" in document.text
    assert "caf\ufffd" in document.text
    assert "not valid UTF-8" in document.warnings[0]


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"blob\.txt: this is binary data") as error:
        read(written(tmp_path, bytes(range(256)) * 20, "blob.txt"))
    assert error.value.hint


def test_bytes_in_no_known_encoding_are_refused(tmp_path: Path) -> None:
    # No control bytes, so it could be text; but no encoding makes words of it.
    data = bytes((at * 73 + at * at * 31) % 127 + 129 for at in range(4000))
    with pytest.raises(SourceError, match="no encoding that Epitome knows"):
        read(written(tmp_path, data))


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", "\ufeff \n".encode("utf-16-le")])
def test_an_empty_file_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SourceError, match="is empty"):
        read(written(tmp_path, data))


def test_a_line_of_100_megabytes_is_read_whole(tmp_path: Path) -> None:
    document = read(written(tmp_path, b"word " * (20 * 1024 * 1024)))
    assert len(document.text) == 100 * 1024 * 1024 - 1


def test_paragraphs_are_separated_by_one_blank_line_and_numbered() -> None:
    document = from_text("\n\n First   paragraph. \r\n\r\n\r\n\tSecond\u00a0one.\n \nThird.\n")
    assert document.text == "First paragraph.\n\nSecond one.\n\nThird."
    assert [origin.paragraph for origin in document.origins] == [1, 2, 3]
    assert document.origin(document.text.index("one")) == document.origins[1]


def test_invisible_characters_go_and_composed_letters_stay() -> None:
    assert from_text("co\u00adop\u200berate\ufeff \x07Ange\u0301lique").text == "cooperate Angélique"
    assert from_text("می\u200cخواهم 👩\u200d🚀").text == "می\u200cخواهم 👩\u200d🚀"


def test_wrapped_lines_are_joined_and_broken_lines_are_kept() -> None:
    wrapped = (
        "The ferry left the harbour at dawn with two\nhundred people on board and came back before\n"
        "the evening tide with nearly as many again."
    )
    assert "\n" not in from_text(wrapped).text
    dialogue = "Amanda: I baked cookies.\nJerry: Sure, bring some tomorrow!\nAmanda: I will."
    assert from_text(dialogue).text == dialogue
    items = "- milk and butter\n- a loaf of bread from the baker in the old\n  market hall\n- tea"
    assert from_text(items).text.count("\n- ") == 2


def test_prose_with_one_paragraph_a_line_becomes_paragraphs() -> None:
    line = "The ferry left the harbour at dawn with two hundred people on board and came back " * 3 + "late."
    assert from_text(f"{line}\n{line}").text == f"{line}\n\n{line}"


def test_wrapped_chinese_lines_are_joined_without_a_space() -> None:
    line = "市长昨天为新桥剪彩并且种下了一棵树然后大家一起走过了这座新桥来到对岸"
    assert from_text(f"{line}\n{line}\n结束。").text == f"{line}{line}结束。"


def test_a_short_first_line_is_the_title(tmp_path: Path) -> None:
    data = b"Harbour ferry returns\n\nThe ferry is back.\n\nIt left at six.\n"
    document = read(written(tmp_path, data))
    assert document.title == "Harbour ferry returns"
    assert document.text.startswith("Harbour ferry returns\n\n")


def test_an_empty_string_is_an_empty_document() -> None:
    document = from_text("")
    assert (document.text, document.sections, document.origins) == ("", [], [])


@given(st.text(max_size=400) | st.text(alphabet="ab .\n-–1)\u00a0\u200d\u0301é\u0590你", max_size=200))
def test_from_text_changes_nothing_the_second_time(text: str) -> None:
    once = from_text(text)
    again = from_text(once.text)
    assert again.text == once.text
    assert again.origins == once.origins


def visible(text: str) -> str:
    return "".join(
        char
        for char in unicodedata.normalize("NFC", text)
        if unicodedata.category(char)[0] in "LNPS" and char not in "\ufffc\ufffd"
    )


@given(st.text(max_size=300))
def test_no_visible_character_is_lost(text: str) -> None:
    assert visible(from_text(text).text) == visible(text)
