"""Names and acronyms of a summary must be its source's: people, places, organisations, works.

A name is known by its capitals, so one that begins a sentence is looked at only where another capital follows; in
Chinese by Latin letters, book-title marks and the character by which court reports hide a name. It may be shortened,
spelt out from its initials or set as an adjective (France, French). Whether a name of the source is put in another's
place is not seen here: that is for the learned check.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cached_property

from epitome.metrics.tokens import by_character
from epitome.types import Fact

_WORD = re.compile(r"[^\W_](?:[\w'’&.+#-]*[\w+#])?")
_SENTENCE_END = re.compile(r"(?:[.!?:;•\n]|^)[\s\"“”'‘’(\[*#-]*$")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""ConvLSTM: its parts."""
_SECTION = re.compile(r"[sS]{1,2}\.?\d[\w().]*")
"""S.230: a section, whose number is checked as one."""
_SPELT = re.compile(r"(?<![a-z])(?:[a-z][_. ]){2,}(?:[a-z](?![a-z]))?")
"""L_C_D_, C V A, U.S.A.: an acronym as transcripts have it, letter by letter."""
_LIST = re.compile(r"\(?[a-zA-Z0-9]{1,2}[.)]\s*$")
_SMALL_TEXT = "a an the of and or for de la le du von van der den bin al in on at to with und y e"
_SMALL = frozenset(_SMALL_TEXT.split())
_NO_NAMES_TEXT = """
    i mr mrs ms miss dr prof professor sir madam lord lady president minister judge justice king queen prince
    princess captain doctor god ok okay am pm bc ad i'm i've i'll i'd monday tuesday wednesday thursday friday
    saturday sunday january february march april may june july august september october november december
    english
    gbp usd eur cny rmb jpy inr aud cad chf
"""
_NO_NAMES = frozenset(_NO_NAMES_TEXT.split())
_SAME_TEXT = """
us, u.s, usa, u.s.a, united states, america, american, americans | uk, u.k, united kingdom, britain, british, britons
eu, e.u, european union | un, u.n, united nations | tv, television, televisions, telly | france, french
germany, german, germans | spain, spanish | netherlands, dutch, holland | wales, welsh | greece, greek, greeks
switzerland, swiss | denmark, danish, danes | turkey, turkish | ireland, irish | scotland, scottish, scots
poland, polish | sweden, swedish | finland, finnish | china, chinese | england, english | peru, peruvian
"""
_SAME = [frozenset(re.split(r",\s*", group.strip())) for group in re.split(r"[|\n]", _SAME_TEXT.strip())]
_STARTERS_TEXT = """
    this that these those there here when while if as since after before although because however in on at by for
    from with to he she it they we you his her its their our your my no not some many most all both each one two
    three new first last other another such what who how why where which then also and but or so
"""
_STARTERS = frozenset(_STARTERS_TEXT.split())
"""Words that begin a sentence and are part of no name."""
_SYNONYMS = {name: group for group in _SAME for name in group}
_CHINESE = re.compile(
    r"《([^《》]{1,60})》|([A-Za-z][A-Za-z0-9.+-]*[A-Za-z0-9+])|([\u4e00-\u9fff]某{1,2}(?=[^某]|$))"
)
_LEAST_PREFIX = 4
"""Letters that two forms of one name share at least: Norway and Norwegian, Israel and Israelis."""
_ENDINGS_TEXT = (
    "a an ans ian ians ish ese i is ic ics s es n ns y ay egian egians ia land lander er ers ean eans e"
)
_ENDINGS = frozenset(("", *_ENDINGS_TEXT.split()))


class NameIndex:
    """A source's words, for looking names up.

    >>> index = NameIndex("Norwegian divers of the North Sea Survey (NSS) met Anna Berg.")
    >>> [fact.text for fact in index.unsupported("In Norway the NSS met Anna Lund.")]
    ['Anna Lund']
    """

    def __init__(self, source: str, language: str = "en") -> None:
        self.source, self.language = source, language

    @cached_property
    def _lower(self) -> str:
        return self.source.lower().replace("’", "'")

    @cached_property
    def _words(self) -> set[str]:
        found: set[str] = set()
        for match in _WORD.finditer(self._lower):
            found.update(_forms(match[0]))
        found.update(re.sub(r"[^a-z]", "", match[0]) for match in _SPELT.finditer(self._lower))
        return found

    @cached_property
    def _by_prefix(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for word in self._words:
            found[word[:_LEAST_PREFIX]].append(word)
        return found

    @cached_property
    def _names(self) -> list[str]:
        return list(dict.fromkeys(self.source[start:end] for start, end in names(self.source, self.language)))

    @cached_property
    def _initials(self) -> str:
        """First letters of all words, to find what an acronym stands for."""
        return "".join(word[0] for word in re.findall(r"[a-z0-9]+", self._lower) if word not in _SMALL)

    @cached_property
    def _squeezed(self) -> str:
        return _squeezed(self._lower)

    def unsupported(self, text: str) -> list[Fact]:
        """The names that the source does not have, each with the one of its names that is nearest."""
        return [
            Fact("name", text[start:end], start, end, self._nearest(text[start:end]))
            for start, end in names(text, self.language)
            if not self._has(text[start:end])
        ]

    def _has(self, name: str) -> bool:
        said = name.lower().replace("’", "'").removesuffix("'s").strip("《》.")
        if said in self._lower or (by_character(self.language) and said.strip("某") == ""):
            return True
        if any(
            re.search(rf"(?<!\w){re.escape(other)}(?!\w)", self._lower) for other in _SYNONYMS.get(said, ())
        ):
            return True
        parts = [
            match[0] for match in _WORD.finditer(said) if match[0] not in _SMALL and match[0] not in _NO_NAMES
        ]
        return all(self._has_word(part) for part in parts)

    def _has_word(self, word: str) -> bool:
        forms = _forms(word)
        if any(letter.isdigit() for letter in word):  # COVID-19 is not COVID-14, whatever else has a 14
            return _squeezed(word) in self._squeezed
        if forms & self._words or any(one in self._words for one in _SYNONYMS.get(word, ())):
            return True
        if any(_akin(word, other) for other in self._by_prefix.get(word[:_LEAST_PREFIX], ())):
            return True
        letters = re.sub(r"[^a-z]", "", word)
        # An acronym of words that stand together, or spelt with points or a plural's s there.
        return 2 <= len(letters) <= 6 and any(
            one in self._initials for one in (letters, letters.removesuffix("s")) if len(one) >= 2
        )

    def _nearest(self, name: str) -> str:
        def likeness(other: str) -> float:
            return SequenceMatcher(None, name.lower(), other.lower(), autojunk=False).ratio()

        # Only the first few hundred: a book has thousands of names, and this is for the eye.
        return max(self._names[:300], key=likeness, default="")


def names(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Spans of what is written like a name."""
    if by_character(language):
        return [match.span() for match in _CHINESE.finditer(text)]
    return list(_joined(text))


def _joined(text: str) -> Iterator[tuple[int, int]]:
    """Neighbouring words with capitals as one name; "of" and the like may stand between them."""
    held: list[re.Match[str]] = []
    begins = False
    for match in _WORD.finditer(text):
        if held and not re.fullmatch(r"[ \u00a0]", text[held[-1].end() : match.start()]):
            yield from _whole(held, begins)
            held = []
        if _capital(match[0]):
            if not held:
                begins = _begins(text, match.start())
            held.append(match)
        elif held and match[0] in ("of", "de", "du", "von", "van", "la"):
            held.append(match)
        else:
            yield from _whole(held, begins)
            held = []
    yield from _whole(held, begins)


def _whole(held: list[re.Match[str]], begins: bool) -> Iterator[tuple[int, int]]:
    found = list(held)
    while found and not _capital(found[-1][0]):
        found.pop()
    first = found[0] if found else None
    if begins and first is not None and not _certain(first[0]):
        # Alone, it may be any word; "The North Sea" begins with one that is none.
        found = found[1:] if len(found) == 1 or first[0].lower() in _SMALL | _STARTERS else found
    while found and (not _capital(found[0][0]) or found[0][0].lower() in _NO_NAMES):
        found.pop(0)
    if found and not all(_SECTION.fullmatch(match[0]) for match in found):
        yield found[0].start(), found[-1].end()


def _begins(text: str, start: int) -> bool:
    before = text[max(0, start - 24) : start]
    return start == 0 or bool(_SENTENCE_END.search(before) or _LIST.search(before))


def _capital(word: str) -> bool:
    return (word[0].isupper() or _certain(word)) and word.lower() not in {"i", "i'm", "i've", "i'll", "i'd"}


def _certain(word: str) -> bool:
    """Capitals within: an acronym or a product, wherever it stands."""
    return sum(letter.isupper() for letter in word) >= 2 and word[-1] != "."


def _forms(word: str) -> set[str]:
    """A word, its parts at hyphens, without points, without a plural's or possessive s."""
    plain = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    found = {plain, plain.replace(".", ""), plain.removesuffix("s"), *re.split(r"[-/&.]", plain)}
    return {one for one in found if one}


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _akin(one: str, other: str) -> bool:
    """Whether both are forms of one name: what they do not share are endings."""
    pairs = zip(one, other, strict=False)
    shared = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return any(one[at:] in _ENDINGS and other[at:] in _ENDINGS for at in range(_LEAST_PREFIX, shared + 1))
