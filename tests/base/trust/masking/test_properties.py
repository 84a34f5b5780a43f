"""What holds for any text: it comes back, no address survives, and time grows with length only."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epitome.trust.masking import Masker
from epitome.trust.masking.cards import cards
from epitome.trust.masking.digits import luhn
from epitome.trust.masking.ibans import ibans
from epitome.trust.masking.ibans import valid as valid_iban
from epitome.trust.masking.identities import identities, resident

MASKER = Masker()
PIECES = st.sampled_from(
    [
        "Sarah Lee", "Sarah", "Lee", "Dr ", "Mr. ", "王伟", "王", "先生", "原告", "a@example.org", "13912345678",
        "<PERSON_1>", "PERSON_1", "[person 2]", "<", ">", "EMAIL_", "EMAIL", "_", "1", "2", " ", "\n", ". ", ": ",
        "'s", "4111 1111 1111 1111", "born 3 May 1980", "https://github.com/anna", "12 Mill Lane", "李娜", "，",
        "。", "İ", "ß", "https://", "@", "+", "-", "Name: ", "Dear ", "ID",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_comes_back(text: str) -> None:
    masked = MASKER(text)
    assert masked.restore(masked.text) == text
    for place in masked.places:
        assert masked.text[place.start : place.end] == f"<{place.label}>"
        assert masked.original_span(place.start, place.end) == (place.original_start, place.original_end)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(0, 400), st.integers(0, 400))
def test_places_lead_back_to_the_original(text: str, one: int, other: int) -> None:
    masked = MASKER(text)
    start, end = sorted((min(one, len(masked.text)), min(other, len(masked.text))))
    first, last = masked.original_span(start, end)
    assert 0 <= first <= last <= len(text)
    inside = any(place.start < end and start < place.end for place in masked.places)
    if not inside and start < end:
        assert text[first:last] == masked.text[start:end]
    assert masked.masked_offset(masked.original_span(start, start)[0]) <= start


@settings(max_examples=200, deadline=None)
@given(
    st.emails().filter(lambda address: address.rpartition("@")[0][-1].isalnum()),
    st.sampled_from(["", "write to ", "邮箱", "<", "mailto:", '"']),
    st.sampled_from(["", ".", "，", ">", " ok"]),
)
def test_no_address_survives(address: str, before: str, after: str) -> None:
    user, _, host = address.rpartition("@")
    masked = MASKER(f"{before}{address}{after}").text
    assert f"@{host}" not in masked
    assert user[-1] + "@" not in masked


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789", min_size=14, max_size=14), st.integers(0, 15), st.integers(1, 9))
def test_a_card_with_one_digit_changed_is_none(body: str, at: int, by: int) -> None:
    number = next(f"4{body}{last}" for last in range(10) if luhn(f"4{body}{last}"))
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert [found.key for found in cards(number)] == [number]
    assert list(cards(wrong)) == []


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789", min_size=18, max_size=18), st.integers(4, 21), st.integers(1, 9))
def test_an_account_with_one_digit_changed_is_none(body: str, at: int, by: int) -> None:
    number = next(f"DE{check:02d}{body}" for check in range(2, 99) if valid_iban(f"DE{check:02d}{body}"))
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert [found.key for found in ibans(f"to {number}, please")] == [number]
    assert list(ibans(wrong)) == []


@settings(max_examples=100, deadline=None)
@given(st.dates(), st.integers(0, 999), st.integers(14, 16), st.integers(1, 9))
def test_an_identity_with_one_digit_changed_is_none(born: object, rest: int, at: int, by: int) -> None:
    day = re.sub("-", "", str(born))
    body = f"110105{'19' + day[2:]}{rest:03d}"
    number = next(body + last for last in "0123456789X" if resident(body + last))
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert [found.key for found in identities(number)] == [number]
    assert list(identities(wrong)) == []


HOSTILE = {
    "digits": "1" * 100_000, "points": "." * 100_000, "at": "a@" * 50_000, "hosts": "a@" + "a." * 50_000,
    "capitals": "A" * 100_000, "initials": "A." * 50_000, "words": "A " * 50_000, "names": "John " * 20_000,
    "groups": "1 " * 50_000, "accounts": "GB82 " * 20_000, "surnames": "王" * 100_000, "chinese": "张先生" * 30_000,
    "houses": "路1号" * 30_000, "towns": "市" * 100_000, "spaces": " " * 100_000, "lines": "\n" * 100_000,
    "colons": ":" * 100_000, "links": "http://a@" * 11_000, "titles": "Dr " * 33_000, "foreign": "阿·" * 50_000,
    "labels": "Name: " * 16_000, "speakers": "Anna Berg: hi\n" * 7_000, "born": "born on " * 12_000,
    "quotes": "'" * 100_000, "brackets": "<PERSON_1>" * 10_000, "apostrophes": "A'" * 50_000, "plus": "+1" * 50_000,
    "streets": "12 Mill " * 12_000, "hidden": "a (at) " * 14_000, "letters": "a" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_no_time(name: str) -> None:
    text = HOSTILE[name]
    MASKER("warm")
    began = time.process_time()
    masked = MASKER(text)
    assert time.process_time() - began < 3  # a tenth of that where nothing else runs
    assert masked.restore(masked.text) == text


def test_a_megabyte_takes_about_a_second() -> None:
    line = "On Monday Sarah Lee told the county that 212 people had crossed; call (212) 555-0147 or ask Dr Okwu. "
    text = line * (1_000_000 // len(line))
    MASKER("warm")
    began = time.process_time()
    assert MASKER(text).counts == {"person": 2, "phone": 1}
    assert time.process_time() - began < 6
