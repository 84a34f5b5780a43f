"""Names of persons in Chinese texts: a surname of the list, one or two characters, and what stands around.

A role (原告), a title (医生), a label (姓名：) or an introduction (我叫) is enough for any characters. Elsewhere they
have to be such as names are made of, at the edge of a clause or beside a verb. What is known is one wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from epitome.trust.masking.lists import text as listed
from epitome.trust.masking.lists import words
from epitome.trust.masking.people import Mention

_HAN = "\u4e00-\u9fff"
_SURNAMES = frozenset(listed("chinese", "surnames"))
_DOUBTFUL = frozenset(listed("chinese", "surnames_doubtful"))
_GIVEN = frozenset(listed("chinese", "given"))
_COMPOUND = words("chinese", "compound")
_NONE = words("chinese", "no_persons")
_FUNCTION = frozenset(
    "说称和与向对把被将从在是有也都就又还已曾于给让跟同及以到为的了却便则并再才只不没会能要问答道应须因共未作某请闻认"
)
"""Characters that begin a verb or a particle, and seldom end a name."""
_BEFORE = "和与及跟同对向由被把给让叫找请问是的在将为到于称指见据像替帮陪派送等按令拉劝邀告诉以部处科室局院队"
"""Characters after which a name may begin."""


def _choice(name: str) -> str:
    return "|".join(sorted(map(re.escape, words("chinese", name)), key=len, reverse=True))


_VERBS = re.compile(_choice("verbs"))
_FIRST = rf"[{''.join(sorted(_SURNAMES | {one[0] for one in _COMPOUND}))}]"
_WORDY = _DOUBTFUL | {word[0] for word in _NONE}
"""Surnames that many words begin with."""
_COMPOUND_WORDS = frozenset(("东方", "百里", "西门", "长孙"))
_PLACE_ENDS = frozenset("市区县镇乡村州省路街港寺庙盟旗校场馆站")
_NAMED = re.compile(
    rf"(?:{_choice('roles')}|我叫|名叫|名为|叫做|，叫|我是|本人|化名|署名|系|人是|她是|他是)"
    rf"[一二三四五六七八九十\d]{{0,2}}\s?[:：]?\s?(?={_FIRST})"
)
_LABEL = re.compile(rf"(?:{_choice('labels')})[ ]?[:：][ ]?(?={_FIRST})")
_CALLED = re.compile(rf"(?:我姓|姓)({'|'.join(sorted(_COMPOUND))}|{_FIRST})(?=[，。,、 ]|名|叫)")
_TITLE = re.compile(rf"(?:{_choice('titles_after')}|总(?![是共之体和数量额结统部理经裁监编]))")
_SPEAKER = re.compile(rf"^[ \t]*([{_HAN}]{{2,4}})[ \t]?(?:[（(][^（()）\n]{{1,20}}[)）])?[:：]", re.MULTILINE)
_EDGE = re.compile(rf"(?<![{_HAN}])(?={_FIRST})|(?<=[{_BEFORE}])(?={_FIRST})")
_FAMILIAR = re.compile(rf"(?<![{_HAN}])[小老阿]({_FIRST})(?=[，。！？,!?、：:]|{_choice('verbs')})")
_FOREIGN_CHARACTER = f"[{listed('chinese', 'transliteration')}]"
_FOREIGN = re.compile(rf"{_FOREIGN_CHARACTER}{{1,8}}+(?:[·•・]{_FOREIGN_CHARACTER}{{1,8}}+){{1,3}}+")
_OFTEN = 3
"""Times that two characters stand in a text of which the first is a word as well: 高俊."""
_OFFICE = re.compile(rf"(?:{_choice('offices')})({_FOREIGN_CHARACTER}{{2,7}}+)")
_COUNT = re.compile("[0-9一二三四五六七八九十百两几数每]$")
_PAIR = re.compile("[、和与及 \u3000]")
_POLITE = ("先生", "女士", "小姐", "太太", "夫人")


def names(text: str, given: Iterable[tuple[int, int]] = ()) -> list[Mention]:
    """Every mention of a person, in order. `given` are places where a name is known to stand."""
    if not re.search(f"[{_HAN}]", text):
        return []
    found: dict[int, int] = {}
    for start, end in (*given, *_told(text), *_titled(text), *_speakers(text), *_bare(text), *_foreign(text)):
        found[start] = max(end, found.get(start, 0))
    whole = {text[start:end] for start, end in found.items() if end - start > 1}
    for start, end in list(found.items()):
        shorter = text[start : end - 1]
        if end - start > 2 and shorter in whole and text.count(shorter) > text.count(text[start:end]):
            found[start] = end - 1  # 苏莉未: more often she is called 苏莉
    known = {text[start:end] for start, end in found.items() if end - start > 1} - _NONE
    for start, end in _again(text, known):
        found[start] = max(end, found.get(start, 0))
    for match in _FAMILIAR.finditer(text):
        if match[1] not in _DOUBTFUL or any(name[0] == match[1] for name in known):
            found.setdefault(match.start(1), match.end(1))
    return [Mention(start, end, _parts(text[start:end])) for start, end in _outermost(found)]


def _outermost(found: dict[int, int]) -> Iterator[tuple[int, int]]:
    reached = 0
    for start, end in sorted(found.items()):
        if start >= reached:
            yield start, end
            reached = end


def _parts(name: str) -> tuple[str, ...]:
    """The whole name, then its surname, which is what a mention by title has alone."""
    if re.search("[·•・]", name):
        return tuple(re.split("[·•・]", name))
    surname = _surname(name, 0) or name
    return (surname,) if len(surname) == len(name) else (name, surname)


def _surname(text: str, at: int) -> str | None:
    """The surname that begins at a place."""
    if text[at : at + 2] in _COMPOUND:
        return text[at : at + 2]
    return text[at] if text[at : at + 1] in _SURNAMES else None


def _name(text: str, at: int, sure: bool) -> int | None:
    """Where the name ends that begins at a place; None if none does. `sure`: something before says that it is one."""
    surname = _surname(text, at)
    if surname is None or (not sure and _COUNT.search(text, max(0, at - 1), at)):
        return None  # 两张黄牌
    ends = []
    for given in (2, 1):
        end = at + len(surname) + given
        characters = text[at + len(surname) : end]
        if len(characters) < given or not re.fullmatch(f"[{_HAN}]+", characters):
            continue
        if text[at : at + 2] in _NONE or text[at:end] in _NONE or not _ends(text, end):
            continue
        if "某" in characters or _TITLE.match(text, end - given) or _TITLE.match(text, end - 1):
            continue  # hidden already, or a title begins here
        if sure or _plausible(text, at, end, len(surname)):
            ends.append(end)
    if sure and not ends:
        return _likeliest(text, at, at + len(surname))
    if len(ends) == 2 and text[ends[0] - 1] in _FUNCTION:
        return ends[1]  # 张伟说，: the last character is the verb
    return ends[0] if ends else None


def _plausible(text: str, start: int, end: int, surname: int) -> bool:
    """Whether the characters alone speak for a name: a surname that begins no words, or such as given names have."""
    if text[start : start + surname] in _COMPOUND - _COMPOUND_WORDS:
        return True
    if text[start] not in _WORDY and surname == 1:
        place = text[end - 1] in _PLACE_ENDS or text[end : end + 1] in _PLACE_ENDS
        if not place:
            return True
    return text[end - 1] not in _PLACE_ENDS and all(char in _GIVEN for char in text[start + surname : end])


def _likeliest(text: str, start: int, given: int) -> int | None:
    """Where a name ends that surely begins here and runs into other words: 民警周杰请大家"""
    if text[start : start + 2] in _NONE or text[start] in _FUNCTION or _TITLE.match(text, given):
        return None
    first, second = text[given : given + 1], text[given + 1 : given + 2]
    rare = text[start] not in _WORDY and "\u4e00" <= first <= "\u9fff"
    if first not in _GIVEN and not rare:
        return None
    longer = (second in _GIVEN or (rare and first not in _GIVEN)) and second not in _FUNCTION
    return given + (2 if longer and "\u4e00" <= second <= "\u9fff" else 1)


def _ends(text: str, end: int) -> bool:
    """Whether a name may end here: before a mark, a verb, a particle."""
    return end >= len(text) or not "\u4e00" <= text[end] <= "\u9fff" or _VERBS.match(text, end) is not None


# -- by what stands before or behind


def _told(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_NAMED, _LABEL):
        for match in pattern.finditer(text):
            start = match.end()
            end = _name(text, start, True)
            while end is not None:
                yield start, end
                # A list goes on: 参会人员：王伟、李娜
                start = end + 1
                end = _name(text, start, True) if _PAIR.match(text, end) else None
    for match in _CALLED.finditer(text):
        yield match.span(1)


def _titled(text: str) -> Iterator[tuple[int, int]]:
    """王先生, 李娜医生."""
    for title in _TITLE.finditer(text):
        end = title.start()
        for size in (4, 3, 2, 1):
            start = end - size
            surname = _surname(text, start) if start >= 0 else None
            given = size - len(surname) if surname else -1
            if (
                surname is None
                or not 0 <= given <= 2
                or text[start : start + 2] in _NONE
                or text[start:end] in _NONE
            ):
                continue
            if not re.fullmatch(f"[{_HAN}]+", text[start:end]):
                continue
            likely = given > 0 and surname not in _WORDY and _plausible(text, start, end, len(surname))
            if (
                likely
                or _stands_free(text, start)
                or (given == 0 and title[0] in _POLITE and surname not in _DOUBTFUL)
            ):
                yield start, end
                break


def _stands_free(text: str, start: int) -> bool:
    """Whether a name may begin here: at an edge, after a particle or a role."""
    if start == 0 or not "\u4e00" <= text[start - 1] <= "\u9fff" or text[start - 1] in _BEFORE:
        return True
    roles = words("chinese", "roles")
    if text[start - 1] in "部处科室局院会队厂办" or text[max(0, start - 2) : start] in ("公司", "中心"):
        return True
    return any(text[max(0, start - size) : start] in roles for size in range(2, 7))


def _speakers(text: str) -> Iterator[tuple[int, int]]:
    """张伟：我们开始吧。"""
    marks = list(_SPEAKER.finditer(text))
    times = Counter(match[1] for match in marks)
    for match in marks:
        name = match[1]
        surname = _surname(name, 0)
        if surname is None or name in _NONE or name[:2] in _NONE or not 1 <= len(name) - len(surname) <= 2:
            continue
        likely = surname not in _DOUBTFUL and all(char in _GIVEN for char in name[len(surname) :])
        if likely or times[name] > 1:
            yield match.span(1)


# -- by the characters alone


def _bare(text: str) -> Iterator[tuple[int, int]]:
    """王秀英昨天没有来: at an edge, characters of given names, and a verb behind."""
    for match in _EDGE.finditer(text):
        start = match.start()
        end = _name(text, start, False)
        if end is None:
            continue
        surname = _surname(text, start) or ""
        if surname in _DOUBTFUL and end - start - len(surname) < 2 and text.count(text[start:end]) < _OFTEN:
            continue
        if end - start > 2 or _beside(text, start, end):
            yield start, end


def _beside(text: str, start: int, end: int) -> bool:
    """Whether a name of two characters has a verb behind it, or a list around it."""
    if end < len(text) and _VERBS.match(text, end):
        return True
    before = text[max(0, start - 1) : start]
    return before in ("、", "和", "与") or (before.isspace() and text[end : end + 1].isspace())  # a byline


def _foreign(text: str) -> Iterator[tuple[int, int]]:
    """约翰·史密斯, 首相卡梅伦."""
    yield from (match.span() for match in _FOREIGN.finditer(text))
    for match in _OFFICE.finditer(text):
        if match[1][:2] not in _NONE and _ends(text, match.end()):
            yield match.span(1)


# -- by what is known


def _again(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Every place where a known name stands, the parts of foreign ones too."""
    names = set(known)
    for name in list(names):
        names |= {part for part in re.split("[·•・]", name) if len(part) > 1 and part != name}
    by_beginning: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        by_beginning.setdefault(name[:2], []).append(name)
    if not by_beginning:
        return
    first = re.compile("[" + "".join(sorted({re.escape(beginning[0]) for beginning in by_beginning})) + "]")
    for match in first.finditer(text):
        start = match.start()
        for name in by_beginning.get(text[start : start + 2], ()):
            if text.startswith(name, start):
                yield start, start + len(name)
                break
