"""What stands around a name in English and says that it is one: "my cousin …", "Patient: …", "…, 47,"."""

from __future__ import annotations

import re
from collections import Counter

from epitome.trust.masking.lists import words

REACH = 48
"""Characters looked at before a name."""
_QUICK = 24
"""Characters looked at first, for the last word."""
_SPOKE = "said asked replied answered whispered shouted cried laughed added"
_FAMILY = (
    "brother|sister|wife|husband|son|daughter|father|mother|cousin|nephew|niece|partner|fiancée?|uncle|aunt|friend|"
    "widow|widower|girlfriend|boyfriend|lawyer|parents|children|family|boss|assistant|colleague"
)


def _choice(name: str) -> str:
    ordered = sorted(words("english", name), key=len, reverse=True)
    return "|".join(word.replace("-", "[ -]") for word in ordered)


_INTRODUCED = (
    r"\b(?:my name is|name is|name['’]s|i am|i['’]m|this is|named|née|call me|it['’]s|speaking to|speaking with|"
    r"in the name of)\s"
)
_TITLED = r"\b(?:mr|mrs|ms|miss|dr|prof)\.?\s"
_QUOTED = rf"[\"”’,] (?:{_SPOKE.replace(' ', '|')})\s"
_LABELLED = (
    rf"(?:^|[\n.;|(]|\d)[ \t>*-]*(?:{_choice('labels')})(?: \d{{1,3}})?(?: name)?[ \t]*[:：][ \t]*\n?[ \t]*"
)
_SOMEBODYS = (
    r"(?:\b(?:my|his|her|their|our|your)|['’]s)\s(?:late |elder |younger |older |former |ex-)?"
    rf"(?:{_choice('roles')}),?\s"
)
_SIGNED = r"(?:regards|sincerely|wishes|faithfully|truly|cheers|thanks|best|love|yours),?[ \t]*\n\s*"
_SAYS_WHO = re.compile(
    f"(?:{'|'.join((_INTRODUCED, _TITLED, _QUOTED, _LABELLED, _SOMEBODYS, _SIGNED))})$", re.IGNORECASE
)
_TELLS_WHO = re.compile(
    rf"\b(?:(?:the |a |an )?(?:[a-z]+ )?(?:{_choice('roles')})(?:,| was| is)?"
    r"|(?:represented|signed|accompanied|written|assisted|interviewed|examined|seen|treated|referred|survived|"
    r"followed|led|chaired|appointed) by"
    r"|married to|divorced from|on behalf of|(?:letter|call|message|mail|email) from|reached by|together with)\s$",
    re.IGNORECASE,
)
_LAST_WORDS = words("english", "roles") | frozenset(
    "is name's name’s am i'm i’m named née me it's it’s to with of by from together was mr mrs ms miss dr prof mr. "
    f"mrs. ms. dr. prof. {_SPOKE}".split()
)
"""What either ends with, marks aside."""
_OF_SOMEBODY = re.compile(
    rf"['’]s? (?:late |elder |younger |older )?(?:{_FAMILY})\b|\s?[<(\[][\w.+'-]{{1,64}}@"
)
_IS_SOMEBODY = re.compile(
    r", (?:aged )?[1-9]\d[,.]| \([1-9]\d\)| aged [1-9]\d\b"
    r"| \((?:born|b\.|chair|plaintiff|defendant|applicant|mother|father|patient|host|aged)"
    r"| (?:asked|replied|recalled|whispered|smiled|nodded|laughed|admitted|remembered|testified|denied|married|thanked|"
    r"apologi[sz]ed|shrugged|sighed|wept|cried|said she|said he|was born|told (?:me|her|him|us)|rents|lives)\b"
)


def tells(text: str, start: int, several: bool, speakers: Counter[str]) -> bool:
    """Whether what stands before `start` says that a name follows; of one word only after the plainest.

    `speakers` are marks of speakers and how often each stands in the text: "Patient: Terrible." names nobody.
    """
    quick = text[max(0, start - _QUICK) : start].rstrip()
    # Most words before say nothing, and the patterns take their time.
    plain = quick and quick[-1] not in ":：,<" and "\n" not in text[start - 1 : start]
    if plain and quick.rsplit(None, 1)[-1].lower() not in _LAST_WORDS:
        return False
    before = text[max(0, start - REACH) : start]
    if _SAYS_WHO.search(before):
        label = re.search(r"([^\n]*?)[ \t]*[:：]\s*$", before)
        return label is None or speakers[label[1].strip(" \t>*_[]-")] <= 1
    return several and _TELLS_WHO.search(before) is not None


def told(text: str, end: int, several: bool) -> bool:
    """Whether what stands behind says so: "…'s sister", "… <mail@", and of several words an age or a verb."""
    return bool(_OF_SOMEBODY.match(text, end) or (several and _IS_SOMEBODY.match(text, end)))


def speaks(text: str, end: int) -> bool:
    """Whether a verb of speaking stands behind."""
    return word_after(text, end) in words("english", "speaks")


def word_after(text: str, end: int) -> str:
    """The next word, in small letters; empty if there is none."""
    match = re.match(r",?[\"”’]? ([a-z]+)", text[end : end + 24])
    return match[1] if match else ""


def word_before(text: str, start: int) -> str:
    """The word before, in small letters; empty if there is none."""
    match = re.search(r"\b([a-z]+),? $", text[max(0, start - 16) : start])
    return match[1] if match else ""
