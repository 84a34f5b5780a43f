"""Names in a text, found without a model, and others in their place."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache

from epitome.documents import sentences
from epitome.evaluate.perturb.lists import read

_WORD = r"(?:[A-Z]['’])?[A-ZÀ-Þ][a-zß-ÿ]+(?:[A-Z][a-z]+)?(?:-[A-ZÀ-Þ][a-zß-ÿ]+)*"
_PHRASE = re.compile(rf"\b{_WORD}(?: {_WORD})*\b")
_OPENED = re.compile(r"[\"“‘(:]\s?$")
_AFTER_TITLE = "主任|经理|教授|博士|医生|法官|律师|局长|市长|县长|校长|馆长|院长|部长|会长|所长|队长|老师|专家|记者|村民|居民|发言人|负责人|研究员|工程师"  # noqa: E501
_SAYS = "说|称|表示|认为|指出|介绍|告诉|回忆|强调|建议|提出|坦言|先生|女士|教授|主任|经理|老师|医生|法官|律师|同学"


def replaced_names(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """The text with its names replaced, every mention of one alike; as it was in languages without rules.

    About half of the names change places in pairs, the others become made-up ones (`names.toml`).
    """
    if lang == "zh":
        return _chinese(text, rng, rate)
    return _western(text, rng, rate) if lang == "en" else text


# --- English: by capitals ---


def _western(text: str, rng: random.Random, rate: float) -> str:
    mentions = _mentions(text)
    full = _full_names([name for _, _, name in mentions])
    owners = list(dict.fromkeys(full.values()))
    taken = [name for name in owners if rng.random() < rate]
    others = _partners(taken, [name for name in _list("en") if name not in text], rng)
    pieces, at = [], 0
    for start, end, name in mentions:
        other = others.get(full[name])
        if other is not None:
            pieces += [text[at:start], _part(name, full[name], other)]
            at = end
    return "".join(pieces) + text[at:]


def _mentions(text: str) -> list[tuple[int, int, str]]:
    """Capitalised words that are so not only because a sentence begins with them, as spans with their text."""
    starts = {start for start, _ in sentences(text, "en")}
    lower = set(re.findall(r"\b[a-z]+\b", text))
    common = _common()
    found: list[tuple[int, int, str]] = []
    opening: list[tuple[int, int, str]] = []
    for match in _PHRASE.finditer(text):
        start, name = match.start(), match.group()
        first = start in starts or bool(_OPENED.search(text, max(0, start - 3), start))
        while name and (head := name.split(" ")[0]).lower() in common | (lower if first else set()):
            name = name[len(head) :].lstrip(" ")
            first = False
        kept = [word for word in name.split(" ") if word]
        while kept and kept[-1].lower() in common:
            kept.pop()
        if any(word.lower() in common for word in kept):
            kept = []
        if not kept:
            continue
        start = match.end() - len(name)
        span = (start, start + len(" ".join(kept)), " ".join(kept))
        (opening if first and len(kept) == 1 else found).append(span)
    known = {word for _, _, name in found for word in name.split(" ")}
    # One capitalised word at the beginning of a sentence is a name only if it is one elsewhere too, or a speaker's.
    return sorted(
        found + [span for span in opening if span[2] in known or text[span[1] : span[1] + 1] == ":"]
    )


def _full_names(names: Sequence[str]) -> dict[str, str]:
    """Each name with the longest one that contains it as words: Quist with Nora Quist."""
    unique = sorted(set(names), key=lambda name: (-len(name.split()), name))
    found: dict[str, str] = {}
    for name in unique:
        words = name.split()
        owner = next((one for one in unique if one in found and set(words) < set(one.split())), None)
        found[name] = found[owner] if owner else name
    return {name: found[name] for name in names}


def _part(name: str, full: str, other: str) -> str:
    """The part of the other name that stands for this part of the full one: the last word, or else the first."""
    if name == full:
        return other
    return other.split()[-1 if name.split()[-1] == full.split()[-1] else 0]


def _partners(names: Sequence[str], made_up: Sequence[str], rng: random.Random) -> dict[str, str]:
    order = list(names)
    rng.shuffle(order)
    fresh = rng.sample(made_up, min(len(made_up), 2 * len(order)))
    others: dict[str, str] = {}
    while order:
        one = order.pop()
        if order and rng.random() < 0.5:
            other = order.pop()
            others[one], others[other] = other, one
        elif fresh:
            words = min(len(one.split()), 2, len(fresh))
            others[one] = " ".join(fresh.pop() for _ in range(words))
    return others


# --- Chinese: by what stands around ---


def _chinese(text: str, rng: random.Random, rate: float) -> str:
    people = _people(text)
    places = _places(text)
    made_up = [name for name in _list("zh_people") if name not in text]
    towns = [name for name in _list("zh_places") if name not in text]
    others = _partners([one for one in people if rng.random() < rate], made_up, rng)
    others |= _swapped([one for one in places if rng.random() < rate], towns, rng)
    if not others:
        return text
    pattern = "|".join(re.escape(one) for one in sorted(others, key=len, reverse=True))
    return re.sub(pattern, lambda match: others[match.group()], text)


def _people(text: str) -> list[str]:
    surnames = "".join(_list("zh_surnames"))
    given = "[\u4e00-\u9fff]{1,2}"
    patterns = (
        rf"(?:{_AFTER_TITLE})([{surnames}]{given}?)(?=[，。、（]|{_SAYS})",
        rf"(?:^|[，。；：、“\n])([{surnames}]{given}?)(?={_SAYS})",
        rf"([{surnames}]某[某甲乙丙]?)",
    )
    found = [match[1] for one in patterns for match in re.finditer(one, text)]
    return list(dict.fromkeys(name for name in found if len(name) > 1))


def _places(text: str) -> list[str]:
    found = re.findall(r"(?:^|[在从到至于往，。；、“\n])([\u4e00-\u9fff]{2}(?:市|县|镇|村|省))", text)
    return list(
        dict.fromkeys(name for name in found if name[:-1] not in ("本", "全", "该", "我们", "城", "农"))
    )


def _swapped(names: Sequence[str], made_up: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Each place with a made-up one of the same rank: a county stays a county."""
    fresh = rng.sample(made_up, min(len(made_up), len(names)))
    return {name: other + name[-1] for name, other in zip(names, fresh, strict=False)}


@cache
def _list(name: str) -> list[str]:
    words: str = read("names")[name]
    return words.split()


@cache
def _common() -> frozenset[str]:
    return frozenset(_list("en_no_names"))
