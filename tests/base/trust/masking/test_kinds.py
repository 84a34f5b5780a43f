"""What is found of each kind, and what looks like it and stays. All numbers are made up or reserved for examples."""

from __future__ import annotations

import pytest

from epitome.errors import UsageError
from epitome.trust.masking import KINDS, Masker

MASKER = Masker()


def masked(text: str) -> str:
    return MASKER(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask a.b+c@mail.example.co.uk.", "Ask <EMAIL_1>."),
        ("JOSÉ@Example.ORG or josé@example.org", "<EMAIL_1> or <EMAIL_1>"),
        ("邮箱lin@qq.com，或者 lin@163.com。", "邮箱<EMAIL_1>，或者 <EMAIL_2>。"),
        ("write to mary (at) example (dot) org", "write to <EMAIL_1>"),
        ("meet @ noon, a@b, x@y.z9", "meet @ noon, a@b, x@y.z9"),
    ],
)
def test_emails(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(212) 555-0147, 212.555.0147 or +1 212 555 0147", "<PHONE_1>, <PHONE_1> or <PHONE_1>"),
        ("Tel. +44 20 7946 0018 or 020 7946 0018", "Tel. <PHONE_1> or <PHONE_1>"),
        ("手机13912345678，或 +86 139-1234-5678", "手机<PHONE_1>，或 <PHONE_1>"),
        ("座机（010）82345678，热线400-800-1234", "座机<PHONE_1>，热线<PHONE_2>"),
        ("call 20018842", "call <PHONE_1>"),
        ("On 2024-03-05 they sold 20018842 tins, 12.5 per cent", None),
        ("ISBN 978-3-16-148410-0; in 2019-2020; order 4471-0092-113", None),
    ],
)
def test_phones(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("card 4111 1111 1111 1111.", "card <CARD_1>."),
        ("3782-822463-10005 and 378282246310005", "<CARD_1> and <CARD_1>"),
        ("卡号6212345678901232", "卡号<CARD_1>"),
        ("4111 1111 1111 1112 fails the sum", None),
        ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", None),
    ],
)
def test_cards(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to GB82 WEST 1234 5698 7654 32 today", "to <IBAN_1> today"),
        ("de89370400440532013000; DE89 3704 0044 0532 0130 00", "<IBAN_1>; <IBAN_1>"),
        ("GB82 WEST 1234 5698 7654 33", None),
    ],
)
def test_ibans(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("身份证号11010519491231002X。", "身份证号<ID_1>。"),
        ("number 11010519491231002x", "number <ID_1>"),
        ("110105194912310021 has another last digit", None),
        ("SSN 219-09-9999", "SSN <ID_1>"),
        ("000-12-3456, 666-12-3456, 219-00-9999, 219-09-0000", None),
        ("NI number: AB 12 34 56 C", "NI number: <ID_1>"),
        ("BG123456A and QQ123456C are given to nobody", None),
        ("driving licence no. MORGA657054SM9IJ", "driving licence no. <ID_1>"),
    ],
)
def test_numbers_of_identity(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("passport no. 533380006", "passport no. <PASSPORT_1>"),
        ("Passport number:\nC01X00T47", "Passport number:\n<PASSPORT_1>"),
        ("护照号码：E12345678", "护照号码：<PASSPORT_1>"),
        ("part no. C01X00T47", None),
        ("he lost his passport in 2019", None),
    ],
)
def test_passports(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from 192.0.2.17 and 2001:db8::8a2e:370:7334", "from <IP_1> and <IP_2>"),
        ("来自192.0.2.17的请求", "来自<IP_1>的请求"),
        ("version 10.4.2.1, section 3.2.1.4, 300.1.1.1, 12:30:45, std::move", None),
    ],
)
def test_ip_addresses(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://github.com/jwhit/notes.", "see <URL_1>."),
        ("ftp://anna:secret@files.example.org/a and linkedin.com/in/anna-b", "<URL_1> and <URL_2>"),
        ("(https://example.org/~anna)", "(<URL_1>)"),
        ("https://example.org/news/2024 and https://github.com/about", None),
    ],
)
def test_addresses_of_the_web_that_name_a_user(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("born on 3 May 1980 in Leeds", "born on <BIRTH_1> in Leeds"),
        ("DOB: 05/03/1980; date of birth May 3rd, 1980", "DOB: <BIRTH_1>; date of birth <BIRTH_2>"),
        ("出生日期：1980年5月3日，1980年5月3日生", "出生日期：<BIRTH_1>，<BIRTH_1>生"),
        ("the strike began on 3 May 1980", None),
        ("工厂1980年5月3日生产", None),
    ],
)
def test_dates_of_birth(text: str, expected: str | None) -> None:
    assert masked(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 12 Mill Lane, Leeds LS6 2AB.", "at <ADDRESS_1>."),
        ("1600 West 42nd Street, Apt 4B", "<ADDRESS_1>"),
        ("write to P.O. Box 118", "write to <ADDRESS_1>"),
        ("住在北京市朝阳区建国路88号3栋201室。", "住在<ADDRESS_1>。"),
        ("寄到学府路12号", "寄到<ADDRESS_1>"),
        ("12 March. Dr Who? 40 people walked along the road", None),
        ("他排在第3号", None),
    ],
)
def test_street_addresses(text: str, expected: str | None) -> None:
    found = Masker(["address"])(text).text
    assert found == (expected or text)


def test_only_the_kinds_asked_for() -> None:
    text = "Sarah Lee, sarah@example.org, (212) 555-0147"
    assert Masker(["email", "phone"])(text).text == "Sarah Lee, <EMAIL_1>, <PHONE_1>"
    assert Masker([])(text).text == text
    assert MASKER(text).counts == {"person": 1, "email": 1, "phone": 1}
    with pytest.raises(UsageError, match=r"'names'.*person, email"):
        Masker(["names"])


def test_of_what_overlaps_nothing_is_left() -> None:
    for text, expected in (
        ("https://sarah.lee@files.example.org/x", "<URL_1>"),
        ("Sarah.Lee@example.org", "<EMAIL_1>"),
        ("5 Sarah Lee Road", "<ADDRESS_1>"),
    ):
        assert masked(text) == expected
    assert set(KINDS) >= {"person", "email"}
