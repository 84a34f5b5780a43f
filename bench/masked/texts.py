"""Texts with personal data, and where in them it stands: the templates beside this file, filled.

Check digits are computed here once more, not by the code that is measured.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_SLOT = re.compile(r"\{(\w+)(?::(\w+))?(?::(\w+))?\}")


@dataclass(frozen=True, slots=True)
class Gold:
    """A stretch of a text that must be masked. `owner` is the same for all mentions of one person."""

    start: int
    end: int
    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and what in it must be masked."""

    text: str
    golds: tuple[Gold, ...]


def samples(language: str, rounds: int, seed: int = 0) -> list[Sample]:
    """Every template filled `rounds` times, each time otherwise. `language` is `en` or `zh`."""
    table = _table(language)
    rng = random.Random(seed)
    return [_filled(text.strip("\n"), language, rng) for _ in range(rounds) for text in table["texts"]]


def _filled(template: str, language: str, rng: random.Random) -> Sample:
    people = _people(language, rng)
    letters: dict[str, tuple[str, str]] = {}
    pieces: list[str] = []
    golds: list[Gold] = []
    at = size = 0
    for slot in _SLOT.finditer(template):
        kind, first, second = slot.groups()
        if kind == "person":
            name = letters.setdefault(first, people[len(letters)])
            value, owner = _named(name, second, language), first
        else:
            value, owner = _MAKERS[kind](rng, language, first or ""), ""
        before = template[at : slot.start()]
        size += len(before)
        golds.append(Gold(size, size + len(value), kind, owner or value))
        pieces += [before, value]
        size += len(value)
        at = slot.end()
    return Sample("".join(pieces) + template[at:], tuple(golds))


def _people(language: str, rng: random.Random) -> list[tuple[str, str]]:
    rows = [row.strip() for row in _table(language)["persons"].replace("\n", "|").split("|") if row.strip()]
    split = [tuple(row.split(" ", 1)) for row in rng.sample(rows, 6)]
    return [(one[0], one[1]) for one in split]


def _named(name: tuple[str, str], part: str | None, language: str) -> str:
    """A person as the slot wants it; of Chinese names the family name comes first."""
    if part is None:
        return ("" if language == "zh" else " ").join(name)
    return name[("first", "last").index(part) if language == "en" else ("last", "first").index(part)]


@cache
def _table(language: str) -> dict[str, Any]:
    name = {"en": "english", "zh": "chinese"}[language]
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text("utf-8"))


def _digits(rng: random.Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def _email(rng: random.Random, language: str, _: str) -> str:
    user = rng.choice(
        ["j.whit", "p_okafor", "lina99", "office.bauer", "m-k", "xw2008", "info+sales", "o'hara"]
    )
    host = rng.choice(
        ["example.com", "mail.example.org", "firm.co.uk", "uni-nord.de", "163.com", "qq.com", "corp.io"]
    )
    return f"{user}@{host}" if rng.random() < 0.8 else f"{user}@{host}".upper()


def _phone(rng: random.Random, language: str, _: str) -> str:
    if language == "zh":
        mobile = rng.choice(["138", "159", "186", "177", "199"]) + _digits(rng, 8)
        spaced = f"{mobile[:3]}{rng.choice(' -')}{mobile[3:7]}-{mobile[7:]}".replace("-", rng.choice("- "))
        fixed = f"{rng.choice(['010', '021', '0755', '0571'])}-{rng.randrange(2, 9)}{_digits(rng, 7)}"
        return rng.choice(
            [
                mobile,
                spaced,
                f"+86 {mobile}",
                fixed,
                f"（{fixed.replace('-', '）')}",
                f"400-{_digits(rng, 3)}-{_digits(rng, 4)}",
            ]
        )
    area, middle, last = f"{rng.randrange(201, 990)}", f"{rng.randrange(200, 999)}", _digits(rng, 4)
    return rng.choice(
        [
            f"({area}) {middle}-{last}", f"{area}-{middle}-{last}", f"+1 {area} {middle} {last}", f"{area}.{middle}.{last}",
            f"+44 20 7946 {last}", f"07700 90{_digits(rng, 4)}", f"0113 496 {last}", f"+49 30 {_digits(rng, 8)}",
            f"+33 6 {_digits(rng, 2)} {_digits(rng, 2)} {_digits(rng, 2)} {_digits(rng, 2)}", f"+254 7{_digits(rng, 2)} {_digits(rng, 6)}",
        ]
    )  # fmt: skip


def _card(rng: random.Random, language: str, _: str) -> str:
    start, size = rng.choice(
        [("62", 19), ("62", 16)]
        if language == "zh"
        else [("4", 16), ("5" + str(rng.randrange(1, 6)), 16), ("37", 15)]
    )
    body = start + _digits(rng, size - len(start) - 1)
    number = next(body + digit for digit in "0123456789" if _luhn(body + digit))
    if size == 15:
        return rng.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    groups = [number[at : at + 4] for at in range(0, size, 4)]
    return rng.choice([number, " ".join(groups), "-".join(groups)])


def _luhn(number: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _iban(rng: random.Random, language: str, _: str) -> str:
    country, size = rng.choice([("DE", 18), ("FR", 23), ("NL", 14), ("GB", 18), ("ES", 20)])
    letters = "BANK" if country in ("NL", "GB") else ""
    account = letters + _digits(rng, size - len(letters))
    plain = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    iban = f"{country}{98 - int(plain) % 97:02d}{account}"
    return rng.choice([iban, " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))])


def _id(rng: random.Random, language: str, form: str) -> str:
    if form == "ssn":
        return f"{rng.randrange(100, 660)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"
    if form == "nino":
        pair = rng.choice(["AB", "CE", "JK", "PR", "SN"])
        return rng.choice(["{} {} {} {} {}", "{}{}{}{}{}"]).format(
            pair, _digits(rng, 2), _digits(rng, 2), _digits(rng, 2), rng.choice("ABCD")
        )
    if form == "licence":
        return rng.choice(
            [
                f"D{_digits(rng, 7)}",
                f"MORGA{_digits(rng, 6)}SM9IJ",
                f"S{_digits(rng, 3)}-{_digits(rng, 4)}-{_digits(rng, 4)}",
            ]
        )
    born = f"{rng.randrange(1945, 2004)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
    body = rng.choice(["110105", "310115", "440305", "510107", "330106"]) + born + _digits(rng, 3)
    weights = [2 ** (17 - at) % 11 for at in range(17)]
    return body + "10X98765432"[sum(int(a) * b for a, b in zip(body, weights, strict=True)) % 11]


def _passport(rng: random.Random, language: str, _: str) -> str:
    if language == "zh":
        return rng.choice("EG") + _digits(rng, 8)
    return rng.choice(
        [
            _digits(rng, 9),
            f"C{_digits(rng, 8)}",
            f"AB{_digits(rng, 7)}",
            f"{_digits(rng, 2)}AK{_digits(rng, 5)}",
        ]
    )


def _ip(rng: random.Random, language: str, _: str) -> str:
    if rng.random() < 0.25:
        return f"2001:db8:{rng.randrange(4096, 65536):x}::{rng.randrange(16, 4096):x}"
    return f"{rng.choice([10, 84, 172, 192, 203])}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def _url(rng: random.Random, language: str, _: str) -> str:
    user = rng.choice(["jwhit", "priya.r", "kmensah", "lin_zihan", "anh-pham-7"])
    return rng.choice(
        [
            f"https://github.com/{user}", f"https://www.linkedin.com/in/{user}", f"https://weibo.com/u/{_digits(rng, 10)}",
            f"http://{user}:secret@files.example.net/cv.pdf", f"https://twitter.com/{user}/status/1788", f"https://people.example.edu/~{user}/cv",
        ]
    )  # fmt: skip


def _birth(rng: random.Random, language: str, _: str) -> str:
    year, month, day = rng.randrange(1940, 2012), rng.randrange(1, 13), rng.randrange(1, 29)
    if language == "zh":
        return rng.choice(
            [f"{year}年{month}月{day}日", f"{year}-{month:02d}-{day:02d}", f"{year}.{month}.{day}"]
        )
    name = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ][month - 1]
    return rng.choice(
        [
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{day:02d}/{month:02d}/{year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{day}.{month}.{year}",
        ]
    )


def _address(rng: random.Random, language: str, _: str) -> str:
    streets, towns = (
        [one.strip() for one in _table(language)[name].split("|")] for name in ("streets", "towns")
    )
    street, town, number = rng.choice(streets), rng.choice(towns), rng.randrange(1, 260)
    if language == "zh":
        inside = rng.choice(
            [
                "",
                f"{rng.randrange(1, 20)}栋{rng.randrange(101, 2505)}室",
                f"{rng.randrange(1, 9)}号楼{rng.randrange(1, 5)}单元{rng.randrange(101, 909)}",
            ]
        )
        return f"{town}{street}{number}号{inside}"
    flat = rng.choice(["", "", f", Apt {rng.randrange(1, 40)}B", f", Flat {rng.randrange(1, 40)}"])
    return f"{number} {street}{flat}" + rng.choice(["", f", {town}"])


_MAKERS: dict[str, Callable[[random.Random, str, str], str]] = {
    "email": _email, "phone": _phone, "card": _card, "iban": _iban, "id": _id, "passport": _passport, "ip": _ip,
    "url": _url, "birth": _birth, "address": _address,
}  # fmt: skip
