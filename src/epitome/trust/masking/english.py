"""Names of persons in texts with Latin letters, by capitals, lists and what stands around.

A given name of the lists is enough. Other capital words are a name beside a title (Dr, Judge), a label (Patient:), a
role (her cousin), a greeting, an age, a speaker's mark. What is known as a name is one wherever it stands again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from itertools import pairwise

from epitome.trust.masking.context import speaks, tells, told, word_after, word_before
from epitome.trust.masking.lists import words
from epitome.trust.masking.people import Mention
from epitome.trust.masking.phrases import (
    MONTHS,
    SUFFIXES,
    Phrase,
    Token,
    final,
    firm,
    given_names,
    initials,
    known,
    loud,
    marks,
    namely,
    parts,
    phrases,
    surname,
    words_in,
)

_MOST = 5
"""Words of a name."""
_BEGINS = re.compile(r"(?:[.!?:;•\n\]]|^)[\s\"“”'‘’(\[*#>-]*$")
_NO_INITIALS = frozenset(
    ("u.s.", "u.k.", "u.n.", "e.u.", "d.c.", "a.m.", "p.m.", "b.c.", "a.d.", "u.s.a.", "i", "a")
)
_SURE_TITLES = frozenset(("mr", "mrs", "ms", "miss", "mx", "messrs", "dr"))
_OFFICES = frozenset(("chair", "chairman", "chairwoman", "speaker", "president", "moderator", "clerk", "and"))
_GREETINGS = frozenset(
    (
        "dear",
        "hi",
        "hello",
        "hey",
        "thanks",
        "morning",
        "afternoon",
        "evening",
        "bye",
        "goodbye",
        "cheers",
        "welcome",
    )
)
_PLACES = frozenset(
    ("washington", "jackson", "hamilton", "nelson", "newton", "wellington", "cameron", "ireland")
)
_SAID = frozenset(("said", "told", "asked", "replied"))
_PARTICLES = re.compile(r"(?<!\w)(?:(?:van|von|der|den|da|di|del|della|bin|ibn|dos|das|ter|ten) )+$")
_LIST = frozenset((", ", " and ", ", and ", "; ", " & "))


def names(text: str, given: Iterable[tuple[int, int]] = ()) -> list[Mention]:
    """Every mention of a person, in order. `given` are places where a name is known to stand."""
    return _Text(text).mentions(given)


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text
        self.phrases = phrases(text)
        self.marks = marks(text)
        self.speakers = Counter(mark for mark, _ in self.marks)
        self.spans: dict[int, list[Token]] = {}
        """What is found, by where it begins."""

    @cached_property
    def _lower(self) -> set[str]:
        """What stands in small letters somewhere: at the beginning of a sentence it is no name for its capital."""
        return set(re.findall(r"(?<![\w'’@.-])[a-z]+(?![\w'’@-])", self.text))

    def mentions(self, given: Iterable[tuple[int, int]]) -> list[Mention]:
        for start, end in given:
            self._take(words_in(self.text, start, end))
        for phrase in self.phrases:
            for first, last in self._evident(phrase):
                self._take(phrase[first:last])
        for tokens in self._speaking():
            self._take(tokens)
        self._listed()
        self._shortened()
        self._again()
        return [Mention(start, found[-1].end, parts(found)) for start, found in sorted(self.spans.items())]

    def _take(self, tokens: list[Token]) -> None:
        if any(len(part.strip(".")) > 1 for part in parts(tokens)):
            start = tokens[0].start
            if start not in self.spans or self.spans[start][-1].end < tokens[-1].end:
                self.spans[start] = tokens

    # -- by lists and what stands around

    def _evident(self, phrase: Phrase) -> Iterator[tuple[int, int]]:
        """Where in a phrase a person is named, as ranges of its words."""
        at = 0
        while at < len(phrase):
            first, last, named = self._from(phrase, at)
            if named:
                yield first, last
            at = max(last, at + 1)

    def _from(self, phrase: Phrase, at: int) -> tuple[int, int, bool]:
        """What begins at a word: its first and last word, and whether it is a person."""
        low = phrase[at].low
        if low in words("english", "titles") or low in _GREETINGS or low in words("english", "roles"):
            return self._titled(phrase, at)
        if low in words("english", "before_places"):
            return at, at + 2, False
        last = self._run(phrase, at)
        if last == at:
            return at, at, False
        if _thing(phrase, last) or firm(phrase, at):
            return at, last + 1, False
        if self._by_lists(phrase, at, last) or self._by_context(phrase, at, last):
            return at, last, True
        # Teenager Harry Martin: the name begins later. Thandeka Johnson: it does not.
        later = (here for here in range(at + 1, last - 1) if phrase[here].low in words("english", "given"))
        if (given := next(later, None)) is not None:
            return at, given, False
        surnames = any(surname(token.low) for token in phrase[at + 1 : last])
        return (
            at,
            last if surnames else at,
            surnames and not self._begins_plainly(phrase[at]) and not loud(phrase),
        )

    def _titled(self, phrase: Phrase, at: int) -> tuple[int, int, bool]:
        """What follows a title, a greeting or a role."""
        low, last = phrase[at].low, self._run(phrase, at + 1)
        sure = low in _SURE_TITLES
        if last > at + 1 and phrase[at + 1].low in _OFFICES:
            return at, at + 2, False
        if last == at + 1:
            # Mr Green, but not Mr Speaker.
            named = (
                sure and last < len(phrase) and phrase[last].low not in words("english", "titles") | _OFFICES
            )
            return at + 1, at + 2, named
        if _thing(phrase, last) and not sure:
            return at, last + 1, False
        weak = low in words("english", "titles_weak") or low not in words("english", "titles") | _GREETINGS
        return at + 1, last, not weak or last > at + 2 or known(phrase[at + 1].low)

    def _run(self, phrase: Phrase, at: int) -> int:
        """Where the words end that may be one name."""
        last, shouted = at, loud(phrase)
        while last < min(len(phrase), at + _MOST):
            token, inside = phrase[last], last > at
            small = token.low in SUFFIXES or token.low in words("english", "particles")
            ends = final(token.low) and (known(phrase[last - 1].low) or len(phrase[last - 1].low) == 2)
            plain = namely(token) and (not token.loud or shouted or len(token.low) == 1)
            if not (plain or (inside and (small or ends))):
                break
            last += 1
        while last > at and phrase[last - 1].low in words("english", "particles"):
            last -= 1
        return last

    def _by_lists(self, phrase: Phrase, at: int, last: int) -> bool:
        """Whether the first word is a given name, or initials before a surname."""
        token = phrase[at]
        low = token.low.split("-")[0]
        if low in words("english", "given"):
            return True
        if last == at + 1:
            return self._spoken_of(token)
        following = phrase[at + 1].low
        if initials(low) and low not in _NO_INITIALS and "." in self.text[token.start : token.end]:
            several = low.count(".") > 1 or last - at > 2
            return surname(phrase[last - 1].low) or (
                len(phrase[last - 1].low) > 2 and (several or not self._begins(token))
            )
        word = low in words("english", "given_doubtful")
        if not (word or low in words("english", "given_places")):
            return False
        return (
            final(following)
            or initials(following)
            or (word and low not in MONTHS and not self._begins(token))
        )

    def _spoken_of(self, token: Token) -> bool:
        """Whether one word, a surname or a given name that is a word too, speaks or is spoken to."""
        before, after = word_before(self.text, token.start), word_after(self.text, token.end)
        if surname(token.low) and token.low not in _PLACES:
            return after in words("english", "speaks") or before in _SAID
        if token.low not in words("english", "given_doubtful") - MONTHS or self._begins(token):
            return False
        return after in words("english", "verbs") or before in words("english", "calls")

    def _by_context(self, phrase: Phrase, at: int, last: int) -> bool:
        """Whether what stands before or behind says that this is somebody."""
        start, end, several = phrase[at].start, phrase[last - 1].end, last - at > 1
        if self.text[start - 1 : start] == "<" and self.text[end : end + 2] == "> ":
            return True  # <Anna> is anybody here?
        if at == 0 and tells(self.text, start, several, self.speakers):
            return True
        return last == len(phrase) and told(self.text, end, several) and not self._begins_plainly(phrase[at])

    def _begins(self, token: Token) -> bool:
        return _BEGINS.search(self.text, max(0, token.start - 24), token.start) is not None

    def _begins_plainly(self, token: Token) -> bool:
        """Whether a word may have its capital only because a sentence begins with it."""
        return self._begins(token) and token.low in self._lower

    # -- by the marks of speakers

    def _speaking(self) -> Iterator[list[Token]]:
        no = words("english", "no_speakers") | words("english", "roles") | words("english", "labels")
        for mark, tokens in self.marks:
            kept = [token for token in tokens if token.low not in words("english", "titles")]
            while len(kept) > 2 and kept[-1].loud:
                kept.pop()  # MP, QC
            if not kept or any(token.low in no for token in kept) or not all(map(namely, kept)):
                continue
            plain = any(token.low in self._lower for token in kept) or all(
                len(token.low) == 1 for token in kept
            )
            if kept[0].low in given_names() or (self.speakers[mark] > 1 and not plain):
                yield kept

    # -- by what is known

    def _listed(self) -> None:
        """What stands in a list with a name is one: Anna Berg, Kwame Mensah and Wei Zhang."""
        lists = [
            (one, other)
            for one, other in pairwise(self.phrases)
            if other[0].start - one[-1].end <= 6 and self.text[one[-1].end : other[0].start] in _LIST
        ]
        for one, other in (*lists, *((other, one) for one, other in reversed(lists))):
            unknown = one[0].start in self.spans and other[0].start not in self.spans and len(other) > 1
            if unknown and self._run(other, 0) == len(other):
                self._take(other)

    def _shortened(self) -> None:
        """Two unknown words are a name where the second alone speaks later: Jomo Kenyatta; Kenyatta said."""
        alone = {
            phrase[0].low
            for phrase in self.phrases
            if len(phrase) == 1 and namely(phrase[0]) and speaks(self.text, phrase[0].end)
        }
        for phrase in self.phrases if alone else ():
            pair = phrase[-2:]
            free = len(pair) == 2 and phrase[0].start not in self.spans
            if free and pair[1].low in alone and all(map(namely, pair)) and not self._begins_plainly(pair[0]):
                self._take(pair)

    def _again(self) -> None:
        """What is known as a name, wherever it stands again, and its parts."""
        names = {part for found in self.spans.values() for part in parts(found) if len(part.strip(".")) > 1}
        covered = {token.start for found in self.spans.values() for token in found}
        for phrase in self.phrases:
            at = 0
            while at < len(phrase):
                last = at
                while last < len(phrase) and phrase[last].low in names and phrase[last].start not in covered:
                    last += 1
                if last > at and self._means_somebody(phrase, at, last):
                    first = self._extended(phrase, at, covered)
                    self._take([*self._particles(phrase[first]), *phrase[first:last]])
                at = max(last, at + 1)

    def _means_somebody(self, phrase: Phrase, at: int, last: int) -> bool:
        """Whether words that are known from a name mean the person here: not in Lee Street, nor in "Will you?"."""
        if _thing(phrase, last) or (at > 0 and phrase[at - 1].low in words("english", "before_places")):
            return False
        low = phrase[at].low
        word = low in _doubtful() or low in self._lower
        if last - at > 1 or not word or not self._begins(phrase[at]):
            return True
        following = re.match(r"['’]?\s*([a-z']+)", self.text[phrase[at].end : phrase[at].end + 20])
        return following is not None and following[1] in words("english", "verbs")

    def _extended(self, phrase: Phrase, at: int, covered: set[int]) -> int:
        """Where the name begins whose surname is known from elsewhere: Hosni Mubarak, after Mr Mubarak."""
        first = at
        while first > 0 and at - first < 2:
            before = phrase[first - 1]
            if not namely(before) or before.loud or before.start in covered or self._begins_plainly(before):
                break
            first -= 1
        return first

    def _particles(self, token: Token) -> list[Token]:
        """What stands before a surname and belongs to it: van der Berg."""
        found = _PARTICLES.search(self.text, max(0, token.start - 16), token.start)
        if found is None:
            return []
        offset = found.start()
        return [
            Token(offset + one.start(), offset + one.end(), one[0], False)
            for one in re.finditer("[a-z]+", found[0])
        ]


def _thing(phrase: Phrase, at: int) -> bool:
    """Whether a word follows that makes it a place, a firm or a thing."""
    return at < len(phrase) and phrase[at].low in words("english", "things")


@cache
def _doubtful() -> frozenset[str]:
    return (
        words("english", "given_doubtful")
        | words("english", "surnames_doubtful")
        | words("english", "common")
    )
