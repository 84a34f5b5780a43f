"""International bank account numbers: as long as their country has them, and the remainder by 97 is 1 (ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found

_LENGTHS_TEXT = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18
FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20
LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18
SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
LENGTHS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS_TEXT.split()}
_BEGINS = re.compile(r"[A-Za-z](?<![A-Za-z0-9].)[A-Za-z][0-9]{2}(?=[ \u00a0-]?[A-Za-z0-9])")
_REST = {
    length: re.compile(rf"(?:[ \u00a0-]?[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])")
    for length in set(LENGTHS.values())
}


def ibans(text: str) -> Iterator[Found]:
    """Numbers whose check digits are right, in one piece or in groups."""
    for match in _BEGINS.finditer(text):
        length = LENGTHS.get(match[0][:2].upper())
        rest = _REST[length].match(text, match.end()) if length else None
        if rest and valid(said := re.sub(r"[ \u00a0-]", "", match[0] + rest[0]).upper()):
            yield Found(match.start(), rest.end(), "iban", said)


def valid(iban: str) -> bool:
    """Whether the remainder is right.

    >>> valid("GB82WEST12345698765432"), valid("GB82WEST12345698765433")
    (True, False)
    """
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
